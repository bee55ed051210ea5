"""Digests of files and folders by content, remembered so that nothing is read twice."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike, replacing
from calvingfront.provenance.companions import companions

MISSING = "missing"
MEMORY = ".digests.json"  # in the results folder
FORMAT = 1
# Larger files of the user are not read as a whole: size, time of change, and blocks of them.
WHOLE_BYTES = 64 * 2**20
BLOCKS, BLOCK_BYTES = 256, 64 * 2**10
# A file that changed this recently may change again without its times showing it.
FRESH_S = 2.0
SAVE_EVERY_S = 1.0
# Files that hold a whole product; any other file is one of several in its folder.
CONTAINERS = frozenset({".zip", ".tar", ".tgz", ".gz", ".n1", ".e1", ".e2", ".json"})

Stamp = list[int]


class Digests:
    """Digests of content. Files already read are recognised by size, times and inode.

    memory: a JSON file for them; damaged or missing, everything is read again. Several processes
    may use it at once. None, or a folder that does not exist, remembers within this process only.
    """

    def __init__(self, memory: PathLike | None = None) -> None:
        self._memory = None if memory is None else Path(memory).absolute()
        self._known: dict[str, tuple[Stamp, str]] = {}
        self._new: dict[str, tuple[Stamp, str]] = {}
        self._loaded = False
        self._saved = time.monotonic()
        self._lock = threading.RLock()

    def of(self, path: PathLike | None, whole: bool = False) -> str:
        """Digest of a file with its companions, or of a folder; `missing` if there is none.

        Hidden files (`.DS_Store`, `._x`) do not count, nor do dates, except of a file of more than
        WHOLE_BYTES: of it, size, date and BLOCKS evenly spread blocks count. whole: read it all.
        """
        place = Path(path) if path else None
        if place is None or not place.exists():
            return MISSING
        if place.is_dir():
            return self._of_files(place, _visible(place), whole)
        others = companions(place)
        if not others:
            return self.of_file(place, whole)
        return self._of_files(place.parent, [place, *others], whole)

    def of_product(self, path: PathLike | None) -> str:
        """Digest of a radar product: its folder, also where one of the files in it is named."""
        if path and Path(path).is_file() and Path(path).suffix.lower() not in CONTAINERS:
            return self.of(Path(path).parent)
        return self.of(path)

    def of_all(self, paths: Iterable[PathLike], whole: bool = False) -> str:
        """One digest of several files or folders, in this order, whatever their names."""
        return _short(hashlib.sha256("\n".join(self.of(path, whole) for path in paths).encode()))

    def of_file(self, path: PathLike, whole: bool = False) -> str:
        """Digest of the bytes of one file, without companions. Raises OSError if unreadable."""
        place = Path(path)
        facts = place.stat()
        stamp = [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, int(whole)]
        key = str(place.absolute())
        with self._lock:
            self._load()
            if (known := self._known.get(key)) and known[0] == stamp:
                return known[1]
        digest = _of_bytes(place, facts, whole)
        fresh = time.time() - max(facts.st_mtime, facts.st_ctime) < FRESH_S
        with self._lock:
            if not fresh:
                self._known[key] = self._new[key] = (stamp, digest)
                if time.monotonic() - self._saved > SAVE_EVERY_S:
                    self.save()
        return digest

    def save(self) -> None:
        """Write what is new, beside what other processes have written meanwhile."""
        with self._lock:
            self._saved = time.monotonic()
            if self._memory is None or not self._new or not self._memory.parent.is_dir():
                return
            content = {"format": FORMAT, "files": _read(self._memory) | self._new}
            with contextlib.suppress(OSError), replacing(self._memory) as temporary:
                temporary.write_text(json.dumps(content), encoding="utf-8")
                self._new = {}

    def _of_files(self, root: Path, files: Iterable[Path], whole: bool) -> str:
        digest = hashlib.sha256()
        for file in files:
            name = os.path.relpath(file, root)
            try:
                content = self.of_file(file, whole)
            except OSError:
                content = MISSING
            digest.update(f"{name}\0{content}\n".encode())
        return _short(digest)

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            if self._memory is not None:
                self._known = _read(self._memory)
                atexit.register(self.save)


@cache
def digests_of(results: str) -> Digests:
    """The digests remembered in a results folder; one object for each folder."""
    return Digests(Path(results) / MEMORY)


def _visible(folder: Path) -> list[Path]:
    """The files below a folder, sorted, without hidden ones."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        found += [Path(place, name) for name in sorted(names) if name[0] != "."]
    return found


def _of_bytes(path: Path, facts: os.stat_result, whole: bool) -> str:
    with path.open("rb") as file:
        if whole or facts.st_size <= WHOLE_BYTES:
            return _short(hashlib.file_digest(file, "sha256"))
        digest = hashlib.sha256(f"{facts.st_size} {facts.st_mtime_ns}".encode())
        last = facts.st_size - BLOCK_BYTES
        for number in range(BLOCKS):
            file.seek(last * number // (BLOCKS - 1))
            digest.update(file.read(BLOCK_BYTES))
        return _short(digest)


def _short(digest: Any) -> str:
    return str(digest.hexdigest()[:24])


def _read(memory: Path) -> dict[str, tuple[Stamp, str]]:
    """What is remembered; nothing if the file is missing, damaged or of another format."""
    try:
        content = json.loads(memory.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return {}
        return {
            str(path): ([int(number) for number in stamp], str(digest))
            for path, (stamp, digest) in content["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
