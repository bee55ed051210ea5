"""Bring lines into the CRS of an image and measure how much of them lies in it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import CRSError, ProjError

from calvingfront.errors import SceneError
from calvingfront.scenes.places.metres import flat_crs, is_undefined, short_name

STEPS = 200  # of a line's extent: straight in one CRS is curved in another
CLEAR_SHARE = 0.95  # of a front inside its image: less is told


class Extent(NamedTuple):
    """The edges of an image on its map."""

    left: float
    bottom: float
    right: float
    top: float


def lines_in(lines: Any, crs: str | None, target: str, where: object) -> Any:
    """Lines, (n,) of shapely, brought from the CRS of their layer to another.

    crs: of the layer, None if it states none.
    Raises SceneError if the layer states no CRS, or another than its coordinates are in.
    """
    if crs is None or is_undefined(flat_crs(crs)):
        stated = "" if crs is None else f" (it says {short_name(crs)})"
        raise SceneError(
            where,
            f"has no coordinate reference system{stated}",
            "Write its CRS into the file (a Shapefile needs its .prj).",
        )
    left, bottom, right, top = shapely.total_bounds(lines)
    degrees = flat_crs(crs).is_geographic
    if degrees and (max(-left, right) > 360 or max(-bottom, top) > 90):
        raise SceneError(
            where,
            f"is in degrees by its CRS ({short_name(crs)}), but its coordinates are not "
            f"({_shown(left, bottom, right, top)})",
            "Write the CRS that its coordinates are in (a GeoJSON is always in degrees).",
        )
    try:
        change = _transformer(crs, target)
    except (CRSError, ProjError) as error:
        raise SceneError(
            where, f"cannot be brought to {short_name(target)} ({error})", "Check the CRS of both."
        ) from None
    if change is None:
        return lines
    if not degrees or right - left < 90:  # not across the antimeridian
        lines = shapely.segmentize(lines, max(right - left, top - bottom) / STEPS)
    lines = shapely.transform(lines, change.transform, interleaved=False)
    if not np.isfinite(shapely.get_coordinates(lines)).all():
        raise SceneError(
            where,
            f"has points that {short_name(target)} does not cover",
            "Check the layer's CRS and the image's.",
        )
    return lines


@lru_cache(maxsize=64)
def _transformer(crs: str, target: str) -> Transformer | None:
    """From one CRS to another; None if they are the same."""
    source, into = flat_crs(crs), flat_crs(target)
    return None if source == into else Transformer.from_crs(source, into, always_xy=True)


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
        f"has no line of {scene} that crosses its image ({_shown(*extent)} in "
        f"{short_name(crs_name)}; the front: {_shown(left, bottom, right, top)}{hint})",
        "Check the layer's CRS and the image's.",
    )


def _shown(left: float, bottom: float, right: float, top: float) -> str:
    """The edges of something, for messages."""
    edges = (f"{e:.0f}" if abs(e) < 1e10 else f"{e:.3g}" for e in (left, right, bottom, top))
    return "x {} to {}, y {} to {}".format(*edges)
