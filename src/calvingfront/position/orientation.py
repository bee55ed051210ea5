"""The orientation of a series of fronts, from which the axis of the glacier is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.errors import PositionError

Array = npt.NDArray[np.float64]

CLOSE = 0.1  # of the length of the longest piece: pieces this close to it belong to it
LEAST_ORDER = 0.5  # mean resultant of the fronts' orientations; 0: they have none in common
STEPS = 20  # of a front, for its orientation


class SketchError(PositionError):
    """Fronts from which no box or flow line can be drawn."""


def main_part(line: Any) -> Any:
    """The longest piece of a front with those close to it: no other branches of the glacier."""
    parts = sorted(shapely.get_parts(shapely.line_merge(line)), key=lambda part: -part.length)
    close, kept, left = CLOSE * parts[0].length, [parts[0]], parts[1:]
    while near := [part for part in left if min(part.distance(one) for one in kept) <= close]:
        kept += near
        left = [part for part in left if not any(part is one for one in near)]
    return shapely.multilinestrings(kept)


def axes_of(lines: Sequence[Any]) -> list[Array]:
    """Unit vectors (2,) square to the mean orientation of the fronts, either way; one or two.

    The orientation is that of the fronts' steps, coarse enough not to follow the image's pixels, or
    that of the two ends of its pieces that are farthest apart. Bays mislead the one, side
    branches of the glacier the other.
    """
    axes = []
    for orientation in (_of_steps, _of_ends):
        total = sum(orientation(line) for line in lines)
        if abs(total) >= LEAST_ORDER * len(lines):
            angle = np.angle(total) / 2
            axes.append(np.array([-np.sin(angle), np.cos(angle)]))
    if not axes:
        raise SketchError(
            "fronts",
            "have no common orientation from which to draw a box or flow line",
            "Give a box, or a flow line.",
        )
    return axes


def _of_steps(line: Any) -> complex:
    """Mean orientation of a front's steps, of length 1; the angle is doubled, since 0° is 180°."""
    total = 0j
    for part in shapely.get_parts(line):
        count = max(1, round(STEPS * part.length / line.length))
        places = shapely.line_interpolate_point(part, np.linspace(0, 1, count + 1), normalized=True)
        steps = np.diff(shapely.get_coordinates(places), axis=0) @ np.array([1, 1j])
        lengths = np.abs(steps)
        total += complex(np.sum(steps[lengths > 0] ** 2 / lengths[lengths > 0]))
    return total / (abs(total) or 1.0)


def _of_ends(line: Any) -> complex:
    """Orientation from end to end, in the same form."""
    parts = shapely.get_parts(line)
    x, y = shapely.get_coordinates([shapely.get_point(parts, 0), shapely.get_point(parts, -1)]).T
    apart = ((x[:, None] - x) + 1j * (y[:, None] - y)).ravel()
    farthest = complex(apart[int(np.abs(apart).argmax())])
    return (farthest / (abs(farthest) or 1.0)) ** 2
