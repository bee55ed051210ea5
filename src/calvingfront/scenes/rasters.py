"""Read the user's images through GDAL."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from calvingfront.errors import DamagedFileError, SceneError
from calvingfront.files import PathLike
from calvingfront.raster_files import check_pixels

VECTOR_SUFFIXES = {".gpkg", ".shp", ".geojson", ".json", ".kml", ".fgb"}


@contextmanager
def open_raster(path: PathLike) -> Iterator[Any]:
    """Open an image, without a warning if it is not georeferenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        # GDAL fills the rest of a JPEG that is cut off with grey.
        with rasterio.Env(GDAL_ERROR_ON_LIBJPEG_WARNING=True), rasterio.open(path) as dataset:
            yield dataset


def is_raster(path: PathLike) -> bool:
    """Whether GDAL reads the file as an image. Raises SceneError if the file is missing."""
    if not Path(path).exists():
        raise SceneError(path, "does not exist", "Check the path in the table.")
    if Path(path).suffix.lower() in VECTOR_SUFFIXES:
        return False
    try:
        with open_raster(path):
            return True
    except RasterioError:
        return False


def read_image(
    path: PathLike,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], Any, Any]:
    """Pixels (height, width), their valid area, CRS (None if unknown) and transform."""
    try:
        with open_raster(path) as dataset:
            bands = dataset.read()
            valid = dataset.dataset_mask() > 0
            crs, transform, tags = dataset.crs, dataset.transform, dataset.tags()
            driver = dataset.driver
    except RasterioError as error:
        if _geocoded(path):
            raise DamagedFileError.of(path, str(error)) from None
        raise SceneError(path, f"cannot be read ({error})", "Fetch or convert the file.") from None
    check_pixels(path, bands[0], tags)
    if driver == "PNG" and not _is_whole_png(Path(path).read_bytes()):
        raise SceneError(path, "cannot be read: it is cut off or damaged", "Fetch the file again.")
    colours = bands[:3] if len(bands) >= 3 else bands[:1]
    if (colours[1:] != colours[:1]).any():  # a single band may hold NaN
        raise SceneError(path, f"has {len(bands)} different bands", "Write one band of intensity.")
    return colours[0], valid, crs, transform


def _is_whole_png(data: bytes) -> bool:
    """Whether every chunk is there and matches its checksum; GDAL fills lost rows with zeros."""
    place = 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4])
        kind, crc = data[place + 4 : place + 8], data[end : end + 4]
        if kind[:1].isupper() and zlib.crc32(data[place + 4 : end]) != int.from_bytes(crc):
            return False  # only chunks with a capital are needed for the pixels
        if kind == b"IEND":
            return True
        place = end + 4
    return False


def _geocoded(path: PathLike) -> bool:
    """Whether `geocode_scene` made the file, which it can do again."""
    return Path(path).name == "map.tif" and (Path(path).parent / "view.tif").exists()
