"""Import the user's own scenes: 8-bit images and front masks on their grids."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calvingfront.errors import DamagedFileError, SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.whole_rasters import read_checked
from calvingfront.radar.view import LAYOVER, SHADOW
from calvingfront.scenes.fronts.mask_grid import Grid, check_on_data, place_mask
from calvingfront.scenes.geotiff import write_geotiff
from calvingfront.scenes.imagery.headers import image_header
from calvingfront.scenes.imagery.masks import front_of_mask
from calvingfront.scenes.pixels import Grey, Mask, write_png
from calvingfront.scenes.rasters import is_raster, read_image, read_mask, said_by_tags
from calvingfront.scenes.scaling import to_8bit
from calvingfront.vocabulary.kinds import LINEAR

log = logging.getLogger(__name__)


def import_scene(
    scene: str,
    glacier: str,
    acquired: str,
    image: PathLike,
    front: PathLike,
    output_image: PathLike,
    output_front: PathLike,
    layer: str | None = None,
    values: str | None = None,
    band: str | None = None,
    grey: str = LINEAR,
    view: PathLike | None = None,
) -> None:
    """Write a scene's image in 8 bit (see `to_8bit`) and its front as 0/255 PNG on the same grid.

    output_image: PNG, or GeoTIFF (.tif) to keep the georeference.
    front: a mask, placed by its georeference if it has one, or lines in a vector file
    (`geofiles.vectors.FORMATS`), in its layer `layer` if it is named; see `fronts.matching` for
    which are the scene's.
    values, band: the kind of the image's values and the band to read; see `to_8bit`, `read_image`.
    grey, view: see `read_8bit`.
    """
    pixels, valid, crs, transform = read_8bit(image, values, band, grey, view)
    if is_raster(front):
        mask = front_of_mask(*read_mask(front)[:2], front)
        mask = place_mask(mask, front, Grid(pixels.shape, crs, transform))
    else:
        from calvingfront.scenes.fronts.burning import rasterise_front  # slow: only if needed

        mask = rasterise_front(
            front, scene, glacier, acquired, crs, transform, pixels.shape, image, layer
        )
    if not mask.any():
        raise SceneError(front, f"has no front for {scene}", "Exclude the scene with a reason.")
    check_on_data(mask, valid, front, scene)
    _write_image(output_image, pixels, crs, transform)
    write_png(output_front, mask.astype(np.uint8) * np.uint8(255))


class Read(NamedTuple):
    """An image in 8 bit, where it has data, its CRS (None if unknown) and transform."""

    pixels: Grey
    valid: Mask
    crs: Any
    transform: Any


def read_8bit(
    image: PathLike,
    values: str | None,
    band: str | None,
    grey: str = LINEAR,
    view: PathLike | None = None,
) -> Read:
    """Read an image in 8 bit; its own pixels are freed.

    grey: a key of `vocabulary.kinds.GREY_LEVELS`. view: raster of view codes on the image's grid
    (see `sar.masks`): radar shadow is no data; layover is kept.
    """
    pixels, valid, crs, transform = read_image(image, band)
    kind, declared = said_by_tags(image)
    if view is not None:
        _drop_shadow(valid, view, image)
    scaled = to_8bit(pixels, valid, image, values or kind, declared, grey)
    if pixels.dtype != np.uint8:  # there, 0 may be dark data
        valid = scaled > 0
    return Read(scaled, valid, crs, transform)


def _drop_shadow(valid: Mask, view: PathLike, image: PathLike) -> None:
    """Mark radar shadow as no data, in place, and log how much of the data it and layover are."""
    codes = read_checked(view)
    if codes.shape != valid.shape:
        raise DamagedFileError.of(view, f"{codes.shape} view codes for {valid.shape} pixels")
    data = max(1, int(valid.sum()))
    shares = [100 * int((valid & (codes == code)).sum()) / data for code in (SHADOW, LAYOVER)]
    log.info("%s: %.1f %% radar shadow (now no data), %.1f %% layover (kept)", image, *shares)
    valid &= codes != SHADOW


def import_new_scene(
    image: PathLike,
    output_image: PathLike,
    pixel_size_m: float | None = None,
    values: str | None = None,
    band: str | None = None,
    grey: str = LINEAR,
    view: PathLike | None = None,
) -> None:
    """Write the image of a scene without a front in 8 bit, as `import_scene` does.

    Raises SceneError if the image cannot be used; see `read_new_image`.
    """
    new = read_new_image(image, pixel_size_m, values, band, grey, view)
    _write_image(output_image, new.pixels, new.crs, new.transform)


class NewImage(NamedTuple):
    """An image whose front is unknown: 8-bit pixels, header (see `image_header`), place."""

    pixels: Grey
    header: dict[str, Any]
    crs: Any
    transform: Any


def read_new_image(
    image: PathLike,
    pixel_size_m: float | None,
    values: str | None = None,
    band: str | None = None,
    grey: str = LINEAR,
    view: PathLike | None = None,
) -> NewImage:
    """Read and check an image whose front is unknown.

    pixel_size_m: of an image without a map position; else None, or the same as in the file.
    values, band, grey, view: as in `import_scene`.
    Raises SceneError for every fault that a table of scenes with fronts is checked for.
    """

    def refuse(what: str, remedy: str) -> None:
        raise SceneError(image, what, remedy)

    header = image_header(Path(image), pixel_size_m, refuse, band)
    pixels, _, crs, transform = read_8bit(image, values, band, grey, view)
    if pixels.min() == pixels.max():
        refuse(f"is constant: every pixel is {pixels.min()}", "Fetch the image again.")
    return NewImage(pixels, header, crs, transform)


def _write_image(path: PathLike, pixels: Grey, crs: Any, transform: Any) -> None:
    if Path(path).suffix == ".tif":
        write_geotiff(path, pixels, crs.to_string(), (transform.c, transform.f), transform.a)
    else:
        write_png(path, pixels)
