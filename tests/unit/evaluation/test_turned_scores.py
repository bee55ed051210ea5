"""Scores of a prediction and its truth are those of both turned or mirrored together."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calvingfront.evaluation.scores import score_front
from calvingfront.fronts.symmetry import ORIENTATIONS, turned

Mask = npt.NDArray[np.uint8]


def drawn(seed: int, thickness: int, size: int = 40) -> Mask:
    """A bent line that is nobody's mirror image."""
    points = np.random.default_rng(seed).integers(3, size - 3, (4, 2)).astype(np.int32)
    mask = np.zeros((size, size), np.uint8)
    cv2.polylines(mask, [points[:, None]], False, 1, thickness)
    return mask


def straight(thickness: int, size: int = 40) -> Mask:
    """A band that is its own mirror image, left to right and upside down."""
    mask = np.zeros((size, size), np.uint8)
    mask[(size - thickness) // 2 : (size + thickness) // 2, 4:-4] = 1
    return mask


def alike(prediction: Mask, truth: Mask) -> None:
    scores = score_front(prediction, truth, 20.0, 0)
    for code in range(ORIENTATIONS):
        again = score_front(turned(prediction, code), turned(truth, code), 20.0, 0)
        assert again == pytest.approx(scores, nan_ok=True)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31), thickness=st.integers(1, 6), even=st.sampled_from([2, 4, 6]))
def test_turned_together_two_masks_have_the_same_scores(
    seed: int, thickness: int, even: int
) -> None:
    line = drawn(seed, thickness)
    alike(line, drawn(seed + 1, even))
    alike(straight(even), line)  # the prediction alone does not say how it is to be turned
    alike(line, straight(even))  # nor does the truth
    for code in (1, 4):  # nor what they are without telling which is which
        alike(line, turned(line, code))
        alike(line, np.maximum(turned(line, code), straight(2)))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), thickness=st.integers(1, 6))
def test_a_front_is_no_distance_from_itself(seed: int, thickness: int) -> None:
    for mask in (drawn(seed, thickness), straight(thickness)):
        assert score_front(mask, mask, 20.0, 0)["mde_m"] == 0
