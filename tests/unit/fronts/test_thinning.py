"""Thinning and lines are the same in all eight orientations of an image."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from calvingfront.evaluation.scores import score_front
from calvingfront.fronts.lines import centre_lines, draw_lines
from calvingfront.fronts.symmetry import (
    ORIENTATIONS,
    own_orientations,
    places_back,
    turned,
    turned_back,
)
from calvingfront.fronts.thinning import thin

Mask = npt.NDArray[np.bool_]


def pieces(mask: Mask) -> int:
    return int(ndimage.label(mask, np.ones((3, 3)))[1])


def winding(seed: int, thickness: int, height: int = 90, width: int = 110) -> Mask:
    """One to three winding lines, some through the border, like fronts drawn by hand."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(random.integers(1, 4)):
        at = np.cumsum(random.normal(0, 1.2, (60, 2)).cumsum(axis=0) * 0.2, axis=0)
        at += random.uniform(0, 1, 2) * (width, height)
        cv2.polylines(mask, [at.round().astype(np.int32)], False, 1, thickness)
    return mask > 0


def symmetric(thickness: int) -> Iterator[Mask]:
    """Rings, boxes, T junctions, crosses, bars and diagonals in images of even and odd sides."""
    for size in (60, 61):
        middle = slice(size // 2 - thickness // 2, size // 2 - thickness // 2 + thickness)
        ring = np.zeros((size, size), np.uint8)
        cv2.circle(ring, (size // 2, size // 2), 17, 1, thickness)
        box = np.zeros((size, size), np.uint8)
        box[12:-12, 12:-12] = 1
        box[12 + thickness : -12 - thickness, 12 + thickness : -12 - thickness] = 0
        cross = np.zeros((size, size), np.uint8)
        cross[middle] = cross[:, middle] = 1
        junction = np.zeros((size, size), np.uint8)
        junction[20 : 20 + thickness, 5:-5] = 1
        junction[20:50, middle] = 1
        bar = np.zeros((size, size), np.uint8)
        bar[middle, 9:40] = 1
        diagonal = np.zeros((size, size), np.uint8)
        cv2.line(diagonal, (9, 9), (size - 10, size - 10), 1, thickness)
        yield from (mask > 0 for mask in (ring, box, cross, junction, bar, diagonal))


def every_mask(thickness: int) -> Iterator[Mask]:
    yield from symmetric(thickness)
    random = np.random.default_rng(thickness)
    for seed in range(8):
        yield winding(seed, thickness)
        yield random.random((30, 37)) < random.choice([0.2, 0.4, 0.6])
        yield ndimage.gaussian_filter(random.standard_normal((50, 46)), 3) > 0.03


@pytest.mark.parametrize("thickness", range(1, 7))
def test_a_turned_mask_gives_the_turned_line_with_as_many_pieces(thickness: int) -> None:
    for mask in every_mask(thickness):
        thinned = thin(mask)
        lines = centre_lines(mask.astype(np.uint8))
        drawn = draw_lines(lines, mask.shape)  # type: ignore[arg-type]
        assert not (thinned & ~mask).any()
        assert pieces(thinned) == pieces(mask) == len(lines)
        for code in range(1, ORIENTATIONS):
            there = turned(mask, code)
            np.testing.assert_array_equal(turned_back(thin(there), code), thinned)
            others = centre_lines(there.astype(np.uint8))
            again = draw_lines(others, there.shape)  # type: ignore[arg-type]
            np.testing.assert_array_equal(turned_back(again, code), drawn)
            assert [line.length for line in others] == pytest.approx([x.length for x in lines])


@pytest.mark.parametrize("thickness", range(1, 7))
def test_a_symmetric_ring_is_thinned_to_one_pixel_and_stays_closed(thickness: int) -> None:
    for mask in list(symmetric(thickness))[::6]:
        thinned = thin(mask)
        blocks = thinned[1:, 1:] & thinned[:-1, 1:] & thinned[1:, :-1] & thinned[:-1, :-1]
        assert not blocks.any()
        assert ndimage.label(~thinned)[1] == 2  # inside and outside
        # an 8-connected circle has 4 √2 pixels a radius; half the thickness may be lost
        assert 4 * np.sqrt(2) * (17 - 1.5) - 4 <= thinned.sum() <= 4 * np.sqrt(2) * (17 + 1.5) + 4


@pytest.mark.parametrize("thickness", range(1, 7))
def test_scores_do_not_depend_on_the_orientation_and_the_distance_is_symmetric(
    thickness: int,
) -> None:
    for seed in range(6):
        truth, found = winding(seed, 3), winding(seed + 20, thickness)
        first = score_front(found.astype(np.uint8), truth.astype(np.uint8), 20.0, 0.0)
        for code in range(1, ORIENTATIONS):
            masks = (turned(mask, code).astype(np.uint8) for mask in (found, truth))
            assert score_front(*masks, 20.0, 0.0) == pytest.approx(first)
        swapped = score_front(truth.astype(np.uint8), found.astype(np.uint8), 20.0, 0.0)
        for key in ("mde_m", "hd95_m", "distance_count"):
            assert swapped[key] == pytest.approx(first[key])
        same = score_front(found.astype(np.uint8), found.astype(np.uint8), 20.0, 0.0)
        assert (same["mde_m"], same["hd95_m"]) == (0, 0)


def test_turning_and_turning_back_are_inverse_and_there_are_eight_orientations() -> None:
    array = np.arange(12).reshape(3, 4)
    seen = set()
    for code in range(ORIENTATIONS):
        there = turned(array, code)
        seen.add((there.shape, there.tobytes()))
        np.testing.assert_array_equal(turned_back(there, code), array)
        rows, cols = places_back(*np.indices(there.shape), there.shape, code)
        np.testing.assert_array_equal(array[rows, cols], there)
    assert len(seen) == ORIENTATIONS


def test_own_orientations_bring_a_mask_and_its_mirror_images_to_the_same() -> None:
    mask = winding(3, 2)
    (own,) = own_orientations(mask)
    for code in range(ORIENTATIONS):
        there = turned(mask, code)
        (other,) = own_orientations(there)
        np.testing.assert_array_equal(turned(there, other), turned(mask, own))
    assert len(own_orientations(np.ones((5, 5)))) == 8
    assert len(own_orientations(np.ones((5, 6)))) == 4
    values = np.array([[1, 0, 2]])  # not its own mirror image, by its values
    assert len(own_orientations(values)) == 2
