"""Tiny images of ice and sea with speckle, in any kind of values, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio

Values = npt.NDArray[Any]
ICE, SEA = 0.3, 0.01


def intensity(
    seed: int, size: int = 80, looks: float = 4, sea: float = SEA, texture_db: float = 0.0
) -> Values:
    """Linear intensity, (size, size) float32: ice on the left, sea on the right, gamma speckle."""
    random = np.random.default_rng(seed)
    base = np.where(np.arange(size) < size * random.uniform(0.35, 0.65), ICE, sea)
    field = np.zeros((size, size))
    if texture_db:
        from scipy.ndimage import gaussian_filter

        field = gaussian_filter(random.normal(size=(size, size)), 6)
        field *= texture_db / field.std()
    speckle = random.gamma(looks, 1 / looks, (size, size))
    return (base * 10 ** (field / 10) * speckle).astype(np.float32)


def decibels(values: Values) -> Values:
    """The decibels of an intensity, float32."""
    return np.asarray(10 * np.log10(values), dtype=np.float32)


def grey(values: Values) -> Values:
    """An intensity as an 8-bit image, 1 to 250."""
    return np.clip((decibels(values) + 25) * 8 + 20, 1, 250).astype(np.uint8)


def write_tif(path: Path, values: Values, **options: Any) -> Path:
    """A GeoTIFF in EPSG:3031 with pixels of 20 m; of (bands, height, width) several bands."""
    bands = values if values.ndim == 3 else values[None]
    place = {
        "crs": "EPSG:3031",
        "transform": rasterio.Affine(20, 0, -2_400_000, 0, -20, 1_300_000),
        "dtype": bands.dtype,
    }
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2],
        **place | options,
    ) as target:  # fmt: skip
        target.write(bands)
    return path
