"""The box in which a front moves: four sides, one of them up-glacier.

A rectilinear box is a polygon with four corners (Moon and Joughin 2008). A box between fjord walls
is closed by straight lines from wall to wall. `curvilinear.py` makes a box along a flow line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.errors import PositionError
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import FlowLine, meeting_points
from calvingfront.position.upglacier import Compass, UpGlacier, as_point, compass_bearing, is_point

CORNER_DEGREES = 30.0  # a vertex where the outline turns by more is a corner
CLEAR_DEGREES = 20.0  # the side named must be nearer to its direction than any other by this
LOST_DEGREES = 50.0  # and within this angle of it
ALONG = 0.5  # least distance along the flow line, as a share of that between a wall's ends


@dataclass(frozen=True)
class Box:
    """A box of four sides, each a line in the frame's CRS.

    upstream, downstream: the sides across the glacier. walls: the two along it.
    axis_m:  its length along the glacier, m on the ellipsoid.
    area_m2: its area on the ellipsoid. width_m: area / axis, the mean width across the glacier.
    """

    frame: Frame
    polygon: Any
    upstream: Any
    downstream: Any
    walls: tuple[Any, Any]
    axis_m: float
    area_m2: float

    @property
    def width_m(self) -> float:
        return self.area_m2 / self.axis_m


def box_of_sides(
    frame: Frame,
    sides: tuple[Any, Any, Any, Any],
    where: object,
    axis_m: float | None = None,
    flow_line: FlowLine | None = None,
) -> Box:
    """Join four sides, given around the box: up-glacier, wall, down-glacier, wall.

    axis_m: the box's length; by default the length of the `flow_line` within it, or without one
    the mean length of the walls.
    Raises PositionError where the sides cross or the flow line misses the box.
    """
    ring = np.concatenate([shapely.get_coordinates(side)[:-1] for side in sides])
    polygon = shapely.Polygon(ring)
    if not polygon.is_valid or polygon.area == 0:
        raise PositionError(
            where,
            f"does not enclose an area ({shapely.is_valid_reason(polygon)})",
            "Draw sides that do not cross.",
        )
    if axis_m is None and flow_line is not None:
        axis_m = flow_line.inside_m(polygon)
    if axis_m is None:
        axis_m = (frame.length_m(sides[1]) + frame.length_m(sides[3])) / 2
    if axis_m == 0:
        raise PositionError(
            where, "is not crossed by the flow line", "Draw the flow line through it."
        )
    return Box(
        frame,
        polygon,
        upstream=sides[0],
        downstream=sides[2],
        walls=(sides[1], sides[3]),
        axis_m=axis_m,
        area_m2=frame.area_m2(polygon),
    )


def rectilinear_box(
    frame: Frame, polygon: Any, where: object, upglacier: UpGlacier | FlowLine | None
) -> Box:
    """Make a box from a polygon with four corners.

    upglacier: the up-glacier side, as a compass point or a point on the map (its direction from the
    box's centre); as a number, counted from 1 in the order of the polygon's vertices; or as a flow
    line, which enters through it and leaves through the opposite side.
    Raises PositionError unless the box has four corners and the side is given and unambiguous.
    """
    sides = _four_sides(polygon, where)
    if isinstance(upglacier, FlowLine):
        first = _entered(sides, upglacier, where)
    elif isinstance(upglacier, int) and not isinstance(upglacier, bool):
        if not 1 <= upglacier <= 4:
            raise PositionError(where, f"has no side {upglacier}", "Name a side from 1 to 4.")
        first = upglacier - 1
    elif is_point(upglacier):
        point = shapely.Point(as_point(upglacier))
        bearing = frame.azimuth(polygon.centroid, point)
        first = _facing(frame, polygon, sides, bearing, "the up-glacier point", where)
    elif isinstance(upglacier, str) and upglacier in get_args(Compass):
        first = _facing(frame, polygon, sides, compass_bearing(upglacier), upglacier, where)
    else:
        raise PositionError(
            where,
            "does not say which side is up-glacier"
            + ("" if upglacier is None else f" ({upglacier!r} is not a side)"),
            "Give a point up-glacier (--upglacier X Y), a compass point (N, NE, …), a number "
            "(1 to 4) or a flow line.",
        )
    turned = (*sides[first:], *sides[:first])
    return box_of_sides(frame, (turned[0], turned[1], turned[2], turned[3]), where)


def fjord_box(frame: Frame, walls: tuple[Any, Any], flow_line: FlowLine, where: object) -> Box:
    """Make a box from the two walls of a fjord, closed by straight lines between their ends.

    The flow line determines which end of a wall is up-glacier, and the length of the box.
    Source: the variable box of MaQiT (Lea 2018), here with closed ends.
    Raises PositionError for a wall in pieces, or one that does not run along the flow line.
    """
    drawn = []
    for wall in walls:
        line = shapely.line_merge(shapely.force_2d(wall))
        if line.geom_type != "LineString":
            raise PositionError(where, "has a wall in pieces", "Draw each wall as one line.")
        tips = [shapely.get_point(line, 0), shapely.get_point(line, -1)]
        ends = flow_line.along_m(tips)
        if abs(ends[1] - ends[0]) < ALONG * frame.length_m(shapely.LineString(tips)):
            raise PositionError(
                where,
                "has a wall that does not run along the flow line",
                "Extend the flow line to both ends of the walls.",
            )
        drawn.append(line if ends[0] < ends[1] else line.reverse())
    one, other = (shapely.get_coordinates(line) for line in drawn)
    sides = (
        shapely.LineString([other[0], one[0]]),
        shapely.LineString(one),
        shapely.LineString([one[-1], other[-1]]),
        shapely.LineString(other[::-1]),
    )
    return box_of_sides(frame, sides, where, flow_line=flow_line)


def _four_sides(polygon: Any, where: object) -> list[Any]:
    """The sides of a polygon between its corners, in the order of its vertices."""
    parts = shapely.get_parts(shapely.force_2d(polygon))
    if len(parts) != 1 or parts[0].geom_type != "Polygon" or parts[0].interiors:
        raise PositionError(where, "is not a single polygon without holes", "Draw one box.")
    ring = shapely.remove_repeated_points(parts[0].exterior)
    vertices = shapely.get_coordinates(ring)[:-1]
    corners = np.flatnonzero(np.abs(_turning(vertices)) > CORNER_DEGREES)
    if len(corners) != 4:
        raise PositionError(
            where,
            f"has {len(corners)} corners (where its outline turns by over {CORNER_DEGREES:.0f}°)",
            "Draw a box with four corners, or give the fjord's walls and a flow line.",
        )
    around = np.concatenate([vertices, vertices, vertices[:1]])
    ends = [*corners[1:], corners[0] + len(vertices)]
    return [
        shapely.LineString(around[start : end + 1])
        for start, end in zip(corners, ends, strict=True)
    ]


def _turning(vertices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """By how many degrees an outline turns at each of its (n, 2) vertices, −180 to 180."""
    before = vertices - np.roll(vertices, 1, axis=0)
    after = np.roll(vertices, -1, axis=0) - vertices
    angle = np.arctan2(after[:, 1], after[:, 0]) - np.arctan2(before[:, 1], before[:, 0])
    return np.asarray((np.degrees(angle) + 180) % 360 - 180)


def _facing(
    frame: Frame, polygon: Any, sides: list[Any], wanted: float, named: str, where: object
) -> int:
    """The side that lies towards a bearing, seen from the polygon's middle."""
    middle = polygon.centroid
    bearings = [frame.azimuth(middle, side.interpolate(0.5, normalized=True)) for side in sides]
    off = np.abs((np.array(bearings) - wanted + 180) % 360 - 180)
    nearest, second = np.argsort(off)[:2]
    if off[nearest] > LOST_DEGREES or off[second] - off[nearest] < CLEAR_DEGREES:
        lying = ", ".join(f"{n}: {bearing:.0f}°" for n, bearing in enumerate(bearings, start=1))
        raise PositionError(
            where,
            f"has no side that clearly lies towards {named} (bearings of the sides: {lying})",
            "Give another point or compass point, or the side's number.",
        )
    return int(nearest)


def _entered(sides: list[Any], flow_line: FlowLine, where: object) -> int:
    """The side through which a flow line enters; it must leave through the opposite side."""
    met: list[tuple[float, int]] = []
    for number, side in enumerate(sides):
        points, _ = meeting_points(side, flow_line.line)
        met += [(float(place), number) for place in flow_line.along_m(points)]
    met.sort()
    if len(met) != 2 or (met[1][1] - met[0][1]) % 4 != 2:
        crossed = ", ".join(str(number + 1) for _, number in met) or "none"
        raise PositionError(
            where,
            f"is not crossed from one side to the opposite one by the flow line (sides: {crossed})",
            "Draw a flow line that enters and leaves it once, or name the up-glacier side.",
        )
    return met[0][1]
