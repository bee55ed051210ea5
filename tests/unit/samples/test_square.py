"""Squaring a scene: metres stay metres, and every sample pixel leads back to the map."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.errors import SampleError, SceneError
from calvingfront.samples.geometry import (
    map_to_sample,
    sample_to_map,
    sample_to_scene,
    scene_to_sample,
    square_grid,
)
from calvingfront.samples.square import read_sample, resize_image, square_file


def write_sample(folder, image, front, pixel_x_m, pixel_y_m, **options):
    arguments = {"scene": "a", "size": 64, "front_width_px": 6, "output": folder / "a.npz"}
    square_file(
        write_image(folder / "a.png", image),
        write_image(folder / "a_front.png", front),
        pixel_size_x_m=pixel_x_m,
        pixel_size_y_m=pixel_y_m,
        **(arguments | options),
    )
    return read_sample(folder / "a.npz")


def test_square_pixels_are_padded_then_resized_as_the_paper_does():
    image = speckled(70, 100, 1)
    grid = square_grid(70, 100, 7.3, 7.3, 64)
    padded = np.zeros((100, 100), dtype=np.uint8)
    padded[:70] = image
    expected = cv2.resize(padded, (64, 64), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(resize_image(image, grid), expected)
    assert (grid.content_height, grid.content_width) == (45, 64)
    assert grid.pixel_size_m == pytest.approx(100 * 7.3 / 64)


def test_the_released_variant_resizes_first_and_truncates_the_short_side():
    image = speckled(75, 100, 2)
    grid = square_grid(75, 100, 10.0, 10.0, 50, "released")
    assert (grid.content_height, grid.content_width) == (37, 50)  # 37.5 truncated
    resized = cv2.resize(image, (50, 37), interpolation=cv2.INTER_LINEAR)
    square = resize_image(image, grid, "released")
    np.testing.assert_array_equal(square[:37], resized)
    assert not square[37:].any()


def test_an_unknown_variant_is_refused():
    with pytest.raises(SampleError, match="'papr' is unknown"):
        square_grid(3, 3, 1.0, 1.0, 4, "papr")


def test_a_sample_pixel_is_content_when_its_centre_lies_on_the_scene():
    heights = [square_grid(rows, 100, 5.0, 5.0, 64).content_height for rows in (69, 70, 71)]
    assert heights == [44, 45, 45]  # 44.16, 44.8 and 45.44 pixels


def test_a_scene_without_pixel_size_is_refused():
    with pytest.raises(SampleError, match="Give a positive pixel size"):
        square_grid(3, 3, 0.0, 1.0, 4)


def test_a_circle_on_the_ground_stays_a_circle():
    # Pixels of 10 m across and 20 m down: a circle of 400 m radius is 80 × 40 px.
    image = np.zeros((100, 150), dtype=np.uint8)
    rows, cols = np.mgrid[:100, :150]
    image[((rows - 50) * 20.0) ** 2 + ((cols - 75) * 10.0) ** 2 < 400**2] = 255
    square = resize_image(image, square_grid(100, 150, 20.0, 10.0, 200)) > 127
    height, width = np.ptp(np.nonzero(square.any(axis=1))), np.ptp(np.nonzero(square.any(axis=0)))
    assert abs(int(height) - int(width)) <= 2
    assert width == pytest.approx(80, abs=2)


def test_the_scale_is_exact_where_the_canvas_ends_within_a_pixel():
    # 37 rows of 7.1 m under 41 columns of 9.3 m: the square is 53.7 rows high.
    ramp = np.repeat(np.arange(37, dtype=np.uint8)[:, None] * 6, 41, axis=1)
    grid = square_grid(37, 41, 7.1, 9.3, 64)
    square = resize_image(ramp, grid).astype(float)
    rows = np.arange(2, grid.content_height - 2)
    expected = ((rows + 0.5) * grid.step_y - 0.5) * 6
    np.testing.assert_allclose(square[rows, 20], expected, atol=1.0)  # OpenCV cuts decimals
    assert grid.step_y * 7.1 == pytest.approx(grid.step_x * 9.3)


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_a_sample_holds_image_front_valid_area_and_the_way_back(tmp_path, variant):
    image, front, valid, meta = write_sample(
        tmp_path,
        speckled(90, 128, 3),
        line_mask(90, 128, 40, thickness=12),
        20.0,
        20.0,
        variant=variant,
        crs="EPSG:3031",
        upper_left_x=-2400000.0,
        upper_left_y=1300000.0,
    )
    for layer in (image, front, valid):
        assert layer.shape == (64, 64)
        assert layer.dtype == np.uint8
    assert set(np.unique(front)) == {0, 1}
    assert meta["pixel_size_m"] == 40.0
    assert (meta["content_height"], meta["content_width"]) == (45, 64)
    assert (meta["source_height"], meta["source_width"]) == (90, 128)
    assert meta["crs"] == "EPSG:3031"
    np.testing.assert_array_equal(valid[:45], 1)
    assert not valid[45:].any()
    assert not image[45:].any()
    assert not front[45:].any()


def test_unknown_cells_become_null(tmp_path):
    *_, meta = write_sample(
        tmp_path,
        speckled(20, 20, 3),
        line_mask(20, 20, 9),
        20.0,
        20.0,
        crs="",
        upper_left_x=float("nan"),
        upper_left_y=None,
    )
    assert (meta["crs"], meta["upper_left_x"], meta["upper_left_y"]) == (None, None, None)
    with pytest.raises(SampleError, match="a: has no known position on the map"):
        sample_to_map(meta, 1, 1)


def test_image_and_front_of_unlike_sizes_are_refused(tmp_path):
    with pytest.raises(SceneError, match="a: has an image of 20 × 20 px but a front of 19 × 20 px"):
        write_sample(tmp_path, speckled(20, 20, 3), line_mask(19, 20, 9), 20.0, 20.0)


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize(
    ("height", "width", "pixel_y_m", "pixel_x_m"),
    [(2828, 3435, 6.6667, 6.6667), (256, 256, 73.36, 80.23), (75, 33, 10.0, 20.0)],
)
def test_a_sample_pixel_leads_to_the_map_and_back(variant, height, width, pixel_y_m, pixel_x_m):
    grid = square_grid(height, width, pixel_y_m, pixel_x_m, 512, variant)
    meta = {
        "step_x": grid.step_x,
        "step_y": grid.step_y,
        "source_pixel_size_x_m": pixel_x_m,
        "source_pixel_size_y_m": pixel_y_m,
        "upper_left_x": 545650.2,
        "upper_left_y": 7685328.0,
    }
    rows, cols = np.array([0, 17, 300]), np.array([0, 400, 20])
    x, y = sample_to_map(meta, rows, cols)
    back_rows, back_cols = map_to_sample(meta, x, y)
    np.testing.assert_allclose(back_rows, rows, atol=1e-6)
    np.testing.assert_allclose(back_cols, cols, atol=1e-6)
    np.testing.assert_allclose(
        scene_to_sample(meta, *sample_to_scene(meta, rows, cols)), [rows, cols], atol=1e-9
    )
    # The first pixel's centre lies half a sample pixel inside the scene's corner.
    assert x[0] == pytest.approx(545650.2 + grid.step_x * pixel_x_m / 2)
    assert y[0] == pytest.approx(7685328.0 - grid.step_y * pixel_y_m / 2)
    # The content's far edge is the scene's, to within the rounding of one sample pixel.
    right, _ = sample_to_map(meta, 0, grid.content_width - 0.5)
    assert abs(right - (545650.2 + width * pixel_x_m)) <= 0.5 * grid.pixel_size_m + 1e-6


def test_a_mark_in_the_scene_lies_where_the_coordinates_say(tmp_path):
    image = np.full((150, 200), 30, dtype=np.uint8)
    image[100:104, 40:44] = 255
    square, *_, meta = write_sample(tmp_path, image, line_mask(150, 200, 9), 10.0, 10.0, size=100)
    row, col = scene_to_sample(meta, 101.5, 41.5)
    rows, cols = np.nonzero(square > 140)
    assert rows.mean() == pytest.approx(row, abs=0.5)
    assert cols.mean() == pytest.approx(col, abs=0.5)
