"""The distance to the front, against brute force, and the weight map in numpy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from calvingfront.fronts.distance import distance_to_front, weight_map
from calvingfront.losses.bce import weight_map as weight_map_of_the_loss


def brute_force(mask: np.ndarray) -> np.ndarray:
    points = np.argwhere(mask > 0)
    rows, cols = np.indices(mask.shape)
    squares = (rows[..., None] - points[:, 0]) ** 2 + (cols[..., None] - points[:, 1]) ** 2
    return np.sqrt(squares.min(axis=-1))


@pytest.mark.parametrize("seed", range(3))
def test_distances_are_exact(seed: int) -> None:
    rng = np.random.default_rng([11, seed])
    mask = (rng.random((40, 70)) < 0.004).astype(np.uint8)
    mask[3, 5] = 1
    np.testing.assert_allclose(distance_to_front(mask), brute_force(mask), atol=2e-5)


def test_distances_stay_exact_across_a_whole_image() -> None:
    """OpenCV's 5×5 masks drift by pixels over this length."""
    mask = np.zeros((512, 512), np.uint8)
    mask[0, 0] = 1
    rows, cols = np.indices(mask.shape)
    np.testing.assert_allclose(distance_to_front(mask), np.hypot(rows, cols), atol=1e-3)


def test_any_value_above_zero_is_front() -> None:
    mask = np.array([[0, 255, 0], [0, 0, 1]], np.uint8)
    expected = [[1, 0, 1], [np.sqrt(2), 1, 0]]
    np.testing.assert_allclose(distance_to_front(mask), expected, atol=1e-6)
    assert distance_to_front(mask).dtype == np.float32


def test_an_empty_mask_is_infinitely_far_and_an_all_front_mask_nowhere() -> None:
    assert np.isposinf(distance_to_front(np.zeros((3, 4), np.uint8))).all()
    assert (distance_to_front(np.ones((3, 4), np.uint8)) == 0).all()


def test_weight_map_by_hand() -> None:
    mask = np.array([[0, 0, 255, 0]], np.uint8)
    weights = weight_map(distance_to_front(mask), mask, 4)
    np.testing.assert_allclose(weights, [[0.2449187, 0.1243530, 1.0, 0.1243530]], atol=1e-6)
    assert weights.dtype == np.float32


@pytest.mark.parametrize("mask", [np.zeros((2, 3), np.uint8), np.ones((2, 3), np.uint8)])
def test_weight_map_of_an_empty_or_an_all_front_mask_is_one(mask: np.ndarray) -> None:
    assert (weight_map(distance_to_front(mask), mask, 8) == 1).all()


@pytest.mark.parametrize("w", [4, 8, 16])
def test_loss_and_metrics_share_one_weight_map(w: int) -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[4, 2:7] = 1
    distance = distance_to_front(mask)
    of_loss = weight_map_of_the_loss(torch.from_numpy(distance), torch.from_numpy(mask), w)
    np.testing.assert_allclose(weight_map(distance, mask, w), of_loss.numpy(), atol=1e-6)


def test_the_same_mask_has_the_same_distances_to_the_bit_in_any_thread() -> None:
    """Intel's routine in OpenCV rounds by where in memory the mask lies."""
    mask = np.zeros((32, 32), np.uint8)
    mask[(16 + 10 * np.sin(np.arange(32) / 9)).astype(int), np.arange(32)] = 1
    expected = distance_to_front(mask)
    with ThreadPoolExecutor(3) as pool:
        for distance in pool.map(lambda _: distance_to_front(mask.copy()), range(1000)):
            np.testing.assert_array_equal(distance, expected)
