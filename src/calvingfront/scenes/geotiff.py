"""Writing 8-bit GeoTIFFs, for simulated scenes and geocoded products."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.files import PathLike, replacing


def write_geotiff(
    path: PathLike,
    pixels: npt.NDArray[np.uint8],
    crs: str,
    upper_left: tuple[float, float],
    pixel_size_m: float,
) -> None:
    """Write one band with its map grid. upper_left: map x, y of the outer corner, m."""
    import rasterio
    from rasterio.transform import Affine

    transform = Affine(pixel_size_m, 0.0, upper_left[0], 0.0, -pixel_size_m, upper_left[1])
    with (
        replacing(path) as temporary,
        rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            height=pixels.shape[0],
            width=pixels.shape[1],
            count=1,
            dtype="uint8",
            crs=crs,
            transform=transform,
            compress="deflate",
            zlevel=1,
            tiled=True,
        ) as target,
    ):
        target.write(pixels, 1)
