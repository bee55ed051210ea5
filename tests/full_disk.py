"""A disk that is full, as the libraries that write to it see it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096  # bytes, of which a small disk hands out space


@contextmanager
def no_room(limit: int = 1000) -> Iterator[None]:
    """Let no file of this process grow beyond `limit` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error, not the process's end
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


class SmallDisk:
    """A file system of its own. path: where it is mounted; pages: its size."""

    def __init__(self, path: Path, pages: int) -> None:
        self.path = path
        self.pages = pages
        self._filler = path / "filler"

    @property
    def free(self) -> int:
        """Free pages."""
        return os.statvfs(self.path).f_bavail

    def leave(self, pages: int) -> None:
        """Fill the disk but for so many pages."""
        self.empty()
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(self.free - pages, 1) * PAGE)
        assert self.free == pages

    def empty(self) -> None:
        """Take the filling away."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, pages: int = 2048) -> Iterator[SmallDisk]:
    """Mount a small file system in memory; the test is skipped where that is not allowed."""
    path.mkdir()
    size = ["-o", f"size={pages * PAGE}"]
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", *size, "none", path], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(path, pages)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
