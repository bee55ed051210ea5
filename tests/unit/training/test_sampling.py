"""The items of an epoch: each once, or those of rare missions oftener."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from calvingfront.dataset.reading import Dataset
from calvingfront.errors import SampleError
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training import trainer as trainer_module
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import Batch
from calvingfront.training.sampling import epoch_items, mission_weights, missions_of
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.trainer import Trainer


def test_an_epoch_of_the_paper_has_every_item_once_in_the_known_order() -> None:
    """The order decides every digit of a training: it is the one that trainings always had."""
    expected = np.random.default_rng([7, 3]).permutation(40)
    assert np.array_equal(epoch_items(7, 3, 40), expected)


def test_a_rare_mission_makes_up_the_square_root_of_its_share() -> None:
    missions = ["TSX"] * 81 + ["ERS"] * 9
    weights = mission_weights(missions)
    shares = np.zeros(90)
    for epoch in range(200):
        items = epoch_items(1, epoch, 90, weights)
        assert len(items) == 90
        times = np.bincount(items, minlength=90)
        assert set(times[:81]) <= {0, 1}  # 90 · (1/9) / (9 + 3) = 0.83
        assert set(times[81:]) <= {2, 3}  # 90 · (1/3) / (9 + 3) = 2.5
        shares += times / 200
    assert shares[81:].sum() / 90 == pytest.approx(3 / 12, abs=0.01)
    assert shares[:81] == pytest.approx(0.833, abs=0.12)


def test_the_items_follow_from_seed_and_epoch_alone() -> None:
    weights = mission_weights(["a", "b", "b", "b"] * 5)
    one = epoch_items(1, 1, 20, weights)
    assert np.array_equal(one, epoch_items(1, 1, 20, weights))
    assert not np.array_equal(one, epoch_items(1, 2, 20, weights))
    assert not np.array_equal(one, epoch_items(2, 1, 20, weights))


def test_equal_missions_leave_every_item_once() -> None:
    items = epoch_items(1, 1, 30, mission_weights(["a", "b"] * 15))
    assert sorted(items) == list(range(30))
    assert list(items) != sorted(items)


def test_missions_come_from_the_index_in_the_order_of_the_scenes() -> None:
    index = pd.DataFrame({"scene": ["a", "b", "c"], "mission": ["TSX", "ERS", None]})
    pixels = np.zeros((3, 4, 4), np.uint8)
    assert missions_of(Dataset(pixels, pixels, index), ["c", "b"]) == ("", "ERS")
    with pytest.raises(SampleError, match="has no column mission"):
        missions_of(Dataset(pixels, pixels, index[["scene"]]), ["a"])


def test_an_epoch_of_a_training_is_sampled_and_each_of_its_batches_varied_anew(
    feed: Callable[..., ResidentFeed],
    network: NetworkSettings,
    settings: Callable[..., TrainingSettings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nine scenes of one mission, one of another: a third of the weight of an epoch."""
    samples, seeds = feed(10, 1, size=16, augmentation="paper"), []
    samples.missions = ["TSX"] * 9 + ["ERS"]

    def watched(batch: Batch, *seed: int) -> Batch:
        seeds.append(seed)
        return batch

    monkeypatch.setattr(trainer_module, "varied", watched)
    taken: Counter[int] = Counter()
    given = ResidentFeed.batches

    def counted(self: ResidentFeed, items: Any, size: int) -> Any:
        taken.update((np.asarray(items) // self.copies).tolist())
        return given(self, items, size)

    monkeypatch.setattr(ResidentFeed, "batches", counted)
    options = settings(batch_size=8, sampling="missions", augmentation="sar")
    trainer = Trainer(
        samples, feed(2, 2, size=16), "bce_dice", 5, network, options, torch.device("cpu")
    )  # fmt: skip
    trainer.run_epoch(1)
    trainer.run_epoch(2)
    assert sum(taken.values()) == 160
    assert taken[9] == pytest.approx(160 / 4, abs=2)  # 1 of 9 · 1/3 + 1
    assert seeds == [(5, epoch, k) for epoch in (1, 2) for k in range(10)]
