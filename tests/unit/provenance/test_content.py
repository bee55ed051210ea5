"""Digests follow the content of files, never their dates, and are remembered."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from calvingfront.provenance import content
from calvingfront.provenance.content import MEMORY, MISSING, Digests


def aged(path: Path, seconds: float = 100) -> None:
    """Give a file an old time of change; the time of its inode stays."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def shapefile(folder: Path) -> Path:
    for suffix in ("shp", "dbf", "shx", "prj"):
        (folder / f"front.{suffix}").write_bytes(suffix.encode())
    (folder / "front_old.dbf").write_bytes(b"another")
    return folder / "front.shp"


def test_a_touch_or_a_copy_elsewhere_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    before = Digests().of(tmp_path / "a.png")
    aged(tmp_path / "a.png")
    assert Digests().of(tmp_path / "a.png") == before
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.png").write_bytes(b"pixels")
    assert Digests().of(tmp_path / "new" / "a.png") == before


def test_other_bytes_of_the_same_size_and_date_are_seen_also_by_one_that_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "FRESH_S", 0.0)
    file, memory = tmp_path / "dem.tif", tmp_path / MEMORY
    file.write_bytes(b"heights")
    os.utime(file, ns=(10**18, 10**18))
    digests = Digests(memory)
    before = digests.of(file)
    digests.save()
    assert len(json.loads(memory.read_text())["files"]) == 1
    time.sleep(0.02)
    other = tmp_path / "other.tif"
    other.write_bytes(b"HEIGHTS")
    os.utime(other, ns=(10**18, 10**18))
    os.replace(other, file)  # rsync -t: same size, same date
    assert digests.of(file) != before
    assert Digests(memory).of(file) != before
    with file.open("r+b") as stream:  # in place: the same inode
        stream.write(b"heights")
    os.utime(file, ns=(10**18, 10**18))
    assert digests.of(file) == before


@pytest.mark.parametrize("suffix", ["dbf", "shx", "prj"])
def test_a_shapefile_is_all_its_files(tmp_path: Path, suffix: str) -> None:
    path = shapefile(tmp_path)
    before = Digests().of(path)
    (tmp_path / "front_old.dbf").write_bytes(b"belongs to another layer")
    assert Digests().of(path) == before
    (tmp_path / f"front.{suffix}").write_bytes(b"other")
    assert Digests().of(path) != before


@pytest.mark.parametrize(
    "name", ["a.pgw", "a.PGW", "a.wld", "a.png.aux.xml", "a.png.ovr", "a.prj", "a.png.msk"]
)
def test_what_lies_beside_an_image_counts_from_the_day_it_appears(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    (tmp_path / "a_front.png").write_bytes(b"not part of it")
    before = Digests().of(tmp_path / "a.png")
    time.sleep(0.01)
    (tmp_path / name).write_text("10")
    after = Digests().of(tmp_path / "a.png")
    (tmp_path / name).write_text("20")
    assert len({before, after, Digests().of(tmp_path / "a.png")}) == 3


def test_a_virtual_raster_is_also_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "a.tif").write_bytes(b"heights")
    (tmp_path / "dem.vrt").write_text(
        '<VRTDataset><SourceFilename relativeToVRT="1">tiles/a.tif</SourceFilename></VRTDataset>'
    )
    before = Digests().of(tmp_path / "dem.vrt")
    (tmp_path / "tiles" / "a.tif").write_bytes(b"HEIGHTS")
    assert Digests().of(tmp_path / "dem.vrt") != before


def test_a_product_is_its_whole_folder_without_hidden_files(tmp_path: Path) -> None:
    folder = tmp_path / "product" / "measurement"
    folder.mkdir(parents=True)
    (tmp_path / "product" / "manifest.safe").write_text("header")
    (folder / "hh.tiff").write_bytes(b"pixels")
    digests = Digests()
    before = digests.of_product(tmp_path / "product")
    assert digests.of_product(tmp_path / "product" / "manifest.safe") == before
    (folder / ".DS_Store").write_bytes(b"a browser")
    assert digests.of_product(tmp_path / "product") == before
    (folder / "hh.tiff").write_bytes(b"PIXELS")
    after = Digests().of_product(tmp_path / "product")
    assert after != before
    (folder / "hh.tiff").rename(folder / "hv.tiff")
    assert Digests().of_product(tmp_path / "product") not in (before, after)


def test_a_large_file_is_seen_by_size_date_and_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(content, "BLOCK_BYTES", 4)
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(100_000))
    os.utime(file, ns=(10**18, 10**18))
    before, all_of_it = Digests().of(file), Digests().of(file, whole=True)
    with file.open("r+b") as stream:
        stream.seek(99_999)
        stream.write(b"x")
    os.utime(file, ns=(10**18, 10**18))
    assert Digests().of(file) != before
    assert Digests().of(file, whole=True) != all_of_it
    with file.open("r+b") as stream:
        stream.seek(99_999)
        stream.write(b"\0")
    assert Digests().of(file) != before  # by its date only
    assert Digests().of(file, whole=True) == all_of_it


@pytest.mark.parametrize("text", ["", "{", '{"format": 99, "files": {}}', '{"format": 1}', "[]"])
def test_a_damaged_memory_is_ignored_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(content, "FRESH_S", 0.0)
    (tmp_path / MEMORY).write_text(text)
    (tmp_path / "a").write_text("a")
    digests = Digests(tmp_path / MEMORY)
    assert digests.of(tmp_path / "a") == Digests().of(tmp_path / "a")
    digests.save()
    assert json.loads((tmp_path / MEMORY).read_text())["format"] == content.FORMAT


def test_two_processes_keep_each_others_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "FRESH_S", 0.0)
    for name in "ab":
        (tmp_path / name).write_text(name)
    first, second = Digests(tmp_path / MEMORY), Digests(tmp_path / MEMORY)
    first.of(tmp_path / "a")
    second.of(tmp_path / "b")
    first.save()
    second.save()
    found = json.loads((tmp_path / MEMORY).read_text())["files"]
    assert {Path(path).name for path in found} == {"a", "b"}


def test_ten_thousand_known_files_take_no_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "FRESH_S", 0.0)
    for number in range(300):
        (tmp_path / f"{number}.png").write_text(str(number))
    digests = Digests(tmp_path / MEMORY)
    before = [digests.of(tmp_path / f"{number}.png") for number in range(300)]
    digests.save()

    def never(*_: object) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(content, "_of_bytes", never)
    again = Digests(tmp_path / MEMORY)
    assert [again.of(tmp_path / f"{number}.png") for number in range(300)] == before


def test_nothing_and_an_empty_folder_have_digests(tmp_path: Path) -> None:
    assert Digests().of(None) == Digests().of(tmp_path / "absent") == MISSING
    assert Digests().of(tmp_path) != MISSING
    assert not (tmp_path / MEMORY).exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.N1.gz", "a.E2"])
def test_a_file_that_holds_a_whole_product_counts_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"product")
    before = Digests().of_product(tmp_path / name)
    (tmp_path / "another download.zip").write_bytes(b"other")
    assert Digests().of_product(tmp_path / name) == before
    (tmp_path / name).write_bytes(b"product again")
    assert Digests().of_product(tmp_path / name) != before
