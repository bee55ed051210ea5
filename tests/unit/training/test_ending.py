"""Settings that would not have changed a finished training, proven by training both ways."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calvingfront.pipeline.acting import acting_training
from calvingfront.training.ending import (
    ENDS,
    best_epochs,
    is_over,
    would_be_the_same,
)
from calvingfront.training.run import train_network
from packed import band, write_packed, write_split

NETWORKS = {"width": 2, "depth": 1, "kernel": 3, "batch_norm_momentum": 0.1}
TRAINING: dict[str, Any] = {
    "batch_size": 2, "learning_rate_min": 1e-4, "learning_rate_max": 0.5, "half_cycle_epochs": 1,
    "device": "cpu", "threads": 1,
}  # fmt: skip


def ends(max_epochs: int, patience: int, *keep_epochs: int) -> dict[str, Any]:
    return {"max_epochs": max_epochs, "patience": patience, "keep_epochs": list(keep_epochs)}


def simulated(monitors: list[float], settings: dict[str, Any]) -> list[bool]:
    """Which epochs of a training are its best so far, until it ends."""
    best: list[bool] = []
    highest, best_epoch = -np.inf, 0
    for epoch, monitor in enumerate(monitors, start=1):
        best.append(monitor > highest)
        if best[-1]:
            highest, best_epoch = monitor, epoch
        if is_over(epoch, best_epoch, settings["max_epochs"], settings["patience"]):
            break
    return best


def test_the_rule_says_what_a_training_of_any_monitor_would_do() -> None:
    rng = random.Random(12)
    same = other = 0
    for _ in range(3000):
        monitors = [rng.random() for _ in range(12)]
        recorded, wanted = (ends(rng.randint(1, 12), rng.randint(1, 12)) for _ in range(2))
        first, second = simulated(monitors, recorded), simulated(monitors, wanted)
        # A shorter training has the same beginning, so as many epochs are the same epochs.
        assert would_be_the_same(first, recorded, wanted) is (len(first) == len(second))
        same, other = same + (len(first) == len(second)), other + (len(first) != len(second))
    assert min(same, other) > 200


@pytest.mark.parametrize(
    ("recorded", "wanted", "same"),
    [
        (ends(3, 3, 1, 2), ends(3, 3, 2), True),
        (ends(3, 3, 1), ends(3, 3), True),
        (ends(3, 3, 1), ends(3, 3, 1, 2), False),
        (ends(3, 3), ends(4, 3), False),
        (ends(3, 3), ends(3, 30), True),
    ],
)
def test_kept_epochs_may_only_become_fewer(
    recorded: dict[str, Any], wanted: dict[str, Any], same: bool
) -> None:
    assert would_be_the_same([True, True, True], recorded, wanted) is same


BASE = {
    "schedule": "triangular", "half_cycle_epochs": 6, "device": "auto", "deterministic": False,
    "tuning": "off", "batch_size": 5, "keep_state": True, "threads": 2, **ends(9, 9, 3),
}  # fmt: skip


@pytest.mark.parametrize(
    ("base", "change", "acts"),
    [
        ({}, {"batch_size": 4}, True),
        ({}, {"keep_state": False, "threads": 9}, False),
        ({}, {"max_epochs": 20}, False),
        ({"schedule": "cosine"}, {"max_epochs": 20}, True),
        ({"schedule": "cosine"}, {"patience": 20}, False),
        ({}, {"half_cycle_epochs": 3}, True),
        ({"schedule": "cosine"}, {"half_cycle_epochs": 3}, False),
        ({}, {"deterministic": True}, True),
        ({"device": "cpu"}, {"deterministic": True}, False),
        ({}, {"tuning": "measured"}, True),
        ({"device": "cuda:0"}, {"tuning": "measured"}, False),
        ({}, {"device": "cpu"}, False),
        ({}, {"device": "cuda"}, False),
    ],
)
def test_a_key_acts_only_where_it_can_change_the_weights(
    base: dict[str, Any], change: dict[str, Any], acts: bool
) -> None:
    before, after = BASE | base, BASE | base | change
    assert (acting_training(before) != acting_training(after)) is acts


def test_nothing_known_is_never_the_same() -> None:
    assert not would_be_the_same([], ends(1, 1), ends(1, 1))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_packed(folder, np.stack([band(16, row, 3) for row in (2, 4, 6, 8)]))
    write_split(folder, train=["s1", "s2"], validation=["s3"], test=["s0"])
    return folder


def trained(dataset: Path, folder: Path, settings: dict[str, Any]) -> dict[str, bytes]:
    files = {name: folder / name for name in ("weights.safetensors", "history.tsv", "run.json")}
    train_network(
        dataset, *files.values(), model="unet", loss="bce", seed=3, networks=NETWORKS,
        training=TRAINING | settings,
    )  # fmt: skip
    recorded = json.loads((folder / "run.json").read_text(encoding="utf-8"))["training"]
    assert {key: recorded[key] for key in ENDS} == settings
    return {"weights": files["weights.safetensors"].read_bytes()}


def test_trainings_both_ways_give_the_same_weights_where_the_rule_says_so(
    dataset: Path, tmp_path: Path
) -> None:
    first = ends(20, 1)
    weights = trained(dataset, tmp_path / "first", first)
    best = best_epochs(tmp_path / "first" / "history.tsv")
    assert 1 < len(best) < 20  # patience ended it
    found = {}
    for number, wanted in enumerate(
        (ends(30, 1), ends(len(best), 1), ends(20, 4), ends(len(best) - 1, 1))
    ):
        folder = tmp_path / str(number)
        again = trained(dataset, folder, wanted)
        epochs = len(best_epochs(folder / "history.tsv"))
        found[number] = would_be_the_same(best, first, wanted)
        assert found[number] is (epochs == len(best))
        assert not found[number] or again == weights
    assert found == {0: True, 1: True, 2: False, 3: False}
