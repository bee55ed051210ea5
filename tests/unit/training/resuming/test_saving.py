"""When the state of a training is saved, and what stands in the way."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from calvingfront.errors import DivergedError, TrainingError
from calvingfront.training.loop import Outcome
from calvingfront.training.resuming import checkpoints as checkpoints_module
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.step import Step
from calvingfront.training.trainer import Trainer
from full_disk import no_room
from resumed import Start, assert_the_same, checkpoints, cut


def test_nothing_is_saved_before_its_time(start: Start, tmp_path: Path) -> None:
    start(checkpoints(tmp_path, minutes=60))
    assert not list(tmp_path.iterdir())


def test_a_state_is_saved_when_its_time_has_come_not_at_every_batch(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two minutes a batch and five minutes between two states: batches 3, 6, 9 and 12."""
    clock = [0.0]
    step, write = Step.train, StateFolder.write
    saved: list[int] = []

    def slow(self: Step, *arguments: Any) -> Tensor:
        clock[0] += 120
        return step(self, *arguments)

    def watched(self: StateFolder, tensors: Any, facts: Any) -> None:
        saved.append(facts["iteration"])
        write(self, tensors, facts)

    monkeypatch.setattr(checkpoints_module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(checkpoints_module.Writer, "busy", False)
    monkeypatch.setattr(Step, "train", slow)
    monkeypatch.setattr(StateFolder, "write", watched)
    start(checkpoints(tmp_path, minutes=5))
    assert saved == [3, 6, 9, 12]


def test_a_disk_that_hangs_does_not_hold_the_training(
    start: Start, whole: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second state is due while the first is still being written: it waits for its turn."""
    go_on = threading.Event()
    write, validate = StateFolder.write, Trainer.validate
    epochs: list[int] = []

    def hanging(self: StateFolder, *arguments: Any) -> None:
        assert go_on.wait(60)
        write(self, *arguments)

    def counted(self: Trainer) -> tuple[float, float]:
        epochs.append(1)
        if len(epochs) == 4:
            go_on.set()
        return validate(self)

    monkeypatch.setattr(StateFolder, "write", hanging)
    monkeypatch.setattr(Trainer, "validate", counted)
    assert_the_same(start(checkpoints(tmp_path, minutes=1e-9)), whole)
    assert len(epochs) == 4


def test_a_full_disk_ends_the_training_with_what_to_do(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(start, tmp_path, monkeypatch)
    with pytest.raises(TrainingError, match="cannot be saved") as caught, no_room():
        start(checkpoints(tmp_path))
    assert "Free some disk space" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]
    assert start(checkpoints(tmp_path)).record["resumptions"] == 1


@pytest.mark.parametrize("batch", [12, 13])
def test_an_error_of_the_last_writing_is_not_lost(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    calls = iter(range(1, 100))
    write = StateFolder.write

    def failing(self: StateFolder, *arguments: Any) -> None:
        if next(calls) == batch:
            raise OSError(28, "No space left on device")
        write(self, *arguments)

    monkeypatch.setattr(StateFolder, "write", failing)
    if batch == 13:  # there are twelve
        start(checkpoints(tmp_path))
        return
    with pytest.raises(TrainingError, match="cannot be saved"):
        start(checkpoints(tmp_path))


def test_a_loss_that_is_no_number_leaves_the_last_good_state(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights of batch 5 are broken, which batch 6 tells; neither is saved."""
    calls = iter(range(1, 100))
    step = Step.train

    def breaking(self: Step, *arguments: Any) -> Tensor:
        loss = step(self, *arguments)
        if next(calls) == 5:
            with torch.no_grad():
                next(self.network.parameters()).view(-1)[0] = float("nan")
        return loss

    with monkeypatch.context() as patch:
        patch.setattr(Step, "train", breaking)
        with pytest.raises(DivergedError, match="the loss became nan on the scenes") as caught:
            start(checkpoints(tmp_path))
    assert caught.value.where == "epoch 2, batch 3"
    assert "The state after epoch 2, batch 1 is kept in" in caught.value.remedy
    assert "learning_rate_max" in caught.value.remedy
    tensors, facts = StateFolder(tmp_path).read() or ({}, {})
    assert (facts["epoch"], facts["batch"]) == (2, 1)
    assert all(bool(torch.isfinite(value).all()) for value in tensors.values())


def test_a_broken_loss_stops_a_long_epoch_at_the_next_save(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch may take hours; its end is not waited for."""
    calls: list[int] = []
    step = Step.train

    def breaking(self: Step, *arguments: Any) -> Tensor:
        calls.append(1)
        return step(self, *arguments) * float("nan" if len(calls) == 2 else 1)

    monkeypatch.setattr(Step, "train", breaking)
    with pytest.raises(DivergedError) as caught:
        start(checkpoints(tmp_path), batch_size=1)
    assert caught.value.where == "epoch 1, batch 2"
    assert len(calls) < 8  # of sixteen
