"""The geocoded scene as two cloud-optimised GeoTIFFs: backscatter and view codes.

The backscatter is not scaled; the only scaling to 8 bit is `calvingfront.scenes.scaling.to_8bit`.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from rasterio.crs import CRS

from calvingfront.files import PathLike
from calvingfront.geofiles.whole_rasters import CRC_TAG, pixels_crc, replacing_raster
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.kernels import Float32, compiled, over_rows

BLOCK_PX = 512
# Deflate takes six times as long as zstd at level 1.
CREATION = {"driver": "COG", "compress": "zstd", "level": 1, "blocksize": BLOCK_PX}
GDAL_TYPES = {"float32": "Float32", "uint8": "Byte"}
VIEW_CODES = "0 no data, 1 valid, 2 layover, 3 shadow, 4 height filled in"


def write_map(
    path: PathLike,
    view_path: PathLike,
    grid: MapGrid,
    backscatter: Float32,
    view: npt.NDArray[np.uint8],
    kind: str,
    facts: dict[str, str],
    threads: int = 1,
) -> None:
    """Write backscatter (float32, NaN = no data) and codes (uint8, 0 = no data), each atomically.

    Both carry the grid's CRS and transform, and the product's facts as tags.
    """
    tags = {f"PRODUCT_{key.upper()}": value for key, value in facts.items() if value}
    pyramid = [np.ascontiguousarray(backscatter)]
    codes = [np.ascontiguousarray(view)]
    while max(pyramid[-1].shape) > BLOCK_PX:
        pyramid.append(halved(pyramid[-1], threads))
        # Codes must not be averaged.
        codes.append(np.ascontiguousarray(codes[-1][::2, ::2]))
    _write(path, grid, pyramid, "nan", {**tags, "BACKSCATTER": f"{kind}, linear"}, threads)
    _write(view_path, grid, codes, "0", {**tags, "CODES": VIEW_CODES}, threads)


def halved(values: Float32, threads: int = 1) -> Float32:
    """Half the rows and columns, rounded up: the mean of up to four pixels that are not NaN."""
    rows, columns = values.shape
    half = np.empty(((rows + 1) // 2, (columns + 1) // 2), np.float32)
    over_rows(
        lambda first, last: halve_rows(values[2 * first : 2 * last], half[first:last]),
        len(half),
        128,
        threads,
    )
    return half


@compiled
def halve_rows(values: Float32, half: Float32) -> None:
    """Fill half (rows, columns) from values, which has twice as many, or one less."""
    rows, columns = values.shape
    for r in range(half.shape[0]):
        upper, lower = 2 * r, min(2 * r + 1, rows - 1)
        for c in range(half.shape[1]):
            left, right = 2 * c, min(2 * c + 1, columns - 1)
            total, count = np.float32(0), np.float32(0)
            # At an odd edge a pixel counts twice, which does not change the mean.
            for value in (
                values[upper, left],
                values[upper, right],
                values[lower, left],
                values[lower, right],
            ):
                if value == value:  # not NaN
                    total += value
                    count += np.float32(1)
            half[r, c] = total / count


def _write(
    path: PathLike,
    grid: MapGrid,
    pyramid: list[npt.NDArray[Any]],
    nodata: str,
    tags: dict[str, str],
    threads: int,
) -> None:
    """Write the image and its overviews, pyramid[1:], each half of the one before; read them back.

    GDAL copies them from a virtual raster over the arrays' own memory: if it builds the overviews
    itself, it takes three times as long.
    """
    tags = {**tags, CRC_TAG: pixels_crc(pyramid[0])}
    with (
        replacing_raster(path, pyramid, tags) as temporary,
        rasterio.Env(GDAL_MEM_ENABLE_OPEN="YES"),
        rasterio.open(_virtual_raster(grid, pyramid, nodata, tags)) as source,
    ):
        rasterio.shutil.copy(source, temporary, num_threads=threads, **CREATION)


def _virtual_raster(
    grid: MapGrid, pyramid: list[npt.NDArray[Any]], nodata: str, tags: dict[str, str]
) -> str:
    """GDAL's XML of a raster whose pixels and overviews lie in C-contiguous arrays."""
    kind = GDAL_TYPES[pyramid[0].dtype.name]
    height, width = pyramid[0].shape
    names = [
        f"MEM:::DATAPOINTER={level.ctypes.data},PIXELS={level.shape[1]},LINES={level.shape[0]},"
        f"DATATYPE={kind}"
        for level in pyramid
    ]
    overviews = "".join(
        f'<Overview><SourceFilename relativeToVRT="0">{name}</SourceFilename>'
        "<SourceBand>1</SourceBand></Overview>"
        for name in names[1:]
    )
    entries = "".join(
        f"<MDI key={quoteattr(key)}>{escape(value)}</MDI>" for key, value in tags.items()
    )
    step = grid.spacing_m
    return (
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">'
        f"<SRS>{escape(CRS.from_user_input(grid.crs).to_wkt())}</SRS>"
        f"<GeoTransform>{grid.left!r}, {step!r}, 0, {grid.top!r}, 0, {-step!r}</GeoTransform>"
        f"<Metadata>{entries}</Metadata>"
        f'<VRTRasterBand dataType="{kind}" band="1"><NoDataValue>{nodata}</NoDataValue>'
        f'<SimpleSource><SourceFilename relativeToVRT="0">{names[0]}</SourceFilename>'
        f"<SourceBand>1</SourceBand></SimpleSource>{overviews}</VRTRasterBand></VRTDataset>"
    )
