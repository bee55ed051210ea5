"""Short trainings that can be cut off."""

from __future__ import annotations

from typing import Any

import pytest

from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.loop import Outcome, train
from calvingfront.training.resuming.checkpoints import Checkpoints
from resumed import CPU, FeedBuilder, Settings, Start


@pytest.fixture
def start(feed: FeedBuilder, network: NetworkSettings, settings: Settings) -> Start:
    """Start a training of four epochs of three batches; any setting may be changed by name."""

    def run(saved: Checkpoints | None = None, **changes: Any) -> Outcome:
        values = {"max_epochs": 4, "patience": 4, "keep_epochs": (1, 3), **changes}
        loss = "bce_dice" if changes.get("augmentation") == "sar" else "wbce4"
        images = feed(2, 1, size=16, augmentation="paper")
        images.missions = ["ERS", "TSX"]
        return train(
            images, feed(2, 2, size=16), loss, 1, network, settings(**values), CPU,
            checkpoints=saved,
        )  # fmt: skip

    return run


@pytest.fixture
def whole(start: Start) -> Outcome:
    return start()
