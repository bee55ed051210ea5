"""The training loop on scenes that a tiny network learns within seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from calvingfront.errors import TrainingError
from calvingfront.fronts.distance import distance_to_front
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import Batch
from calvingfront.training.loop import Outcome, train
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.trainer import Trainer

CPU = torch.device("cpu")
FeedBuilder = Callable[..., ResidentFeed]
Settings = Callable[..., TrainingSettings]


def soft_dice_by_hand(network: nn.Module, data: ResidentFeed, w: float) -> float:
    """The mean soft Dice (w = 0) or WDice_w, image by image in numpy."""
    network.eval()
    values = []
    for image, front in zip(data.samples.images, data.samples.fronts, strict=True):
        with torch.no_grad():
            p = torch.sigmoid(network(image[None].float() / 255))[0, 0].double().numpy()
        y = front[0].numpy().astype(np.float64)
        if w:
            p = p * (np.tanh(distance_to_front(front[0].numpy()) / (2 * w)) + y)
        values.append((2 * (y * p).sum() + 1) / (y.sum() + p.sum() + 1))
    return float(np.mean(values))


def rebuilt(state: dict[str, Tensor], network: NetworkSettings) -> nn.Module:
    model = build_network(network)
    model.load_state_dict(state)
    return model


def column(outcome: Outcome, name: str) -> list[float]:
    return [row[name] for row in outcome.history]


@pytest.mark.parametrize("model", ["unet", "attention_unet"])
@pytest.mark.parametrize(("loss", "w", "enough"), [("bce", 0.0, 0.7), ("wbce4", 4.0, 0.75)])
def test_a_tiny_network_learns_to_find_a_bright_line(
    feed: FeedBuilder,
    network: NetworkSettings,
    settings: Settings,
    model: str,
    loss: str,
    w: float,
    enough: float,
) -> None:
    """Dice for BCE; WDice for WBCE, which draws thicker lines."""
    network = replace(network, model=model)
    outcome = train(
        feed(6, 1, augmentation="paper"),
        feed(3, 2),
        loss,
        1,
        network,
        settings(max_epochs=10, patience=10),
        CPU,
    )
    losses = column(outcome, "train_loss")
    assert losses[-1] < 0.25 * losses[0]
    unseen = feed(4, 3)
    assert soft_dice_by_hand(build_network(network), unseen, w) < 0.4
    assert soft_dice_by_hand(rebuilt(outcome.best, network), unseen, w) > enough


def test_the_same_seed_gives_the_same_history_and_weights(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    runs = [
        train(
            feed(3, 1, augmentation="paper"),
            feed(2, 2),
            "wbce4",
            seed,
            network,
            settings(max_epochs=2),
            CPU,
        )
        for seed in (5, 5, 6)
    ]
    numbers = [
        [{k: v for k, v in row.items() if "second" not in k} for row in run.history] for run in runs
    ]
    assert numbers[0] == numbers[1]
    assert numbers[0] != numbers[2]
    assert all(torch.equal(runs[0].best[name], runs[1].best[name]) for name in runs[0].best)
    assert not torch.equal(runs[0].best["head.weight"], runs[2].best["head.weight"])


def test_a_run_does_not_depend_on_what_was_drawn_before_it(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    first = train(
        feed(3, 1, augmentation="paper"), feed(2, 2), "bce", 1, network, settings(max_epochs=1), CPU
    )
    torch.rand(17)
    second = train(
        feed(3, 1, augmentation="paper"), feed(2, 2), "bce", 1, network, settings(max_epochs=1), CPU
    )
    assert column(first, "train_loss") == column(second, "train_loss")


def scripted(monkeypatch: pytest.MonkeyPatch, monitors: list[float]) -> None:
    """Let the validation report these monitors, one per epoch."""
    values = iter(monitors)
    monkeypatch.setattr(Trainer, "validate", lambda _self: (0.0, next(values)))


def test_training_stops_when_patience_epochs_brought_nothing_better(
    feed: FeedBuilder,
    network: NetworkSettings,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted(monkeypatch, [0.1, 0.3, 0.2, 0.3, 0.1, 0.9])
    outcome = train(
        feed(1, 1, augmentation="paper"),
        feed(1, 2),
        "bce",
        1,
        network,
        settings(max_epochs=9, patience=3),
        CPU,
    )
    # Epoch 2 is the best; an equal value at 4 is no gain; 5 is the third epoch without one.
    assert column(outcome, "epoch") == [1, 2, 3, 4, 5]
    assert column(outcome, "best") == [1, 1, 0, 0, 0]
    assert outcome.record["best_epoch"] == 2
    assert outcome.record["best_monitor"] == 0.3
    assert outcome.record["stopped_early"] is True


def test_training_ends_at_max_epochs_while_it_improves(
    feed: FeedBuilder,
    network: NetworkSettings,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted(monkeypatch, [0.1, 0.2, 0.3, 0.4, 0.5])
    outcome = train(
        feed(1, 1, augmentation="paper"),
        feed(1, 2),
        "bce",
        1,
        network,
        settings(max_epochs=4, patience=1),
        CPU,
    )
    assert column(outcome, "epoch") == [1, 2, 3, 4]
    assert outcome.record["stopped_early"] is False


def test_stored_weights_are_those_of_their_epochs(
    feed: FeedBuilder,
    network: NetworkSettings,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Best and kept weights are copies: later steps must not move them."""
    scripted(monkeypatch, [0.1, 0.5, 0.2, 0.3])
    seen: dict[int, Tensor] = {}
    step = Trainer.run_epoch

    def watched(self: Trainer, epoch: int, *rest: Any) -> float:
        loss = step(self, epoch, *rest)
        seen[epoch] = self.network.head.weight.detach().clone()
        return loss

    monkeypatch.setattr(Trainer, "run_epoch", watched)
    outcome = train(
        feed(1, 1, augmentation="paper"), feed(1, 2), "bce", 1, network,
        settings(max_epochs=4, patience=4, keep_epochs=(1, 2, 3)), CPU,
    )  # fmt: skip
    assert torch.equal(outcome.best["head.weight"], seen[2])
    assert sorted(outcome.kept) == [1, 2, 3]
    for epoch, state in outcome.kept.items():
        assert torch.equal(state["head.weight"], seen[epoch])
    assert not torch.equal(seen[2], seen[3])


@pytest.mark.parametrize(("loss", "w"), [("bce", 0.0), ("wbce4", 4.0), ("wbce16", 16.0)])
def test_best_weights_reproduce_the_monitor_of_the_best_epoch(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings, loss: str, w: float
) -> None:
    """The monitor is the soft Dice for BCE and WDice_w for WBCE_w, and belongs to those weights."""
    validation = feed(3, 2)
    outcome = train(
        feed(3, 1, augmentation="paper"), validation, loss, 1, network, settings(max_epochs=4), CPU
    )
    monitors = column(outcome, "validation_monitor")
    again = soft_dice_by_hand(rebuilt(outcome.best, network), validation, w)
    assert again == pytest.approx(max(monitors), abs=1e-5)
    assert outcome.record["best_epoch"] == 1 + int(np.argmax(monitors))
    other = soft_dice_by_hand(rebuilt(outcome.best, network), validation, 4.0 if w == 0 else 0.0)
    assert abs(other - max(monitors)) > 1e-3


def test_validation_loss_is_the_mean_over_images_with_an_uneven_last_batch(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    data = feed(5, 2)
    values = []
    for size in (5, 2):
        trainer = Trainer(
            feed(2, 1, augmentation="paper"),
            data,
            "wbce4",
            1,
            network,
            settings(batch_size=size),
            CPU,
        )
        values.append(trainer.validate())
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_an_epoch_shows_every_augmented_image_once_in_another_order_each_time(
    feed: FeedBuilder,
    network: NetworkSettings,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = Trainer(
        feed(2, 1, augmentation="paper"), feed(1, 2), "bce", 1, network, settings(batch_size=5), CPU
    )
    taken: list[list[int]] = []
    given = trainer.train_feed.batches

    def watched(items: npt.NDArray[np.int64], size: int) -> Iterator[Batch]:
        taken.append(items.tolist())
        for batch in given(items, size):
            assert len(batch.images) == 5
            yield batch

    monkeypatch.setattr(trainer.train_feed, "batches", watched)
    trainer.run_epoch(1)
    trainer.run_epoch(2)
    assert len(taken) == 2
    for items in taken:
        assert len(set(items)) == 15  # 16 images: the last one is left out
        assert set(items) < set(range(16))
    assert taken[0] != taken[1]


def test_the_rate_climbs_from_its_minimum_over_the_half_cycle(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    chosen = settings(batch_size=4, half_cycle_epochs=2)
    outcome = train(feed(2, 1, augmentation="paper"), feed(1, 2), "bce", 1, network, chosen, CPU)
    # 16 augmented images, 4 per batch: 4 iterations an epoch, half cycle 8; the last iteration
    # of epochs 1, 2, 3 is number 3, 7, 11.
    expected = [1e-3 + 1.9e-2 * phase for phase in (3 / 8, 7 / 8, 5 / 8)]
    assert column(outcome, "learning_rate") == pytest.approx(expected)


def test_the_optimiser_is_adam_with_keras_epsilon(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    optimiser = Trainer(
        feed(1, 1, augmentation="paper"), feed(1, 2), "bce", 1, network, settings(), CPU
    ).step.optimiser
    assert type(optimiser) is torch.optim.Adam
    group = optimiser.param_groups[0]
    assert (group["eps"], group["betas"], group["weight_decay"]) == (1e-7, (0.9, 0.999), 0)


def test_validation_leaves_weights_and_statistics_alone(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    trainer = Trainer(
        feed(2, 1, augmentation="paper"), feed(2, 2), "bce", 1, network, settings(), CPU
    )
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.validate()
    after = trainer.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_loss_that_is_no_number_names_epoch_batch_and_scenes(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    data = feed(4, 1, prefix="DBE_")
    data.samples.distances[2] = float("nan")
    chosen = settings(augmentation="none", batch_size=2)
    with pytest.raises(TrainingError) as caught:
        train(data, feed(1, 2), "wbce4", 1, network, chosen, CPU)
    order = np.random.default_rng([1, 1]).permutation(4).tolist()
    batch = order.index(2) // 2
    partners = sorted(f"DBE_{k}" for k in order[2 * batch : 2 * batch + 2])
    assert caught.value.where == f"epoch 1, batch {batch + 1}"
    assert "nan" in caught.value.what
    assert ", ".join(partners) in caught.value.what
    assert "learning_rate_max" in caught.value.remedy


def test_a_batch_larger_than_the_augmented_set_is_refused(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    chosen = settings(batch_size=9)
    with pytest.raises(TrainingError, match=r"9 exceeds the number of .* images, 8") as caught:
        train(feed(1, 1, augmentation="paper"), feed(1, 2), "bce", 1, network, chosen, CPU)
    assert caught.value.where == "training.batch_size"


def test_progress_is_handed_out_after_every_epoch(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    lengths: list[int] = []
    train(
        feed(1, 1, augmentation="paper"), feed(1, 2), "bce", 1, network, settings(), CPU,
        after_epoch=lambda history: lengths.append(len(history)),
    )  # fmt: skip
    assert lengths == [1, 2, 3]


def test_bfloat16_trains_with_a_float32_loss(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings
) -> None:
    runs = [
        train(
            feed(2, 1, augmentation="paper"), feed(1, 2), "wbce4", 1, network,
            settings(precision=precision, max_epochs=1), CPU,
        )
        for precision in ("float32", "bfloat16", "auto")
    ]  # fmt: skip
    losses = [column(run, "train_loss")[0] for run in runs]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1] != losses[0]
    assert losses[2] == losses[0]  # auto is float32 on a CPU
    assert {value.dtype for value in runs[1].best.values()} <= {torch.float32, torch.int64}
