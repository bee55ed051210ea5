"""Tiny scenes in which the front is a bright line: a network of a few weights can learn them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.augmentation import Augmentation
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import FeedSource
from calvingfront.training.settings import TrainingSettings
from small_trainings import bright_lines
from tiny_runs import tiny_dataset

FeedBuilder = Callable[..., ResidentFeed]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """One thread: the order of sums, and so every last digit, is the same in each run."""
    torch.set_num_threads(1)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three scenes of 16 × 16 px: two to train, one to validate and test."""
    return tiny_dataset(tmp_path)


@pytest.fixture
def feed() -> FeedBuilder:
    """A builder of the feed of n scenes with a bright front."""

    def build(
        n: int,
        seed: int,
        size: int = 32,
        prefix: str = "scene",
        augmentation: Augmentation = "none",
    ) -> ResidentFeed:
        images, fronts = bright_lines(n, size, [97, seed])
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
            "keep_state": False,
        }
        return TrainingSettings(**{**values, **changes})

    return build
