"""GeoTIFFs that are whole: GDAL says little, or nothing, of a full disk or a flipped bit.

Small files are made in memory and written by Python, whose errors are raised; large ones are read
back before they are renamed. Each carries the CRC-32 of its pixels, which readers compare.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import DamagedFileError, DiskError
from calvingfront.files import PathLike, replacing

Pixels = npt.NDArray[Any]
CRC_TAG = "PIXELS_CRC32"
_ROWS = 512  # read back at once


def pixels_crc(values: Pixels) -> str:
    """CRC-32 of the pixels (height, width), row by row, as 8 hexadecimal digits."""
    return f"{zlib.crc32(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data):08x}"


def write_raster(
    path: PathLike,
    values: Pixels,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    **profile: Any,
) -> None:
    """Write one band (height, width) atomically, through memory, with the CRC-32 of its pixels.

    profile: of rasterio, without shape and type. Raises DiskError if the disk is full.
    """
    from rasterio.io import MemoryFile

    height, width = values.shape
    shape = {"height": height, "width": width, "count": 1, "dtype": values.dtype.name}
    with _without_position_warning(), MemoryFile() as memory:
        with memory.open(**shape, **profile) as target:
            target.write(values, 1)
            target.update_tags(**{CRC_TAG: pixels_crc(values), **(tags or {})})
            if description is not None:
                target.set_band_description(1, description)
        with replacing(path) as temporary:
            temporary.write_bytes(memory.read())


@contextmanager
def replacing_raster(
    path: PathLike, levels: Sequence[Pixels], tags: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """As `files.replacing`, for a GeoTIFF that the block writes with GDAL; read back at the end.

    levels: the pixels of its one band, and those of its overviews. tags: that it must have.
    Raises DiskError unless every pixel and tag has arrived.
    """
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    with replacing(path) as temporary:
        try:
            with _without_position_warning():
                yield temporary
                for level, values in enumerate(levels):
                    _compare(temporary, level, values, tags or {})
        except (RasterioError, CPLE_BaseError) as error:
            raise DiskError.of(path, error) from error


def _compare(path: Path, level: int, values: Pixels, tags: Mapping[str, str]) -> None:
    import rasterio
    from rasterio.errors import RasterioIOError

    options = {"overview_level": level - 1} if level else {}
    with rasterio.open(path, driver="GTiff", **options) as written:
        whole = written.shape == values.shape and tags.items() <= written.tags().items()
        for first in range(0, len(values) if whole else 0, _ROWS):
            rows = values[first : first + _ROWS]
            window = ((first, first + len(rows)), (0, values.shape[1]))
            found = np.ascontiguousarray(written.read(1, window=window))
            # Bytes, because NaN is not equal to NaN.
            whole &= found.tobytes() == np.ascontiguousarray(rows).tobytes()
        if not whole:
            raise RasterioIOError("what was read back is not what was written")


def check_pixels(path: PathLike, values: Pixels, tags: Mapping[str, str]) -> None:
    """Compare the pixels (height, width) read from a file with the CRC-32 in its tags, if any.

    Raises DamagedFileError if they differ.
    """
    if tags.get(CRC_TAG, pixels_crc(values)) != pixels_crc(values):
        raise DamagedFileError.of(path, "its pixels do not match their checksum")


def read_checked(path: PathLike, threads: int = 1) -> Pixels:
    """Read the first band (height, width) of a raster that this project made.

    Raises DamagedFileError if it cannot be read, or its pixels do not match their checksum.
    """
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with (
            _without_position_warning(),
            rasterio.open(path, driver="GTiff", num_threads=threads) as dataset,
        ):
            values: Pixels = dataset.read(1)
            tags = dataset.tags()
    except RasterioError as error:
        raise DamagedFileError.of(path, str(error.__cause__ or error)) from None
    check_pixels(path, values, tags)
    return values


@contextmanager
def _without_position_warning() -> Iterator[None]:
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning):
        yield
