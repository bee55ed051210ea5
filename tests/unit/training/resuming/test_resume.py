"""A training that is cut off goes on as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from calvingfront.errors import TrainingError
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import Batch
from calvingfront.training.loop import Outcome
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.step import Step
from calvingfront.training.trainer import Trainer
from killed import Killed, kill_at
from resumed import Start, assert_the_same, checkpoints, cut, numbers

# What stands beside the paper's protocol, each by itself and all together.
OPTIONS: dict[str, dict[str, Any]] = {
    "cosine": {"schedule": "cosine"},
    "decay": {"weight_decay": 0.05},
    "average": {"weight_average": 0.9},
    "sar": {"augmentation": "sar"},
    "missions": {"sampling": "missions"},
}
OPTIONS["all"] = {key: value for option in OPTIONS.values() for key, value in option.items()}


# The last of twelve batches, and what comes between the batches: the validations.
@pytest.mark.parametrize("moment", [*range(1, 13), -1, -2, -3, -4])
def test_a_training_cut_off_anywhere_ends_as_if_it_had_not_been(
    start: Start,
    whole: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: int,
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, *((Step, "train") if moment > 0 else (Trainer, "validate")), abs(moment))
        with pytest.raises(Killed):
            start(checkpoints(tmp_path))
    again = start(checkpoints(tmp_path))
    assert_the_same(again, whole)
    assert again.record["resumptions"] == (moment != 1)  # nothing was saved before batch 1


def test_a_training_cut_off_at_every_batch_ends_as_if_it_had_not_been(
    start: Start, whole: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(11):
        with monkeypatch.context() as patch:
            kill_at(patch, Step, "train", 2)
            with pytest.raises(Killed):
                start(checkpoints(tmp_path))
    again = start(checkpoints(tmp_path))
    assert_the_same(again, whole)
    assert [session["batches"] for session in again.record["sessions"]] == [1] * 12


@pytest.mark.parametrize("option", OPTIONS)
def test_a_training_of_our_recipe_goes_on_as_well(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """Cut off within an epoch, before and after a validation."""
    wanted = OPTIONS[option]
    whole = start(**wanted)
    for calls in (5, 3, 2):
        with monkeypatch.context() as patch:
            kill_at(patch, Step, "train", calls)
            with pytest.raises(Killed):
                start(checkpoints(tmp_path), **wanted)
    again = start(checkpoints(tmp_path), **wanted)
    assert again.record["resumptions"] == 3
    assert_the_same(again, whole)
    if option != "missions":  # of two missions with a scene each, neither is rare
        assert numbers(whole) != numbers(start())


def test_a_resumed_training_repeats_no_batch(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 6)
        with pytest.raises(Killed):
            start(checkpoints(tmp_path))
    taken: list[int] = []
    given = ResidentFeed.batches

    def watched(self: ResidentFeed, items: Any, size: int) -> Iterator[Batch]:
        if self.copies == 8:
            taken.append(len(items))
        return given(self, items, size)

    monkeypatch.setattr(ResidentFeed, "batches", watched)
    start(checkpoints(tmp_path))
    assert taken == [5, 15, 15]  # the third batch of epoch 2, then epochs 3 and 4


def test_the_early_stop_of_a_resumed_training_is_that_of_the_uninterrupted_one(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monitors 1, 3, 2, 3, 1: epoch 2 is the best, so patience 3 ends it with epoch 5."""
    monitors = [0.1, 0.3, 0.2, 0.3, 0.1, 0.9, 0.9]

    def scripted(trainer: Trainer) -> tuple[float, float]:
        return 0.0, monitors[trainer.iteration // trainer.batches_per_epoch - 1]

    monkeypatch.setattr(Trainer, "validate", scripted)
    wanted = {"max_epochs": 7, "patience": 3}
    whole = start(**wanted)
    assert [row["best"] for row in whole.history] == [1, 1, 0, 0, 0]
    for call in (8, 11, 14):
        with monkeypatch.context() as patch:
            kill_at(patch, Step, "train", call)
            folder = tmp_path / str(call)
            with pytest.raises(Killed):
                start(checkpoints(folder), **wanted)
        again = start(checkpoints(folder), **wanted)
        assert_the_same(again, whole)
        assert (again.record["best_epoch"], again.record["stopped_early"]) == (2, True)


def test_the_global_generator_is_not_drawn_from_after_the_first_weights(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is drawn after them would not be the same after an interruption."""
    after_weights: list[Tensor] = []
    first = Step.__init__

    def watched(self: Step, *arguments: Any) -> None:
        first(self, *arguments)
        after_weights.append(torch.get_rng_state())

    monkeypatch.setattr(Step, "__init__", watched)
    before = np.random.get_state()[1]  # noqa: NPY002
    start()
    assert torch.equal(torch.get_rng_state(), after_weights[0])
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_record_tells_every_session(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch, 6)
    record = start(checkpoints(tmp_path)).record
    assert record["resumptions"] == 1
    first, second = record["sessions"]
    assert (first["batches"], second["batches"]) == (5, 7)
    assert first["ended_at"] == {"epoch": 2, "batch": 2}
    assert second["ended_at"] == {"epoch": 4, "batch": 3}
    assert first["environment"] == {"torch": torch.__version__}
    assert record["seconds"] == first["seconds"] + second["seconds"] > 0
    json.dumps(record)


def test_seconds_and_images_per_second_are_medians_over_the_epochs(whole: Outcome) -> None:
    for key, column in (
        ("seconds_per_epoch", "seconds"),
        ("images_per_second", "images_per_second"),
    ):
        assert whole.record[key] == pytest.approx(np.median([row[column] for row in whole.history]))


def test_seconds_of_an_epoch_include_the_session_before(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch, 6)
    folder = StateFolder(tmp_path)
    tensors, facts = folder.read() or ({}, {})
    folder.write(tensors, {**facts, "epoch_seconds": 1000.0})
    history = start(checkpoints(tmp_path)).history
    assert 1000 < history[1]["seconds"] < 1100
    assert history[1]["images_per_second"] < 15 / 1000
    assert history[2]["seconds"] < 100


def test_more_epochs_may_be_asked_for_when_a_training_goes_on(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch)
    wanted = {"max_epochs": 6, "patience": 6}
    assert_the_same(start(checkpoints(tmp_path), **wanted), start(**wanted))


def test_a_training_may_be_ended_at_the_epoch_that_is_done(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch)
    wanted = {"max_epochs": 2, "keep_epochs": (1,)}
    assert_the_same(start(checkpoints(tmp_path), **wanted), start(**wanted))


def test_a_training_that_had_ended_before_is_refused(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch)
    with pytest.raises(TrainingError, match=r"holds 2 finished epochs; with max_epochs 1 ") as got:
        start(checkpoints(tmp_path), max_epochs=1, keep_epochs=())
    assert got.value.where == str(tmp_path / "state.safetensors")


def test_an_epoch_to_keep_that_is_over_is_refused(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch)
    with pytest.raises(TrainingError, match=r"is past epoch 2 and has not kept its weights"):
        start(checkpoints(tmp_path), keep_epochs=(1, 2, 3))
    assert sorted(start(checkpoints(tmp_path), keep_epochs=(1, 4)).kept) == [1, 4]


def test_another_machine_is_told_and_allowed(
    start: Start,
    whole: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cut(start, tmp_path, monkeypatch)
    with caplog.at_level("WARNING"):
        assert_the_same(start(checkpoints(tmp_path, environment={"torch": "9.9"})), whole)
    assert f"torch: {torch.__version__}, now 9.9" in caplog.text
