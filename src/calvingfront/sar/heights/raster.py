"""A raster of heights: where it lies, which of its values are heights, and in which unit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds
from rasterio.windows import Window, from_bounds

from calvingfront.errors import GeocodingError
from calvingfront.files import PathLike
from calvingfront.geofiles.rasters import HEIGHT_DRIVERS, open_raster
from calvingfront.sar.grid import Bounds, MapGrid
from calvingfront.sar.heights.mosaic import check_mosaic, is_mosaic
from calvingfront.sar.kernels import Float32

# No data, whatever the tags say: no ground is so low. Whatever lies beyond ±HUGE is none either.
VOIDS = (-32768.0, -32767.0, -9999.0, -99999.0, -2147483648.0)
HUGE = 1e10
LOWEST_M, HIGHEST_M = -500.0, 9000.0
METRES = {"", "m", "metre", "meter", "metres", "meters"}
MARGIN_PX = 4  # around the map area; bilinear needs one
BLOCK_PX = 4_000_000  # read at a time


@dataclass(frozen=True)
class HeightRaster:
    """An open raster with one band of heights (`dataset` of rasterio)."""

    path: PathLike
    dataset: Any

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top, whichever way up it is stored."""
        left, bottom, right, top = self.dataset.bounds
        return min(left, right), min(bottom, top), max(left, right), max(bottom, top)

    @property
    def around_the_world(self) -> bool:
        """Whether it covers all longitudes."""
        left, _, right, _ = self.bounds
        return bool(self.dataset.crs.is_geographic) and right - left >= 360 - self.dataset.res[0]

    def check_cover(self, grid: MapGrid) -> float:
        """The degrees to add to its longitudes so that it covers the grid, to within a pixel.

        0 for a projected CRS. Raises GeocodingError if it does not cover the grid.
        """
        needed = self._needed(grid)
        left, bottom, right, top = self.bounds
        across, down = (abs(step) for step in self.dataset.res)
        tall = bottom - down <= needed[1] and top + down >= needed[3]
        shifts = (0.0, 360.0, -360.0) if self.dataset.crs.is_geographic else (0.0,)
        for shift in shifts:
            wide = left + shift - across <= needed[0] and right + shift + across >= needed[2]
            if tall and (wide or self.around_the_world):
                return shift if wide else 0.0
        raise GeocodingError(
            self.path,
            f"covers {_text(self.bounds)} in {self.dataset.crs}, but the map area is "
            f"{_text(needed)} there ({_text(grid.bounds)} in {grid.crs})",
            "Give a raster that covers the map area, or choose a smaller area.",
        )

    def ends_within(self, grid: MapGrid, shift: float) -> bool:
        """Whether it ends less than a pixel inside the grid. shift: see `check_cover`."""
        needed, (left, bottom, right, top) = self._needed(grid), self.bounds
        short = left + shift > needed[0] or right + shift < needed[2]
        return (short and not self.around_the_world) or bottom > needed[1] or top < needed[3]

    def _needed(self, grid: MapGrid) -> Bounds:
        """The grid's bounds in its CRS; right exceeds 180 if the grid crosses that meridian."""
        try:
            found = transform_bounds(grid.crs, self.dataset.crs, *grid.bounds, densify_pts=21)
        except (RasterioError, CPLE_BaseError) as error:
            what = f"has a CRS that the map's, {grid.crs}, cannot be converted to ({error})"
            raise GeocodingError(self.path, what, "Check its CRS.") from None
        left, bottom, right, top = found
        return left, bottom, right + 360 if right < left else right, top

    def window(self, grid: MapGrid, shift: float) -> Window:
        """Its pixels in and around the grid. shift: see `check_cover`."""
        left, bottom, right, top = self._needed(grid)
        across, down = (abs(step) for step in self.dataset.res)
        own = self.bounds
        left, right = left - shift, right - shift
        if self.around_the_world and not (own[0] <= left and right <= own[2]):
            left, right = own[0], own[2]
        # A coarser grid averages over several pixels.
        wide = MARGIN_PX * across + 2 * (right - left) / grid.width
        high = MARGIN_PX * down + 2 * (top - bottom) / grid.height
        box = (
            max(own[0], left - wide),
            max(own[1], bottom - high),
            min(own[2], right + wide),
            min(own[3], top + high),
        )
        transform = self.dataset.transform
        if transform.e > 0:  # south up
            box = (box[0], box[3], box[2], box[1])
        found = from_bounds(*box, transform)
        row, column = math.floor(found.row_off + 1e-6), math.floor(found.col_off + 1e-6)
        row, column = max(0, row), max(0, column)
        height = min(self.dataset.height, math.ceil(found.row_off + found.height - 1e-6)) - row
        width = min(self.dataset.width, math.ceil(found.col_off + found.width - 1e-6)) - column
        return Window(column, row, max(1, width), max(1, height))

    def check_values(self, window: Window) -> str:
        """Which values of the window are no data without being tagged, as text ('' for none).

        Raises GeocodingError if a value is no height in metres.
        """
        untagged: set[str] = set()
        rows = max(1, BLOCK_PX // int(window.width))
        for first in range(0, int(window.height), rows):
            height = min(rows, int(window.height) - first)
            block = Window(window.col_off, window.row_off + first, window.width, height)
            values = self.dataset.read(1, window=block)
            values = values[~self._tagged(values)]
            void = _untagged(values)
            if void.any():
                untagged |= {f"{value:g}" for value in np.unique(values[void])[:5]}
            heights = self.in_metres(values[~void].astype(np.float64))
            wrong = heights[(heights < LOWEST_M) | (heights > HIGHEST_M)]
            if wrong.size:
                raise GeocodingError(
                    self.path,
                    f"has the height {wrong[0]:g} m in the map area, and {wrong.size - 1} more "
                    f"outside {LOWEST_M:g} to {HIGHEST_M:g} m",
                    "Tag the value as no data (gdal_edit -a_nodata), or give its scale and unit.",
                )
        return ", ".join(sorted(untagged))

    def aligned_window(self, grid: MapGrid) -> Window | None:
        """The window that coincides with the grid, or None if the pixels differ."""
        if self.dataset.crs != CRS.from_user_input(grid.crs):
            return None
        transform = self.dataset.transform
        if (transform.a, transform.e) != (grid.spacing_m, -grid.spacing_m):
            return None
        column = (grid.left - transform.c) / grid.spacing_m
        row = (transform.f - grid.top) / grid.spacing_m
        whole = abs(column - round(column)) < 1e-6 and abs(row - round(row)) < 1e-6
        inside = (
            round(column) >= 0
            and round(row) >= 0
            and round(column) + grid.width <= self.dataset.width
            and round(row) + grid.height <= self.dataset.height
        )
        if not (whole and inside):
            return None
        return Window(round(column), round(row), grid.width, grid.height)

    def read(self, window: Window) -> Float32:
        """Heights in m, NaN where there are none."""
        values = self.dataset.read(1, window=window)
        void = self._tagged(values) | _untagged(values)
        heights: Float32 = self.in_metres(values.astype(np.float32))
        heights[void] = np.nan
        return heights

    def array(self, window: Window, shift: float) -> tuple[Float32, dict[str, Any]]:
        """`read`, its outermost pixels repeated, and what `rasterio.warp.reproject` has to know."""
        own = self.dataset.window_transform(window)
        return np.pad(self.read(window), 1, mode="edge"), {
            "src_transform": Affine.translation(shift, 0) @ own @ Affine.translation(-1, -1),
            "src_crs": self.dataset.crs,
            "src_nodata": np.nan,
        }

    def in_metres(self, values: Any) -> Any:
        """Apply the scale and offset that the file states."""
        scale, offset = self.dataset.scales[0], self.dataset.offsets[0]
        return values if (scale, offset) == (1, 0) else values * scale + offset

    def _tagged(self, values: Any) -> Any:
        nodata = self.dataset.nodata
        if nodata is None or math.isnan(nodata):
            return np.isnan(values) if nodata is not None else np.zeros(values.shape, np.bool_)
        with np.errstate(over="ignore"):
            return values == (np.float32(nodata) if values.dtype == np.float32 else nodata)


def _untagged(values: Any) -> Any:
    if values.dtype.kind == "f":
        return np.isin(values, VOIDS) | ~(np.abs(values) < HUGE)  # NaN, too
    limits = np.iinfo(values.dtype)
    fitting = [void for void in VOIDS if limits.min <= void <= limits.max]
    return np.isin(values, np.array(fitting, values.dtype))


@contextmanager
def opened(path: PathLike, threads: int = 1) -> Iterator[HeightRaster]:
    """Open a terrain model or a geoid.

    Raises GeocodingError if it cannot be opened, has no CRS, is rotated, has several bands or
    another unit than metres.
    """
    drivers: tuple[str, ...] = HEIGHT_DRIVERS
    if is_mosaic(path):
        check_mosaic(path)
        drivers = ("VRT",)
    try:
        dataset = open_raster(path, drivers, num_threads=threads)
    except RasterioError as error:
        raise GeocodingError(path, f"cannot be opened ({error})", "Check the path.") from None
    with dataset:
        if dataset.subdatasets:
            what = f"holds {len(dataset.subdatasets)} layers"
            raise GeocodingError(path, what, "Write the heights as a GeoTIFF, e.g. gdal_translate.")
        if dataset.crs is None:
            raise GeocodingError(path, "has no CRS", "Assign one, e.g. with gdal_edit.")
        if dataset.transform.b or dataset.transform.d:
            raise GeocodingError(path, "is rotated", "Warp it, e.g. with gdalwarp.")
        if dataset.count != 1:
            what = f"has {dataset.count} bands"
            raise GeocodingError(path, what, "Keep the heights, with gdal_translate -b.")
        unit = (dataset.units[0] or "").strip().lower()
        if unit not in METRES:
            raise GeocodingError(path, f"has heights in {unit!r}", "Convert them to metres.")
        yield HeightRaster(path, dataset)


def _text(bounds: Bounds) -> str:
    return "left {:.6g}, bottom {:.6g}, right {:.6g}, top {:.6g}".format(*bounds)
