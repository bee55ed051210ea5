"""Which pieces of a probability image become sub-pixel lines, and how far they reach."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from calvingfront.fronts.subpixel import subpixel_lines
from drawn_fronts import SHAPE, drawn, errors, points, straight


def test_a_thin_diagonal_counts_its_diagonal_steps() -> None:
    """Its line is longer than the number of its pixels."""
    image = np.eye(40)
    image[:9] = image[31:] = 0
    (line,) = subpixel_lines(image, 0.5, 25)
    assert 25 < line.length < 34


def test_shorter_pieces_are_dropped() -> None:
    image = np.maximum(
        drawn(shapely.LineString([(15, 5), (15, 45)]), 2),
        drawn(shapely.LineString([(45, 5), (45, 15)]), 2),
    )
    assert len(subpixel_lines(image, 0.5, 0)) == 2
    (line,) = subpixel_lines(image, 0.5, 16)
    assert line.rows == pytest.approx(15, abs=0.1)
    assert len(subpixel_lines(image, 0.5, line.length)) == 1  # the limit itself stays
    assert subpixel_lines(image, 0.5, line.length + 0.01) == []


def test_a_piece_reaches_on_through_what_is_weaker_than_the_threshold() -> None:
    front = straight(0.2, 0.1)
    fading = np.ones(SHAPE)
    fading[:, 28:34] = 0.6  # 0.36 of what stands on either side
    image = 0.6 * drawn(front, 3) * fading
    assert [round(line.length / 22) for line in subpixel_lines(image, 0.5, 9)] == [2]
    assert [round(line.length / 22) for line in subpixel_lines(image, 0.5, 9, reach=1)] == [1, 1]
    weak = 0.4 * drawn(front, 3)  # above half the threshold, but nowhere above the threshold
    assert subpixel_lines(weak, 0.5, 9) == []
    assert subpixel_lines(0.5 * drawn(front, 3), 0.5, 9) == []  # as in a mask: above, not at


def test_where_nothing_exceeds_the_threshold_there_is_no_line() -> None:
    assert subpixel_lines(np.zeros((5, 7)), 0.0, 0) == []
    assert subpixel_lines(np.full((20, 30), 0.5), 0.5, 0) == []
    assert subpixel_lines(np.zeros((0, 0)), 0.5, 0) == []


@pytest.mark.parametrize("value", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.9])
def test_a_constant_image_shows_no_front(value: float, threshold: float) -> None:
    valid = np.zeros((20, 30), bool)
    valid[:12] = True
    assert subpixel_lines(np.full((20, 30), value), threshold, 0) == []
    assert subpixel_lines(np.full((20, 30), value), threshold, 0, valid) == []


def test_points_and_blots_do_not_crash_and_are_no_long_lines() -> None:
    image = np.zeros((30, 30))
    image[3, 4] = 1
    image[10:17, 10:17] = 1
    image[25, 20:22] = 1
    assert all(line.length < 8 for line in subpixel_lines(image, 0.5, 0))
    assert subpixel_lines(image, 0.5, 9) == []


def test_padding_carries_no_line() -> None:
    front = straight(0.5, 0.0, half=30)
    image = drawn(front, 3)
    valid = np.zeros(SHAPE, bool)
    valid[:37, :50] = True
    image[~valid] = 1  # whatever a network says there
    (line,) = subpixel_lines(image, 0.5, 9, valid)
    assert valid[np.rint(line.rows).astype(int), np.rint(line.cols).astype(int)].all()
    assert errors(line, front, ends=6).max() < 0.1
    image[~valid] = np.nan
    (same,) = subpixel_lines(image, 0.5, 9, valid)
    np.testing.assert_array_equal(points(same), points(line))
    assert subpixel_lines(image, 0.5, 9, np.zeros(SHAPE, bool)) == []


def test_a_front_that_leaves_the_image_stops_at_its_border() -> None:
    front = shapely.LineString([(-20, 10), (90, 50)])
    (line,) = subpixel_lines(drawn(front, 4), 0.5, 9)
    assert -0.5 <= line.rows.min() < 2
    assert 61 < line.rows.max() <= 63.5
    assert errors(line, front, ends=4).max() < 0.1
