"""Bands of varying width around lines, as polygons on the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from pyproj import Transformer

from calvingfront.locating.degrees import WGS84, Floats, is_geographic, to_crs

QUARTER = 6  # segments of a quarter of the circle around a vertex


def band_around(lines: Sequence[Floats], widths: Sequence[Floats], crs: str | None) -> Any:
    """The MultiPolygon of all points within `widths` of the lines.

    lines: pieces (n, 2) in the CRS; without one, m in the image. widths: half-widths (n,) at the
    vertices, m on the ground, changing linearly between them; a segment without a known width at
    both ends has no band.
    """
    shapes = []
    plane, back = _plane(lines, crs)
    for line, width in zip(plane, widths, strict=True):
        discs = shapely.buffer(shapely.points(line), np.nan_to_num(width), quad_segs=QUARTER)
        hulls = shapely.convex_hull(shapely.union(discs[:-1], discs[1:]))
        known = np.isfinite(width)
        shapes += hulls[known[:-1] & known[1:]].tolist()
    band = shapely.union_all(shapes)
    if back is not None:
        band = shapely.transform(band, back)
        if crs is not None and is_geographic(crs):
            band = _cut(band)
    parts = [part for part in shapely.get_parts(band) if part.area > 0]
    return shapely.MultiPolygon(parts)


def _plane(lines: Sequence[Floats], crs: str | None) -> tuple[Sequence[Floats], Any]:
    """The lines in a plane with true distances around them, and the function back to the CRS."""
    if crs is None or not lines:
        return lines, None
    degrees = [to_crs(line, crs, WGS84) for line in lines]
    vectors = np.concatenate([_sphere(line) for line in degrees]).mean(axis=0)
    east = np.degrees(np.arctan2(vectors[1], vectors[0]))
    north = np.degrees(np.arctan2(vectors[2], np.hypot(vectors[0], vectors[1])))
    local = f"+proj=aeqd +lat_0={north:.6f} +lon_0={east:.6f} +datum=WGS84 +units=m"
    there = Transformer.from_crs(crs, local, always_xy=True)
    plane = [np.column_stack(there.transform(line[:, 0], line[:, 1])) for line in lines]

    def back(points: Floats) -> Floats:
        x, y = there.transform(points[:, 0], points[:, 1], direction="INVERSE")
        if is_geographic(crs):  # without a jump at ±180°
            x = (np.asarray(x) - east + 180) % 360 - 180 + east
        return np.column_stack([x, y])

    return plane, back


def _cut(band: Any) -> Any:
    """A band in degrees with longitudes beyond ±180° taken to the other side."""
    pieces = [band]
    for side in (-360.0, 360.0):
        pieces.append(shapely.affinity.translate(band, side))
    return shapely.union_all(shapely.intersection(pieces, shapely.box(-180, -90, 180, 90)))


def _sphere(line: Floats) -> Floats:
    """Unit vectors (n, 3) of longitudes and latitudes (n, 2)."""
    east, north = np.radians(line).T
    return np.column_stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    )
