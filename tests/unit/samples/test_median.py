"""The speckle filter."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from builders import speckled, write_image
from calvingfront.errors import SceneError
from calvingfront.samples.median import filter_file, kernel_side, median_filter


@pytest.mark.parametrize(
    ("pixel_size_m", "side"),
    [
        (5, 11), (10, 5), (20, 3), (50, 1), (73.4, 1),  # the paper's four and a shrunk copy
        (12.5, 5), (6.6667, 9), (16.6667, 3), (16.6666, 3), (50 / 3, 3), (25, 3), (0.1, 501),
    ],
)  # fmt: skip
def test_the_window_spans_fifty_metres_and_is_odd(pixel_size_m, side):
    assert kernel_side(2500, pixel_size_m) == side


def test_an_area_of_zero_filters_nothing():
    assert kernel_side(0, 5) == 1


def test_a_pixel_without_size_is_refused():
    with pytest.raises(SceneError, match="with pixels of 0 m"):
        kernel_side(2500, 0)


def test_the_median_of_a_window_is_its_middle_value():
    image = np.array([[9, 1, 8], [2, 7, 3], [6, 4, 5]], dtype=np.uint8)
    assert median_filter(image, 3, 3)[1, 1] == 5
    # The corner repeats the edge: 9 9 1 9 9 1 2 2 7.
    assert median_filter(image, 3, 3)[0, 0] == 7


def test_rectangular_windows_take_their_own_side_on_each_axis():
    image = speckled(23, 31, 4)
    rows, cols = 5, 3
    padded = np.pad(image, ((2, 2), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (rows, cols))
    expected = np.median(windows, axis=(2, 3)).astype(np.uint8)
    np.testing.assert_array_equal(median_filter(image, rows, cols), expected)


def test_pixels_of_unlike_sides_get_unlike_windows(tmp_path):
    image = speckled(23, 31, 5)
    source = write_image(tmp_path / "scene.png", image)
    filter_file(source, 20.0, 10.0, 2500, tmp_path / "filtered.png")
    filtered = cv2.imread(str(tmp_path / "filtered.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(filtered, median_filter(image, 5, 3))


def test_speckle_goes_and_an_edge_stays(tmp_path):
    image = np.full((40, 40), 50, dtype=np.uint8)
    image[:, 20:] = 200
    image[10, 10] = 255
    source = write_image(tmp_path / "scene.png", image)
    filter_file(source, 20.0, 20.0, 2500, tmp_path / "out" / "filtered.png")
    filtered = cv2.imread(str(tmp_path / "out" / "filtered.png"), cv2.IMREAD_UNCHANGED)
    assert filtered.dtype == np.uint8
    assert (filtered[:, :20] == 50).all()
    assert (filtered[:, 20:] == 200).all()
