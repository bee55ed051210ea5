"""Tiny scenes in which the front is a bright line: a network of a few weights can learn them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from calvingfront.networks import NetworkSettings
from calvingfront.training.augmentation import Augmentation
from calvingfront.training.feed import FeedSource, ResidentFeed
from calvingfront.training.settings import TrainingSettings

FeedBuilder = Callable[..., ResidentFeed]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """One thread: the order of sums, and so every last digit, is the same in each run."""
    torch.set_num_threads(1)


@pytest.fixture
def feed() -> FeedBuilder:
    """A builder of n scenes of s × s pixels: dark noise, and a bright front 3 px wide."""

    def build(
        n: int,
        seed: int,
        size: int = 32,
        prefix: str = "scene",
        augmentation: Augmentation = "none",
    ) -> ResidentFeed:
        rng = np.random.default_rng([97, seed])
        images = rng.integers(0, 60, (n, size, size)).astype(np.uint8)
        fronts = np.zeros((n, size, size), np.uint8)
        for k in range(n):
            row = int(rng.integers(4, size - 4))
            fronts[k, row - 1 : row + 2] = 1
        images[fronts == 1] += 150
        scenes = [f"{prefix}{k}" for k in range(n)]
        source = FeedSource(torch.device("cpu"), scenes, images, fronts, augmentation)
        return ResidentFeed(source)

    return build


@pytest.fixture
def network() -> NetworkSettings:
    return NetworkSettings("unet", width=4, depth=1, kernel=3, batch_norm_momentum=0.2)


@pytest.fixture
def settings() -> Callable[..., TrainingSettings]:
    """A builder of short settings; any of them may be changed by name."""

    def build(**changes: Any) -> TrainingSettings:
        values: dict[str, Any] = {
            "max_epochs": 3,
            "patience": 3,
            "keep_epochs": (),
            "half_cycle_epochs": 2,
            "learning_rate_max": 2e-2,
            "learning_rate_min": 1e-3,
            "threads": 1,
            "device": "cpu",
        }
        return TrainingSettings(**{**values, **changes})

    return build
