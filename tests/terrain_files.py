"""Flat terrain models of any place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin


def write_dem(
    path: Path, bounds: tuple[float, float, float, float], step: float, crs: str | None
) -> Path:
    """Write a raster of 100 m over left, bottom, right, top with pixels of `step`."""
    left, bottom, right, top = bounds
    height, width = round((top - bottom) / step), round((right - left) / step)
    facts = {
        "driver": "GTiff", "dtype": "float32", "count": 1, "height": height, "width": width,
        "crs": crs, "transform": from_origin(left, top, step, step),
    }  # fmt: skip
    with rasterio.open(path, "w", **facts) as dataset:
        dataset.write(np.full((1, height, width), 100, np.float32))
    return path
