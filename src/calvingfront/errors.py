"""The errors that a user sees: each names the place, the fault and the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
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


class PositionError(CalvingFrontError):
    """Fronts, a box, a flow line or a series from which no positions can be derived."""


class TrainingError(CalvingFrontError):
    """A training that cannot start or continue."""


class ModelError(CalvingFrontError):
    """A model folder, or a run for one, that cannot be used."""


class DivergedError(TrainingError):
    """A loss or a monitor that became NaN or infinite."""


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
