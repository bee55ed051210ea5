"""A box of a stated width along a flow line (Lea, Mair and Rea 2014: curvilinear box)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from calvingfront.errors import PositionError
from calvingfront.position.box import Box, box_of_sides
from calvingfront.position.ellipsoid import LocalMap
from calvingfront.position.flowline import FlowLine

ON_THE_RING = 1e-6  # tolerance, as a share of the width


def curvilinear_box(flow_line: FlowLine, width_m: float) -> Box:
    """Make the box within width / 2 of a flow line, cut off square at its ends.

    width_m: on the ground. In bends the outer wall is rounded, and the inner wall is trimmed where
    it would fold. The box's area is therefore its width times the flow line's length, as long as
    no bend has a radius below half the width.
    Raises PositionError for a width that is not positive and finite, and where the box folds.
    """
    if not (np.isfinite(width_m) and width_m > 0):
        raise PositionError(
            flow_line.where,
            f"cannot have a width of {width_m}",
            "Give a positive width in metres.",
        )
    local = LocalMap(flow_line.frame, flow_line.line)
    line = local.into(flow_line.line)
    strip = line.buffer(width_m / 2, cap_style="flat", quad_segs=16)
    folded = PositionError(
        flow_line.where,
        f"bends too tightly for a box {width_m:.0f} m wide",
        "Smooth the line, or give a smaller width.",
    )
    if strip.geom_type != "Polygon" or strip.interiors:
        raise folded
    vertices = shapely.get_coordinates(line)
    half = width_m / 2
    start_left, start_right = _beside(vertices[0], vertices[1] - vertices[0], half)
    end_left, end_right = _beside(vertices[-1], vertices[-1] - vertices[-2], half)
    ring = shapely.get_coordinates(strip.exterior)[:-1]
    if not strip.exterior.is_ccw:
        ring = ring[::-1]
    # Counterclockwise: across the start from left to right, then along the right wall.
    found = []
    for corner in (start_left, start_right, end_right, end_left):
        away = np.hypot(*(ring - corner).T)
        if away.min() > ON_THE_RING * width_m:
            raise folded
        found.append(int(away.argmin()))
    sides = tuple(_between(ring, a, b) for a, b in zip(found, found[1:] + found[:1], strict=True))
    if sum(len(shapely.get_coordinates(side)) - 1 for side in sides) != len(ring):
        raise folded
    upstream, right, downstream, left = (local.back(side) for side in sides)
    return box_of_sides(
        flow_line.frame,
        (upstream, right, downstream, left),
        flow_line.where,
        axis_m=flow_line.length_m,
    )


def _beside(place: Any, direction: Any, offset: float) -> tuple[Any, Any]:
    """The points to the left and to the right of a place, seen along a direction."""
    across = offset * np.array([-direction[1], direction[0]]) / np.hypot(*direction)
    return place + across, place - across


def _between(ring: Any, start: int, end: int) -> Any:
    """The line along a ring from one vertex forwards to another."""
    count = (end - start) % len(ring)
    return shapely.LineString(ring[(start + np.arange(count + 1)) % len(ring)])
