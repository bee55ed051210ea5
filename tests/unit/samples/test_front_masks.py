"""Thinning, dilation, and the width of the front after the resize."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from builders import line_mask, write_image
from calvingfront.errors import SceneError
from calvingfront.fronts.thinning import thin, thin_as_it_lies
from calvingfront.samples.fronts import dilate, dilate_file, dilation_sides, prepare_front
from calvingfront.samples.geometry import square_grid
from calvingfront.samples.square import square_front
from calvingfront.scenes.pixels import read_front


def drawn(height, width, points, thickness=1):
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.polylines(mask, [np.array(points, dtype=np.int32)], False, 1, thickness)
    return mask > 0


GENTLE = [(0, 12), (20, 30), (45, 45), (75, 50), (99, 40)]
WINDING = [(0, 12), (20, 30), (21, 55), (60, 40), (80, 90), (99, 70)]


@pytest.mark.parametrize("points", [[(5, 20), (90, 20)], [(20, 5), (20, 90)], GENTLE])
def test_a_line_of_one_pixel_stays_as_it_is(points):
    line = drawn(100, 100, points)
    np.testing.assert_array_equal(thin(line), line)


@pytest.mark.parametrize("thickness", [2, 3, 4, 7])
def test_a_thick_line_becomes_one_pixel_wide_and_keeps_its_place(thickness):
    thick = drawn(100, 100, WINDING, thickness)
    thinned = thin(thick)
    assert not (thinned & ~thick).any()
    np.testing.assert_array_equal(thin(thinned), thinned)
    # One pixel wide: no block of 2 × 2 is left.
    blocks = thinned[1:, 1:] & thinned[:-1, 1:] & thinned[1:, :-1] & thinned[:-1, :-1]
    assert not blocks.any()
    assert cv2.connectedComponents(thinned.astype(np.uint8), connectivity=8)[0] == 2
    away = cv2.distanceTransform((~thinned).astype(np.uint8), cv2.DIST_L2, 5)
    assert away[thick].max() <= max(thickness + 1, thickness / 2 + 3)  # at sharp bends and ends


def test_thinning_equals_an_independent_implementation():
    from skimage.morphology import thin as reference

    generator = np.random.default_rng(3)
    for density in (0.2, 0.5, 0.8):
        mask = generator.random((60, 70)) < density
        np.testing.assert_array_equal(thin_as_it_lies(mask), reference(mask[::-1])[::-1])


def test_a_sharp_corner_loses_only_its_redundant_pixel():
    corner = np.zeros((9, 9), dtype=bool)
    corner[2, 2:7] = True
    corner[2:7, 2] = True
    expected = corner.copy()
    expected[2, 2] = False
    np.testing.assert_array_equal(thin(corner), expected)


def test_of_two_pixels_one_stays_and_both_where_neither_is_nearer_the_middle():
    band = np.zeros((9, 12), dtype=bool)
    band[4:6] = True
    rows = set(np.nonzero(thin(band))[0])
    assert len(rows) == 1
    assert set(np.nonzero(thin(band.T))[1]) == rows
    assert set(np.nonzero(thin(band[::-1]))[0]) == {8 - row for row in rows}
    centred = np.zeros((10, 12), dtype=bool)
    centred[4:6] = True
    assert set(np.nonzero(thin(centred))[0]) == {4, 5}


def test_thinning_leaves_no_mask_and_the_input_alone():
    empty = np.zeros((5, 7), dtype=bool)
    assert not thin(empty).any()
    full = np.ones((5, 7), dtype=bool)
    thin(full)
    assert full.all()


@pytest.mark.parametrize(
    ("long_side", "side"), [(4581, 53), (2291, 26), (1146, 13), (458, 5), (512, 6), (1024, 12)]
)
def test_the_dilation_has_the_papers_side(long_side, side):
    # 6.6667 m: the side of square pixels must not depend on the digits of their size.
    assert dilation_sides(long_side, 400, 6.6667, 6.6667, 512, 6) == (side, side)
    assert dilation_sides(300, long_side, 5.0, 5.0, 512, 6) == (side, side)


def test_pixels_of_unlike_sides_are_dilated_by_metres():
    # 2048 × 20 m = 40,960 m on 512 px: 80 m each, six of them 480 m: 24 px down, 48 px across.
    assert dilation_sides(2048, 4096, 20.0, 10.0, 512, 6) == (24, 48)


def test_the_dilation_is_never_less_than_one_pixel():
    assert dilation_sides(20, 20, 10.0, 10.0, 512, 6) == (1, 1)


def test_an_even_dilation_shifts_by_half_a_pixel():
    point = np.zeros((21, 21), dtype=bool)
    point[10, 10] = True
    rows, cols = np.nonzero(dilate(point, 6, 5))
    assert (rows.min(), rows.max()) == (8, 13)
    assert (cols.min(), cols.max()) == (8, 12)
    assert abs(rows.mean() - 10) <= 0.5


@pytest.mark.parametrize("thickness", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "pixel_y_m", "pixel_x_m"),
    [
        (1000, 1536, 20.0, 20.0),  # shrunk threefold
        (1131, 1374, 16.6667, 16.6667),  # shrunk by no whole number
        (512, 512, 20.0, 20.0),  # kept
        (256, 256, 80.0, 80.0),  # enlarged
        (256, 256, 73.36, 80.23),  # enlarged, pixels not square
        (1800, 1000, 10.0, 20.0),  # shrunk, pixels not square
    ],
)
@pytest.mark.parametrize("across", [True, False])
def test_the_front_is_six_pixels_wide_after_the_resize(
    thickness, height, width, pixel_y_m, pixel_x_m, across
):
    mask = np.zeros((height, width), dtype=bool)
    if across:
        mask[height // 2 : height // 2 + thickness] = True
    else:
        mask[:, width // 2 : width // 2 + thickness] = True
    prepared = prepare_front(mask, pixel_y_m, pixel_x_m, 512, 6)
    grid = square_grid(height, width, pixel_y_m, pixel_x_m, 512)
    front = square_front(prepared, grid, 6)
    content = front[: grid.content_height, : grid.content_width]
    middle = (
        content[:, grid.content_width // 4 : -grid.content_width // 4]
        if across
        else content[grid.content_height // 4 : -grid.content_height // 4]
    )
    widths = np.unique(middle.sum(axis=0 if across else 1))
    # Whole pixels before the resize make the paper's own line up to one pixel narrower.
    assert set(widths) <= ({6} if grid.enlarged else {5, 6})
    # And it lies where it was drawn: its middle within a pixel.
    lines = np.flatnonzero(middle.any(axis=1 if across else 0))
    centre = (height if across else width) // 2 + thickness / 2
    step = grid.step_y if across else grid.step_x
    assert lines.mean() + 0.5 == pytest.approx(centre / step, abs=0.8)


def test_the_front_stays_thin_until_it_is_drawn_on_the_sample():
    line = line_mask(200, 200, 99, thickness=3) > 0
    for size in (100, 200, 400):
        prepared = prepare_front(line, 10.0, 10.0, size, 6)
        assert prepared.sum(axis=0).max() == 1
        assert square_front(prepared, square_grid(200, 200, 10.0, 10.0, size), 6).sum() == 6 * size


def test_the_file_is_written_as_0_and_255(tmp_path):
    source = write_image(tmp_path / "front.png", line_mask(200, 200, 98, thickness=3))
    dilate_file(source, 10.0, 10.0, 100, 6, tmp_path / "out.png")
    written = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(written)) == {0, 255}
    assert read_front(tmp_path / "out.png").sum() == pytest.approx(200, abs=2)


def test_a_mask_without_a_front_is_refused(tmp_path):
    source = write_image(tmp_path / "front.png", np.zeros((9, 9), dtype=np.uint8))
    with pytest.raises(SceneError, match=r"front\.png: has no front"):
        dilate_file(source, 10.0, 10.0, 100, 6, tmp_path / "out.png")
