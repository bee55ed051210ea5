"""One training: one network, one loss, one seed."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from calvingfront.errors import TrainingError
from calvingfront.networks import build_network, count_parameters
from calvingfront.training.feed import Feed
from calvingfront.training.losses import distance_weight_of
from calvingfront.training.schedule import half_cycle_iterations, triangular
from calvingfront.training.settings import NetworkSettings, TrainingSettings
from calvingfront.training.step import Step

log = logging.getLogger(__name__)

State = dict[str, Tensor]


@dataclass
class Outcome:
    """What a training leaves: weights by name, the history, and the record's own part."""

    best: State
    kept: dict[int, State]
    history: list[dict[str, float]]
    record: dict[str, Any] = field(default_factory=dict)


def _snapshot(network: nn.Module) -> State:
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in network.state_dict().items()
    }


class Trainer:
    """Holds the state of one training between its epochs."""

    def __init__(
        self,
        train: Feed,
        validation: Feed,
        loss: str,
        seed: int,
        network: NetworkSettings,
        settings: TrainingSettings,
        device: torch.device,
    ) -> None:
        self.train, self.validation = train, validation
        self.seed, self.settings = seed, settings
        torch.manual_seed(seed)
        self.step = Step(build_network(**vars(network)), distance_weight_of(loss), settings, device)
        self.network = self.step.network
        augmented = len(train.scenes) * train.copies
        if augmented < settings.batch_size:
            raise TrainingError(
                "training.batch_size",
                f"{settings.batch_size} is more than the {augmented} augmented training images",
                "Write a smaller batch size.",
            )
        self.half_cycle = half_cycle_iterations(
            settings.half_cycle_epochs, augmented, settings.batch_size
        )
        self.iteration = 0

    def run_epoch(self, epoch: int) -> float:
        """Train on every augmented image once (less a last incomplete batch); return the loss."""
        rng = np.random.default_rng([self.seed, epoch])
        size = self.settings.batch_size
        order = rng.permutation(len(self.train.scenes) * self.train.copies)
        order = order[: len(order) // size * size]
        losses: list[Tensor] = []
        self.network.train()
        for batch in self.train.batches(order, size):
            rate = triangular(
                self.iteration,
                self.half_cycle,
                self.settings.learning_rate_min,
                self.settings.learning_rate_max,
            )
            losses.append(self.step.train(batch, rate))
            self.iteration += 1
        values = torch.stack(losses).cpu().numpy()  # the only wait for the device in an epoch
        broken = np.flatnonzero(~np.isfinite(values))
        if broken.size:
            items = order[broken[0] * size : (broken[0] + 1) * size]
            scenes = sorted({self.train.scenes[i // self.train.copies] for i in items})
            raise TrainingError(
                f"epoch {epoch}, batch {broken[0] + 1}",
                f"the loss became {values[broken[0]]} on the scenes {', '.join(scenes)}",
                "Look at these scenes, or lower training.learning_rate_max.",
            )
        return float(values.mean())

    def validate(self) -> tuple[float, float]:
        """Return the validation loss and the monitor (soft Dice, or WDice_w with a weight)."""
        self.network.eval()
        items = np.arange(len(self.validation.scenes) * self.validation.copies)
        losses, monitors = [], []
        for batch in self.validation.batches(items, self.settings.batch_size):
            loss, monitor = self.step.evaluate(batch)
            losses.append(loss * len(batch.images))
            monitors.append(monitor)
        return (
            float(torch.stack(losses).sum()) / len(items),
            float(torch.cat(monitors).mean()),
        )

    @property
    def learning_rate(self) -> float:
        """The rate of the last iteration."""
        return float(self.step.optimiser.param_groups[0]["lr"])


def train(
    train_feed: Feed,
    validation_feed: Feed,
    loss: str,
    seed: int,
    network: NetworkSettings,
    settings: TrainingSettings,
    device: torch.device,
    after_epoch: Callable[[list[dict[str, float]]], None] | None = None,
) -> Outcome:
    """Train until the monitor has not risen for `patience` epochs, or `max_epochs`.

    after_epoch: called with the history so far (to show and save progress).
    Returns the weights of the best epoch and of `keep_epochs`.
    Raises TrainingError where the loss is no number or the settings cannot work.
    """
    if device.type == "cpu":
        torch.set_num_threads(settings.threads)
    started = time.perf_counter()
    trainer = Trainer(train_feed, validation_feed, loss, seed, network, settings, device)
    history: list[dict[str, float]] = []
    best_epoch, best_monitor = 0, -np.inf
    best: State = {}
    kept: dict[int, State] = {}
    for epoch in range(1, settings.max_epochs + 1):
        begun = time.perf_counter()
        train_loss = trainer.run_epoch(epoch)
        train_seconds = time.perf_counter() - begun
        validation_loss, monitor = trainer.validate()
        if not np.isfinite(monitor):
            raise TrainingError(
                f"epoch {epoch}, validation",
                f"the monitor became {monitor}",
                "Lower training.learning_rate_max.",
            )
        better = monitor > best_monitor
        if better:
            best_epoch, best_monitor = epoch, monitor
            best = _snapshot(trainer.network)
        if epoch in settings.keep_epochs:
            kept[epoch] = copy.copy(best) if better else _snapshot(trainer.network)
        images = len(train_feed.scenes) * train_feed.copies // settings.batch_size
        history.append(
            {
                "epoch": epoch,
                "learning_rate": trainer.learning_rate,
                "train_loss": train_loss,
                "validation_loss": validation_loss,
                "validation_monitor": monitor,
                "seconds": time.perf_counter() - begun,
                "images_per_second": images * settings.batch_size / train_seconds,
                "best": int(better),
            }
        )
        log.info(
            "epoch %d/%d: loss %.4f, validation loss %.4f, monitor %.4f (best %.4f at %d), %.1f s",
            epoch, settings.max_epochs, train_loss, validation_loss, monitor,
            best_monitor, best_epoch, history[-1]["seconds"],
        )  # fmt: skip
        if after_epoch is not None:
            after_epoch(history)
        if epoch - best_epoch >= settings.patience:
            break
    record = {
        "loss": loss,
        "seed": seed,
        "network": vars(network),
        "training": settings.as_record(),
        "trainable_parameters": count_parameters(trainer.network),
        "train_images": len(train_feed.scenes),
        "validation_images": len(validation_feed.scenes),
        "image_size": train_feed.size,
        "epochs": len(history),
        "best_epoch": best_epoch,
        "best_monitor": best_monitor,
        "stopped_early": len(history) < settings.max_epochs,
        "seconds": time.perf_counter() - started,
    }
    return Outcome(best, kept, history, record)
