"""Read lines of an image file: plain records, or a raster that GDAL reads exactly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from rasterio.errors import RasterioError
from rasterio.windows import Window

from calvingfront.errors import ProductError
from calvingfront.geofiles.rasters import open_alone
from calvingfront.products.reading import DAMAGED, fault, file_size
from calvingfront.radar.model import Pixels


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


@dataclass(frozen=True)
class RasterPixels:
    """The first band of a GeoTIFF with detected amplitudes; `source` is what GDAL opens."""

    source: str
    shape: tuple[int, int]
    is_complex: bool = False
    concurrent: ClassVar[bool] = True  # each call opens the raster itself

    def read(self, first: int, count: int) -> Pixels:
        """Return lines first … first + count − 1: (count, samples), float32."""
        check_lines(self.source, first, count, self.shape)
        try:
            with open_alone(self.source) as raster:
                if raster.shape != self.shape:
                    found = f"{raster.height} lines of {raster.width} samples"
                    stated = f"{self.shape[0]} of {self.shape[1]}"
                    what = f"has {found}, but its annotation says {stated}"
                    raise ProductError(self.source, what, DAMAGED)
                # With a damaged band count in the thousands, reading even one band is slow.
                if raster.count != 1:
                    what = f"has {raster.count} bands, not one"
                    raise ProductError(self.source, what, DAMAGED)
                window = Window(0, first, self.shape[1], count)
                values = raster.read(1, window=window, out_dtype="float32")
        except (RasterioError, OSError, ValueError) as error:
            raise ProductError(self.source, f"cannot be read ({error})", DAMAGED) from error
        return np.asarray(values, dtype=np.float32)
