"""Archives: what is unpacked, and what must never be."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import struct
import tarfile
import zipfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from calvingfront.errors import ProductError
from calvingfront.products.delivery import archives
from calvingfront.products.delivery.archives import is_archive, unpack

CONTENT = {"P/a.N1": b"x" * 5000, "P/deep/b.bin": b"", "c.txt": b"seven"}
Write = Callable[[Path, dict[str, bytes]], Path]


def write_zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, content: dict[str, bytes]) -> Path:
    mode = "w:gz" if path.suffix in (".gz", ".tgz") else "w"
    with tarfile.open(path, mode) as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write(path: Path, content: dict[str, bytes]) -> Path:
    return write_zip(path, content) if path.suffix == ".zip" else write_tar(path, content)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(archive: Path, said: str) -> None:
    """The archive is refused with this message; neither its folder nor anything else is there."""
    before = set(archive.parent.iterdir())
    with pytest.raises(ProductError, match=said) as caught:
        unpack(archive, archive.parent / "out")
    assert str(archive) in str(caught.value)
    assert set(archive.parent.iterdir()) == before


KINDS = ["a.zip", "a.tar", "a.tar.gz", "a.tgz"]


@pytest.mark.parametrize("name", KINDS)
def test_an_archive_is_unpacked_whole_without_its_hidden_members(tmp_path: Path, name: str) -> None:
    hidden = {"__MACOSX/P/._a.N1": b"h", "P/._a.N1": b"h", ".DS_Store": b"h"}
    archive = write(tmp_path / name, CONTENT | hidden)
    assert is_archive(archive)
    unpack(archive, tmp_path / "out")
    assert files_in(tmp_path / "out") == CONTENT


@pytest.mark.parametrize("name", KINDS)
def test_the_content_decides_not_the_name(tmp_path: Path, name: str) -> None:
    archive = write(tmp_path / name, CONTENT).rename(tmp_path / "product")
    assert is_archive(archive)
    unpack(archive, tmp_path / "out")
    assert files_in(tmp_path / "out") == CONTENT


def test_a_single_compressed_file_loses_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.N1.gz").write_bytes(gzip.compress(b"x" * 3_000_000))
    unpack(tmp_path / "a.N1.gz", tmp_path / "out")
    assert files_in(tmp_path / "out") == {"a.N1": b"x" * 3_000_000}


def test_other_files_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "a.N1").write_bytes(b'PRODUCT="ASA_')
    assert not is_archive(tmp_path / "a.N1")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("member", ["../evil", "P/../../evil", "/evil", "P\\..\\evil"])
def test_a_member_outside_the_archive_is_refused(tmp_path: Path, name: str, member: str) -> None:
    refused(write(tmp_path / name, CONTENT | {member: b"e"}), "lies outside the archive")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("P/link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refused(tmp_path / "a.tar", "'P/link' is a link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("P/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", "'P/link' is a link or a device")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.2, 0.6, 0.85])
def test_a_truncated_archive_is_refused(tmp_path: Path, name: str, share: float) -> None:
    noise = {"P/a.N1": os.urandom(40_000), "P/b.N1": os.urandom(40_000)}
    archive = write(tmp_path / name, noise)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    refused(archive, "damaged|cannot be unpacked")


def test_a_truncated_single_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.N1.gz").write_bytes(gzip.compress(os.urandom(50_000))[:30_000])
    refused(tmp_path / "a.N1.gz", "damaged|cannot be unpacked")


def small_disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, free))


@pytest.mark.parametrize("name", [*KINDS, "a.N1.gz"])
def test_a_bomb_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    small_disk(monkeypatch, 10_000_000)
    zeros = bytes(12_000_000)
    if name == "a.N1.gz":
        (tmp_path / name).write_bytes(gzip.compress(zeros))
    else:
        write(tmp_path / name, {"P/a.N1": zeros})
    refused(tmp_path / name, "needs more room than the disk")


def test_many_members_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_disk(monkeypatch, 1_000_000)
    for name in KINDS:
        archive = write(tmp_path / name, {f"P/{k}": bytes(200_000) for k in range(6)})
        refused(archive, "needs more room than the disk")


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    """Both headers say 100 bytes; the stream has five million."""
    archive = write_zip(tmp_path / "a.zip", {"P/a.N1": bytes(5_000_000)})
    lie = archive.read_bytes().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 100))
    archive.write_bytes(lie)
    refused(archive, "damaged")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 5)
    refused(write(tmp_path / "a.tar", {f"{k}": b"" for k in range(6)}), "more than 5 members")


def test_a_member_that_appears_twice_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("P/a"))
    refused(tmp_path / "a.tar", "appears twice")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"a": b"secret"})
    content = bytearray(archive.read_bytes())
    for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + at] |= 1
    archive.write_bytes(bytes(content))
    refused(archive, "is encrypted")


def test_a_file_that_only_looks_like_an_archive_is_refused(tmp_path: Path) -> None:
    for name in (*KINDS, "a.N1.gz"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        refused(tmp_path / name, "damaged|cannot be unpacked")


def test_a_file_of_two_names_is_unpacked_twice(tmp_path: Path) -> None:
    """A tar holds the second as a link to the first."""
    (tmp_path / "P").mkdir()
    (tmp_path / "P" / "LEA_01.001").write_bytes(b"leader")
    os.link(tmp_path / "P" / "LEA_01.001", tmp_path / "P" / "LEA_02.001")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "P", "P")
        assert [member.type for member in archive.getmembers()][2] == tarfile.LNKTYPE
    unpack(tmp_path / "a.tar", tmp_path / "out")
    assert files_in(tmp_path / "out") == {"P/LEA_01.001": b"leader", "P/LEA_02.001": b"leader"}
    one, two = (tmp_path / "out" / "P" / f"LEA_0{k}.001" for k in (1, 2))
    assert not one.samefile(two)


def test_backslashes_of_a_windows_zip_are_folders(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for name in ("P\\", "P\\a.N1"):
            info = zipfile.ZipInfo("x")
            info.filename = name  # the constructor would cut it on Windows
            target.writestr(info, b"" if name.endswith("\\") else b"seven")
    unpack(archive, tmp_path / "out")
    assert files_in(tmp_path / "out") == {"P/a.N1": b"seven"}
