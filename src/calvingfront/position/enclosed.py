"""The ice in a box up-glacier of a front, and the position it gives.

The front divides the box into faces, and each crossing of the front leads from ice to water or
back. Faces that an even number of crossings separates from the up-glacier side are ice. This is
exact for a front that runs from beyond one wall to beyond the other, however often it crosses the
walls in between: by Jordan's theorem such a line has two sides.
"""

from __future__ import annotations

from typing import Any

import shapely

from calvingfront.position.box import Box
from calvingfront.position.line_error import LineError
from calvingfront.position.measurement import Measurement, missing, times

OVERSHOOT_M = 1e-3  # joining lines end this far beyond the wall, so that rounding leaves no gap


def box_position(
    front: Any, box: Box, reach_m: float = 0.0, error: LineError | None = None
) -> Measurement:
    """Position of a front by the area method: ice in the box divided by the box's width.

    front:   (multi)line in the box's CRS.
    reach_m: ends of the front inside the box and within this distance (map units) of a wall are
             joined to it by a straight line, and the position is "doubtful". 0 joins none.
    error:   of the line, for the error of the position (see `line_error`).
    Positions start at the up-glacier side. No position: the front does not meet the box, crosses
    its up-glacier or down-glacier side, or does not separate the two. Doubtful: it meets a wall
    more than once, ends within the box, or crosses itself.
    Source: Moon and Joughin (2008); Lea, Mair and Rea (2014).
    """
    if not front.intersects(box.polygon):
        return missing("outside: it does not meet the box")
    across = [
        name
        for name, side in (("up-glacier", box.upstream), ("down-glacier", box.downstream))
        if front.intersects(side)
    ]
    if across:
        return missing(f"leaves the box: it crosses the {' and the '.join(across)} side")
    reasons = []
    closed, gaps_m = _joined(front, box, reach_m)
    if gaps_m:
        lengths = " and ".join(f"{gap:.0f} m" for gap in gaps_m)
        reasons.append(f"closed: joined to the wall over {lengths}")
    met = [_meetings(wall, closed) for wall in box.walls]
    ends = _ends_inside(closed, box)
    ice = _ice(closed, box)
    if ice is None:
        inside = f"{ends} end{'s' if ends != 1 else ''} within the box"
        walls = " and ".join(times(count) for count in met)
        return missing(
            f"partial: it does not separate the box's ends (meets the walls {walls}; {inside})",
            sum(met),
        )
    if met != [1, 1]:
        reasons.append(
            f"several crossings: it meets the walls {times(met[0])} and {times(met[1])}; "
            "everything up-glacier of it counts as ice"
        )
    if ends:
        reasons.append(f"loose ends: {ends} in the box, ignored because they separate nothing")
    if not closed.is_simple:
        reasons.append("crosses itself: ice and water alternate across its loops")
    area = box.frame.area_m2(ice)
    spread = None
    if error is not None:
        inside = closed.intersection(box.polygon)
        scale = box.frame.length_m(inside) / inside.length
        spread = error.of_mean(inside, box.width_m / scale)
    return Measurement(area / box.width_m, area, tuple(reasons), sum(met), error_m=spread)


def _ice(front: Any, box: Box) -> Any | None:
    """The part of the box up-glacier of a front; None where it does not separate the ends."""
    noded = shapely.union_all([box.polygon.exterior, front])
    faces = [
        face
        for face in shapely.get_parts(shapely.polygonize([noded]))
        if box.polygon.contains(face.representative_point())
    ]
    ends = [side.interpolate(0.5, normalized=True) for side in (box.upstream, box.downstream)]
    first, last = (min(range(len(faces)), key=lambda n: faces[n].distance(p)) for p in ends)
    side = {first: 0}
    waiting = [first]
    while waiting:
        here = waiting.pop()
        for there, face in enumerate(faces):
            if there == here or not _share_a_line(faces[here], face):
                continue
            if there not in side:
                side[there] = 1 - side[here]
                waiting.append(there)
            elif side[there] == side[here]:  # the front branches, so it does not have two sides
                return None
    if side.get(last) != 1:
        return None
    return shapely.union_all([faces[number] for number, parity in side.items() if parity == 0])


def _share_a_line(one: Any, other: Any) -> bool:
    return bool(one.boundary.intersection(other.boundary).length > 0)


def _meetings(wall: Any, front: Any) -> int:
    """How often a front meets a wall; a stretch along it counts once."""
    parts = shapely.get_parts(wall.intersection(front))
    points = sum(1 for part in parts if part.geom_type == "Point")
    stretches = [part for part in parts if part.length > 0]
    return points + len(shapely.get_parts(shapely.line_merge(shapely.union_all(stretches))))


def _tips(front: Any) -> list[Any]:
    """The ends of a front's pieces; pieces that touch end to end count as one."""
    merged = shapely.line_merge(front)
    return [
        shapely.get_point(part, end)
        for part in shapely.get_parts(merged)
        if not part.is_closed
        for end in (0, -1)
    ]


def _ends_inside(front: Any, box: Box) -> int:
    return sum(bool(box.polygon.contains(tip)) for tip in _tips(front))


def _joined(front: Any, box: Box, reach_m: float) -> tuple[Any, list[float]]:
    """The front with ends near a wall joined to it, and the lengths of the joining lines, m."""
    added, gaps = [], []
    for tip in _tips(front) if reach_m > 0 else []:
        if not box.polygon.contains(tip):
            continue
        line = min((shapely.shortest_line(tip, w) for w in box.walls), key=lambda line: line.length)
        if 0 < line.length <= reach_m:
            (x0, y0), (x1, y1) = shapely.get_coordinates(line)
            beyond = 1 + OVERSHOOT_M / line.length
            reached = (x0 + beyond * (x1 - x0), y0 + beyond * (y1 - y0))
            added.append(shapely.LineString([(x0, y0), reached]))
            gaps.append(line.length)
    if not added:
        return front, []
    return shapely.line_merge(shapely.union_all([front, *added])), gaps
