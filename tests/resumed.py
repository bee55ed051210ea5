"""Trainings that are saved and cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from calvingfront.training.feed import ResidentFeed
from calvingfront.training.loop import Outcome
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step
from killed import Killed, kill_at

CPU = torch.device("cpu")
MARKS = {"training images": "sha256 0"}
FeedBuilder = Callable[..., ResidentFeed]
Settings = Callable[..., TrainingSettings]
Start = Callable[..., Outcome]


def checkpoints(
    folder: Path, minutes: float = 0, environment: dict[str, Any] | None = None
) -> Checkpoints:
    about = {"torch": torch.__version__} if environment is None else environment
    return Checkpoints(StateFolder(folder), MARKS, about, minutes)


def cut(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch, batch: int = 8) -> None:
    """Leave the state of a training that was cut off in the `batch`th of twelve batches."""
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", batch)
        with pytest.raises(Killed):
            start(checkpoints(folder))


def numbers(outcome: Outcome) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if "second" not in k} for row in outcome.history]


def assert_the_same(one: Outcome, other: Outcome) -> None:
    assert numbers(one) == numbers(other)
    assert list(one.kept) == list(other.kept)
    for a, b in [(one.best, other.best), *((one.kept[k], other.kept[k]) for k in one.kept)]:
        assert sorted(a) == sorted(b)
        assert all(torch.equal(a[name], b[name]) for name in a)
