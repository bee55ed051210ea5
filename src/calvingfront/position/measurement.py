"""The result for one front by one method: position, flag and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Flag = Literal["ok", "doubtful", "outlier", "no position"]

OK: Final = "ok"
DOUBTFUL: Final = "doubtful"  # has a position, by a stated rule; the line needs a look
OUTLIER: Final = "outlier"  # far from the fronts around it; see `outliers.py`
NO_POSITION: Final = "no position"


@dataclass(frozen=True)
class Measurement:
    """The position of one front.

    position_m: metres down-glacier; None where there is none (flag "no position").
    area_m2:    ice in the box on the ellipsoid; None for methods without a box.
    reasons:    why the position is doubtful or missing; empty where it is "ok".
    crossings:  how often the front meets the walls or the flow lines.
    first_m, last_m: where the front meets a flow line furthest up-glacier and furthest down-glacier
        (for several flow lines: the lowest and the highest position); None for boxes.
    error_m:    standard error of the position, None where that of the line is unknown.
    """

    position_m: float | None
    area_m2: float | None = None
    reasons: tuple[str, ...] = ()
    crossings: int = 0
    first_m: float | None = None
    last_m: float | None = None
    error_m: float | None = None

    @property
    def flag(self) -> Flag:
        if self.position_m is None:
            return NO_POSITION
        return DOUBTFUL if self.reasons else OK


def missing(reason: str, crossings: int = 0) -> Measurement:
    """The result for a front without a position."""
    return Measurement(None, reasons=(reason,), crossings=crossings)


def times(count: int) -> str:
    """once, twice, 3 times."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
