"""Mosaics: virtual rasters of tiles, as gdalbuildvrt writes them.

A virtual raster may name any file or URL; one that only places local tiles is read.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from rasterio.errors import RasterioError

from calvingfront.errors import CalvingFrontError, GeocodingError
from calvingfront.files import PathLike
from calvingfront.geofiles.rasters import HEIGHT_DRIVERS, VIRTUAL_RASTER, head_of, open_raster
from calvingfront.products.xml_reading import LARGEST_XML_BYTES, XmlFields

ROOT = VIRTUAL_RASTER[1:].decode()
SOURCES = ("SimpleSource", "ComplexSource")
# Elements, and their attributes, that name no file and compute nothing but a scale.
_SIMPLE = (
    *("GeoTransform", "BlockXSize", "BlockYSize", "NoDataValue", "ColorInterp"),
    *("Description", "UnitType", "Offset", "Scale", "SourceBand", "NODATA", "ScaleOffset"),
    "ScaleRatio",
)
PLAIN: dict[str, set[str]] = {
    **{tag: set() for tag in _SIMPLE},
    **{tag: {"resampling"} for tag in (*SOURCES, "OverviewList")},
    **{tag: {"xOff", "yOff", "xSize", "ySize"} for tag in ("SrcRect", "DstRect")},
    ROOT: {"rasterXSize", "rasterYSize"},
    "SRS": {"dataAxisToSRSAxisMapping", "coordinateEpoch"},
    "Metadata": {"domain"},
    "MDI": {"key"},
    "VRTRasterBand": {"dataType", "band", "blockXSize", "blockYSize"},
    "SourceFilename": {"relativeToVRT", "shared"},
    "SourceProperties": {"RasterXSize", "RasterYSize", "DataType", "BlockXSize", "BlockYSize"},
}
REMEDY = "Build the mosaic with gdalbuildvrt from local tiles, or write a GeoTIFF of it."


def is_mosaic(path: PathLike) -> bool:
    """Whether a file is a virtual raster."""
    head = head_of(Path(path)).lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(VIRTUAL_RASTER) or (head[:5] == b"<?xml" and VIRTUAL_RASTER in head)


def check_mosaic(path: PathLike) -> list[Path]:
    """The tiles of a virtual raster.

    Raises GeocodingError if it does more than place the tiles, or if a tile is no local raster.
    """
    where = Path(path)
    try:
        with where.open("rb") as file:
            content = file.read(LARGEST_XML_BYTES + 1)
        root = XmlFields.parse(content, where).element
    except (OSError, CalvingFrontError) as error:
        raise GeocodingError(path, f"is no readable mosaic ({error})", REMEDY) from None
    _check_elements(path, root)
    tiles = {
        _local_tile(path, name.text or "", name.get("relativeToVRT", "0") == "1")
        for name in root.iter("SourceFilename")
    }
    if not tiles:
        raise GeocodingError(path, "is a mosaic without tiles", REMEDY)
    for tile in sorted(tiles):
        try:
            if VIRTUAL_RASTER in head_of(tile):
                raise RasterioError("it is a virtual raster itself")
            open_raster(tile, HEIGHT_DRIVERS).close()
        except RasterioError as error:
            what = f"names the tile {tile}, which cannot be opened ({error})"
            raise GeocodingError(path, what, REMEDY) from None
    return sorted(tiles)


def _check_elements(path: PathLike, root: Element) -> None:
    for element in root.iter():
        known = PLAIN.get(element.tag)
        if known is None or (element.tag == ROOT) != (element is root):
            what = f"is a virtual raster with <{element.tag}>, and only mosaics of tiles are read"
            raise GeocodingError(path, what, REMEDY)
        more = sorted(set(element.attrib) - known)
        if more:
            what = f"is a virtual raster with {more[0]}={element.get(more[0])!r}"
            raise GeocodingError(path, f"{what}, and only mosaics of tiles are read", REMEDY)
        if element.get("domain", "").upper() == "OVERVIEWS":
            raise GeocodingError(path, "names another file of overviews", REMEDY)


def _local_tile(path: PathLike, name: str, relative: bool) -> Path:
    tile = (Path(path).absolute().parent / name) if relative else Path(name)
    if name.startswith("/vsi") or "://" in name or not tile.is_file():
        what = f"names the tile {name!r}, which is no file on this machine"
        raise GeocodingError(path, what, REMEDY)
    return tile.absolute()
