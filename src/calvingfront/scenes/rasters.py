"""Read the user's images through GDAL."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.env import Env
from rasterio.errors import RasterioError
from rasterio.windows import Window

from calvingfront.errors import DamagedFileError, SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles import rasters as raster_files
from calvingfront.geofiles.whole_rasters import check_pixels
from calvingfront.scenes.imagery.bands import REMEDY, candidates, first_difference, names_of
from calvingfront.scenes.imagery.strips import Mask, Values, strips
from calvingfront.vocabulary.kinds import LINEAR

VECTOR_SUFFIXES = {".gpkg", ".shp", ".geojson", ".json", ".kml", ".fgb"}
COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
CACHE_BYTES = 128 << 20  # of decoded blocks, by default 5 % of the machine's memory


@contextmanager
def open_raster(path: PathLike) -> Iterator[Any]:
    """Open an image, without a warning if it is not georeferenced."""
    # GDAL fills the rest of a JPEG that is cut off with grey.
    settings = {"GDAL_CACHEMAX": CACHE_BYTES, "GDAL_ERROR_ON_LIBJPEG_WARNING": True}
    with Env(**settings), raster_files.open_raster(path) as dataset:
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


def read_image(path: PathLike, band: str | None = None) -> tuple[Values, Mask, Any, Any]:
    """Pixels (height, width), where they are data, CRS (None if unknown) and transform.

    band: number, description or polarisation; needed if the file has several that differ.
    Scale and offset are applied. No data are: what nodata tags (compared with the values as they
    are stored), masks and transparency declare, and zeros stored in unsigned integers of more than
    8 bit. A grey palette is resolved to its grey levels.
    Raises SceneError if the file cannot be read, the band is unclear, or it is coloured.
    """
    try:
        with open_raster(path) as dataset:
            what = next(band_faults(dataset, band, whole=True), None)
            if what is not None:
                raise SceneError(path, what, REMEDY)
            chosen = candidates(dataset, band)[0]
            values, valid = _stored(dataset, chosen)
            _check_whole(path, dataset, values)
            if dataset.colorinterp[chosen - 1] == ColorInterp.palette:
                colours = _palette(dataset, chosen)
                used = np.unique(values[valid])
                if (colours[used, :3] != colours[used, :1]).any():
                    raise SceneError(path, "is coloured by its palette", "Write one grey band.")
                valid &= colours[:, 3][values] > 0
                values = colours[:, 0][values]
            elif values.dtype.kind == "u" and values.dtype != np.uint8:
                for rows in strips(values.shape):
                    valid[rows] &= values[rows] > 0
            values = _scaled(values, dataset.scales[chosen - 1], dataset.offsets[chosen - 1])
            return values, valid, dataset.crs, dataset.transform
    except RasterioError as error:
        if _geocoded(path):
            raise DamagedFileError.of(path, str(error)) from None
        raise SceneError(path, f"cannot be read ({error})", "Fetch or convert the file.") from None


def said_by_tags(path: PathLike) -> tuple[str | None, bool]:
    """The kind of values, which maps of `sar.map_file` say, and whether any no data is declared."""
    with open_raster(path) as dataset:
        linear = dataset.tags().get("BACKSCATTER", "").endswith(f", {LINEAR}")
        flags = [flag for each in dataset.mask_flag_enums for flag in each]
        return LINEAR if linear else None, any(flag != MaskFlags.all_valid for flag in flags)


def read_mask(path: PathLike) -> tuple[Values, Mask, Any, Any]:
    """The same of a mask: as stored, for `front_of_mask`; of colours the brightest channel."""
    try:
        with open_raster(path) as dataset:
            alpha = ColorInterp.alpha
            bands = [n for n, use in enumerate(dataset.colorinterp, 1) if use != alpha]
            if not bands:
                raise SceneError(path, "has no band of pixels", "Give a mask of one band.")
            values, valid = _stored(dataset, bands[0])
            if dataset.colorinterp[bands[0] - 1] == ColorInterp.palette:
                colours = _palette(dataset, bands[0])
                valid &= colours[:, 3][values] > 0
                values = colours[:, :3].max(axis=1)[values]
            elif tuple(dataset.colorinterp[band - 1] for band in bands) == COLOURS:
                for band in bands[1:]:
                    np.maximum(values, dataset.read(band), out=values)
            elif first_difference(dataset, bands, whole=True) is not None:
                what = f"has several different bands, {names_of(dataset, bands)}"
                raise SceneError(path, what, "Give a mask of one band.")
            return values, valid, dataset.crs, dataset.transform
    except RasterioError as error:
        raise SceneError(path, f"cannot be read ({error})", "Fetch or convert the file.") from None


def band_faults(dataset: Any, band: str | None, whole: bool = False) -> Iterator[str]:
    """What is wrong with the bands of an open image; see `REMEDY`.

    whole: compare bands that must be equal in all their rows, otherwise in three.
    """
    try:
        bands = candidates(dataset, band)
    except ValueError as error:
        yield str(error)
        return
    if any("complex" in dataset.dtypes[n - 1] for n in bands):
        yield f"has {dataset.dtypes[bands[0] - 1]} values, not intensity, amplitude or decibels"
    elif first_difference(dataset, bands, whole) is not None:
        yield f"has several different bands, {names_of(dataset, bands)}"


def _stored(dataset: Any, band: int) -> tuple[Values, Mask]:
    """The values as stored, and where no tag, mask or transparency declares no data."""
    values = dataset.read(band)
    valid = np.ones(values.shape, dtype=np.bool_)
    # GDAL takes one declaration only: the mask band before the tag, the tag before transparency.
    if MaskFlags.per_dataset in dataset.mask_flag_enums[band - 1]:
        for rows in strips(values.shape):
            window = Window(0, rows.start, values.shape[1], rows.stop - rows.start)
            valid[rows] = dataset.read_masks(band, window=window) > 0
    for other, use in enumerate(dataset.colorinterp, start=1):
        if use == ColorInterp.alpha:
            valid &= dataset.read(other) > 0
    if values.dtype.kind in "fc":
        for rows in strips(values.shape):
            valid[rows] &= ~np.isnan(values[rows])
    nodata = dataset.nodatavals[band - 1]
    if nodata is not None and _is_storable(nodata, values.dtype):
        for rows in strips(values.shape):
            valid[rows] &= values[rows] != values.dtype.type(nodata)
    return values, valid


def _is_storable(number: float, dtype: np.dtype[Any]) -> bool:
    if dtype.kind not in "ui":
        return True
    return bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max and number == int(number))


def _palette(dataset: Any, band: int) -> npt.NDArray[np.uint8]:
    """Red, green, blue and opacity of every index that the band can hold."""
    colours = np.zeros((np.iinfo(dataset.dtypes[band - 1]).max + 1, 4), dtype=np.uint8)
    for index, colour in dataset.colormap(band).items():
        colours[index] = colour
    return colours


def _scaled(values: Values, scale: float, offset: float) -> Values:
    """The physical values; float32, which holds every stored value of 16 bit to its last digit."""
    if (scale, offset) == (1.0, 0.0):
        return values
    dtype = np.float32 if values.dtype.itemsize <= 2 else np.float64
    physical = np.empty(values.shape, dtype)
    for rows in strips(values.shape):
        physical[rows] = values[rows] * np.float64(scale) + offset
    return physical


def _check_whole(path: PathLike, dataset: Any, values: Values) -> None:
    """Raise an error for what GDAL reads as well as it can: a PNG that is cut off, flipped bits."""
    check_pixels(path, values, dataset.tags())
    if dataset.driver == "PNG" and not _is_whole_png(Path(path).read_bytes()):
        raise SceneError(path, "cannot be read: it is cut off or damaged", "Fetch the file again.")


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
