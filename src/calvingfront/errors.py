"""The errors that a user sees: each names the place, the fault and the remedy."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Of the message of several faults: its lines, and how many of one kind are still told singly.
MOST_LINES = 18
FEW = 3
# What may differ between two faults of one kind: words in quotes, paths, file names, numbers.
_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\S*/\S*|\S+\.[A-Za-z]\w*|\S*\d\S*")


class CalvingFrontError(Exception):
    """A fault that the user can fix.

    where:  the file, scene or configuration key at fault.
    what:   what is wrong with it.
    remedy: what to do or to write instead.
    """

    def __init__(self, where: object, what: str, remedy: str) -> None:
        # A file name need not be valid UTF-8; a message that cannot be printed helps nobody.
        parts = (str(part).encode("utf-8", "backslashreplace") for part in (where, what, remedy))
        self.where, self.what, self.remedy = (part.decode("utf-8") for part in parts)
        remedy = self.remedy
        end = "" if remedy.endswith((".", "?", "!")) else "."
        super().__init__(f"{self.where}: {self.what}. {remedy}{end}")

    def __reduce__(self) -> tuple[type[CalvingFrontError], tuple[str, str, str]]:
        return type(self), (self.where, self.what, self.remedy)


class ConfigError(CalvingFrontError):
    """A configuration key that cannot be used."""


class TableError(CalvingFrontError):
    """A table of the user's, or a line of it, that cannot be read."""


class SceneError(CalvingFrontError):
    """A scene, or one of its files, that cannot be used."""


class ProductError(CalvingFrontError):
    """A radar product, its header or its pixels, that cannot be used."""


class OrbitError(CalvingFrontError):
    """State vectors or an orbit file that cannot be used."""


class GeocodingError(CalvingFrontError):
    """A scene, grid or terrain model that cannot be geocoded."""


class SampleError(CalvingFrontError):
    """A prepared sample or packed data set that cannot be used."""


class SplitError(CalvingFrontError):
    """A split that cannot be drawn or read."""


class EmptySubsetError(SplitError):
    """A split that leaves a subset without a scene."""


class PositionError(CalvingFrontError):
    """Fronts, a box, a flow line or a series from which no positions can be derived."""


class TrainingError(CalvingFrontError):
    """A training that cannot start or continue."""


class ModelError(CalvingFrontError):
    """A model folder, or a run for one, that cannot be used."""


class DivergedError(TrainingError):
    """A loss or a monitor that became NaN or infinite."""


class StoppedError(TrainingError):
    """A training that was asked to end, and whose state is saved."""


class DamagedFileError(CalvingFrontError):
    """A file that an earlier step made and that is no longer as that step wrote it."""

    @classmethod
    def of(cls, path: object, what: str) -> DamagedFileError:
        """Say how to have the file made anew. what: what is wrong with it, in a few words."""
        again = f"Run `rm {shlex.quote(str(path))}` and the same command again, which makes it anew"
        return cls(path, f"is damaged ({' '.join(what.split())})", again)


class DiskError(CalvingFrontError, OSError):
    """A file that cannot be written whole: the disk is full, or another limit is reached."""

    @classmethod
    def of(cls, path: object, error: BaseException | None, needed: int | None = None) -> DiskError:
        """Say how much room there is. error: what the writer raised. needed: bytes, if known."""
        code = next((e.errno for e in _chain(error) if isinstance(e, OSError) and e.errno), 0)
        folder = Path(str(path)).absolute().parent
        if code == errno.EFBIG:
            what = "cannot be written: the system allows no file of this size (ulimit -f)"
            remedy = "Raise the limit, or use another disk; free space does not help"
        elif code == errno.EDQUOT:
            what = f"cannot be written: your quota on the disk of {folder} is used up"
            remedy = "Free space and run the same command again"
        else:
            free = free_bytes(folder)
            room = f"{free / 1e6:.1f} MB free"
            if needed is not None:
                room += f", {needed / 1e6:.1f} MB needed"
            full = error is None or is_full(error) or free < _NEARLY_FULL
            state = f"the disk of {folder} is full" if full else " ".join(str(error).split())
            what = f"cannot be written: {state} ({room})"
            remedy = "Free space and run the same command again"
        made = cls(path, what, remedy)
        made.errno, made.strerror = code or errno.ENOSPC, os.strerror(code or errno.ENOSPC)
        return made

    def __str__(self) -> str:
        return str(self.args[0])


_NEARLY_FULL = 1 << 20  # bytes: SQLite and GDAL say little, and give up before the last byte
# What libraries say that do not raise OSError: SQLite, GDAL, safetensors.
_FULL_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("no space left on device", "disk is full", "file too large", "disk quota exceeded")


def is_full(error: BaseException) -> bool:
    """Whether an error, or one behind it, says that a disk is full or a limit is reached."""
    return any(
        (isinstance(each, OSError) and each.errno in _FULL_CODES)
        or any(words in str(each).lower() for words in _FULL_WORDS)
        for each in _chain(error)
    )


@contextmanager
def telling_full_disk(path: object) -> Iterator[None]:
    """Raise DiskError where whatever writes `path` in the block meets a full disk."""
    try:
        yield
    except CalvingFrontError:
        raise
    except Exception as error:
        if not is_full(error):
            raise
        raise DiskError.of(path, error) from error


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder, which need not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Faults(CalvingFrontError):
    """Several faults, reported at once.

    faults: all of them. found: what was read in spite of them, such as the names in a table, for
    checks that need no more; None if nothing was.
    """

    def __init__(self, faults: Sequence[CalvingFrontError], remedy: str, found: Any = None) -> None:
        self.faults = list(faults)
        self.found = found
        super().__init__(_count(self.faults), "see below", remedy)

    def __str__(self) -> str:
        """The faults on at most MOST_LINES lines: those that differ in names and numbers only
        stand on one."""
        groups = grouped(self.faults)
        lines = []
        for group in groups[:MOST_LINES]:
            lines.append(f"  - {group[0]}")
            if len(group) > 1:
                lines[-1] += f" … and {len(group) - 1} more like this"
                lines[-1] += (
                    f", such as {group[1].where}." if len(group) > 2 else f": {group[1].where}."
                )
        rest = sum(map(len, groups[MOST_LINES:]))
        if rest:
            lines.append(f"  … and {rest} more of other kinds")
        return "\n".join([f"{self.where}:", *lines, self.remedy])

    def in_full(self) -> str:
        """Every fault on a line of its own."""
        lines = [f"  - {fault}" for fault in self.faults]
        return "\n".join([f"{self.where}:", *lines, self.remedy])

    @property
    def shortened(self) -> bool:
        """Whether `str` leaves some of the faults out."""
        return len(grouped(self.faults)) < len(self.faults) or len(self.faults) > MOST_LINES

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return type(self), (self.faults, self.remedy, self.found)


def all_faults(error: CalvingFrontError) -> list[CalvingFrontError]:
    """The single faults of an error, however deep they are nested."""
    if not isinstance(error, Faults):
        return [error]
    return [single for fault in error.faults for single in all_faults(fault)]


def grouped(faults: Sequence[CalvingFrontError]) -> list[list[CalvingFrontError]]:
    """The faults in their order; those of one kind, which FEW do not fill, stand together.

    Two are of one kind if they differ only in their places, names in quotes, paths and numbers.
    """
    kinds: dict[tuple[str, ...], list[CalvingFrontError]] = {}
    for fault in faults:
        kinds.setdefault(_kind(fault), []).append(fault)
    return [
        part
        for kind in kinds.values()
        for part in ([kind] if len(kind) > FEW else [[fault] for fault in kind])
    ]


def _kind(fault: CalvingFrontError) -> tuple[str, ...]:
    place = re.sub(r"\d+", "#", fault.where.rpartition(", ")[2]) if ", " in fault.where else ""
    parts = (fault.what, fault.remedy)
    return type(fault).__name__, place, *(_VARIES.sub("#", part) for part in parts)


def _count(faults: Sequence[CalvingFrontError]) -> str:
    return f"{len(faults)} fault{'s' if len(faults) != 1 else ''} found"
