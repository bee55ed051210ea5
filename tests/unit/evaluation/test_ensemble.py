"""Predictions in eight orientations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from calvingfront.evaluation import ensemble
from calvingfront.evaluation.ensemble import member_probabilities
from trained import SIZE, network

CPU = torch.device("cpu")


def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (SIZE, SIZE), np.uint8)


def test_the_first_orientation_is_the_plain_prediction() -> None:
    net = network("unet", 1).eval()
    plain = member_probabilities(image(), [net], CPU, 1)
    np.testing.assert_allclose(member_probabilities(image(), [net], CPU, 8)[:1], plain, atol=1e-6)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.rot90, np.transpose])
def test_the_mean_of_all_orientations_turns_with_the_image(turn: object) -> None:
    assert callable(turn)
    net = network("unet", 1).eval()
    mean = member_probabilities(image(), [net], CPU).mean(axis=0)
    turned = member_probabilities(np.ascontiguousarray(turn(image())), [net], CPU).mean(axis=0)
    np.testing.assert_allclose(turned, turn(mean), atol=1e-6)
    assert not np.allclose(member_probabilities(image(), [net], CPU, 1)[0], mean, atol=1e-4)


def test_networks_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    nets = [network("unet", 1).eval(), network("attention_unet", 2).eval()]
    both = member_probabilities(image(), nets, CPU)
    assert both.shape == (16, SIZE, SIZE)
    for k, net in enumerate(nets):
        np.testing.assert_array_equal(
            both[8 * k : 8 * k + 8], member_probabilities(image(), [net], CPU)
        )
    monkeypatch.setattr(ensemble, "PIXELS_AT_ONCE", 3 * SIZE**2)  # batches of three
    np.testing.assert_allclose(member_probabilities(image(), nets, CPU), both, atol=1e-6)
