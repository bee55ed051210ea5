"""A raster of heights: where it lies, which of its values are heights, and in which unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from calvingfront.errors import GeocodingError
from calvingfront.geofiles.rasters import HEIGHT_DRIVERS, open_raster
from calvingfront.sar.grid import Bounds
from calvingfront.sar.heights.mosaic import check_mosaic, is_mosaic
from calvingfront.sar.heights.vertical import Datum, flat, stated_datum
from calvingfront.sar.kernels import Float32

# No data, whatever the tags say: no ground is so low. Whatever lies beyond ±HUGE is none either.
VOIDS = (-32768.0, -32767.0, -9999.0, -99999.0, -2147483648.0)
MAYBE_VOID = -9000  # most values are above it, and need not be compared with each
HUGE = 1e10
LOWEST_M, HIGHEST_M = -500.0, 9000.0
METRES = {"", "m", "metre", "meter", "metres", "meters"}


@dataclass(frozen=True)
class HeightRaster:
    """A file with one band of heights. Rows count from the north, however they are stored.

    crs: its horizontal part. left, top: outer corner; across, down: size of a pixel; in its units.
    south_up: whether the rows are stored from south to north. datum: what the file says of it.
    """

    path: Path
    drivers: tuple[str, ...]
    crs: Any
    left: float
    top: float
    across: float
    down: float
    width: int
    height: int
    south_up: bool
    datum: Datum | None

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top."""
        bottom = self.top - self.height * self.down
        return self.left, bottom, self.left + self.width * self.across, self.top

    def read(self, row: int, column: int, height: int, width: int, threads: int = 1) -> Float32:
        """Heights of a part in m, NaN where there are none.

        Raises GeocodingError if it cannot be read or if a value is no height in metres.
        """
        first = self.height - row - height if self.south_up else row
        try:
            with open_raster(self.path, self.drivers, num_threads=threads) as dataset:
                window = Window(column, first, width, height)
                values = dataset.read(1, window=window)
                void = _tagged(values, dataset.nodata) | _untagged(values)
                if MaskFlags.per_dataset in dataset.mask_flag_enums[0]:
                    void |= dataset.read_masks(1, window=window) == 0
                scale, offset = dataset.scales[0], dataset.offsets[0]
        except RasterioError as error:
            what = f"cannot be read ({error})"
            raise GeocodingError(self.path, what, "Fetch it again.") from None
        heights: Float32 = values.astype(np.float32)
        if (scale, offset) != (1, 0):
            heights = heights * np.float32(scale) + np.float32(offset)
        heights[void] = np.nan
        wrong = heights[(heights < LOWEST_M) | (heights > HIGHEST_M)]
        if wrong.size:
            raise GeocodingError(
                self.path,
                f"has the height {wrong[0]:g} m in the map area, and {wrong.size - 1} more "
                f"outside {LOWEST_M:g} to {HIGHEST_M:g} m",
                "Tag the value as no data (gdal_edit -a_nodata), or give its scale and unit.",
            )
        return heights[::-1] if self.south_up else heights


def _tagged(values: Any, nodata: float | None) -> Any:
    if nodata is None or math.isnan(nodata):
        return np.zeros(values.shape, np.bool_)  # NaN is no height without a tag
    with np.errstate(over="ignore"):
        return values == (np.float32(nodata) if values.dtype == np.float32 else nodata)


def _untagged(values: Any) -> Any:
    if values.dtype.kind == "f":
        void = ~((values > MAYBE_VOID) & (values < HUGE))  # NaN, too
        void[void] = np.isin(values[void], VOIDS) | ~(np.abs(values[void]) < HUGE)
        return void
    limits = np.iinfo(values.dtype)
    fitting = [void for void in VOIDS if limits.min <= void <= limits.max]
    void = values < MAYBE_VOID if limits.min < MAYBE_VOID else np.zeros(values.shape, np.bool_)
    void[void] = np.isin(values[void], np.array(fitting, values.dtype))
    return void


def read_head(path: Path) -> HeightRaster:
    """Where a terrain model or a geoid lies; read once for several maps.

    Raises GeocodingError if it cannot be opened, has no CRS, is rotated, has several bands or
    another unit than metres.
    """
    if is_mosaic(path):  # its tiles may have changed
        return _read_head(path)
    try:
        facts = path.stat()
    except OSError as error:
        what = f"cannot be opened ({error.strerror})"
        raise GeocodingError(path, what, "Check the path.") from None
    return _remembered(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=16384)
def _remembered(path: Path, changed: int, size: int) -> HeightRaster:
    return _read_head(path)


def _read_head(path: Path) -> HeightRaster:
    drivers: tuple[str, ...] = HEIGHT_DRIVERS
    tiles: list[Path] = []
    if is_mosaic(path):
        tiles, drivers = check_mosaic(path), ("VRT",)
    try:
        dataset = open_raster(path, drivers)
    except RasterioError as error:
        raise GeocodingError(path, f"cannot be opened ({error})", "Check the path.") from None
    with dataset:
        return _head(path, drivers, dataset, tiles)


def _head(
    path: Path, drivers: tuple[str, ...], dataset: DatasetReader, tiles: list[Path]
) -> HeightRaster:
    if dataset.subdatasets:
        what = f"holds {len(dataset.subdatasets)} layers"
        raise GeocodingError(path, what, "Write the heights as a GeoTIFF, e.g. gdal_translate.")
    if dataset.crs is None:
        raise GeocodingError(path, "has no CRS", "Assign one, e.g. with gdal_edit.")
    place = dataset.transform
    if place.b or place.d:
        raise GeocodingError(path, "is rotated", "Warp it, e.g. with gdalwarp.")
    if place.a < 0:
        raise GeocodingError(path, "is mirrored", "Warp it, e.g. with gdalwarp.")
    if dataset.count != 1:
        what = f"has {dataset.count} bands"
        raise GeocodingError(path, what, "Keep the heights, with gdal_translate -b.")
    unit = (dataset.units[0] or "").strip().lower()
    if unit not in METRES:
        raise GeocodingError(path, f"has heights in {unit!r}", "Convert them to metres.")
    south_up = place.e > 0
    named = [stated_datum(file, None) for file in tiles]
    return HeightRaster(
        path=path,
        drivers=drivers,
        crs=flat(dataset.crs),
        left=place.c,
        top=place.f + place.e * dataset.height if south_up else place.f,
        across=place.a,
        down=abs(place.e),
        width=dataset.width,
        height=dataset.height,
        south_up=south_up,
        datum=stated_datum(path, dataset.crs) or next(filter(None, named), None),
    )
