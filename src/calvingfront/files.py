"""Atomic writing of files, and locks between jobs."""

from __future__ import annotations

import fcntl
import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PathLike = str | os.PathLike[str]


class NoLocksError(OSError):
    """A file on a file system that does not support locks."""


@contextmanager
def replacing(path: PathLike, durable: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` when the block succeeds.

    The temporary name keeps the suffix (libraries choose the format by it) and the folder (so
    that the rename is atomic). On failure the temporary file is removed and `path` is untouched.
    durable: flush the file to disk before the rename, so that a power cut leaves either the old
    file or the new one.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.tmp{target.suffix}")
    try:
        yield temporary
        if durable:
            _flush(temporary)
        os.replace(temporary, target)
        if durable:
            _flush(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def leftovers(path: PathLike) -> list[Path]:
    """Find the temporary files that killed writers of `path` left beside it."""
    target = Path(path)
    stem, suffix = glob.escape(target.stem), glob.escape(target.suffix)
    return sorted(target.parent.glob(f".{stem}.*.tmp{suffix}"))


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
