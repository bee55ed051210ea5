"""The image behind fronts: where it lies, how large it is, and what cannot be used."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine

from calvingfront.errors import SceneError
from calvingfront.locating.degrees import to_crs
from calvingfront.pages.background import MOST_BYTES, Background, picture_of
from calvingfront.pages.maps import maps_of
from front_examples import empty, front, on_image
from page_examples import NORTH, WEST, fronts_through_time, write_image

LINE = [np.array([[1000.0, 5000.0], [1800.0, 5400.0]])]


def write(path: Path, pixels: Any, **facts: Any) -> Path:
    usual = {
        "driver": "GTiff", "count": 1, "dtype": pixels.dtype, "height": pixels.shape[0],
        "width": pixels.shape[1], "crs": "EPSG:32622", "transform": Affine(10, 0, 0, 0, -10, 7000),
    }  # fmt: skip
    with rasterio.open(path, "w", **{**usual, **facts}) as made:
        made.write(pixels, 1)
    return path


def opened(uri: str) -> Any:
    head, _, text = uri.partition(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA"))


def test_a_bright_square_lies_where_its_pixels_are(tmp_path: Path) -> None:
    pixels = np.full((400, 400), 40, np.uint8)
    pixels[180:200, 100:120] = 220  # x 1000 to 1200 m, y 5000 to 5200 m
    (where,) = maps_of([front(crs="EPSG:32622", lines=LINE)])
    found = picture_of(Background(write(tmp_path / "a.tif", pixels)), where)
    image = opened(found.uri)
    west, _, east, north = found.box
    rows, columns = np.nonzero(image[..., 0] > 130)
    metres = (east - west) / image.shape[1]
    assert west + columns.min() * metres == pytest.approx(1000, abs=2 * metres)
    assert west + (columns.max() + 1) * metres == pytest.approx(1200, abs=2 * metres)
    assert north - rows.min() * metres == pytest.approx(5200, abs=2 * metres)
    assert north - (rows.max() + 1) * metres == pytest.approx(5000, abs=2 * metres)
    assert (image[..., 3] == 255).all()
    assert west <= 1000 - 250
    assert north >= 5400 + 250


def test_an_image_in_another_crs_is_warped(tmp_path: Path) -> None:
    pixels = np.full((400, 400), 40, np.uint8)
    pixels[180:200, 100:120] = 220
    image = write(tmp_path / "a.tif", pixels)
    line = to_crs(LINE[0] + np.array([5e5, 7.6e6]), "EPSG:32622", "EPSG:3413")
    (where,) = maps_of([front(crs="EPSG:3413", lines=[line])])
    shifted = Background(image, "EPSG:32622", (5e5, 7.607e6), (10.0, 10.0))
    found = picture_of(shifted, where)
    rows, columns = np.nonzero(opened(found.uri)[..., 0] > 130)
    size = opened(found.uri).shape
    west, south, east, north = found.box
    x = west + (columns.mean() + 0.5) * (east - west) / size[1]
    y = north - (rows.mean() + 0.5) * (north - south) / size[0]
    expected = to_crs(np.array([[501_100.0, 7_605_100.0]]), "EPSG:32622", "EPSG:3413")[0]
    assert np.hypot(x - expected[0], y - expected[1]) < 15


def test_what_has_no_data_is_transparent(tmp_path: Path) -> None:
    pixels = np.full((400, 400), 90, np.uint8)
    pixels[:, 130:] = 0
    (where,) = maps_of([front(crs="EPSG:32622", lines=LINE)])
    found = picture_of(Background(write(tmp_path / "a.tif", pixels, nodata=0)), where)
    seen = opened(found.uri)[..., 3]
    edge = (1300 - found.box[0]) / (found.box[2] - found.box[0]) * seen.shape[1]
    assert (seen[:, : int(edge) - 2] == 255).all()
    assert (seen[:, int(edge) + 2 :] == 0).all()


def test_a_speckled_image_is_embedded_in_at_most_300_kb(tmp_path: Path) -> None:
    (where,) = maps_of(fronts_through_time(5))
    found = picture_of(Background(write_image(tmp_path / "image.tif")), where)
    assert 50_000 < len(found.uri) < 4 / 3 * MOST_BYTES + 50 <= 300_050
    assert found.box[0] == pytest.approx(WEST)
    assert found.box[3] == pytest.approx(NORTH - 5000 + 2600 + 0.25 * 5200)


def test_an_image_without_a_position_lies_below_its_corner(tmp_path: Path) -> None:
    pixels = np.full((40, 60), 200, np.uint8)
    pixels[:10] = 10
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    (where,) = maps_of([on_image()])
    found = picture_of(Background(path, pixel_size_m=(2.0, 2.0)), where)
    assert found.box == (0, -80, 120, 0)
    image = opened(found.uri)
    assert image[2, 10, 0] < 60
    assert image[-2, 10, 0] > 150


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"transform": Affine(10, 0, 9e6, 0, -10, 7000)}, "does not cover the fronts of DBE"),
        ({"crs": None}, "has no map position, but the fronts of DBE have one"),
        ({"crs": None, "transform": Affine.identity()}, "neither a map position nor a pixel size"),
        ({"transform": Affine(10, 1, 0, 1, -10, 7000)}, "is rotated"),
    ],
)
def test_an_image_that_cannot_lie_behind_the_fronts_is_refused(
    tmp_path: Path, facts: dict[str, Any], fault: str
) -> None:
    image = write(tmp_path / "a.tif", np.full((400, 400), 90, np.uint8), **facts)
    (where,) = maps_of([front(crs="EPSG:32622", lines=LINE)])
    with pytest.raises(SceneError, match=rf"a\.tif: .*{fault}"):
        picture_of(Background(image), where)


def test_other_faults_of_images_name_the_file(tmp_path: Path) -> None:
    (where,) = maps_of([front(crs="EPSG:32622", lines=LINE)])
    floats = write(tmp_path / "f.tif", np.ones((400, 400), np.float32))
    with pytest.raises(SceneError, match=r"f\.tif: is float32, not 8-bit"):
        picture_of(Background(floats), where)
    (tmp_path / "t.tif").write_text("no image")
    with pytest.raises(SceneError, match=r"t\.tif: is not a readable image"):
        picture_of(Background(tmp_path / "t.tif"), where)
    with pytest.raises(SceneError, match=r"x\.tif: does not exist"):
        picture_of(Background(tmp_path / "x.tif"), where)
    good = write(tmp_path / "g.tif", np.full((400, 400), 90, np.uint8))
    (image,) = maps_of([on_image()])
    with pytest.raises(SceneError, match="has a map position, but the fronts of DBE have none"):
        picture_of(Background(good), image)
    (lineless,) = maps_of([empty("a")])
    with pytest.raises(SceneError, match="would lie behind no front of DBE"):
        picture_of(Background(good), lineless)


def test_a_coloured_background_is_refused(tmp_path: Path) -> None:
    """Its red channel, or the indices of its palette, would be shown as grey."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    (where,) = maps_of([front(crs="EPSG:32622", lines=LINE)])
    path = write(tmp_path / "a.tif", pixels, count=3)  # the other bands are black
    with pytest.raises(SceneError, match="is coloured, not grey"):
        picture_of(Background(path), where)
    write(path, pixels, photometric="palette")
    with rasterio.open(path, "r+") as opened_again:
        opened_again.write_colormap(1, {0: (255, 0, 0, 255)})
    with pytest.raises(SceneError, match="is coloured, not grey"):
        picture_of(Background(path), where)
