"""One training: one network, one loss, one seed."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from calvingfront.distance import distance_to_front
from calvingfront.errors import TrainingError
from calvingfront.networks import build_network, count_parameters
from calvingfront.training.augmentation import COPIES, gather
from calvingfront.training.losses import (
    distance_weight_of,
    soft_dice,
    weight_map,
    weighted_bce,
)
from calvingfront.training.schedule import half_cycle_iterations, triangular
from calvingfront.training.settings import NetworkSettings, TrainingSettings

log = logging.getLogger(__name__)

ADAM_EPS = 1e-7  # Keras' default
State = dict[str, Tensor]


@dataclass(frozen=True)
class Part:
    """The training or the validation samples, on the device.

    images: (n, 1, s, s) uint8; fronts: the same, 0 or 1; distances: float32, px.
    """

    scenes: list[str]
    images: Tensor
    fronts: Tensor
    distances: Tensor

    @classmethod
    def on(
        cls,
        device: torch.device,
        scenes: list[str],
        images: npt.NDArray[np.uint8],
        fronts: npt.NDArray[np.uint8],
    ) -> Part:
        """Move the samples to the device and measure their distance maps once."""
        distances = np.stack([distance_to_front(mask) for mask in fronts])
        tensors = (
            torch.from_numpy(np.ascontiguousarray(array)).unsqueeze(1).to(device)
            for array in (images, fronts, distances)
        )
        return cls(scenes, *tensors)


@dataclass
class Outcome:
    """What a training leaves: weights by name, the history, and the record's own part."""

    best: State
    kept: dict[int, State]
    history: list[dict[str, float]]
    record: dict[str, Any] = field(default_factory=dict)


def _autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Choose bfloat16 on a GPU that has it, float32 elsewhere, unless told otherwise."""
    if precision == "auto":
        use = device.type == "cuda" and torch.cuda.is_bf16_supported()
    else:
        use = precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=use)


def _snapshot(network: nn.Module) -> State:
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in network.state_dict().items()
    }


class Trainer:
    """Holds the state of one training between its epochs."""

    def __init__(
        self,
        train: Part,
        validation: Part,
        loss: str,
        seed: int,
        network: NetworkSettings,
        settings: TrainingSettings,
        device: torch.device,
    ) -> None:
        self.train, self.validation = train, validation
        self.w, self.seed = distance_weight_of(loss), seed
        self.settings, self.device = settings, device
        self.copies = COPIES[settings.augmentation]
        self.shifted = settings.augmentation == "released"
        torch.manual_seed(seed)
        network_here = build_network(**vars(network)).to(device)
        self.network = network_here.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate_min, eps=ADAM_EPS
        )
        augmented = len(train.scenes) * self.copies
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

    def _batch(self, part: Part, items: list[int], copies: int) -> tuple[Tensor, Tensor, Tensor]:
        images, fronts, distances = (
            gather(data, items, copies, self.shifted)
            for data in (part.images, part.fronts, part.distances)
        )
        if self.shifted:
            # The shift cuts pieces of fronts off and leaves a blank border, whose distance to the
            # front is not the zero that stands there.
            measured = [distance_to_front(mask) for mask in fronts[:, 0].cpu().numpy()]
            distances = torch.from_numpy(np.stack(measured)).unsqueeze(1).to(self.device)
        x = (images.float() / 255).contiguous(memory_format=torch.channels_last)
        return x, fronts.float(), distances

    def run_epoch(self, epoch: int) -> float:
        """Train on every augmented image once (less a last incomplete batch); return the loss."""
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.train.scenes) * self.copies)
        size = self.settings.batch_size
        batches = [order[k : k + size].tolist() for k in range(0, len(order) - size + 1, size)]
        losses: list[Tensor] = []
        self.network.train()
        for items in batches:
            rate = triangular(
                self.iteration,
                self.half_cycle,
                self.settings.learning_rate_min,
                self.settings.learning_rate_max,
            )
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            x, fronts, distances = self._batch(self.train, items, self.copies)
            self.optimiser.zero_grad(set_to_none=True)
            with _autocast(self.device, self.settings.precision):
                logits = self.network(x)
            loss = weighted_bce(logits, fronts, distances, self.w)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(loss.detach())
            self.iteration += 1
        values = torch.stack(losses).cpu().numpy()  # the only wait for the device in an epoch
        broken = np.flatnonzero(~np.isfinite(values))
        if broken.size:
            scenes = sorted({self.train.scenes[i // self.copies] for i in batches[broken[0]]})
            raise TrainingError(
                f"epoch {epoch}, batch {broken[0] + 1}",
                f"the loss became {values[broken[0]]} on the scenes {', '.join(scenes)}",
                "Look at these scenes, or lower training.learning_rate_max.",
            )
        return float(values.mean())

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        """Return the validation loss and the monitor (soft Dice, or WDice_w with a weight)."""
        self.network.eval()
        # The released code augments its validation set as well.
        copies = self.copies if self.shifted else 1
        items = list(range(len(self.validation.scenes) * copies))
        losses, monitors = [], []
        for k in range(0, len(items), self.settings.batch_size):
            chosen = items[k : k + self.settings.batch_size]
            x, fronts, distances = self._batch(self.validation, chosen, copies)
            with _autocast(self.device, self.settings.precision):
                logits = self.network(x)
            loss = weighted_bce(logits, fronts, distances, self.w)
            weights = weight_map(distances, fronts, self.w) if self.w else None
            losses.append(loss * len(chosen))
            monitors.append(soft_dice(torch.sigmoid(logits.float()), fronts, weights))
        return (
            float(torch.stack(losses).sum()) / len(items),
            float(torch.cat(monitors).mean()),
        )

    @property
    def learning_rate(self) -> float:
        """The rate of the last iteration."""
        return float(self.optimiser.param_groups[0]["lr"])


def train(
    train_part: Part,
    validation_part: Part,
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
    trainer = Trainer(train_part, validation_part, loss, seed, network, settings, device)
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
        images = len(train_part.scenes) * trainer.copies // settings.batch_size
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
        "train_images": len(train_part.scenes),
        "validation_images": len(validation_part.scenes),
        "image_size": int(train_part.images.shape[-1]),
        "epochs": len(history),
        "best_epoch": best_epoch,
        "best_monitor": best_monitor,
        "stopped_early": len(history) < settings.max_epochs,
        "seconds": time.perf_counter() - started,
    }
    return Outcome(best, kept, history, record)
