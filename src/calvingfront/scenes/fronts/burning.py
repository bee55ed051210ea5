"""The front lines of a scene, burnt onto the grid of its image."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.fronts.matching import FrontFile
from calvingfront.scenes.fronts.placing import CLEAR_SHARE, Extent, check_inside, lines_in
from calvingfront.scenes.pixels import Mask

LOG = logging.getLogger(__name__)
IMAGE_REMEDY = "Give a GeoTIFF with its CRS, or the front as a mask of the image's size."


def rasterise_front(
    path: PathLike,
    scene: str,
    glacier: str,
    acquired: str,
    crs: Any,
    transform: Any,
    shape: tuple[int, int],
    image: object,
    layer: str | None = None,
) -> Mask:
    """Burn the front lines of a scene, one pixel wide and 8-connected; `shape` bool.

    The lines are brought into the image's `crs`. See `matching` for which lines are the scene's,
    and `listing` for what is checked of all scenes together.
    Raises SceneError if CRS, features or an intersection are missing.
    """
    from rasterio.features import rasterize

    if crs is None:
        what = "has no coordinate reference system, so the lines of {path} cannot be placed on it"
        raise SceneError(image, what.format(path=path), IMAGE_REMEDY)
    own, its = FrontFile(path, layer).own(scene, glacier, acquired)
    for note in own.notes:
        LOG.info("%s", note)
    lines = lines_in(own.lines, its.crs, crs.to_string(), path)
    left, top = transform.c, transform.f
    right, bottom = left + shape[1] * transform.a, top + shape[0] * transform.e
    share = check_inside(lines, Extent(left, bottom, right, top), scene, crs.to_string(), path)
    if share < CLEAR_SHARE:
        LOG.warning("%s: %.0f %% of the front of %s lies in its image", path, 100 * share, scene)
    burnt = rasterize(
        ((line, 1) for line in lines), out_shape=shape, transform=transform, dtype="uint8"
    )
    return np.asarray(burnt > 0, dtype=np.bool_)
