"""The state file: whole or refused, and never used by two."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from calvingfront.errors import TrainingError
from calvingfront.training.resuming import state as state_module
from calvingfront.training.resuming.state import StateFolder
from full_disk import no_room


def some_tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    random = torch.randn(3, 4, generator=generator)
    return {
        "network.weight": random,
        "network.count": torch.tensor(7, dtype=torch.int64),
        "adam.step.weight": torch.tensor(12.0),
        "losses": torch.tensor([1 / 3, 1e-45, float("inf")]),
        "best.weight": random * np.pi,
        "kept.5.weight": torch.tensor([0.1]),
    }


FACTS = {"epoch": 3, "batch": 2, "monitor": 0.1 + 0.2, "history": [{"seconds": 1e-17, "best": 0}]}


@pytest.fixture
def saved(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.write(some_tensors(), FACTS)
    return folder


def test_a_state_comes_back_to_the_bit(saved: StateFolder) -> None:
    tensors, facts = saved.read() or ({}, {})
    assert facts == FACTS
    assert set(tensors) == set(some_tensors())
    for name, value in some_tensors().items():
        assert tensors[name].dtype == value.dtype
        assert tensors[name].shape == value.shape
        assert tensors[name].numpy().tobytes() == value.numpy().tobytes()


def test_weights_under_two_names_stand_in_the_file_once(tmp_path: Path) -> None:
    weights = torch.rand(10_000)
    folder = StateFolder(tmp_path)
    folder.write({"best.w": weights, "kept.5.w": weights}, {})
    assert folder.path.stat().st_size < 1.1 * weights.nbytes
    tensors, _ = folder.read() or ({}, {})
    assert torch.equal(tensors["best.w"], weights)
    assert torch.equal(tensors["kept.5.w"], weights)


def test_no_state_is_none(tmp_path: Path) -> None:
    assert StateFolder(tmp_path).read() is None


@pytest.mark.parametrize("part", [0, 0.02, 0.5, 0.99])
def test_a_truncated_state_is_refused(saved: StateFolder, part: float) -> None:
    whole = saved.path.read_bytes()
    saved.path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(TrainingError, match="is damaged") as caught:
        saved.read()
    assert caught.value.where == str(saved.path)
    assert "Remove it" in caught.value.remedy


def test_a_flipped_bit_anywhere_is_refused(saved: StateFolder) -> None:
    whole = saved.path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    accepted = []
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 4
        saved.path.write_bytes(damaged)
        try:
            saved.read()
        except TrainingError:
            continue
        accepted.append(position)
    # What passes are blanks that fill the header up.
    assert all(position < header and whole[position] == ord(" ") for position in accepted)
    assert len(accepted) < 8


@pytest.mark.parametrize("metadata", [None, {"format": "calvingfront training state 0"}])
def test_a_file_that_is_no_state_is_refused(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    folder = StateFolder(tmp_path)
    save_file({"weight": torch.ones(2)}, folder.path, metadata)
    with pytest.raises(TrainingError, match="not 'calvingfront training state 1'"):
        folder.read()


def test_a_failed_write_leaves_the_state_before_it(saved: StateFolder) -> None:
    with no_room(), pytest.raises(OSError, match=r"large|space"):
        saved.write({"losses": torch.ones(100_000)}, {})
    _, facts = saved.read() or ({}, {})
    assert facts == FACTS
    assert list(saved.folder.iterdir()) == [saved.path]


def test_what_a_killed_writer_left_is_removed_and_never_read(saved: StateFolder) -> None:
    left = saved.folder / ".state.4711.tmp.safetensors"
    left.write_bytes(b"half a file")
    other = saved.folder / "notes.txt"
    other.write_text("the user's")
    with saved.held():
        assert not left.exists()
        assert (saved.read() or ({}, {}))[1] == FACTS
    assert other.exists()


def test_the_folder_vanishes_with_its_state(saved: StateFolder) -> None:
    with saved.held():
        pass
    assert saved.path.exists()
    with saved.held():
        saved.remove()
    assert not saved.folder.exists()


HOLDER = """
import sys, time
from calvingfront.training.resuming.state import StateFolder
with StateFolder(sys.argv[1]).held():
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_never_hold_one_state_and_a_killed_one_leaves_it_free(
    saved: StateFolder,
) -> None:
    source = Path(state_module.__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(saved.folder)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(source)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(TrainingError, match="in use by another process that trains"),
            saved.held(),
        ):
            pass
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with saved.held():
        pass


def test_a_lock_that_its_owner_removed_is_no_lock(
    saved: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training that ends takes its lock file away after another one has opened it."""
    lock = fcntl.flock
    calls: list[int] = []

    def late(handle: int, operation: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            (saved.folder / "lock").unlink()
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with saved.held():
        assert len(calls) == 2
        with pytest.raises(TrainingError, match="another process"), saved.held():
            pass


def test_a_file_system_without_locks_is_told(
    saved: StateFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(*_: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with saved.held():
        assert "No locks available" in caplog.text
