"""What has passed a check, remembered in the results folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from calvingfront.files import PathLike, read_json, write_json


class Passed:
    """Digests of inputs that passed; a file that cannot be read or written only costs time."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._known: set[str] = set()
        with suppress(OSError, ValueError, TypeError):
            self._known = set(map(str, read_json(self.path)))

    def __contains__(self, key: str) -> bool:
        return key in self._known

    @staticmethod
    def key(*facts: object) -> str:
        """The digest of everything that a check depends on."""
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    def keep(self, keys: Iterable[str]) -> None:
        """Remember more that passed."""
        new = set(keys) - self._known
        if new:
            self._known |= new
            with suppress(OSError):
                write_json(self.path, sorted(self._known))


def signature(path: PathLike) -> list[list[object]]:
    """Name, size, times and number of a file, or of every file in a folder.

    The time of the last change of the file's record is among them: `cp -p` and `rsync -t` set
    the other one back.
    """
    place = Path(path)
    try:
        files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        facts = [(file, file.stat()) for file in files]
    except OSError:
        return []
    return [
        [str(file), each.st_size, each.st_mtime_ns, each.st_ctime_ns, each.st_ino]
        for file, each in facts
    ]
