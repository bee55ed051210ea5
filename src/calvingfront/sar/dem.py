"""Ellipsoidal heights on the map grid, from a terrain model of any raster format and CRS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window

from calvingfront.errors import GeocodingError
from calvingfront.files import PathLike
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.kernels import Float32

Datum = Literal["ellipsoid", "geoid"]


def heights_on_grid(
    dem: PathLike, grid: MapGrid, datum: Datum, geoid: PathLike | None = None, threads: int = 1
) -> Float32:
    """Heights above the ellipsoid (grid.height, grid.width), m, without gaps.

    datum: the reference of the terrain model's heights; "geoid" requires `geoid`.
    geoid: a raster of the geoid's height above the ellipsoid, m.
    No data in the terrain model means sea: its height is that of the geoid, or 0 m if no geoid is
    given (a geoid height of 20 m then shifts the sea by 47 m in a 23° image).
    Raises GeocodingError if a file cannot be read or does not cover the grid.
    """
    if datum not in ("ellipsoid", "geoid"):
        raise GeocodingError("vertical datum", f"is {datum!r}", "Write ellipsoid or geoid.")
    if datum == "geoid" and geoid is None:
        raise GeocodingError(
            dem,
            "has heights above the geoid, but no geoid is given",
            "Give a raster of the geoid's height above the ellipsoid (e.g. EGM2008).",
        )
    heights = _on_grid(dem, grid, threads)
    gaps = np.isnan(heights)
    if geoid is None:
        heights[gaps] = 0
        return heights
    sea = _on_grid(geoid, grid, threads)
    if np.isnan(sea).any():
        raise GeocodingError(geoid, "has gaps within the map area", "Give a complete geoid.")
    if datum == "geoid":
        heights += sea
    heights[gaps] = sea[gaps]
    return heights


def _on_grid(path: PathLike, grid: MapGrid, threads: int) -> Float32:
    """The first band of a raster on the grid, bilinear; NaN where it has no data."""
    with _opened(path, threads) as dataset:
        _check_cover(path, dataset, grid)
        window = _aligned_window(dataset, grid)
        try:
            if window is not None:
                heights = dataset.read(1, window=window, out_dtype="float32")
                if dataset.nodata is not None and not np.isnan(dataset.nodata):
                    heights[heights == np.float32(dataset.nodata)] = np.nan
                return np.asarray(heights, dtype=np.float32)
            heights = np.full((grid.height, grid.width), np.nan, np.float32)
            reproject(
                rasterio.band(dataset, 1),
                heights,
                dst_transform=from_origin(grid.left, grid.top, grid.spacing_m, grid.spacing_m),
                dst_crs=grid.crs,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
                num_threads=threads,
                warp_mem_limit=128,
            )
        except RasterioError as error:
            raise GeocodingError(path, f"cannot be read ({error})", "Fetch it again.") from None
    return heights


@contextmanager
def _opened(path: PathLike, threads: int) -> Iterator[Any]:
    try:
        dataset = rasterio.open(path, num_threads=threads)
    except RasterioError as error:
        raise GeocodingError(path, f"cannot be opened ({error})", "Check the path.") from None
    with dataset:
        if dataset.crs is None:
            raise GeocodingError(path, "has no CRS", "Assign one, e.g. with gdal_edit.")
        yield dataset


def _check_cover(path: PathLike, dataset: Any, grid: MapGrid) -> None:
    """Raise GeocodingError unless the raster covers the grid, to within a pixel."""
    own = grid.bounds
    needed = transform_bounds(grid.crs, dataset.crs, *own, densify_pts=21)
    left, bottom, right, top = dataset.bounds
    across, down = dataset.res
    covered = (
        left - across <= needed[0]
        and bottom - down <= needed[1]
        and right + across >= needed[2]
        and top + down >= needed[3]
    )
    if dataset.crs.is_geographic and right - left >= 360 - across:  # around the world
        covered = bottom - down <= needed[1] and top + down >= needed[3]
    if not covered:
        raise GeocodingError(
            path,
            f"covers {_text((left, bottom, right, top))} in {dataset.crs}, but the map area is "
            f"{_text(needed)} there ({_text(own)} in {grid.crs})",
            "Give a raster that covers the map area, or choose a smaller area.",
        )


def _aligned_window(dataset: Any, grid: MapGrid) -> Window | None:
    """The window of the raster that coincides with the grid, or None if the pixels differ."""
    if dataset.crs != rasterio.crs.CRS.from_user_input(grid.crs):
        return None
    transform = dataset.transform
    same = (transform.a, transform.b, transform.d, transform.e) == (
        grid.spacing_m,
        0.0,
        0.0,
        -grid.spacing_m,
    )
    column = (grid.left - transform.c) / grid.spacing_m
    row = (transform.f - grid.top) / grid.spacing_m
    whole = abs(column - round(column)) < 1e-6 and abs(row - round(row)) < 1e-6
    inside = (
        round(column) >= 0
        and round(row) >= 0
        and round(column) + grid.width <= dataset.width
        and round(row) + grid.height <= dataset.height
    )
    if not (same and whole and inside):
        return None
    return Window(round(column), round(row), grid.width, grid.height)


def _text(bounds: tuple[float, float, float, float]) -> str:
    return "left {:.6g}, bottom {:.6g}, right {:.6g}, top {:.6g}".format(*bounds)


def check_terrain(path: PathLike, grid: MapGrid | None) -> None:
    """Raise GeocodingError unless a raster opens, has a CRS and covers the grid (None: any)."""
    with _opened(path, 1) as dataset:
        if grid is not None:
            _check_cover(path, dataset, grid)
