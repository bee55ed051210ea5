"""What small trainings are made of: scenes with a bright front, and a step as on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from calvingfront.losses.loss import build_loss
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.feed_source import FeedSource
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, UNKNOWN
from replayed_operations import record_operations

NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def bright_lines(
    n: int, size: int, seed: int | Sequence[int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Images and fronts (n, size, size): dark noise, and a bright front 3 px wide."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (n, size, size)).astype(np.uint8)
    fronts = np.zeros_like(images)
    for front in fronts:
        row = int(rng.integers(4, size - 4))
        front[row - 1 : row + 2] = 1
    images[fronts == 1] += 150
    return images, fronts


def small_step(network: NetworkSettings, device: torch.device, **changes: Any) -> Step:
    """A step with WBCE4, of the same weights each time; settings may be changed by name.

    On a CPU as on a GPU: a graph is recorded, and its rate is read from a place on the device.
    """
    torch.manual_seed(3)
    step = Step(build_network(network), build_loss("wbce4"), TrainingSettings(**changes), device)
    if device.type == "cpu":
        step.recorder = record_operations
        step._rate = torch.full((), 1.0)
        for group in step.optimiser.param_groups:
            group["lr"] = step._rate
    return step


def zones_of(fronts: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Glacier above the front, ocean on and below it, and a first column of unknown zone."""
    zones = np.where(np.maximum.accumulate(fronts, axis=1) > 0, OCEAN, GLACIER).astype(np.uint8)
    zones[:, :, 0] = UNKNOWN
    return zones


def with_zones(
    augmentation: Any = "paper", n: int = 6, seed: int = 1, size: int = 16
) -> FeedSource:
    """The source of a feed of n bright fronts with their zones."""
    images, fronts = bright_lines(n, size, seed)
    scenes = [f"s{seed}_{k}" for k in range(n)]
    return FeedSource(
        torch.device("cpu"), scenes, images, fronts, augmentation, zones=zones_of(fronts)
    )
