"""Atomic writing of files, and locks between jobs."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import shutil
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from calvingfront.errors import telling_full_disk

PathLike = str | os.PathLike[str]
UNTOUCHED_S = 24 * 3600.0  # after which a temporary file has no writer any more


class NoLocksError(OSError):
    """A file on a file system that does not support locks."""


@contextmanager
def replacing(path: PathLike, durable: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` when the block succeeds.

    The temporary name keeps the suffix (libraries choose the format by it) and the folder (so
    that the rename is atomic). On failure the temporary file, and what a library left beside it,
    is removed and `path` is untouched; so is what a killed writer of `path` left behind.
    The block must raise if a byte was not written: Python's files do, GDAL's do not always (see
    `geofiles.whole_rasters` and `whole_vectors`).
    durable: flush the file to disk before the rename, so that a power cut leaves either the old
    file or the new one.
    Raises DiskError if the disk is full.
    """
    target = Path(path)
    temporary = temporary_of(target)
    with telling_full_disk(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target)
        try:
            yield temporary
            if durable:
                _flush(temporary)
            os.replace(temporary, target)
            if durable:
                _flush(target.parent)
        finally:
            for left in target.parent.glob(f"{glob.escape(temporary.name)}*"):
                left.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: PathLike) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, so on the same disk; it is removed at the end.

    So is what a killed process left behind. Raises DiskError if the disk is full.
    """
    folder = temporary_of(path)
    with telling_full_disk(path):
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_of(path: PathLike) -> Path:
    """The name under which this process writes `path`: a hidden one beside it, same suffix."""
    target = Path(path)
    return target.with_name(f".{target.stem}.{os.getpid()}-{_place()}.tmp{target.suffix}")


def leftovers(path: PathLike) -> list[Path]:
    """Find the temporary files of all writers of `path` beside it, whether they live or not."""
    target = Path(path)
    return sorted(left for left, _, _ in _temporaries(target))


def remove_leftovers(path: PathLike) -> None:
    """Remove the temporary files and folders that killed writers of `path` left beside it.

    A writer is taken for dead if it ran on this machine and is gone, or has not touched its file
    for a day.
    """
    for left, pid, place in _temporaries(Path(path)):
        with suppress(OSError):
            gone = place == _place() and not _lives(pid)
            if gone or time.time() - left.stat().st_mtime > UNTOUCHED_S:
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def _temporaries(target: Path) -> Iterator[tuple[Path, int, str]]:
    """Temporary files of `target` with the process and the place of their writers."""
    name = re.compile(
        rf"\.{re.escape(target.stem)}\.(\d+)(?:-([0-9a-f]{{8}}))?\.tmp{re.escape(target.suffix)}"
    )
    if target.parent.is_dir():
        with os.scandir(target.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".")]
        for found in filter(None, map(name.fullmatch, names)):
            yield target.with_name(found[0]), int(found[1]), found[2] or ""


@cache
def _place() -> str:
    """What tells this machine, or container, from others that see the same disk."""
    try:
        processes = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        processes = ""
    return f"{zlib.crc32(f'{socket.gethostname()} {processes}'.encode()):08x}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def write_text(path: PathLike, text: str, durable: bool = False) -> None:
    """Write `text` as UTF-8, atomically."""
    with replacing(path, durable) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: PathLike, content: Any, durable: bool = False) -> None:
    """Write `content` as indented JSON, atomically."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n", durable)


def read_json(path: PathLike) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def lock(path: PathLike, wait: bool = True, mode: int = 0o600) -> int:
    """Open a file, creating it with `mode` if it is missing, and lock it; return its handle.

    Closing the handle releases the lock. The kernel releases it when the process ends, so a killed
    job leaves no lock behind.
    Raises BlockingIOError if another process holds the lock and `wait` is false, NoLocksError if
    the file system does not support locks, OSError if the file cannot be opened.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, mode)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if isinstance(error, BlockingIOError):
            raise
        raise NoLocksError(error.errno, error.strerror) from error
    except BaseException:  # the wait was interrupted
        os.close(handle)
        raise
    return handle
