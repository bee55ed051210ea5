"""Ellipsoidal heights on the map grid, from a terrain model of any raster format and CRS."""

from __future__ import annotations

import logging
from typing import Any, Literal

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import reproject

from calvingfront.errors import GeocodingError
from calvingfront.files import PathLike
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.heights.raster import opened
from calvingfront.sar.heights.voids import inland_voids
from calvingfront.sar.kernels import Float32

log = logging.getLogger(__name__)
Datum = Literal["ellipsoid", "geoid"]
LARGEST_WINDOW_PX = 100_000_000  # 0.4 GB as float32


def heights_on_grid(
    dem: PathLike, grid: MapGrid, datum: Datum, geoid: PathLike | None = None, threads: int = 1
) -> Float32:
    """Heights above the ellipsoid (grid.height, grid.width), m, without gaps.

    datum: the reference of the terrain model's heights; "geoid" requires `geoid`.
    geoid: a raster of the geoid's height above the ellipsoid, m.
    A void of the terrain model that reaches down to the shore is sea: its height is that of the
    geoid, or 0 m if no geoid is given (a geoid height of 20 m then shifts the sea by 47 m in a 23°
    image). See `heights.raster.VOIDS` for the values that count as no data without a tag.
    Raises GeocodingError if a file cannot be read or does not cover the grid, if its values are no
    heights in m, or if it has a void inland.
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
    sea: Float32 | None = None
    if geoid is not None:
        sea = _on_grid(geoid, grid, threads)
        if np.isnan(sea).any():
            raise GeocodingError(geoid, "has gaps within the map area", "Give a complete geoid.")
    above_sea = heights if sea is None or datum == "geoid" else heights - sea
    _refuse_inland_voids(dem, above_sea)
    if datum == "geoid" and sea is not None:
        heights += sea
    if gaps.any():
        heights[gaps] = 0 if sea is None else sea[gaps]
        log.info("%.1f %% of the map area has no height and counts as sea", 100 * gaps.mean())
    return heights


def _refuse_inland_voids(dem: PathLike, above_sea: Float32) -> None:
    share, lowest_m = inland_voids(above_sea)
    if share == 1:
        raise GeocodingError(
            dem, "has no height within the map area", "Give a terrain model with heights there."
        )
    if share:
        raise GeocodingError(
            dem,
            f"has no data on {100 * share:.2g} % of the map area where the ground around lies "
            f"{lowest_m:.0f} m above the sea or higher, so that it cannot be sea",
            "Fill the gaps (e.g. with gdal_fillnodata), or write 0 m where they are sea.",
        )


def _on_grid(path: PathLike, grid: MapGrid, threads: int) -> Float32:
    """The heights of a raster on the grid, bilinear, m; NaN where it has none."""
    with opened(path, threads) as raster:
        shift = raster.check_cover(grid)
        window = raster.window(grid, shift)
        try:
            untagged = raster.check_values(window)
            aligned = raster.aligned_window(grid)
            if aligned is not None:
                return raster.read(aligned)
            heights = np.full((grid.height, grid.width), np.nan, np.float32)
            source: Any = rasterio.band(raster.dataset, 1)
            options: dict[str, Any] = {}
            if untagged or shift or raster.ends_within(grid, shift):
                if window.width * window.height > LARGEST_WINDOW_PX:
                    raise GeocodingError(
                        path,
                        f"has {window.width * window.height / 1e6:.0f} million pixels in the map "
                        "area, too many to correct",
                        "Warp it to the map's CRS and spacing, with its no data tagged.",
                    )
                source, options = raster.array(window, shift)
            reproject(
                source,
                heights,
                **options,
                dst_transform=from_origin(grid.left, grid.top, grid.spacing_m, grid.spacing_m),
                dst_crs=grid.crs,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
                num_threads=threads,
                warp_mem_limit=128,
            )
        except RasterioError as error:
            raise GeocodingError(path, f"cannot be read ({error})", "Fetch it again.") from None
        return heights if options else np.asarray(raster.in_metres(heights), np.float32)


def check_terrain(path: PathLike, grid: MapGrid | None) -> None:
    """Raise GeocodingError unless a raster opens, has a CRS and covers the grid (None: any)."""
    with opened(path, 1) as raster:
        if grid is not None:
            raster.check_cover(grid)
