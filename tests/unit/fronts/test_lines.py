"""Thick masks to lines, and the distance between lines, on shapes one can count."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from calvingfront.fronts.lines import (
    Line,
    centre_lines,
    draw_lines,
    front_distance,
    longer_than,
)

Mask = npt.NDArray[np.uint8]


def empty(height: int = 40, width: int = 60) -> Mask:
    return np.zeros((height, width), np.uint8)


@pytest.mark.parametrize("thickness", [1, 3, 5])
def test_a_straight_band_becomes_its_centre_line(thickness: int) -> None:
    mask = empty()
    half = thickness // 2
    mask[20 - half : 20 + half + 1, 10:50] = 1
    (line,) = centre_lines(mask)
    inner = (line.cols >= 10 + thickness) & (line.cols < 50 - thickness)
    assert set(line.rows[inner].tolist()) == {20}
    assert np.abs(line.rows - 20).max() <= 1  # thinning may bend the last pixel
    assert sorted(line.cols.tolist()) == list(range(line.cols.min(), line.cols.max() + 1))
    assert line.length == pytest.approx(line.cols.max() - line.cols.min(), abs=1)
    # thinning takes at most half a thickness off each end
    assert 10 <= line.cols.min() <= 10 + half
    assert 49 - half <= line.cols.max() <= 49


def test_a_band_of_six_pixels_becomes_a_line_within_half_a_pixel_of_its_centre() -> None:
    mask = empty()
    mask[17:23, 10:50] = 255
    (line,) = centre_lines(mask)
    inner = (line.cols > 15) & (line.cols < 44)
    assert np.abs(line.rows[inner] - 19.5).max() == 0.5
    assert 33 <= line.length <= 40


def test_a_diagonal_step_counts_the_root_of_two() -> None:
    mask = np.eye(9, dtype=np.uint8)
    (line,) = centre_lines(mask)
    assert line.length == pytest.approx(8 * math.sqrt(2))
    assert sorted(line.rows.tolist()) == sorted(line.cols.tolist()) == list(range(9))
    (line,) = centre_lines(np.ascontiguousarray(mask[:, ::-1]))
    assert line.length == pytest.approx(8 * math.sqrt(2))


def test_pixels_come_in_order_from_end_to_end() -> None:
    mask = empty()
    mask[5, 5:30] = 1
    mask[5:25, 30] = 1
    (line,) = centre_lines(mask)
    steps = np.maximum(np.abs(np.diff(line.rows)), np.abs(np.diff(line.cols)))
    assert set(steps.tolist()) == {1}
    walked = np.hypot(np.diff(line.rows), np.diff(line.cols)).sum()
    assert line.length == pytest.approx(walked)


def test_a_spur_is_dropped_from_a_band() -> None:
    mask = empty()
    mask[20, 5:55] = 1
    mask[10:20, 30] = 1  # ten pixels across the band
    (line,) = centre_lines(mask)
    assert line.rows.min() >= 19
    assert line.cols.min() == 5
    assert line.cols.max() == 54
    assert line.length == pytest.approx(49, abs=1)


def test_the_longest_path_may_run_through_a_branch() -> None:
    """Of the three arms (30, 12, 20) of a junction the two longest make the line."""
    mask = empty()
    mask[30, 10:41] = 1
    mask[10:30, 40] = 1
    mask[30, 41:53] = 1
    (line,) = centre_lines(mask)
    drawn = draw_lines([line], mask.shape)
    assert drawn[10:28, 40].all()
    assert drawn[30, 10:38].all()
    assert not drawn[30, 43:].any()


def test_pieces_are_told_apart_and_sorted_by_length() -> None:
    mask = empty()
    mask[5, 5:15] = 1
    mask[30, 5:50] = 1
    lines = centre_lines(mask)
    assert [line.length for line in lines] == [44, 9]
    assert set(lines[0].rows.tolist()) == {30}


def test_diagonal_neighbours_are_one_piece() -> None:
    mask = empty()
    mask[5, 5:10] = 1
    mask[6, 10:15] = 1
    assert len(centre_lines(mask)) == 1


def drawn(*shapes: tuple[str, tuple[int, ...]], thickness: int) -> Mask:
    """Circles (x, y, radius) and lines (x, y, x, y) in 160 × 180 px."""
    mask = np.zeros((160, 180), np.uint8)
    for kind, (x, y, *rest) in shapes:
        if kind == "circle":
            cv2.circle(mask, (x, y), rest[0], 1, thickness)
        else:
            cv2.line(mask, (x, y), (rest[0], rest[1]), 1, thickness)
    return mask


LEFT, RIGHT = ("circle", (41, 60, 30)), ("circle", (121, 60, 30))
CLOSED = {
    "ring": ([LEFT], 2 * math.pi * 30),
    "ring with a tail": ([LEFT, ("line", (71, 60, 99, 140))], 2 * math.pi * 30 + 85),
    "ring with two spurs": ([LEFT, ("line", (71, 60, 78, 60)), ("line", (11, 60, 5, 60))],
                            2 * math.pi * 30 + 7),
    "two rings and a bar": ([LEFT, RIGHT, ("line", (71, 60, 91, 60))], 4 * math.pi * 30 + 20),
    "two rings that touch": ([LEFT, ("circle", (101, 60, 30))], 4 * math.pi * 30),
    "box": ([("line", (20, 20, 120, 20)), ("line", (120, 20, 120, 90)),
             ("line", (120, 90, 20, 90)), ("line", (20, 90, 20, 20))], 340),
}  # fmt: skip


@pytest.mark.parametrize("thickness", range(1, 7))
@pytest.mark.parametrize("name", CLOSED)
def test_a_line_that_closes_on_itself_keeps_its_whole_length(name: str, thickness: int) -> None:
    shapes, length = CLOSED[name]
    mask = drawn(*shapes, thickness=thickness)
    (line,) = centre_lines(mask)
    # Steps of pixels are up to 8 % longer than a curve; a thick line loses some width at contacts.
    assert 0.97 * length - 3 * thickness <= line.length <= 1.09 * length + thickness
    assert mask[line.rows, line.cols].all()
    steps = np.maximum(np.abs(np.diff(line.rows)), np.abs(np.diff(line.cols)))
    assert set(steps.tolist()) == {1}  # one way, without jumps
    if name in ("ring", "box"):
        assert (line.rows[0], line.cols[0]) == (line.rows[-1], line.cols[-1])


def test_a_hole_in_a_thick_line_does_not_lengthen_it() -> None:
    mask = empty()
    mask[17:24, 5:55] = 1
    whole = centre_lines(mask)[0].length
    mask[20, 30] = 0
    (line,) = centre_lines(mask)
    assert line.length == pytest.approx(whole, abs=4)


def test_a_single_pixel_is_a_line_without_length() -> None:
    mask = empty()
    mask[7, 9] = 1
    (line,) = centre_lines(mask)
    assert (line.rows.tolist(), line.cols.tolist(), line.length) == ([7], [9], 0.0)


def test_an_empty_mask_has_no_line_and_an_all_front_mask_does_not_crash() -> None:
    assert centre_lines(empty()) == []
    assert len(centre_lines(np.ones((20, 30), np.uint8))) == 1


def test_short_pieces_are_dropped_and_the_limit_itself_stays() -> None:
    lines = [Line(np.array([0]), np.array([0]), length) for length in (20.0, 16.0, 15.99)]
    assert [line.length for line in longer_than(lines, 16.0)] == [20.0, 16.0]
    assert longer_than([], 1.0) == []


def test_drawn_lines_are_one_pixel_wide() -> None:
    mask = empty()
    mask[17:24, 10:50] = 1
    drawn = draw_lines(centre_lines(mask), mask.shape)
    assert drawn.shape == mask.shape
    assert set(np.unique(drawn).tolist()) == {0, 1}
    assert drawn[:, 15:45].sum(axis=0).tolist() == [1] * 30
    assert draw_lines([], (3, 4)).sum() == 0


@pytest.mark.parametrize("gap", [0, 1, 5, 12])
def test_parallel_lines_lie_their_gap_apart(gap: int) -> None:
    p, q = empty(), empty()
    p[10, 5:45] = 1
    q[10 + gap, 5:45] = 1
    distance = front_distance(p, q)
    assert distance is not None
    assert distance.count == 80
    assert distance.total == pytest.approx(80 * gap)
    assert distance.total / distance.count == pytest.approx(gap)
    assert distance.hausdorff95 == pytest.approx(gap)


def test_the_distance_is_symmetric_and_counts_both_directions() -> None:
    """p is one pixel, q five in a row beginning there: p → q 0, q → p 0 + 1 + 2 + 3 + 4."""
    p, q = empty(), empty()
    p[10, 10] = 1
    q[10, 10:15] = 1
    for a, b in ((p, q), (q, p)):
        distance = front_distance(a, b)
        assert distance is not None
        assert (distance.total, distance.count) == (pytest.approx(10), 6)
        assert distance.hausdorff95 == pytest.approx(3.8)  # 95 % of the way through 0 … 4


def test_the_hausdorff_distance_passes_over_the_farthest_twentieth() -> None:
    p, q = empty(40, 120), empty(40, 120)
    q[5, 0:100] = 1
    p[5, 0:100] = 1
    p[35, 0:3] = 1  # 3 of 103 predicted pixels are 30 px off
    distance = front_distance(p, q)
    assert distance is not None
    assert distance.hausdorff95 == 0
    assert distance.total == pytest.approx(90)


def test_without_one_of_the_lines_there_is_no_distance() -> None:
    mask = empty()
    mask[5, 5:20] = 1
    assert front_distance(empty(), mask) is None
    assert front_distance(mask, empty()) is None
    assert front_distance(empty(), empty()) is None
