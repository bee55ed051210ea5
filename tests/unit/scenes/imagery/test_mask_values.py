"""The front of a mask, whatever its values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from backscatter import write_tif
from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.masks import front_of_mask
from calvingfront.scenes.rasters import read_mask

FRONT = np.zeros((80, 80), dtype=bool)
FRONT[:, 25] = True


def read(path: Path) -> Any:
    return front_of_mask(*read_mask(path)[:2], path)


def mask(front: float, beside: float, dtype: Any = "float32", collar: float | None = None) -> Any:
    values = np.where(FRONT, front, beside).astype(dtype)
    if collar is not None:
        values[:, :8] = collar
    return values


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (mask(1, np.nan), {"nodata": np.nan}),
        (mask(1, np.nan), {}),
        (mask(255, np.nan, collar=0), {"nodata": np.nan}),
        (mask(1, -9999), {"nodata": -9999}),
        (mask(1, -9999), {}),
        (mask(1, 0, "uint8", collar=255), {"nodata": 255}),
        (mask(255, 0, "uint8"), {"nodata": 255}),
        (mask(255, 0, "uint8"), {"nodata": 0}),
        (mask(255, 0, "uint8"), {}),
        (mask(1, 0, "uint8"), {"nbits": 1}),
        (mask(65535, 0, "uint16"), {}),
        (mask(1, 0, "int32"), {}),
        (mask(1, 0, "float64"), {"nodata": -1}),
    ],
)
def test_the_front_is_found_whatever_the_values_beside_it(
    tmp_path: Path, values: Any, options: Any
) -> None:
    np.testing.assert_array_equal(read(write_tif(tmp_path / "m.tif", values, **options)), FRONT)


def test_the_brightest_colour_of_two_is_the_front(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    for colours in ([255, 255, 255, 0, 0, 0], [255, 0, 0, 0, 0, 0]):  # white, or red, on black
        image = Image.fromarray(np.where(FRONT, 0, 1).astype(np.uint8), "P")
        image.putpalette(colours + [0] * 762)
        image.save(path)
        np.testing.assert_array_equal(read(path), FRONT)
    levels = np.where(FRONT, 255, 0).astype(np.uint8)
    for bands in ([levels] * 3, [levels, 0 * levels, 0 * levels]):
        Image.merge("RGB", [Image.fromarray(band) for band in bands]).save(path)
        np.testing.assert_array_equal(read(path), FRONT)
    Image.fromarray(FRONT).save(path)  # 1 bit
    np.testing.assert_array_equal(read(path), FRONT)


def test_a_line_drawn_on_transparent_ground_is_the_front(tmp_path: Path) -> None:
    white, drawn = np.full((80, 80), 255, np.uint8), np.where(FRONT, 255, 0).astype(np.uint8)
    bands = [Image.fromarray(each) for each in (white, white, white, drawn)]
    Image.merge("RGBA", bands).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read(tmp_path / "m.png"), FRONT)
    path = write_tif(
        tmp_path / "m.tif", np.stack([white, drawn]), photometric="MINISBLACK", alpha="YES"
    )
    np.testing.assert_array_equal(read(path), FRONT)


@pytest.mark.parametrize(
    ("values", "options", "told"),
    [
        (mask(0, 255, "uint8"), {}, r"marks 99 % of the image as front.*inverted"),
        (mask(1, 2, "uint8"), {}, r"marks 99 % of the image as front"),
        (mask(np.nan, 1), {"nodata": np.nan}, "marks 99 % of the image as front"),
        (mask(0, 0, "uint8"), {}, "has no front"),
        (mask(np.nan, np.nan), {}, "has no front"),
        (mask(0, np.nan), {}, "has no front: its only value beside no data is 0"),
        (mask(1, 0, "uint8", collar=255), {"nodata": 0}, "marks 80 px along a side of the image"),
        (mask(255, 0, "uint8", collar=255), {}, "marks 80 px along a side of the image as front"),
        (mask(255, 0, "uint8", collar=127), {}, "it has 3 different values"),
        (np.random.default_rng(0).random((80, 80)), {}, "more than 1000 different values"),
        (mask(1, 0, "complex64"), {}, "has complex64 values"),
    ],
)
def test_what_is_no_mask_of_a_front_is_refused(
    tmp_path: Path, values: Any, options: Any, told: str
) -> None:
    with pytest.raises(SceneError, match=told):
        read(write_tif(tmp_path / "m.tif", values, **options))


def test_a_mask_of_several_bands_is_refused_unless_they_are_colours(tmp_path: Path) -> None:
    bands = np.stack([mask(255, 0, "uint8"), mask(7, 0, "uint8")])
    path = write_tif(tmp_path / "m.tif", bands, photometric="MINISBLACK")
    with pytest.raises(SceneError, match="has several different bands, 1, 2"):
        read(path)
