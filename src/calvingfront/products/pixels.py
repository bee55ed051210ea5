"""Read lines of an image file: plain records, or a raster that GDAL reads exactly."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
from calvingfront.geofiles.rasters import open_alone
from calvingfront.products.reading import DAMAGED, fault, file_size
from calvingfront.radar.model import Pixels

HIGHEST_TILE = 1024  # lines; higher ones are decoded more than once
ROWS_KEPT = 2  # of tiles: 54 MB of a Sentinel-1 frame


def check_lines(path: Path | str, first: int, count: int, shape: tuple[int, int]) -> None:
    """Refuse lines that the image does not have."""
    if first < 0 or count < 1 or first + count > shape[0]:
        what = f"has {shape[0]} lines, so lines {first} … {first + count - 1} cannot be read"
        raise ProductError(path, what, "Request lines within the image.")


@dataclass(frozen=True)
class RecordPixels:
    """An image of records of equal length, each with `lead_bytes` before its samples.

    dtype: of a number in the file, e.g. ">i2"; a complex sample is two of them, real part first.
    """

    path: Path
    offset_bytes: int
    record_bytes: int
    lead_bytes: int
    shape: tuple[int, int]
    dtype: str
    is_complex: bool
    concurrent: ClassVar[bool] = True  # each call maps the file itself

    def records(self) -> np.memmap[tuple[int, int], np.dtype[np.uint8]]:
        """The whole image, mapped: (lines, record_bytes), uint8.

        Raises ProductError with the number of missing bytes if the file is too short.
        """
        size = file_size(self.path, "image")
        end = self.offset_bytes + self.shape[0] * self.record_bytes
        if size < end:
            what = f"ends at byte {end}, but the file at byte {size}"
            raise fault(self.path, "image", f"{what}: {end - size} bytes are missing")
        shape = (self.shape[0], self.record_bytes)
        return np.memmap(self.path, np.uint8, "r", offset=self.offset_bytes, shape=shape)

    def read(self, first: int, count: int) -> Pixels:
        """Return lines first … first + count − 1: (count, samples), complex64 or float32."""
        check_lines(self.path, first, count, self.shape)
        records = self.records()[first : first + count]
        return self.decode(records)

    def decode(self, records: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Pixels:
        """Decode records into numbers: (count, samples)."""
        count = self.shape[1] * (2 if self.is_complex else 1)
        end = self.lead_bytes + count * np.dtype(self.dtype).itemsize
        numbers = np.ascontiguousarray(records[:, self.lead_bytes : end]).view(self.dtype)
        values = numbers.astype(np.float32)
        return values.view(np.complex64) if self.is_complex else values


class RasterPixels:
    """The first band of a GeoTIFF with detected amplitudes.

    A cloud-optimised one has compressed tiles of some hundred lines, of which a few lines are asked
    for at a time. So each row of tiles is decoded once, and the last ROWS_KEPT rows are kept.
    """

    is_complex = False
    concurrent = True  # each call opens the raster itself

    def __init__(self, path: PathLike, shape: tuple[int, int]) -> None:
        self.path = Path(path)
        self.shape = shape
        self._rows: dict[int, npt.NDArray[Any]] = {}
        self._lock = threading.Lock()

    def read(self, first: int, count: int) -> Pixels:
        """Return lines first … first + count − 1: (count, samples), float32."""
        check_lines(self.path, first, count, self.shape)
        try:
            with open_alone(self.path) as raster:
                self._check(raster)
                height = min(raster.block_shapes[0][0], HIGHEST_TILE)
                if height <= count:
                    return _lines(raster, first, count).astype(np.float32)
                rows = range(first // height, (first + count - 1) // height + 1)
                stored = np.concatenate([self._row(raster, row, height) for row in rows])
        except (RasterioError, OSError, ValueError) as error:
            raise ProductError(self.path, f"cannot be read ({error})", DAMAGED) from error
        start = first - rows[0] * height
        return stored[start : start + count].astype(np.float32)

    def _row(self, raster: DatasetReader, row: int, height: int) -> npt.NDArray[Any]:
        """The lines of a row of tiles, as stored."""
        with self._lock:
            if row not in self._rows:
                while len(self._rows) >= ROWS_KEPT:
                    del self._rows[next(iter(self._rows))]
                first = row * height
                self._rows[row] = _lines(raster, first, min(height, self.shape[0] - first))
            return self._rows[row]

    def _check(self, raster: DatasetReader) -> None:
        if raster.shape != self.shape:
            found = f"{raster.height} lines of {raster.width} samples"
            what = f"has {found}, but its annotation says {self.shape[0]} of {self.shape[1]}"
            raise ProductError(self.path, what, DAMAGED)
        # With a damaged band count in the thousands, reading even one band is slow.
        if raster.count != 1:
            raise ProductError(self.path, f"has {raster.count} bands, not one", DAMAGED)


def _lines(raster: DatasetReader, first: int, count: int) -> npt.NDArray[Any]:
    return np.asarray(raster.read(1, window=Window(0, first, raster.width, count)))
