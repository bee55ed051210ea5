"""Fronts on the sample: pieces, width and place, in all eight orientations."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from calvingfront.evaluation.metrics import dice, iou
from calvingfront.evaluation.scores import score_front
from calvingfront.fronts.lines import front_distance
from calvingfront.fronts.symmetry import ORIENTATIONS, turned, turned_back
from calvingfront.fronts.thinning import thin
from calvingfront.samples.fronts import prepare_front
from calvingfront.samples.geometry import square_grid
from calvingfront.samples.square import square_front
from calvingfront.samples.widening import parted

Mask = npt.NDArray[np.bool_]
SIDE = 120
SIZES = (40, 57, 60, 64, 100, 119, 120, 121, 150, 200, 240, 360)


def pieces(mask: Mask) -> int:
    return int(ndimage.label(mask, np.ones((3, 3)))[1])


def label(mask: Mask, size: int, width: int, pixel_y: float = 20.0, pixel_x: float = 20.0) -> Mask:
    prepared = prepare_front(mask, pixel_y, pixel_x, size, width)
    grid = square_grid(*mask.shape, pixel_y, pixel_x, size)
    return square_front(prepared, grid, width)


def fronts(thickness: int) -> list[Mask]:
    """Two fronts across the image with a gap in one, a ring, a loop with a tail, a junction, a box,
    and a line in the middle of the image."""
    x = np.arange(SIDE)

    def drawn(*lines: npt.NDArray[np.float64]) -> Mask:
        mask = np.zeros((SIDE, SIDE), np.uint8)
        for line in lines:
            cv2.polylines(mask, [line.round().astype(np.int32)], False, 1, thickness)
        return mask > 0

    upper = np.stack([x, 30 + 9 * np.sin(x / 8) + 4 * np.sin(x / 3)], axis=1)
    lower = np.stack([x, 85 - 0.2 * x + 6 * np.cos(x / 9)], axis=1)
    turn = np.linspace(0, 2 * math.pi, 80)
    ring = 60 + 25 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    tail = np.array([[85.0, 60.0], [119.0, 71.0]])
    level = np.array([[10.0, 40.0], [110.0, 40.0]])
    stem = np.array([[60.0, 40.0], [60.0, 100.0]])
    box = np.array([[20.0, 20.0], [99.0, 20.0], [99.0, 99.0], [20.0, 99.0], [20.0, 20.0]])
    middle = np.array([[0.0, 60.0], [119.0, 60.0]])
    return [
        drawn(upper[:50], upper[70:], lower), drawn(ring), drawn(ring, tail), drawn(level, stem),
        drawn(box), drawn(middle),
    ]  # fmt: skip


@pytest.mark.parametrize("thickness", [1, 2, 3, 6])
@pytest.mark.parametrize("size", SIZES)
def test_a_front_of_one_pixel_has_the_pieces_of_its_line_and_rings_stay_closed(
    size: int, thickness: int
) -> None:
    for mask in fronts(thickness):
        front = label(mask, size, 1)
        assert pieces(front) == pieces(mask)
        assert ndimage.label(~np.pad(front, 1))[1] == ndimage.label(~np.pad(mask, 1))[1]
        # As long as the line: in both, an 8-connected curve has at least its longer side in pixels.
        assert front.sum() == pytest.approx(thin(mask).sum() * size / SIDE, rel=0.12, abs=4)


@pytest.mark.parametrize("pixels", [(20.0, 26.0), (31.0, 20.0), (20.0, 7.0)])
@pytest.mark.parametrize("size", [40, 64, 120, 200])
def test_pieces_are_kept_where_pixels_are_not_square(
    size: int, pixels: tuple[float, float]
) -> None:
    for mask in fronts(2):
        assert pieces(label(mask, size, 1, *pixels)) == pieces(mask)
        wide = mask[:, 30:80]  # many rows, few columns
        assert pieces(label(wide, size, 1, *pixels)) == pieces(wide)


@pytest.mark.parametrize("thickness", [1, 2, 3, 6])
@pytest.mark.parametrize("width", [1, 2, 3, 6])
@pytest.mark.parametrize("size", [57, 60, 120, 150, 240])
def test_the_front_of_a_turned_scene_is_the_turned_front(
    size: int, width: int, thickness: int
) -> None:
    for mask in fronts(thickness):
        front = label(mask, size, width)
        assert front.any()
        for code in range(1, ORIENTATIONS):
            back = turned_back(label(turned(mask, code), size, width), code)
            assert (dice(back, front), iou(back, front)) == (1, 1)
        scores = score_front(back.astype(np.uint8), front.astype(np.uint8), 20.0, 0.0)
        assert (scores["mde_m"], scores["hd95_m"]) == (0, 0)


def test_a_turned_scene_of_unlike_sides_gives_the_turned_front_where_both_fill_whole_pixels() -> (
    None
):
    mask = fronts(3)[0][:90]
    front = label(mask, 60, 3, 20.0, 20.0)[:45]
    for code in range(1, ORIENTATIONS):
        there = label(turned(mask, code), 60, 3)
        there = there[:45] if code % 2 == 0 else there[:, :45]
        np.testing.assert_array_equal(turned_back(there, code), front)


@pytest.mark.parametrize("size", [60, 100, 120, 200, 240])
@pytest.mark.parametrize("width", [3, 6])
def test_a_mask_drawn_wide_gives_the_front_of_a_thin_one(size: int, width: int) -> None:
    for thin_one, *wide_ones in zip(*(fronts(thickness) for thickness in (1, 3, 6)), strict=True):
        expected = label(thin_one, size, width)
        for mask in wide_ones:
            found = label(mask, size, width)
            distance = front_distance(*(thin(x).astype(np.uint8) for x in (found, expected)))
            assert distance is not None
            assert distance.total / distance.count <= 0.75 * max(1, size / SIDE)  # sample px


@pytest.mark.parametrize("size", [40, 60, 64, 120, 150, 240, 360])
@pytest.mark.parametrize("width", [2, 3, 6, 7])
def test_a_front_lies_about_its_line_and_is_as_wide_as_configured(size: int, width: int) -> None:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[33] = True
    rows = np.flatnonzero(label(mask, size, width)[:, 10:-10].all(axis=1))
    assert width - 1 <= len(rows) <= width
    assert rows.mean() + 0.5 == pytest.approx(33.5 * size / SIDE, abs=0.5)


def test_pieces_are_parted_at_their_ends_only() -> None:
    first, second, third = (np.zeros((9, 20), np.bool_) for _ in range(3))
    first[4, :10] = True
    second[4, 10:] = True
    third[5:, 5] = True  # ends beside the middle of the first
    front = parted([first, second, third])
    assert pieces(front) == 3
    assert front[4, :9].all()
    assert front[4, 11:].all()
    assert not front[5, 5]
    assert parted([first, first]).sum() == 10  # one on the other: nothing to part


def test_ends_that_overlap_are_parted_pixel_by_pixel_and_a_single_pixel_stays() -> None:
    first, second, dot = (np.zeros((9, 20), np.bool_) for _ in range(3))
    first[4, :10] = True
    second[5, 8:18] = True  # two pixels beside the other, and one diagonally
    front = parted([first, second])
    assert (pieces(front), front.sum()) == (2, 16)
    dot[4, 10] = True
    front = parted([first, dot])
    assert (pieces(front), front.sum()) == (2, 10)
    assert front[4, 10]
