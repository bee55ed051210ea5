"""Runs that were killed, or finished: they go on, are extended, or are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calvingfront.errors import TrainingError
from calvingfront.training.step import Step
from killed import Killed, kill_at
from small_trainings import NEEDS_GPU
from tiny_runs import NETWORKS, TRAINING, run


def killed(dataset: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Run until the state of the sixth batch is due, and end there."""
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 7)
        with pytest.raises(Killed):
            run(dataset, folder, save_minutes=0, **changes)


def weights_of(folder: Path) -> list[bytes]:
    names = ["weights", "kept"]
    return [(folder / f"{name}.safetensors").read_bytes() for name in names]


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=NEEDS_GPU)])
def test_a_killed_run_goes_on_and_leaves_what_an_undisturbed_one_leaves(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    training = {**TRAINING, "device": device, "deterministic": device == "cuda"}
    killed(dataset, tmp_path / "run", monkeypatch, training=training)
    assert (tmp_path / "run" / "state" / "state.safetensors").exists()
    folder = run(dataset, tmp_path / "run", training=training)
    whole = run(dataset, tmp_path / "whole", training=training)
    assert weights_of(folder) == weights_of(whole)
    assert not (folder / "state").exists()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["resumptions"] == 1
    assert [session["batches"] for session in record["sessions"]] == [6, 6]
    assert all(session["environment"]["threads"] == 1 for session in record["sessions"])
    assert record["seconds_per_epoch"] > 0


def test_a_finished_run_is_extended_and_its_files_are_those_of_a_longer_one(
    dataset: Path, tmp_path: Path
) -> None:
    training = {**TRAINING, "keep_state": True}
    folder = run(dataset, tmp_path / "run", training=training)
    assert (folder / "state" / "state.safetensors").exists()
    longer = {"max_epochs": 5, "patience": 5}
    run(dataset, folder, training={**training, **longer})
    whole = run(dataset, tmp_path / "whole", training={**TRAINING, **longer})
    assert weights_of(folder) == weights_of(whole)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (record["epochs"], record["training"]["max_epochs"]) == (5, 5)
    assert [session["batches"] for session in record["sessions"]] == [12, 8]


def test_another_length_of_a_cosine_starts_anew(
    dataset: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    training = {**TRAINING, "keep_state": True, "schedule": "cosine"}
    folder = run(dataset, tmp_path / "run", training=training)
    longer = {**training, "max_epochs": 4}
    with caplog.at_level("INFO"):
        run(dataset, folder, training=longer)
    assert "cannot be extended and starts anew: training.max_epochs: 3, now 4" in caplog.text
    assert weights_of(folder) == weights_of(run(dataset, tmp_path / "whole", training=longer))


def test_a_state_stands_where_it_is_asked_for(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "elsewhere"
    killed(dataset, tmp_path / "run", monkeypatch, state=place)
    assert (place / "state.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "seed: 1, now 2"),
        ({"made_from": {"code": "other"}}, "training code: , now other"),
        ({"training": {**TRAINING, "batch_size": 5}}, "training.batch_size: 4, now 5"),
        ({"networks": {**NETWORKS, "width": 3}}, "networks.width: 2, now 3"),
    ],
)
def test_a_killed_run_of_other_settings_is_refused_and_kept(
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    message: str,
) -> None:
    killed(dataset, tmp_path / "run", monkeypatch)
    with pytest.raises(TrainingError, match=message):
        run(dataset, tmp_path / "run", **changes)
    assert (tmp_path / "run" / "state" / "state.safetensors").exists()


def test_a_killed_run_of_other_pixels_is_refused(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(dataset, tmp_path / "run", monkeypatch)
    images = np.load(dataset / "images.npy")
    images[2, 0, 0] += 1
    np.save(dataset / "images.npy", images)
    with pytest.raises(TrainingError, match="settings or code: validation images: sha256"):
        run(dataset, tmp_path / "run")


def test_temporary_files_of_a_killed_run_are_cleared(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (
        "weights.1.tmp.safetensors", "kept.1.tmp.safetensors", "progress.1.tmp.tsv",
        "history.1.tmp.tsv", "run.1.tmp.json",
    ):  # fmt: skip
        (folder / f".{name}").write_bytes(b"half")
    run(dataset, folder)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
