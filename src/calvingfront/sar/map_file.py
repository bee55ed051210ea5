"""The geocoded scene as two cloud-optimised GeoTIFFs: backscatter, and how the radar saw it.

The one scaling to 8 bit, `calvingfront.samples.scaling.to_8bit`, takes the backscatter as it is.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.transform import from_origin

from calvingfront.files import replacing
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.kernels import Float32

# Deflate takes six times as long as zstd at level 1.
CREATION = {"driver": "COG", "compress": "zstd", "level": 1, "blocksize": 512}
VIEW_CODES = "0 no data, 1 valid, 2 layover, 3 shadow"


def write_map(
    path: str | os.PathLike[str],
    view_path: str | os.PathLike[str],
    grid: MapGrid,
    backscatter: Float32,
    view: npt.NDArray[np.uint8],
    kind: str,
    facts: dict[str, str],
    threads: int = 1,
) -> None:
    """Write backscatter (float32, NaN = no data) and codes (uint8, 0 = no data), each atomically.

    Both carry the grid's CRS and transform, and the product's facts as tags.
    """
    tags = {f"PRODUCT_{key.upper()}": value for key, value in facts.items() if value}
    # Intensity is averaged in the overviews; codes are not numbers to be averaged.
    _write(
        path,
        grid,
        backscatter,
        np.nan,
        "average",
        {**tags, "BACKSCATTER": f"{kind}, linear"},
        threads,
    )
    _write(view_path, grid, view, 0, "nearest", {**tags, "CODES": VIEW_CODES}, threads)


def _write(
    path: str | os.PathLike[str],
    grid: MapGrid,
    values: npt.NDArray[Any],
    nodata: float,
    overviews: str,
    tags: dict[str, str],
    threads: int,
) -> None:
    with (
        replacing(path) as temporary,
        rasterio.open(
            temporary,
            "w",
            height=grid.height,
            width=grid.width,
            count=1,
            dtype=values.dtype,
            nodata=nodata,
            crs=grid.crs,
            transform=from_origin(grid.left, grid.top, grid.spacing_m, grid.spacing_m),
            overview_resampling=overviews,
            num_threads=threads,
            **CREATION,
        ) as dataset,
    ):
        dataset.write(values, 1)
        dataset.update_tags(**tags)
