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
    monkeypatch.setattr(ensemble, "images_at_once", lambda device, size: 3)
    np.testing.assert_allclose(member_probabilities(image(), nets, CPU), both, atol=1e-6)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_share_no_layer_and_leave_the_setting(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no thread waits for another, and the last digit is that of one thread."""
    nets = [network("unet", 1).eval(), network("attention_unet", 2).eval()]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = member_probabilities(image(), nets, CPU)
        torch.set_num_threads(threads)
        seen: list[int] = []
        forward = nets[0].forward
        monkeypatch.setattr(
            nets[0], "forward", lambda x: (seen.append(torch.get_num_threads()), forward(x))[1]
        )
        np.testing.assert_array_equal(member_probabilities(image(), nets, CPU), alone)
        assert set(seen) == {1}
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_a_gpu_takes_batches_within_its_memory_and_a_cpu_single_images() -> None:
    sizes = (256, 512, 2048)
    assert [ensemble.images_at_once(torch.device("cuda"), size) for size in sizes] == [16, 4, 1]
    assert {ensemble.images_at_once(CPU, size) for size in sizes} == {1}
