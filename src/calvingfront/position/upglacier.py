"""Which way is up-glacier: a compass point, the number of a box's side, or a point on the map.

The user states it. Nothing here infers it from the fronts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.errors import PositionError
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import Drawn, FlowLine

Compass = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]
Point = tuple[float, float]  # x, y in the CRS of the fronts
UpGlacier = Compass | int | Point
Array = npt.NDArray[np.float64]

LEAST_COSINE = 0.5  # of the angle between an axis and what gives its direction: 60°
CLEARLY_NEARER = 0.1  # by how much one end of a flow line must be nearer, as a share of its length
NO_SIGN = PositionError(
    "fronts",
    "do not say which way is up-glacier, so advance cannot be told from retreat",
    "Give a point up-glacier of all fronts, in their CRS (--upglacier X Y); or a compass point "
    "(--upglacier E); or a flow line and which way it is drawn (--flowline, --drawn).",
)


def is_point(upglacier: object) -> bool:
    """Whether up-glacier is stated by a point on the map."""
    return isinstance(upglacier, Sequence) and not isinstance(upglacier, str)


def compass_bearing(named: Compass) -> float:
    """Degrees clockwise from north."""
    return 45.0 * get_args(Compass).index(named)


def way_of(line: Any, point: Point, where: object) -> Drawn:
    """Which way a flow line is drawn, given a point up-glacier: it starts at the nearer end.

    Raises PositionError where neither end is clearly nearer.
    """
    ends = shapely.get_coordinates(shapely.line_merge(line))[[0, -1]]
    start, end = np.hypot(*(ends - np.asarray(point, float)).T)
    if abs(start - end) < CLEARLY_NEARER * line.length:
        raise PositionError(
            where,
            f"has both ends about as far from the up-glacier point ({start:.0f} and {end:.0f} m)",
            "Give a point farther up-glacier, or state --drawn.",
        )
    return "downstream" if start < end else "upstream"


def downward(
    frame: Frame, axes: Sequence[Array], centre: Array, upglacier: UpGlacier | FlowLine | None
) -> Array:
    """The axis that agrees best with the stated way up-glacier, turned to point down-glacier.

    axes: unit vectors (2,), either way, through the fronts' centre (2,).
    Raises PositionError if up-glacier is not stated, or lies across all axes.
    """
    if upglacier is None:
        raise NO_SIGN
    if isinstance(upglacier, FlowLine):
        line = upglacier.line
        foot = float(shapely.line_locate_point(line, shapely.Point(centre)))
        ends = shapely.line_interpolate_point(
            line, [max(0.0, foot - 500.0), min(line.length, foot + 500.0)]
        )
        start, end = shapely.get_coordinates(ends)
        cosines, named = [_cosine(axis, end - start) for axis in axes], "the flow line"
    elif isinstance(upglacier, str) and upglacier in get_args(Compass):
        middle, wanted = shapely.Point(centre), compass_bearing(upglacier)
        bearings = [frame.azimuth(middle, shapely.Point(centre + 1000 * axis)) for axis in axes]
        cosines = [-float(np.cos(np.radians(bearing - wanted))) for bearing in bearings]
        named = upglacier
    elif is_point(upglacier):
        point = as_point(upglacier)
        cosines = [_cosine(axis, centre - point) for axis in axes]
        named = f"the point {point[0]:.0f} {point[1]:.0f}"
    else:
        raise PositionError(
            "--upglacier",
            f"{upglacier!r} names a side of a box, but no box is given",
            "Give a compass point or a point on the map (--upglacier X Y).",
        )
    best = int(np.argmax(np.abs(cosines)))
    if abs(cosines[best]) < LEAST_COSINE:
        raise PositionError(
            "--upglacier",
            f"{named} lies across the glacier as drawn from its fronts, neither up nor down",
            "Give a point on the glacier, up-glacier of all fronts (--upglacier X Y).",
        )
    return np.asarray(axes[best] * np.sign(cosines[best]))


def as_point(upglacier: Any) -> Array:
    """The coordinates (2,) of a point. Raises PositionError unless it has two finite numbers."""
    try:
        point = np.asarray(upglacier, dtype=np.float64)
    except (TypeError, ValueError):
        point = np.full(1, np.nan)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise PositionError("--upglacier", f"{upglacier!r} is not a point", "Give X and Y, in m.")
    return point


def _cosine(one: Array, other: Array) -> float:
    return float(one @ other / (np.hypot(*one) * (np.hypot(*other) or 1.0)))
