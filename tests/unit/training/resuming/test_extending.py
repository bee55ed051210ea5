"""A finished training is extended: it goes on, and ends as if it had been longer from the start."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.loop import Outcome, train
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step
from full_disk import no_room
from killed import Killed, kill_at

CPU = torch.device("cpu")
Start = Callable[..., Outcome]


def state(folder: Path, marks: str = "one") -> Checkpoints:
    return Checkpoints(StateFolder(folder), {"data": marks}, {}, 60)


@pytest.fixture
def start(
    feed: Callable[..., ResidentFeed],
    network: NetworkSettings,
    settings: Callable[..., TrainingSettings],
    monkeypatch: pytest.MonkeyPatch,
) -> Start:
    """Start a training of two epochs of three batches that keeps its state; count its batches."""
    step, calls = Step.train, []

    def counted(self: Step, *arguments: Any) -> Tensor:
        calls.append(1)
        return step(self, *arguments)

    monkeypatch.setattr(Step, "train", counted)

    def run(saved: Checkpoints | None = None, **changes: Any) -> Outcome:
        values = {"max_epochs": 2, "patience": 9, "keep_epochs": (1,), "keep_state": True}
        calls.clear()
        outcome = train(
            feed(2, 1, size=16, augmentation="paper"), feed(2, 2, size=16), "bce_dice", 1, network,
            settings(**{**values, **changes}), CPU, checkpoints=saved,
        )  # fmt: skip
        outcome.record["batches"] = len(calls)
        return outcome

    return run


def assert_the_same(one: Outcome, other: Outcome) -> None:
    monitors = [[row["validation_monitor"] for row in run.history] for run in (one, other)]
    assert monitors[0] == monitors[1]
    assert list(one.kept) == list(other.kept)
    for a, b in [(one.best, other.best), *((one.kept[k], other.kept[k]) for k in one.kept)]:
        assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("recipe", [{}, {"weight_average": 0.9, "augmentation": "sar"}])
def test_more_epochs_continue_a_finished_training(
    start: Start, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    start(state(tmp_path), **recipe)
    longer = start(state(tmp_path), max_epochs=5, keep_epochs=(1, 4), **recipe)
    assert longer.record["batches"] == 9  # epochs 3 to 5
    assert [session["batches"] for session in longer.record["sessions"]] == [6, 9]
    assert_the_same(longer, start(max_epochs=5, keep_epochs=(1, 4), **recipe))
    again = start(state(tmp_path), max_epochs=6, **recipe)
    assert again.record["batches"] == 3


def test_a_longer_patience_continues_a_training_that_had_stopped(
    start: Start, tmp_path: Path
) -> None:
    """A learning rate at which nothing improves ends it after the first epoch without a rise."""
    wanted = {"learning_rate_min": 5.0, "learning_rate_max": 5.0, "max_epochs": 12}
    short = start(state(tmp_path), patience=1, **wanted)
    assert 1 < len(short.history) < 12
    longer = start(state(tmp_path), patience=12, **wanted)
    assert longer.record["batches"] == 3 * (12 - len(short.history))
    assert_the_same(longer, start(patience=12, **wanted))


def test_the_same_training_again_computes_nothing(start: Start, tmp_path: Path) -> None:
    first = start(state(tmp_path))
    again = start(state(tmp_path))
    assert again.record["batches"] == 0
    assert_the_same(again, first)
    json.dumps(again.record)


@pytest.mark.parametrize(
    ("marks", "changes", "why"),
    [
        ("two", {}, "data: one, now two"),
        ("one", {"max_epochs": 1}, "would have ended earlier"),
        ("one", {"keep_epochs": (1, 2), "max_epochs": 3}, "is past epoch 2 and has not kept"),
    ],
)
def test_a_finished_training_that_cannot_be_extended_starts_anew(
    start: Start,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    marks: str,
    changes: dict[str, Any],
    why: str,
) -> None:
    start(state(tmp_path))
    with caplog.at_level("INFO"):
        anew = start(state(tmp_path, marks), **changes)
    assert "cannot be extended and starts anew: " in caplog.text
    assert why in caplog.text
    assert anew.record["batches"] == 3 * changes.get("max_epochs", 2)
    assert len(anew.record["sessions"]) == 1
    assert_the_same(anew, start(**changes))


def test_an_extension_that_is_killed_goes_on(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(state(tmp_path))
    saved = state(tmp_path)
    saved.minutes = 0
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 5)
        with pytest.raises(Killed):
            start(saved, max_epochs=4)
    assert (StateFolder(tmp_path).read() or ({}, {}))[1].get("finished") is None
    rest = start(state(tmp_path), max_epochs=4)
    assert rest.record["batches"] == 2
    assert_the_same(rest, start(max_epochs=4))


def test_without_room_for_the_state_the_training_is_complete_all_the_same(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with no_room():
        outcome = start(state(tmp_path))
    assert "the training is complete, but cannot be extended" in caplog.text
    assert_the_same(outcome, start())
    assert not (tmp_path / "state.safetensors").exists()


def test_a_state_that_is_not_to_be_kept_is_not_written(start: Start, tmp_path: Path) -> None:
    start(state(tmp_path), keep_state=False)
    assert not list(tmp_path.iterdir())
