"""Position on a flow line, and over a bundle of flow lines side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from calvingfront.errors import PositionError
from calvingfront.position.flowline import FlowLine, meeting_points
from calvingfront.position.line_error import LEAST_DEGREES, LineError, sine_between
from calvingfront.position.measurement import Measurement, missing, times

ENOUGH = 0.5  # share of the flow lines that must give a position, for a median


def centreline_position(
    front: Any, flow_line: FlowLine, error: LineError | None = None
) -> Measurement:
    """Distance on the ellipsoid from the flow line's start to the front, m.

    A front that meets the line three, five … times leaves ice and water in turn along it. The
    position is then the total length of ice, and it is "doubtful" (MaQiT takes the meeting point
    furthest up-glacier, here `first_m`). A front that meets the line an even number of times
    returns to the side it came from and has no position. Nor has one that never meets it. A front
    nearly parallel to the flow line is "doubtful".
    error: of the line, for the error of the position: divided by the sine of the angle between the
    two, which counts as 20° where it is smaller.
    Source: Lea, Mair and Rea (2014), centreline method.
    """
    return _on_line(front, flow_line.line, flow_line, error)[0]


def _on_line(
    front: Any, line: Any, flow_line: FlowLine, error: LineError | None
) -> tuple[Measurement, Any]:
    """Measure where a front meets `line`, projected onto the flow line.

    Returns the meeting point nearest to the position, too; None without a position.
    """
    points, alongside = meeting_points(line, front)
    if alongside:
        return missing("runs along the flow line", len(points)), None
    if not points:
        return missing("no crossing: it does not meet the flow line"), None
    places = flow_line.along_m(points)
    order = np.argsort(places)
    places, points = places[order], [points[n] for n in order]
    count = len(places)
    if count % 2 == 0:
        returns = f"several crossings: it meets the flow line {times(count)} and returns"
        return missing(returns, count), None
    ice = float(places[0] + np.sum(places[2::2] - places[1:-1:2]))
    reasons = []
    if count > 1:
        reasons.append(f"several crossings: it meets the flow line {times(count)}; ice is summed")
    sines = np.array([sine_between(front, line, point) for point in points])
    flattest = float(np.degrees(np.arcsin(min(1.0, sines.min()))))
    if flattest < LEAST_DEGREES:
        reasons.append(f"nearly parallel: it meets the flow line at {flattest:.0f}°")
    spread = None
    if error is not None:
        spread = error.of_crossings(shapely.get_coordinates(points), sines)
    found = Measurement(
        ice, None, tuple(reasons), count, float(places[0]), float(places[-1]), spread
    )
    return found, points[int(np.argmin(np.abs(places - ice)))]


@dataclass(frozen=True)
class Bundle:
    """Flow lines side by side.

    main: the middle one, along which distances are measured. lines: all, from right to left.
    width_m: from the first to the last, on the ground.
    """

    main: FlowLine
    lines: tuple[Any, ...]
    width_m: float


def bundle(flow_line: FlowLine, width_m: float, count: int) -> Bundle:
    """Draw `count` lines evenly across `width_m`, the given flow line in the middle.

    Raises PositionError for a width that is not positive and finite, a count that is even or below
    3, or a flow line that bends too tightly.
    """
    if not (np.isfinite(width_m) and width_m > 0):
        raise PositionError(
            flow_line.where,
            f"cannot have a width of {width_m}",
            "Give a positive width in metres.",
        )
    if count < 3 or count % 2 == 0:
        raise PositionError(
            flow_line.where,
            f"cannot be the middle of {count} lines",
            "Give an odd number of lines, 3 or more.",
        )
    offsets = np.linspace(-width_m / 2, width_m / 2, count)
    offsets[count // 2] = 0.0
    return Bundle(flow_line, tuple(flow_line.offset(offsets.tolist())), width_m)


def multi_centreline_position(
    front: Any, lines: Bundle, error: LineError | None = None
) -> Measurement:
    """Median over a bundle of the distances along the middle flow line, m.

    Meeting points are projected onto the middle line, so that all lines share one scale in bends.
    Doubtful: some lines give no position or a doubtful one. No position: fewer than half of the
    lines give one.
    Source: the multi-centreline method of MaQiT (Lea 2018).
    """
    drawn = None if error is None else replace(error, shift_m=0.0)  # the shift is the same for all
    met = [_on_line(front, line, lines.main, drawn) for line in lines.lines]
    each = [one for one, _ in met]
    places = [one.position_m for one in each if one.position_m is not None]
    crossings = sum(one.crossings for one in each)
    if not crossings:
        return missing("no crossing: it meets none of the flow lines")
    count = len(each)
    if len(places) < ENOUGH * count:
        return missing(f"partial: {len(places)} of {count} flow lines give a position", crossings)
    reasons = []
    if len(places) < count:
        reasons.append(f"partial: {len(places)} of {count} flow lines give a position")
    doubted = sum(one.position_m is not None and one.crossings > 1 for one in each)
    if doubted:
        reasons.append(f"several crossings: on {doubted} of {count} flow lines")
    spread = None
    if error is not None:
        placed = [(one, point) for one, point in met if one.position_m is not None]
        spread = error.of_median(
            np.array(places),
            shapely.get_coordinates([point for _, point in placed]),
            np.array([np.nan if one.error_m is None else one.error_m for one, _ in placed]),
        )
    return Measurement(
        float(np.median(places)),
        None,
        tuple(reasons),
        crossings,
        min(places),
        max(places),
        spread,
    )
