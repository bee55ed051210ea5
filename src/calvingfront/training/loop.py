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

from calvingfront.errors import DivergedError
from calvingfront.networks.build import count_parameters
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.feed_source import Feed
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.progress import Progress, keep, resume, save
from calvingfront.training.resuming.snapshot import State
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
    start: State | None = None,
) -> Outcome:
    """Train until the monitor has not risen for `patience` epochs, or `max_epochs`.

    after_epoch: called with the history so far (to show and save progress).
    checkpoints: the saved state to resume from; they also save the state during the training.
    history_dropped: share of the samples shown without the fronts of other dates.
    start: first weights and statistics of the network by name, instead of its own.
    Returns the weights of the best epoch and of `keep_epochs`, the history and the record.
    Raises DivergedError if the loss becomes NaN or infinite, TrainingError if the settings cannot
    work or a saved state cannot be resumed.
    """
    started = time.perf_counter()
    trainer = Trainer(
        train_feed, validation_feed, loss, seed, network, settings, device, history_dropped, start
    )
    progress = Progress()
    if checkpoints is None:
        _run_epochs(trainer, progress, after_epoch, None)
    else:
        resume(trainer, progress, checkpoints)
        try:
            with checkpoints:
                _run_epochs(trainer, progress, after_epoch, checkpoints)
        except DivergedError as error:
            if not checkpoints.last:
                raise
            kept = f"The state after {checkpoints.last} is kept in {checkpoints.folder.path}"
            remedy = f"{error.remedy} {kept}; remove it to train with other settings or scenes."
            raise DivergedError(error.where, error.what, remedy) from error
        if settings.keep_state:
            keep(trainer, progress, checkpoints)
    history = progress.history
    record = {
        "loss": loss,
        "seed": seed,
        "network": network.as_record(),
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
                save(trainer, progress, checkpoints, time.perf_counter() - begun)

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
            **{f"validation_{task}": loss for task, loss in trainer.validation_beside.items()},
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
