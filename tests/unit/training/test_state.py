"""The state file: whole or refused, and never used by two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from calvingfront.dataset import Dataset, open_dataset
from calvingfront.errors import TrainingError
from calvingfront.training import state as state_module
from calvingfront.training.fingerprint import fingerprint
from calvingfront.training.settings import NetworkSettings, TrainingSettings
from calvingfront.training.snapshot import Snapshot, Writer
from calvingfront.training.state import Checkpoints, StateFolder
from calvingfront.training.step import Step
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
    with pytest.raises(TrainingError, match="is no 'calvingfront training state 1'"):
        folder.read()


def test_a_failed_write_leaves_the_state_before_it(saved: StateFolder) -> None:
    with no_room(), pytest.raises(OSError, match=r"large|space"):
        saved.write({"losses": torch.ones(100_000)}, {})
    _, facts = saved.read() or ({}, {})
    assert facts == FACTS
    assert list(saved.folder.iterdir()) == [saved.path]


def test_a_full_disk_is_told_with_what_to_do(saved: StateFolder) -> None:
    checkpoints = Checkpoints(saved, {}, {}, 0)
    at = {"epoch": 1, "batch": 1, "iteration": 1}
    with pytest.raises(TrainingError, match="Make room on that disk"), no_room(), checkpoints:
        checkpoints.save({"losses": torch.ones(100_000)}, {}, at)
    _, facts = saved.read() or ({}, {})
    assert facts == FACTS


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
from calvingfront.training.state import StateFolder
with StateFolder(sys.argv[1]).held():
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_never_hold_one_state_and_a_killed_one_leaves_it_free(
    saved: StateFolder,
) -> None:
    source = Path(state_module.__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(saved.folder)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(source)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(TrainingError, match="another process trains this very network"),
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
    lock = state_module.fcntl.flock
    calls: list[int] = []

    def late(handle: int, operation: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            (saved.folder / "lock").unlink()
        lock(handle, operation)

    monkeypatch.setattr(state_module.fcntl, "flock", late)
    with saved.held():
        assert len(calls) == 2
        with pytest.raises(TrainingError, match="another process"), saved.held():
            pass


def test_a_file_system_without_locks_is_told(
    saved: StateFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(*_: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(state_module.fcntl, "flock", none)
    with saved.held():
        assert "No locks available" in caplog.text


def test_a_snapshot_does_not_follow_its_tensors() -> None:
    tensor = torch.ones(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    snapshot = Snapshot({"a": tensor})
    tensor.zero_()
    copied = snapshot.tensors()["a"]
    assert copied.is_contiguous()
    assert torch.equal(copied, torch.ones(2, 3, 4, 4))


def test_errors_of_the_writing_thread_are_raised_where_the_next_thing_is_given() -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    def stumble() -> None:
        raise ZeroDivisionError("a fault of the code")

    writer = Writer("state.safetensors")
    writer.submit(fail)
    with pytest.raises(TrainingError, match="Input/output error"):
        writer.submit(lambda: None)
    writer.submit(stumble)
    with pytest.raises(ZeroDivisionError):
        writer.wait()
    writer.submit(fail)
    with pytest.raises(TrainingError, match="Input/output error"):
        writer.close()


def marks(**changes: Any) -> dict[str, Any]:
    """The fingerprint of a small training; anything in it may be changed."""
    fronts: npt.NDArray[np.uint8] = np.zeros((4, 8, 8), np.uint8)
    fronts[:, 3] = 1
    values: dict[str, Any] = {
        "images": fronts * 200,
        "fronts": fronts,
        "train": ["a", "b"],
        "validation": ["c"],
        "loss": "bce",
        "seed": 1,
        "network": {},
        "training": {},
        "revision": 1,
    } | changes
    names = pd.DataFrame({"scene": ["a", "b", "c", "d"]})
    return fingerprint(
        Dataset(values["images"], values["fronts"], names), values["train"], values["validation"],
        values["loss"], values["seed"], NetworkSettings("unet", **values["network"]),
        TrainingSettings(**values["training"]), values["revision"],
    )  # fmt: skip


def pixel(name: str, scene: int) -> dict[str, npt.NDArray[np.uint8]]:
    """Images or fronts with one pixel of one scene changed."""
    array = np.zeros((4, 8, 8), np.uint8)
    array[:, 3] = 200 if name == "images" else 1
    array[scene, 7, 7] = 1
    return {name: array}


CHANGES: dict[str, dict[str, Any]] = {
    "training images: sha256": pixel("images", 1),
    "training fronts: sha256": pixel("fronts", 0),
    "validation images: sha256": pixel("images", 2),
    "validation fronts: sha256": pixel("fronts", 2),
    "training scenes: 2, sha256": {"train": ["a", "d"]},
    "validation scenes: 1, sha256": {"validation": ["d"]},
    "loss: bce, now wbce4": {"loss": "wbce4"},
    "seed: 1, now 2": {"seed": 2},
    "revision of the training code: 1, now 2": {"revision": 2},
    "networks.width: 32, now 16": {"network": {"width": 16}},
    "networks.variant: paper, now released": {"network": {"variant": "released"}},
    "networks.front_prior: None, now 0.1": {"network": {"front_prior": 0.1}},
    "training.batch_size: 5, now 4": {"training": {"batch_size": 4}},
    "training.learning_rate_max: 0.001, now 0.01": {"training": {"learning_rate_max": 1e-2}},
    "training.learning_rate_min: 1e-05, now 0.0001": {"training": {"learning_rate_min": 1e-4}},
    "training.half_cycle_epochs: 6, now 3": {"training": {"half_cycle_epochs": 3}},
    "training.augmentation: paper, now none": {"training": {"augmentation": "none"}},
    "training.precision: auto, now float32": {"training": {"precision": "float32"}},
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_state_of_another_training_is_refused_with_what_differs(
    tmp_path: Path, message: str
) -> None:
    folder = StateFolder(tmp_path)
    earlier = Checkpoints(folder, marks(), {}, 0)
    with earlier:
        facts = {"epoch": 1, "batch": 1, "iteration": 1}
        earlier.save({"network.w": torch.ones(1)}, {}, facts)
    with pytest.raises(TrainingError) as caught:
        Checkpoints(folder, marks(**CHANGES[message]), {}, 0).resume()
    assert message in caught.value.what
    assert "; " not in caught.value.what  # and nothing else is told
    assert caught.value.where == str(folder.path)
    assert "remove the file" in caught.value.remedy
    assert Checkpoints(folder, marks(), {}, 0).resume() is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"max_epochs": 9, "patience": 9, "keep_epochs": (1,)}},
        {"training": {"threads": 7, "device": "cpu", "save_minutes": 1, "deterministic": True}},
        pixel("images", 3),  # neither trained on nor validated with
    ],
)
def test_what_does_not_change_the_numbers_is_no_reason_to_refuse(changes: dict[str, Any]) -> None:
    assert marks(**changes) == marks()


def test_the_order_of_the_scenes_matters() -> None:
    turned = marks(train=["b", "a"])
    assert turned["training scenes"] != marks()["training scenes"]


def test_moments_that_are_loaded_lie_in_memory_as_their_weights_do() -> None:
    """Another layout would make every step slower, and could round it differently."""
    network = torch.nn.Conv2d(3, 4, 3)
    step = Step(network, 0.0, TrainingSettings(), torch.device("cpu"))
    weight = network.weight
    saved = {name: value.contiguous().clone() for name, value in step.tensors().items()}
    for name, parameter in network.named_parameters():
        for key in ("exp_avg", "exp_avg_sq"):
            saved[f"adam.{key}.{name}"] = torch.rand(parameter.shape)
        saved[f"adam.step.{name}"] = torch.tensor(3.0)
    step.load(saved)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert step.optimiser.state[weight]["exp_avg"].stride() == weight.stride()
    assert set(step.tensors()) == set(saved)
    assert all(torch.equal(step.tensors()[name], value) for name, value in saved.items())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_a_fingerprint_reads_past_the_maps_of_the_archive(tmp_path: Path) -> None:
    """Pages that a map has touched count as memory of the process."""
    shape, names = (60, 1024, 1024), [f"s{k}" for k in range(60)]
    paths = [tmp_path / f"{name}.npy" for name in ("images", "fronts")]
    for path in paths:
        np.lib.format.open_memmap(path, "w+", np.uint8, shape).flush()  # a hole: no disk
    index = tmp_path / "index.tsv"
    pd.DataFrame({"scene": names}).to_csv(index, sep="\t", index=False)
    data = open_dataset(*paths, index)

    def file_pages_mb() -> float:
        text = Path("/proc/self/status").read_text(encoding="ascii")
        return int(text.split("RssFile:")[1].split()[0]) / 1024

    before = file_pages_mb()
    network = NetworkSettings("unet")
    fingerprint(data, names[:50], names[50:], "bce", 1, network, TrainingSettings(), 1)
    assert file_pages_mb() - before < 20
