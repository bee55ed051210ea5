"""Images in tiles: the same numbers, and each row of tiles decoded once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from calvingfront.products import pixels
from calvingfront.products.pixels import RasterPixels

SHAPE = (300, 150)
NUMBERS = np.random.default_rng(1).integers(0, 60_000, SHAPE).astype(np.uint16)


def write(path: Path, **layout: Any) -> Path:
    """Write the numbers as a GeoTIFF of this layout."""
    facts = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 1}
    with rasterio.open(path, "w", dtype="uint16", **facts, **layout) as raster:
        raster.write(NUMBERS, 1)
    return path


TILED = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
LAYOUTS = [
    TILED,
    TILED | {"blockysize": 128, "compress": "lzw"},
    {"blockysize": 1},
    {"blockysize": 7},
    {"blockysize": 300, "compress": "deflate"},
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 14, 64, 65, 300])
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_every_layout_gives_the_same_lines(
    tmp_path: Path, layout: dict[str, Any], count: int
) -> None:
    reader = RasterPixels(write(tmp_path / "a.tiff", **layout), SHAPE)
    for first in (*range(0, SHAPE[0] - count + 1, 14), SHAPE[0] - count, 0):
        lines = reader.read(first, count)
        assert lines.dtype == np.float32
        assert np.array_equal(lines, NUMBERS[first : first + count])


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_each_row_of_tiles_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    decoded: list[tuple[int, int]] = []
    lines = pixels._lines

    def counting(raster: Any, first: int, count: int) -> Any:
        decoded.append((first, count))
        return lines(raster, first, count)

    monkeypatch.setattr(pixels, "_lines", counting)
    reader = RasterPixels(write(tmp_path / "a.tiff", **TILED), SHAPE)

    def read(first: int) -> bool:  # as `multilook` asks: with the line before
        start, stop = max(0, first - 1), min(SHAPE[0], first + 14)
        return np.array_equal(reader.read(start, stop - start), NUMBERS[start:stop])

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(read, range(0, SHAPE[0], 14)))
    assert set(decoded) == {(0, 64), (64, 64), (128, 64), (192, 64), (256, 44)}
    # A thread that lags a whole row behind may have to decode it again.
    assert threads > 1 or len(decoded) == 5
    assert len(reader._rows) <= pixels.ROWS_KEPT
