"""Zones and distances beside the front: they turn with the image, and a training learns them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from calvingfront.errors import CalvingFrontError, SampleError
from calvingfront.fronts.distance import distance_to_front
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import load_network
from calvingfront.storage.arrays import row_crc
from calvingfront.storage.sealed import read_sealed
from calvingfront.training import sar_augmentation
from calvingfront.training.augmentation import transform
from calvingfront.training.feed import (
    Batch,
    FeedSource,
    ResidentFeed,
    StreamedFeed,
    resident_bytes,
)
from calvingfront.training.loop import train
from calvingfront.training.run import train_network
from calvingfront.training.sar_augmentation import varied
from calvingfront.training.settings import TrainingSettings
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, UNKNOWN
from packed import write_packed, write_split
from replayed_operations import NoReading
from small_trainings import bright_lines, small_step

CPU = torch.device("cpu")
BOTH = ("zones", "distance")
NETWORK = NetworkSettings("attention_unet", width=4, depth=2, kernel=3, auxiliary=BOTH)


def zones_of(fronts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Glacier above the front, ocean on and below it, and a first column of unknown zone."""
    zones = np.where(np.maximum.accumulate(fronts, axis=1) > 0, OCEAN, GLACIER).astype(np.uint8)
    zones[:, :, 0] = UNKNOWN
    return zones


def source(augmentation: Any = "paper", n: int = 6, seed: int = 1, size: int = 16) -> FeedSource:
    images, fronts = bright_lines(n, size, seed)
    scenes = [f"s{seed}_{k}" for k in range(n)]
    return FeedSource(CPU, scenes, images, fronts, augmentation, zones=zones_of(fronts))


@pytest.mark.parametrize("kind", [ResidentFeed, StreamedFeed])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none", "sar"])
def test_zones_turn_with_their_image(kind: type[Any], weighted: bool, augmentation: Any) -> None:
    given = replace(source(augmentation), weighted=weighted)
    feed = kind(given)
    items = np.random.default_rng(3).permutation(feed.count)
    batches = list(feed.batches(items, 5))
    found = torch.cat([batch.zones for batch in batches])
    fronts = torch.cat([batch.fronts for batch in batches])
    assert found.shape == fronts.shape
    assert found.dtype == torch.uint8
    assert given.zones is not None
    for k, item in enumerate(items.tolist()):
        plain, code = torch.from_numpy(given.zones[item // feed.copies])[None], item % feed.copies
        assert torch.equal(found[k], transform(plain, code, augmentation == "released"))
    assert ((found == OCEAN) | (fronts == 0) | (found == UNKNOWN)).all()


def test_zones_count_among_the_bytes_of_a_resident_feed() -> None:
    given = source()
    feed = ResidentFeed(given)
    assert resident_bytes(given) == sum(part.nbytes for part in feed.samples)
    assert resident_bytes(given) - resident_bytes(replace(given, zones=None)) == 6 * 16 * 16


def slanting(size: int = 96, n: int = 8) -> Batch:
    """Scenes whose radar image shows the zones, 60 and 200, with distances to the line between."""
    zones = np.zeros((n, 1, size, size), np.uint8)
    fronts = np.zeros_like(zones)
    for k in range(n):
        line = np.array([[0, 20 + 4 * k], [size - 1, 70 - 4 * k]], np.int32)
        cv2.polylines(fronts[k, 0], [line], False, 1, 3)
        zones[k, 0] = GLACIER
        cv2.fillPoly(zones[k, 0], [np.vstack([line, [[size - 1, size - 1], [0, size - 1]]])], OCEAN)
    distances = np.stack([distance_to_front(front[0])[None] for front in fronts])
    images = np.where(zones == OCEAN, 200, 60).astype(np.uint8)
    return Batch(*map(torch.from_numpy, (images, fronts, distances, zones)))


@pytest.fixture
def moved_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GAIN", "GAMMA", "CONTRAST"):
        monkeypatch.setattr(sar_augmentation, name, 0.0)


@pytest.mark.usefixtures("moved_only")
def test_zones_move_with_the_image_and_are_unknown_outside_it() -> None:
    given = slanting()
    for seed in range(5):
        with NoReading():
            new = varied(given, seed)
        assert not torch.equal(new.zones, given.zones)
        assert set(new.zones.unique().tolist()) == {UNKNOWN, GLACIER, OCEAN}
        shown = torch.where(new.images > 130, OCEAN, GLACIER)
        away = torch.nn.functional.max_pool2d(new.fronts.float(), 5, 1, 2) == 0
        inside = (new.images > 0) & away
        assert torch.equal(new.zones[inside], shown[inside].to(torch.uint8))
        outside = torch.nn.functional.max_pool2d((new.images > 0).float(), 3, 1, 1) == 0
        assert (new.zones[outside] == UNKNOWN).all()


@pytest.mark.usefixtures("moved_only")
def test_distances_become_those_of_the_moved_front() -> None:
    """Measured anew wherever a front in the image is nearer than the image's edge."""
    given = slanting()
    compared, scales = 0, []
    for seed in range(5):
        new = varied(given, seed)
        for image, front, distance in zip(new.images, new.fronts, new.distances, strict=True):
            measured = distance_to_front(front[0].numpy())
            edge = np.ones_like(measured, np.uint8)
            edge[1:-1, 1:-1] = 0
            sure = (measured < distance_to_front(edge)) & (image[0].numpy() > 0)
            off = (distance[0].numpy() - measured)[sure]
            assert np.abs(off).max() < 1.6
            assert np.abs(off).mean() < 0.5
            compared += int(sure.sum())
            far = sure & (measured > 10)
            scales.append(float(np.polyfit(measured[far], distance[0].numpy()[far], 1)[0]))
    assert compared > 50_000
    assert np.mean(scales) == pytest.approx(1, abs=0.01)


def test_without_a_front_distances_stay_far_and_finite() -> None:
    given = slanting(n=2)._replace(distances=torch.full((2, 1, 96, 96), float("inf")))
    new = varied(given, 1)
    assert torch.isfinite(new.distances).all()
    assert float(new.distances.min()) > 2 * 96


def batches_of(augmentation: Any = "paper") -> list[Batch]:
    feed = ResidentFeed(source(augmentation, n=8))
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
    feeds = ResidentFeed(source(n=8)), ResidentFeed(source("none", seed=2))
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
    assert record["training"]["auxiliary_weight"] == 0.5
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
        ({"auxiliary_weight": 0.25}, "training.auxiliary_weight: 0.5, now 0.25"),
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
