"""Open rasters by the formats that are meant, and no file besides.

GDAL recognises a format by content, whatever the suffix, and some of its formats are descriptions
that name other files or URLs to open (virtual rasters, web services, tile indices). A radar image
or a terrain model that came by mail must not open those.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from os.path import isfile
from pathlib import Path
from typing import Any

from rasterio.env import Env
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader

from calvingfront.files import PathLike

GEOTIFF = ("GTiff",)
# Formats that hold their own pixels.
IMAGE_DRIVERS = (
    *("GTiff", "PNG", "JPEG", "JP2OpenJPEG", "BMP", "GIF", "WEBP"),
    *("HFA", "ENVI", "EHdr", "netCDF", "AAIGrid", "SAGA"),
)
# Those of terrain models and geoids besides.
HEIGHT_DRIVERS = (
    *IMAGE_DRIVERS,
    *("SRTMHGT", "DTED", "USGSDEM", "GTX", "BYN", "NGSGEOID", "ISG", "GSBG", "GS7BG"),
)
VIRTUAL_RASTER = b"<VRTDataset"
# GDAL looks for a virtual raster's mark in this many bytes, whatever stands before it.
HEAD_BYTES = 4096
# Of overviews and masks, after the name or the stem; GDAL ignores an .aux without ERDAS's mark.
SIDECARS = (".ovr", ".OVR", ".msk", ".MSK", ".aux", ".AUX")
ERDAS = b"EHFA_HEADER_TAG"
SIDECAR_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", ERDAS)
REFER = "points to other files, which are not opened"


def open_raster(
    path: PathLike, drivers: Collection[str] = IMAGE_DRIVERS, **options: Any
) -> DatasetReader:
    """Open a local raster in one of some formats, without a warning if it is not georeferenced.

    drivers: GDAL's names of the formats. options: of the format.
    Raises RasterioIOError if the file is missing, has another format, or refers to other files.
    """
    local = Path(path)
    if not local.exists():
        raise RasterioIOError(f"{path} does not exist")
    for sidecar in _sidecars(local):
        head = head_of(sidecar)
        if sidecar.suffix.lower() == ".aux" and not head.startswith(ERDAS):
            continue
        if not head.startswith(SIDECAR_STARTS) or VIRTUAL_RASTER in head:
            raise RasterioIOError(f"{sidecar.name} beside it is no raster of overviews or a mask")
    # Without a list of the folder GDAL looks for these names only, and not for other spellings.
    with Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"):
        return _open(str(local.absolute()), drivers, **options)


def open_alone(path: PathLike, drivers: Collection[str] = GEOTIFF) -> DatasetReader:
    """Open a raster of a product, without looking at the files beside it.

    Raises as `open_raster` does.
    """
    with Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED="NO"):
        return _open(str(Path(path).absolute()), drivers)


def _open(source: str, drivers: Collection[str], **options: Any) -> DatasetReader:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            dataset = DatasetReader(source, driver=list(drivers), **options)
        except RasterioIOError:
            if VIRTUAL_RASTER in head_of(Path(source)):
                raise RasterioIOError(f"it is a virtual raster, which {REFER}") from None
            raise
    if "OVERVIEW_FILE" in dataset.tags(ns="OVERVIEWS"):
        dataset.close()
        raise RasterioIOError(f"its metadata {REFER}: OVERVIEW_FILE")
    return dataset


def head_of(path: Path) -> bytes:
    """The first bytes of a file; none if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def _sidecars(path: Path) -> list[Path]:
    """The files in which GDAL looks for a raster's overviews and masks."""
    folder = str(path.parent)
    found: set[str] = set()
    stems = {path.name, path.stem}
    while stems:  # a mask has overviews, and overviews have a mask
        names = {f"{stem}{suffix}" for stem in stems for suffix in SIDECARS}
        # Asked for every image; a Path for each would take most of the time.
        stems = {name for name in names - found if isfile(f"{folder}/{name}")}  # noqa: PTH113
        found |= stems
    return sorted(path.parent / name for name in found - {path.name})
