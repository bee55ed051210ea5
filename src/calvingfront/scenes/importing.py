"""Import the user's own scenes: 8-bit images and front masks on their grids."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.geotiff import write_geotiff
from calvingfront.scenes.images import image_header
from calvingfront.scenes.pixels import Grey, front_pixels, write_png
from calvingfront.scenes.rasters import is_raster, read_image
from calvingfront.scenes.scaling import to_8bit


def import_scene(
    scene: str,
    glacier: str,
    acquired: str,
    image: PathLike,
    front: PathLike,
    output_image: PathLike,
    output_front: PathLike,
) -> None:
    """Write a scene's image in 8 bit (see `to_8bit`) and its front as 0/255 PNG on the same grid.

    output_image: PNG, or GeoTIFF (.tif) to keep the georeference.
    front: a mask of the image's size, or lines in a vector file (`vector_files.FORMATS`); see
    `vectors.rasterise_front` for how a scene's lines are found in a layer of many.
    """
    values, valid, crs, transform = read_image(image)
    pixels = to_8bit(values, valid, image)
    if is_raster(front):
        mask_values, _, _, _ = read_image(front)
        if mask_values.shape != values.shape:
            raise SceneError(
                front,
                f"is {mask_values.shape[0]} × {mask_values.shape[1]} px, but its image is "
                f"{values.shape[0]} × {values.shape[1]}",
                "Draw the mask on the image's own grid, or give the front as lines.",
            )
        levels = np.unique(mask_values)
        if levels.size > 2:
            raise SceneError(
                front,
                f"is not a mask: it has {levels.size} different values",
                "Write 255 on the front and 0 elsewhere.",
            )
        mask = front_pixels(np.asarray(mask_values > levels[0], dtype=np.uint8))
    else:
        from calvingfront.scenes.vectors import rasterise_front  # slow to import: only if needed

        mask = rasterise_front(front, scene, glacier, acquired, crs, transform, values.shape, image)
    if not mask.any():
        raise SceneError(front, f"has no front for {scene}", "Exclude the scene with a reason.")
    _write_image(output_image, pixels, crs, transform)
    write_png(output_front, mask.astype(np.uint8) * np.uint8(255))


def import_new_scene(
    image: PathLike, output_image: PathLike, pixel_size_m: float | None = None
) -> None:
    """Write the image of a scene without a front in 8 bit, as `import_scene` does.

    Raises SceneError if the image cannot be used; see `read_new_image`.
    """
    new = read_new_image(image, pixel_size_m)
    _write_image(output_image, new.pixels, new.crs, new.transform)


class NewImage(NamedTuple):
    """An image whose front is unknown: 8-bit pixels, header (see `image_header`), place."""

    pixels: Grey
    header: dict[str, Any]
    crs: Any
    transform: Any


def read_new_image(image: PathLike, pixel_size_m: float | None) -> NewImage:
    """Read and check an image whose front is unknown.

    pixel_size_m: of an image without a map position; else None, or the same as in the file.
    Raises SceneError for every fault that a table of scenes with fronts is checked for.
    """

    def refuse(what: str, remedy: str) -> None:
        raise SceneError(image, what, remedy)

    header = image_header(Path(image), pixel_size_m, refuse)
    values, valid, crs, transform = read_image(image)
    pixels = to_8bit(values, valid, image)
    if pixels.min() == pixels.max():
        refuse(f"is constant: every pixel is {pixels.min()}", "Fetch the image again.")
    return NewImage(pixels, header, crs, transform)


def _write_image(path: PathLike, pixels: Grey, crs: Any, transform: Any) -> None:
    if Path(path).suffix == ".tif":
        write_geotiff(path, pixels, crs.to_string(), (transform.c, transform.f), transform.a)
    else:
        write_png(path, pixels)
