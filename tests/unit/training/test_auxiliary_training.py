"""Zones and distances beside the front: a training learns them, and predictions need none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from calvingfront.errors import CalvingFrontError, SampleError
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import load_network
from calvingfront.storage.arrays import row_crc
from calvingfront.storage.sealed import read_sealed
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import Batch
from calvingfront.training.loop import train
from calvingfront.training.run import train_network
from calvingfront.training.settings import TrainingSettings
from calvingfront.vocabulary.auxiliary import UNKNOWN
from packed import write_packed, write_split
from replayed_operations import NoReading
from small_trainings import bright_lines, small_step, with_zones, zones_of

CPU = torch.device("cpu")
BOTH = ("zones", "distance")
NETWORK = NetworkSettings("attention_unet", width=4, depth=2, kernel=3, auxiliary=BOTH)


def batches_of(augmentation: Any = "paper") -> list[Batch]:
    feed = ResidentFeed(with_zones(augmentation, n=8))
    return list(feed.batches(np.arange(16), 4))


def train_on(step: Any, batches: list[Batch]) -> list[float]:
    return [float(step.train(batch, 5e-3)) for batch in batches]


def state_of(step: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in step.tensors().items()}


@pytest.mark.parametrize("deep", [False, True])
def test_a_captured_step_learns_zones_and_distances_as_the_eager_one_does(deep: bool) -> None:
    """Each batch's own zones and distances: nothing of a static buffer shines through."""
    network = replace(NETWORK, deep_supervision=deep)
    eager, captured = (small_step(network, CPU) for _ in range(2))
    before = state_of(eager)
    captured.arrange(way="graph")
    batches = batches_of()
    with NoReading():
        losses = [eager.train(batch, 5e-3) for batch in batches]
    assert train_on(captured, batches) == [float(loss) for loss in losses]
    assert captured.way == "graph"
    now = state_of(captured)
    assert now.keys() == state_of(eager).keys()
    assert all(torch.equal(now[name], value) for name, value in state_of(eager).items())
    for task in BOTH:
        name = f"network.auxiliary_heads.{task}.weight"
        assert not torch.equal(now[name], before[name])


def test_the_loss_is_that_of_the_front_and_the_weighted_ones_beside_it() -> None:
    """What is validated as the loss and monitor is the front alone."""
    batch = batches_of()[0]
    step = small_step(NETWORK, CPU, auxiliary_weight=0.3)
    step.network.eval()
    with torch.no_grad():
        front, monitor, beside = step.evaluate(batch)
        whole = step._loss(batch)
    assert beside.keys() == set(BOTH)
    assert all(float(value) > 0.01 for value in beside.values())
    torch.testing.assert_close(whole, front + 0.3 * (beside["zones"] + beside["distance"]))
    plain = small_step(replace(NETWORK, auxiliary=()), CPU)
    plain.network.eval()
    alone = plain.evaluate(batch)
    assert torch.equal(alone[0], front)
    assert torch.equal(alone[1], monitor)
    assert alone[2] == {}


def test_a_weight_of_zero_trains_the_network_of_the_front_alone() -> None:
    with_heads = small_step(NETWORK, CPU, auxiliary_weight=0.0)
    weighted = small_step(NETWORK, CPU)
    plain = small_step(replace(NETWORK, auxiliary=()), CPU)
    for step in (with_heads, weighted, plain):
        train_on(step, batches_of())
    found, other = state_of(with_heads), state_of(weighted)
    assert all(torch.equal(found[name], value) for name, value in state_of(plain).items())
    assert not torch.equal(other["network.head.weight"], found["network.head.weight"])


@pytest.mark.parametrize("model", ["unet", "pretrained_unet"])
def test_a_training_learns_zones_and_distances(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both losses fall on scenes that it has not seen; the history has them for each epoch."""
    monkeypatch.setattr("calvingfront.networks.efficientnet.EfficientNetLite.load_imagenet",
                        lambda self: None)  # fmt: skip
    settings = TrainingSettings(
        batch_size=4, max_epochs=8, patience=8, half_cycle_epochs=2, learning_rate_max=2e-2,
        learning_rate_min=1e-3, keep_epochs=(), threads=1, device="cpu", keep_state=False,
    )  # fmt: skip
    network = NetworkSettings(model, width=4, depth=1, kernel=3, batch_norm_momentum=0.2,
                              auxiliary=BOTH)  # fmt: skip
    feeds = ResidentFeed(with_zones(n=8)), ResidentFeed(with_zones("none", seed=2))
    history = train(*feeds, "bce_dice", 1, network, settings, CPU).history
    for task in BOTH:
        losses = [row[f"validation_{task}"] for row in history]
        assert min(losses[4:]) < 0.7 * losses[0], (task, losses)
    front_alone = replace(network, auxiliary=())
    plain = train(*feeds, "bce_dice", 1, front_alone, replace(settings, max_epochs=1), CPU)
    assert plain.history[0].keys() == history[0].keys() - {f"validation_{task}" for task in BOTH}


NETWORKS: dict[str, Any] = {"models": ["unet"], "width": 2, "depth": 1, "kernel": 3}
TRAINING: dict[str, Any] = {
    "batch_size": 4, "max_epochs": 2, "patience": 2, "half_cycle_epochs": 2, "keep_epochs": [1],
    "device": "cpu", "threads": 1, "augmentation": "sar", "schedule": "cosine",
}  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Six packed scenes with zones."""
    _, fronts = bright_lines(6, 16, 5)
    folder = write_packed(tmp_path / "dataset", fronts)
    write_split(folder, train=["s0", "s1", "s2", "s3"], validation=["s4"], test=["s5"])
    zones = zones_of(fronts)
    np.save(folder / "zones.npy", zones)
    scenes = [f"s{k}" for k in range(6)]
    table = pd.DataFrame({"scene": scenes, "zones_crc32": [row_crc(each) for each in zones]})
    table.to_csv(folder / "zones.tsv", sep="\t", index=False)
    return folder


def run(dataset: Path, folder: Path, *tasks: str, loss: str = "bce_dice", **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    train_network(
        dataset, folder / "weights.safetensors", folder / "history.tsv", folder / "run.json",
        "unet", loss, 1, {**NETWORKS, "auxiliary": list(tasks)}, {**TRAINING, **changes},
    )  # fmt: skip
    return folder


def test_a_run_records_what_it_learnt_and_predicts_without_it(
    dataset: Path, tmp_path: Path
) -> None:
    folder = run(dataset, tmp_path / "run", "zones", "distance")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["network"]["auxiliary"] == ["zones", "distance"]
    assert record["training"]["auxiliary_weight"] == 0.1
    history = read_sealed(folder / "history.tsv")
    assert np.isfinite(history[["validation_zones", "validation_distance"]].to_numpy()).all()
    network = load_network(folder / "weights.safetensors", folder / "run.json")
    assert network(torch.rand(1, 1, 16, 16)).shape == (1, 1, 16, 16)


def test_a_run_that_was_told_to_go_on_is_the_one_that_ran_through(
    dataset: Path, tmp_path: Path
) -> None:
    """Of the states of a finished training: another weight, or other zones, start anew."""
    settings = {"schedule": "triangular"}
    folder = run(dataset, tmp_path / "run", *("zones", "distance"), **settings)
    longer = {**settings, "max_epochs": 4, "patience": 4}
    run(dataset, folder, "zones", "distance", **longer)
    whole = run(dataset, tmp_path / "whole", "zones", "distance", **longer)
    names = "weights.safetensors"
    assert (folder / names).read_bytes() == (whole / names).read_bytes()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert len(record["sessions"]) == 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"auxiliary_weight": 0.25}, "training.auxiliary_weight: 0.1, now 0.25"),
        ({}, "training zones: sha256"),
    ],
)
def test_another_weight_or_other_zones_start_anew(
    dataset: Path,
    tmp_path: Path,
    changes: dict[str, Any],
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = run(dataset, tmp_path / "run", "zones")
    if not changes:
        zones = np.load(dataset / "zones.npy")
        zones[0, 0, 5] = UNKNOWN
        np.save(dataset / "zones.npy", zones)
        table = pd.read_csv(dataset / "zones.tsv", sep="\t", dtype=str)
        table.loc[0, "zones_crc32"] = row_crc(zones[0])
        table.to_csv(dataset / "zones.tsv", sep="\t", index=False)
    with caplog.at_level("INFO"):
        run(dataset, folder, "zones", **changes)
    assert told in caplog.text


def test_a_weight_that_acts_on_nothing_changes_nothing(
    dataset: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = run(dataset, tmp_path / "run")
    with caplog.at_level("INFO"):
        run(dataset, folder, auxiliary_weight=0.25)
    assert "starts anew" not in caplog.text


def test_zones_are_read_only_if_they_are_learnt(dataset: Path, tmp_path: Path) -> None:
    (dataset / "zones.npy").unlink()
    run(dataset, tmp_path / "run", "distance")
    with pytest.raises(SampleError, match=r"zones.npy: is missing, but networks.auxiliary contai"):
        run(dataset, tmp_path / "other", "zones")


def damage(zones: Any) -> None:
    zones[3, 2, 2] ^= 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda zones: damage(zones) or zones, "s3, row 3, does not match its checksum"),
        (lambda zones: zones[:, ::2, ::2].copy(), "does not belong to the samples"),
        (lambda zones: zones.astype(np.int16), "is int16"),
    ],
)
def test_damaged_or_foreign_zones_are_refused(
    dataset: Path, tmp_path: Path, change: Any, what: str
) -> None:
    np.save(dataset / "zones.npy", change(np.load(dataset / "zones.npy")))
    with pytest.raises(CalvingFrontError, match=what):
        run(dataset, tmp_path / "run", "zones")


def test_distances_of_a_loss_that_weighs_by_them_still_do_not_move(
    dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(CalvingFrontError, match="sar moves fronts, but the loss wbce4"):
        run(dataset, tmp_path / "run", "distance", loss="wbce4")
