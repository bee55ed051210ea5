"""Bring lines into the CRS of an image and measure how much of them lies in it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from geopandas import GeoSeries
from pyproj.exceptions import CRSError, ProjError

from calvingfront.errors import SceneError
from calvingfront.scenes.places.metres import flat_crs, is_undefined

STEPS = 200  # of a line's extent: straight in one CRS is curved in another
CLEAR_SHARE = 0.95  # of a front inside its image: less is told


class Extent(NamedTuple):
    """The edges of an image on its map."""

    left: float
    bottom: float
    right: float
    top: float


def lines_in(lines: Any, crs: Any, target: Any, where: object) -> Any:
    """Lines (GeoSeries of the layer's CRS) as an array of geometries in the CRS `target`.

    crs: of the layer, pyproj or None.
    Raises SceneError if the layer states no CRS, or another than its coordinates are in.
    """
    if crs is None or is_undefined(crs):
        stated = "" if crs is None else f" (it says {crs.name})"
        raise SceneError(
            where,
            f"has no coordinate reference system{stated}",
            "Write its CRS into the file (a Shapefile needs its .prj).",
        )
    x0, y0, x1, y1 = lines.total_bounds
    if crs.is_geographic and (max(abs(x0), abs(x1)) > 360 or max(abs(y0), abs(y1)) > 90):
        raise SceneError(
            where,
            f"is in degrees by its CRS ({crs.to_string()}), but its coordinates are not "
            f"(x {x0:.0f} to {x1:.0f}, y {y0:.0f} to {y1:.0f})",
            "Write the CRS that its coordinates are in (a GeoJSON is always in degrees).",
        )
    geometries = np.asarray(lines.array)
    try:
        flat = flat_crs(target)
        if crs != flat:
            span = max(x1 - x0, y1 - y0)
            if not crs.is_geographic or x1 - x0 < 90:  # not across the antimeridian
                geometries = shapely.segmentize(geometries, span / STEPS)
            geometries = np.asarray(GeoSeries(geometries, crs=crs).to_crs(flat).array)
    except (CRSError, ProjError) as error:
        raise SceneError(
            where, f"cannot be brought to {target} ({error})", "Check the CRS of both."
        ) from None
    if not np.isfinite(shapely.get_coordinates(geometries)).all():
        raise SceneError(
            where,
            f"has points that {flat.name} does not cover",
            "Check the layer's CRS and the image's.",
        )
    return geometries


def share_inside(geometries: Any, extent: Extent) -> float:
    """The share of the lines' length that lies in an extent, 0 to 1."""
    total = float(shapely.length(geometries).sum())
    inside = float(shapely.length(shapely.intersection(geometries, shapely.box(*extent))).sum())
    return min(1.0, inside / total)


def check_inside(
    geometries: Any, extent: Extent, scene: str, crs_name: str, where: object
) -> float:
    """The share of a front inside its image. Raises SceneError if none of it is."""
    share = share_inside(geometries, extent)
    if share > 0:
        return share
    left, bottom, right, top = shapely.total_bounds(geometries)
    degrees = max(abs(left), abs(right)) <= 180 and max(abs(bottom), abs(top)) <= 90
    hint = "; its coordinates look like degrees" if degrees else ""
    raise SceneError(
        where,
        f"has no line of {scene} that crosses its image (x {extent.left:.0f} to "
        f"{extent.right:.0f}, y {extent.bottom:.0f} to {extent.top:.0f} in {crs_name}; the front: "
        f"x {left:.0f} to {right:.0f}, y {bottom:.0f} to {top:.0f}{hint})",
        "Check the layer's CRS and the image's.",
    )
