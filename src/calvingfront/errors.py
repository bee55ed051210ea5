"""The errors that a user sees: each names the place, the fault and the remedy."""

from __future__ import annotations

from collections.abc import Sequence


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
    """Several faults, reported at once."""

    def __init__(self, faults: Sequence[CalvingFrontError], remedy: str) -> None:
        self.faults = list(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        count = len(self.faults)
        super().__init__(f"{count} fault{'s' if count != 1 else ''} found", f"\n{lines}\n", remedy)

    def __str__(self) -> str:
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        return f"{self.where}:\n{lines}\n{self.remedy}"

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return type(self), (self.faults, self.remedy)
