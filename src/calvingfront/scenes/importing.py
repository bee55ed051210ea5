"""Import the user's own scenes: 8-bit images and front masks on their grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.geotiff import write_geotiff
from calvingfront.scenes.pixels import front_pixels, write_png
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
    front: a mask of the image's size, or lines in any vector format that GDAL reads; see
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
    if Path(output_image).suffix == ".tif":
        corner = (transform.c, transform.f)
        write_geotiff(output_image, pixels, crs.to_string(), corner, transform.a)
    else:
        write_png(output_image, pixels)
    write_png(output_front, mask.astype(np.uint8) * np.uint8(255))
