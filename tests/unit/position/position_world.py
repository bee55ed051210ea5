"""A straight glacier on the map: it flows down along x, its box begins at `LEFT`, `BOTTOM`.

Lengths are map metres of EPSG:3413 near Jakobshavn (69° N), where a map kilometre is 0.997 km.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import shapely
from pyproj import CRS

from calvingfront.position.box import Box, rectilinear_box
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import FlowLine

LEFT, BOTTOM = -190_000.0, -2_275_000.0
LONG, WIDE = 10_000.0, 4_000.0
FRAME = Frame(CRS.from_epsg(3413), "fronts")


def line(*points: tuple[float, float]) -> Any:
    """A line through points, in map metres from the box's corner."""
    return shapely.LineString([(LEFT + x, BOTTOM + y) for x, y in points])


def polygon(*points: tuple[float, float]) -> Any:
    return shapely.Polygon([(LEFT + x, BOTTOM + y) for x, y in points])


def box(upglacier: Any = 4) -> Box:
    """A box 10 km long and 4 km wide, x = 0 up-glacier."""
    corners = polygon((0, 0), (LONG, 0), (LONG, WIDE), (0, WIDE))
    return rectilinear_box(FRAME, corners, "box", upglacier)


def flow_line(*points: tuple[float, float], drawn: Any = "downstream") -> FlowLine:
    return FlowLine(FRAME, line(*(points or ((-500, 2000), (11_000, 2000)))), drawn, "flow line")


def straight(x: float, bottom: float = -300, top: float = WIDE + 300) -> Any:
    """A front straight across at x."""
    return line((x, bottom), (x, top))


def layer(lines: Sequence[Any], crs: int = 3413, **columns: Sequence[Any]) -> Any:
    return geopandas.GeoDataFrame(columns, geometry=list(lines), crs=crs)


def raster_area(box: Any, front: Any, step: float, seed: tuple[float, float]) -> float:
    """Map area up-glacier of a front by brute force: cells are flooded from a seed and coloured.

    The line is burnt 4-connected; what it parts are components; a component's side is told by how
    often a straight run of cells from the seed's side crosses the line, so this shares nothing
    with the polygons of the package.
    """
    from affine import Affine
    from rasterio.features import rasterize
    from scipy import ndimage

    left, bottom, right, top = box.bounds
    shape = (int(np.ceil((top - bottom) / step)) + 2, int(np.ceil((right - left) / step)) + 2)
    transform = Affine(step, 0, left - step, 0, -step, top + step)
    inside = rasterize([box], out_shape=shape, transform=transform).astype(bool)
    burnt = rasterize([front], out_shape=shape, transform=transform, all_touched=True).astype(bool)
    labels, count = ndimage.label(inside & ~burnt)
    # Neighbours over the line: components met within a few cells of a burnt one.
    sizes = np.bincount(labels.ravel())
    large = [n for n in range(1, count + 1) if sizes[n] >= 4]
    near = {n: ndimage.binary_dilation(labels == n, np.ones((3, 3)), 1) & burnt for n in large}
    column = int((seed[0] - transform.c) / step)
    row = int((transform.f - seed[1]) / step)
    start = int(labels[row, column])
    assert start in large, "the seed lies on the line or outside"
    colour, waiting = {start: 0}, [start]
    while waiting:
        here = waiting.pop()
        for there in large:
            if there not in colour and (near[here] & near[there]).any():
                colour[there] = 1 - colour[here]
                waiting.append(there)
    ice = np.isin(labels, [n for n, side in colour.items() if side == 0])
    # Half of the burnt cells belong to each side.
    counted = ice.sum() + 0.5 * (burnt & inside).sum()
    return float(counted * step**2)
