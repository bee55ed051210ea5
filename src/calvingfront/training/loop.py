"""The training loop for one network, one loss and one seed."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from calvingfront.errors import DivergedError, TrainingError
from calvingfront.networks.build import count_parameters
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.ending import is_over
from calvingfront.training.feed import Feed
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.snapshot import Snapshot, State
from calvingfront.training.resuming.state import part_of
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.trainer import Trainer

log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """The result of a training: weights by name, the history, and its part of the run record."""

    best: State
    kept: dict[int, State]
    history: list[dict[str, float]]
    record: dict[str, Any] = field(default_factory=dict)


@dataclass
class Progress:
    """The results of the finished epochs, apart from the network and its optimiser.

    seconds: time that earlier sessions spent on the epoch in progress, without lost work.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best: Snapshot | None = None
    kept: dict[int, Snapshot] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def best_epoch(self) -> int:
        """The epoch with the highest monitor, the first of equals; 0 before the first epoch."""
        return max((int(row["epoch"]) for row in self.history if row["best"]), default=0)

    @property
    def best_monitor(self) -> float:
        """The highest monitor so far."""
        found = self.best_epoch
        return self.history[found - 1]["validation_monitor"] if found else -np.inf

    @property
    def epoch(self) -> int:
        """The epoch in progress, counted from 1."""
        return len(self.history) + 1

    def over(self, settings: TrainingSettings) -> bool:
        """Return whether the training ends after the last epoch of the history."""
        epoch = len(self.history)
        return is_over(epoch, self.best_epoch, settings.max_epochs, settings.patience)

    def add(self, row: dict[str, float], trainer: Trainer) -> None:
        """Append an epoch's row (without `best`); copy the weights if they are to be kept."""
        better = row["validation_monitor"] > self.best_monitor
        epoch = int(row["epoch"])
        self.history.append({**row, "best": int(better)})
        keep = epoch in trainer.settings.keep_epochs
        if better or keep:
            weights = Snapshot(trainer.kept_network.state_dict())
            if better:
                self.best = weights
            if keep:
                self.kept[epoch] = weights


def train(
    train_feed: Feed,
    validation_feed: Feed,
    loss: str,
    seed: int,
    network: NetworkSettings,
    settings: TrainingSettings,
    device: torch.device,
    after_epoch: Callable[[list[dict[str, float]]], None] | None = None,
    checkpoints: Checkpoints | None = None,
    history_dropped: float = 0.0,
) -> Outcome:
    """Train until the monitor has not risen for `patience` epochs, or `max_epochs`.

    after_epoch: called with the history so far (to show and save progress).
    checkpoints: the saved state to resume from; they also save the state during the training.
    history_dropped: share of the samples shown without the fronts of other dates.
    Returns the weights of the best epoch and of `keep_epochs`, the history and the record.
    Raises DivergedError if the loss becomes NaN or infinite, TrainingError if the settings cannot
    work or a saved state cannot be resumed.
    """
    started = time.perf_counter()
    trainer = Trainer(
        train_feed, validation_feed, loss, seed, network, settings, device, history_dropped
    )
    progress = Progress()
    if checkpoints is None:
        _run_epochs(trainer, progress, after_epoch, None)
    else:
        _resume(trainer, progress, checkpoints)
        try:
            with checkpoints:
                _run_epochs(trainer, progress, after_epoch, checkpoints)
        except DivergedError as error:
            if not checkpoints.last:
                raise
            kept = f"The state after {checkpoints.last} is kept in {checkpoints.folder.path}"
            remedy = f"{error.remedy} {kept}; remove it to train with other settings or scenes."
            raise DivergedError(error.where, error.what, remedy) from error
    history = progress.history
    record = {
        "loss": loss,
        "seed": seed,
        "network": vars(network),
        "training": settings.as_record(),
        "step": asdict(trainer.plan) | {"way": trainer.step.way},
        "trainable_parameters": count_parameters(trainer.network),
        "train_images": len(train_feed.scenes),
        "validation_images": len(validation_feed.scenes),
        "image_size": train_feed.size,
        "epochs": len(history),
        "best_epoch": progress.best_epoch,
        "best_monitor": progress.best_monitor,
        "stopped_early": len(history) < settings.max_epochs,
        "seconds": time.perf_counter() - started,
        "seconds_per_epoch": statistics.median(row["seconds"] for row in history),
        "images_per_second": statistics.median(row["images_per_second"] for row in history),
    }
    if checkpoints is not None:
        sessions = checkpoints.sessions(len(history), trainer.batches_per_epoch, trainer.iteration)
        record |= {
            "seconds": sum(session["seconds"] for session in sessions),
            "resumptions": len(sessions) - 1,
            "sessions": sessions,
        }
    kept_weights = {epoch: weights.tensors() for epoch, weights in progress.kept.items()}
    best = progress.best.tensors() if progress.best is not None else {}
    return Outcome(best, kept_weights, history, record)


def _run_epochs(
    trainer: Trainer,
    progress: Progress,
    after_epoch: Callable[[list[dict[str, float]]], None] | None,
    checkpoints: Checkpoints | None,
) -> None:
    settings = trainer.settings
    while not progress.over(settings):
        epoch = progress.epoch
        begun = time.perf_counter() - progress.seconds

        def after_batch(begun: float = begun) -> None:
            if checkpoints is not None:
                _save(trainer, progress, checkpoints, time.perf_counter() - begun)

        train_loss = trainer.run_epoch(epoch, after_batch)
        train_seconds = time.perf_counter() - begun
        progress.seconds = 0.0
        validation_loss, monitor = trainer.validate()
        if not np.isfinite(monitor):
            raise DivergedError(
                f"epoch {epoch}, validation",
                f"the monitor became {monitor}",
                "Lower training.learning_rate_max.",
            )
        row = {
            "epoch": epoch,
            "learning_rate": trainer.learning_rate,
            "train_loss": train_loss,
            "validation_loss": validation_loss,
            "validation_monitor": monitor,
            "seconds": time.perf_counter() - begun,
            "images_per_second": trainer.batches_per_epoch * settings.batch_size / train_seconds,
        }
        progress.add(row, trainer)
        log.info(
            "epoch %d/%d: loss %.4f, validation loss %.4f, monitor %.4f (best %.4f at %d), %.1f s",
            epoch, settings.max_epochs, train_loss, validation_loss, monitor,
            progress.best_monitor, progress.best_epoch, row["seconds"],
        )  # fmt: skip
        if after_epoch is not None:
            after_epoch(progress.history)


def _save(
    trainer: Trainer, progress: Progress, checkpoints: Checkpoints, epoch_seconds: float
) -> None:
    """Save the state if it is due; the training does not wait for it."""
    if checkpoints.broken:  # a loss or weight is NaN or infinite: report it now, not at epoch end
        trainer.checked_losses(progress.epoch)
    if not checkpoints.due():
        return
    copied = {f"kept.{epoch}": weights for epoch, weights in progress.kept.items()}
    if progress.best is not None:
        copied = {"best": progress.best, **copied}
    facts = {
        "epoch": progress.epoch,
        "batch": trainer.batch,
        "iteration": trainer.iteration,
        "epoch_seconds": epoch_seconds,
        "history": list(progress.history),
    }
    checkpoints.save(trainer.tensors(), copied, facts)


def _resume(trainer: Trainer, progress: Progress, checkpoints: Checkpoints) -> None:
    """Restore a training from its saved state, if there is one.

    Raises TrainingError if the settings would have ended the training earlier, or if they ask for
    the weights of a finished epoch that were not kept.
    """
    found = checkpoints.resume()
    if found is None:
        return
    tensors, facts = found
    progress.history = facts["history"]
    settings, done = trainer.settings, len(progress.history)
    ends = (Progress(progress.history[:n]).over(settings) for n in range(1, done))
    if any(ends):
        raise TrainingError(
            checkpoints.folder.path,
            f"holds {done} finished epochs; with max_epochs {settings.max_epochs} and patience "
            f"{settings.patience} the training would have ended earlier",
            "Raise training.max_epochs or training.patience, or remove the file to train from the "
            "start.",
        )
    kept = {epoch: part_of(tensors, f"kept.{epoch}") for epoch in settings.keep_epochs}
    lost = [epoch for epoch, weights in kept.items() if epoch <= done and not weights]
    if lost:
        raise TrainingError(
            checkpoints.folder.path,
            f"is past epoch {lost[0]} and has not kept its weights",
            "Remove that epoch from training.keep_epochs, or remove the file to train from the "
            "start.",
        )
    progress.kept = {epoch: Snapshot.of(weights) for epoch, weights in kept.items() if weights}
    best = part_of(tensors, "best")
    progress.best = Snapshot.of(best) if best else None
    progress.seconds = facts["epoch_seconds"]
    trainer.load(tensors, facts["iteration"])
