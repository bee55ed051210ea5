"""Draw a flow line, a box and its walls from the fronts, where none is given.

Across the glacier is the mean orientation of the fronts; of two ways to average it, the one that
agrees better with the stated way up-glacier. The box spans the part of the width that
nearly all fronts cross, and the stretch along the glacier in which they lie, single outliers apart.
The flow line runs through the middle of the box, and bends where the fronts do. Which end is
up-glacier is never drawn from the fronts: the user states it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.geofiles.vectors import without_clock
from calvingfront.geofiles.whole_vectors import replacing_geopackage
from calvingfront.position.box import Box, box_of_sides
from calvingfront.position.dated_fronts import Front
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import FlowLine
from calvingfront.position.layers import DIRECTION_ATTRIBUTE
from calvingfront.position.orientation import SketchError, axes_of, main_part
from calvingfront.position.outliers import LEAST, apart
from calvingfront.position.season import decimal_years
from calvingfront.position.upglacier import UpGlacier, as_point, downward, is_point

Array = npt.NDArray[np.float64]

LEAST_FRONTS = 5
SAMPLES = 200  # points along a front
SHARES = (1.0, 0.98, 0.95, 0.9, 0.8)  # of the fronts that cross the whole box
PRICE = 8  # share ** 8 × width is largest: a tenth of the fronts is given up for twice the width
WIDE = 0.3  # least width, as a share of that of the usual front
WALL_MARGIN = 0.02  # of the width: so that the fronts reach beyond the walls
END_MARGIN, LEAST_MARGIN = 0.1, 0.05  # of the box's length and width: for fronts to come
FAR = 0.25  # of the width: a single front farther off than this does not stretch the box
PER_BEND = 3  # least fronts at a bend


@dataclass(frozen=True)
class Sketch:
    """What was drawn from `fronts` fronts; the flow line runs down-glacier.

    straight_box: None if the fronts have too little of their width in common. width_m: of the box,
    or a third of that of the usual front.
    """

    flow_line: FlowLine
    straight_box: Box | None
    width_m: float
    fronts: int

    @property
    def box(self) -> Box:
        """The box. Raises PositionError if there is none."""
        if self.straight_box is None:
            raise SketchError(
                "fronts",
                "have too little of their width in common to draw a straight box or walls",
                "Give a box or walls, or measure along the flow line (--method centreline).",
            )
        return self.straight_box


def sketch(
    fronts: Sequence[Front],
    frame: Frame,
    upglacier: UpGlacier | FlowLine | None,
    cover: Sequence[Any] = (),
) -> Sketch:
    """Draw the flow line and the box of a series of fronts.

    upglacier: which way is up-glacier; a point must lie up-glacier of the fronts.
    cover: geometries that the flow line must pass along as a whole (given walls).
    Raises PositionError if up-glacier is not stated or lies across the glacier, and for fronts that
    are too few or have no common orientation or width.
    """
    used = [front for front in fronts if front.date is not None and front.line is not None]
    used.sort(key=lambda front: front.date)  # type: ignore[arg-type,return-value]
    lines = [main_part(front.line) for front in used]
    if len(lines) < LEAST_FRONTS:
        raise SketchError(
            "fronts",
            f"are too few ({len(lines)}) to draw a box or flow line from",
            f"Give at least {LEAST_FRONTS}, or a box or flow line.",
        )
    samples = [_sampled(line) for line in lines]
    centre = np.median([np.median(points, axis=0) for points in samples], axis=0)
    axis = downward(frame, axes_of(lines), centre, upglacier)
    across = np.array([-axis[1], axis[0]])  # to the left, seen down-glacier
    places = [(points - centre) @ np.column_stack([axis, across]) for points in samples]
    usual = float(np.median([np.ptp(place[:, 1]) for place in places]))
    common = _width(places, usual)
    right, left = common or (-np.inf, np.inf)
    width = left - right if common else WIDE * usual
    reach = np.array([_along(place, right, left) for place in places])
    known = np.isfinite(reach[:, 0])
    times, reach = decimal_years([front.date for front in used])[known], reach[known]
    lows, highs = reach.T
    start = _usual(times, lows, FAR * usual).min()
    end = _usual(times, highs, FAR * usual).max()
    margin = max(END_MARGIN * (end - start), LEAST_MARGIN * width)
    start, end = start - margin, end + margin
    if is_point(upglacier) and (as_point(upglacier) - centre) @ axis > np.quantile(lows, 0.05):
        raise PositionError(
            "--upglacier",
            "lies among the fronts, not up-glacier of them",
            "Give a point farther up the glacier.",
        )
    middles = _middles(places, start, end, common, width)
    for shape in cover:
        reached = (shapely.get_coordinates(shape) - centre) @ axis
        middles[0, 0] = min(middles[0, 0], reached.min())
        middles[-1, 0] = max(middles[-1, 0], reached.max())

    def on_the_map(points: Any) -> Any:
        return shapely.LineString(centre + np.asarray(points) @ np.array([axis, across]))

    where = "the flow line drawn from the fronts"
    box = None
    if common:
        sides = (
            on_the_map([(start, left), (start, right)]),
            on_the_map([(start, right), (end, right)]),
            on_the_map([(end, right), (end, left)]),
            on_the_map([(end, left), (start, left)]),
        )
        box = box_of_sides(frame, sides, "the box drawn from the fronts")
    line = FlowLine(frame, on_the_map(middles), "downstream", where)
    return Sketch(line, box, box.width_m if box else width, len(lines))


def write_sketch(drawn: Sketch, path: PathLike) -> None:
    """Write the layers flowline, box and walls as a GeoPackage, to be looked at and corrected."""
    import geopandas

    origin = f"drawn from {drawn.fronts} fronts"
    crs = drawn.flow_line.frame.crs
    layers: dict[str, dict[str, Any]] = {
        "flowline": {"geometry": [drawn.flow_line.line], DIRECTION_ATTRIBUTE: ["downstream"]},
    }
    if drawn.straight_box is not None:
        layers["box"] = {"geometry": [drawn.box.polygon]}
        layers["walls"] = {"geometry": list(drawn.box.walls)}
    with replacing_geopackage(path) as temporary, without_clock():
        for name, columns in layers.items():
            table = geopandas.GeoDataFrame(columns, crs=crs).assign(origin=origin)
            table.to_file(temporary, layer=name, driver="GPKG")


def _sampled(line: Any) -> Array:
    """Points (n, 2) along a (multi)line, evenly spaced."""
    step = line.length / SAMPLES
    parts = [shapely.segmentize(part, step) for part in shapely.get_parts(line)]
    return np.asarray(shapely.get_coordinates(parts))


def _width(places: Sequence[Array], usual: float) -> tuple[float, float] | None:
    """The range across the glacier, right and left, that most fronts cross; None if too narrow."""
    rights = np.array([place[:, 1].min() for place in places])
    lefts = np.array([place[:, 1].max() for place in places])
    ranges = [
        (
            float(np.quantile(rights, (1 + share) / 2, method="lower")),
            float(np.quantile(lefts, (1 - share) / 2, method="higher")),
        )
        for share in SHARES
    ]
    worth = [
        share**PRICE * (left - right) for share, (right, left) in zip(SHARES, ranges, strict=True)
    ]
    right, left = ranges[int(np.argmax(worth))]
    if left - right < WIDE * usual:
        return None
    margin = WALL_MARGIN * (left - right)
    return right + margin, left - margin


def _along(place: Array, right: float, left: float) -> tuple[float, float]:
    """How far up- and down-glacier a front reaches between the walls; NaN if it is not there."""
    inside = place[(place[:, 1] >= right) & (place[:, 1] <= left), 0]
    return (float(inside.min()), float(inside.max())) if len(inside) else (np.nan, np.nan)


def _usual(times: Array, values: Array, far: float) -> Array:
    """Values without those that lie far from the ones around them in time."""
    if len(values) < LEAST:
        return values
    off, limits = apart(times, values)
    return np.asarray(values[off <= np.maximum(limits, far)])


def _middles(
    places: Sequence[Array],
    start: float,
    end: float,
    common: tuple[float, float] | None,
    width: float,
) -> Array:
    """Vertices (n, 2) of the flow line: along, across.

    It runs through the middle between the walls, and bends where the fronts of a stretch (half of
    them) do not reach so far to the right or left; without walls, through the middles of the
    fronts. Stretches are at least as long as the box is wide, so a glacier whose fronts move less
    has a straight flow line.
    """
    rights = np.array([p[:, 1].min() for p in places])
    lefts = np.array([p[:, 1].max() for p in places])
    along = np.array([np.median(p[:, 0]) for p in places])
    count = max(1, int((end - start) / width))
    group = np.clip((count * (along - start) / (end - start)).astype(int), 0, count - 1)
    bends = []
    for n in range(count):
        here = group == n
        if np.sum(here) >= PER_BEND:
            right, left = float(np.median(rights[here])), float(np.median(lefts[here]))
            across = (right + left) / 2
            if common and left - right > width:
                across = float(np.clip(sum(common) / 2, right + width / 2, left - width / 2))
            bends.append((float(np.median(along[here])), across))
    bends = bends or [((start + end) / 2, float(np.median((rights + lefts) / 2)))]
    across_m = np.array([across for _, across in bends])
    padded = np.concatenate([across_m[:1], across_m, across_m[-1:]])
    smooth = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    inner = [(at, y) for (at, _), y in zip(bends, smooth, strict=True)]
    return np.array([(start, smooth[0]), *inner, (end, smooth[-1])])
