"""Unpack archives that may be damaged or hostile: nothing is written outside the folder given."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from calvingfront.errors import ProductError
from calvingfront.files import PathLike

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".gz")
MOST_MEMBERS = 50_000
# Bytes of all members together: an order of a hundred scenes.
MOST_BYTES = 200 * 10**9
# Share of the free disk that stays free: geocoding needs room as well.
RESERVE = 0.05
_CHUNK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError,
    NotImplementedError, RuntimeError, ValueError, OverflowError, KeyError,
)  # fmt: skip
_REMEDY = "Fetch it again, or unpack it yourself and name the folder."


Wanted = Callable[[str], bool]


def everything(_: str) -> bool:
    """Every member is wanted."""
    return True


@dataclass
class _Room:
    """The bytes that may still be written to a folder, and those that have been."""

    archive: Path
    folder: Path
    free: int
    taken: int = 0

    def ask(self, count: int) -> None:
        """Refuse `count` bytes more than there is room for."""
        needed = self.taken + count
        if needed > MOST_BYTES:
            what = f"unpacks to more than {MOST_BYTES / 1e9:.0f} GB"
            raise ProductError(self.archive, what, "Unpack it yourself and name a folder in it.")
        if needed > self.free:
            what = (
                f"needs more room than the disk of {self.folder.parent} has: at least "
                f"{needed / 1e9:.3g} GB, with {self.free / 1e9:.3g} GB free"
            )
            remedy = "Free some, or unpack it yourself on another disk and name the folder."
            raise ProductError(self.archive, what, remedy)

    def take(self, count: int) -> None:
        self.ask(count)
        self.taken += count


def is_archive(path: Path) -> bool:
    """Whether a file begins like a .zip, .tar or .gz, or is named like one."""
    return path.name.lower().endswith(SUFFIXES) or begins_as_archive(path)


def begins_as_archive(path: Path) -> bool:
    """Whether a file begins like a .zip, .tar or .gz. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        start = file.read(262)
    return start[:4] == b"PK\x03\x04" or start[:2] == b"\x1f\x8b" or start[257:] == b"ustar"


def visible(folder: Path) -> list[Path]:
    """What a folder holds, sorted, without hidden files (`.DS_Store`, `._x`)."""
    hidden = ("__MACOSX", "Thumbs.db", "desktop.ini")
    return sorted(p for p in folder.iterdir() if p.name[0] != "." and p.name not in hidden)


def unpack(archive: PathLike, folder: PathLike, wanted: Wanted = everything) -> None:
    """Unpack a .zip, .tar (also compressed) or .gz (of a tar or a single file) into a new folder.

    Hidden members (`.…`, `__MACOSX`) are left out. If anything fails, the folder is removed.
    wanted: whether a member of this name is; an empty file takes the place of any other.
    Raises ProductError if the archive is damaged or encrypted; if a member is a link, a device or
    lies outside the archive; if there are too many members, one of them appears twice, or they do
    not fit on the disk or exceed MOST_BYTES (by their declared sizes, before anything is written
    where the archive begins or ends with them, and by their real ones while they are written).
    """
    path, target = Path(archive), Path(folder)
    target.mkdir(parents=True)
    try:
        with _faults_of(path):
            free = int(shutil.disk_usage(target).free * (1 - RESERVE))
            _unpacker(path)(path, target, _Room(path, target, free), wanted)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


@contextmanager
def _faults_of(archive: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # also gzip's fault of a damaged file
        reason = error.strerror or str(error)
        raise ProductError(archive, f"cannot be unpacked ({reason})", _REMEDY) from None
    except _DAMAGED as error:
        what = f"is damaged, truncated or of an unknown kind ({error})"
        raise ProductError(archive, what, _REMEDY) from None


def _unpacker(path: Path) -> Callable[[Path, Path, _Room, Wanted], None]:
    with path.open("rb") as file:
        start = file.read(2)
    if start == b"PK":
        return _unpack_zip
    if start == b"\x1f\x8b" and not _holds_tar(path):
        return _unpack_gz
    return _unpack_tar


def _holds_tar(path: Path) -> bool:
    if path.name.lower().endswith((".tar.gz", ".tgz")):
        return True  # a damaged one must not pass for a single file
    with gzip.open(path) as file:
        return file.read(262)[257:] == b"ustar"


def _unpack_zip(path: Path, folder: Path, room: _Room, wanted: Wanted) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not _is_hidden(info.filename)]
        places = _Places(path, folder)
        room.ask(sum(info.file_size for info in members if wanted(info.filename)))
        for info in members:
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _hostile(path, info.filename, "is a link or a device")
            if info.flag_bits & 1:
                raise ProductError(path, "is encrypted", "Unpack it yourself and name the folder.")
            is_folder = info.filename.endswith(("/", "\\"))
            place = places.of(info.filename, is_folder)
            if is_folder:
                continue
            if not wanted(info.filename):
                place.touch()
                continue
            with archive.open(info) as source:
                _copy(source, place, room, info.file_size)


def _unpack_tar(path: Path, folder: Path, room: _Room, wanted: Wanted) -> None:
    places = _Places(path, folder)
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if _is_hidden(info.name):
                continue
            # Of two names of one file, a tar holds the second as a link to the first.
            is_copy = info.islnk() and folder / info.linkname in places.seen
            if not (info.isreg() or info.isdir() or is_copy):
                raise _hostile(path, info.name, "is a link or a device")
            place = places.of(info.name, info.isdir())
            if info.isdir():
                continue
            if not wanted(info.name):
                place.touch()
                continue
            room.ask(info.size)
            if is_copy:
                with (folder / info.linkname).open("rb") as first:
                    _copy(first, place, room, None)
                continue
            source = archive.extractfile(info)
            if source is None:  # cannot be: it is a regular file
                raise _hostile(path, info.name, "has no content")
            with source:
                _copy(source, place, room, info.size)


def _unpack_gz(path: Path, folder: Path, room: _Room, wanted: Wanted) -> None:
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    if not wanted(name):
        (folder / name).touch()
        return
    with gzip.open(path) as source:
        _copy(source, folder / name, room, None)


def _copy(source: IO[bytes] | Any, place: Path, room: _Room, size: int | None) -> None:
    """Write a member; `size`: as declared. Raises EOFError if it is not of that size."""
    written = 0
    with place.open("xb") as target:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            room.take(len(chunk))
            if size is not None and written > size:
                break
            target.write(chunk)
    if size is not None and written != size:
        raise EOFError(f"{place.name} has not the size that the archive declares")


class _Places:
    """Where the members go, each once."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.archive, self.folder = archive, folder
        self.seen: set[Path] = set()
        self.count = 0

    def of(self, name: str, is_folder: bool) -> Path:
        """The path of a member, with its folder made."""
        self.count += 1
        if self.count > MOST_MEMBERS:
            what = f"has more than {MOST_MEMBERS} members"
            raise ProductError(self.archive, what, "Unpack it yourself and name the folder.")
        pure = PurePosixPath(name.replace("\\", "/"))  # as some programs of Windows write it
        if pure.is_absolute() or ".." in pure.parts or "\0" in name:
            raise _hostile(self.archive, name, "lies outside the archive")
        place = self.folder / pure
        if is_folder:
            place.mkdir(parents=True, exist_ok=True)
            return place
        if place in self.seen or place == self.folder:
            raise _hostile(self.archive, name, "appears twice or has no name")
        self.seen.add(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in parts
    )


def _hostile(archive: Path, member: str, what: str) -> ProductError:
    remedy = (
        "Do not use this archive, unless you know where it comes from; then unpack it yourself."
    )
    return ProductError(archive, f"its member {member!r} {what}", remedy)
