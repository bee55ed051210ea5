"""From the predictions of an ensemble to lines with their spread, on the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.fronts.subpixel import SubpixelLine, subpixel_lines
from calvingfront.locating.extract import content, lines_of
from calvingfront.uncertainty.spread import spread_along

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Traced:
    """The front of one sample.

    probability: (s, s), the mean over the members. lines: its pieces, longest first.
    spreads:     for each piece (n,), px: see `spread_along`.
    """

    probability: Floats
    lines: Sequence[SubpixelLine]
    spreads: Sequence[Floats]

    @property
    def spread_px(self) -> float:
        """Mean spread over all vertices."""
        return float(np.concatenate(self.spreads).mean())


def trace(
    members: npt.NDArray[np.floating],
    facts: Mapping[str, Any],
    threshold: float,
    min_front_length_m: float,
) -> Traced:
    """Draw the lines through the mean of the members (k, s, s), and measure the members' spread.

    facts: the sample's row in the index of its data set.
    """
    probability = members.mean(axis=0, dtype=np.float64)
    lines = lines_of(facts, probability, threshold, min_front_length_m)
    return Traced(
        probability, lines, [spread_along(members, line.rows, line.cols) for line in lines]
    )


def true_line(front: npt.NDArray[np.uint8], facts: Mapping[str, Any]) -> Any:
    """The centre line of a front mask (s, s), in rows and columns: a MultiLineString, or empty."""
    mask = (front > 0).astype(np.float64)
    lines = subpixel_lines(mask, 0.5, 0.0, content(facts, len(mask)))
    return shapely.MultiLineString(
        [np.column_stack([line.rows, line.cols]) for line in lines if len(line.rows) > 1]
    )


def distances_from(truth: Any, lines: Sequence[SubpixelLine]) -> list[Floats]:
    """Distance (n,), px, of each vertex of the lines from the true front."""
    return [
        np.asarray(shapely.distance(shapely.points(line.rows, line.cols), truth)) for line in lines
    ]
