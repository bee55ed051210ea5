"""Writing 8-bit GeoTIFFs, for simulated scenes and geocoded products."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.files import PathLike
from calvingfront.geofiles.whole_rasters import write_raster


def write_geotiff(
    path: PathLike,
    pixels: npt.NDArray[np.uint8],
    crs: str,
    upper_left: tuple[float, float],
    pixel_size_m: float,
) -> None:
    """Write one band with its map grid. upper_left: map x, y of the outer corner, m."""
    from rasterio.transform import Affine

    transform = Affine(pixel_size_m, 0.0, upper_left[0], 0.0, -pixel_size_m, upper_left[1])
    profile: dict[str, Any] = {"driver": "GTiff", "compress": "deflate", "zlevel": 1, "tiled": True}
    write_raster(path, pixels, crs=crs, transform=transform, **profile)
