"""What a training has achieved so far: saved, resumed, and kept for a longer training."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calvingfront.errors import StoppedError, TrainingError
from calvingfront.training.ending import is_over
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.snapshot import Snapshot, State
from calvingfront.training.resuming.state import Facts, part_of
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.trainer import Trainer


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


def save(
    trainer: Trainer, progress: Progress, checkpoints: Checkpoints, epoch_seconds: float
) -> None:
    """Save the state if it is due; the training does not wait for it.

    Raises StoppedError once it is saved, if the training is to end.
    """
    if checkpoints.broken:  # a loss or weight is NaN or infinite: report it now, not at epoch end
        trainer.checked_losses(progress.epoch)
    if checkpoints.due():
        checkpoints.save(*_state(trainer, progress, epoch_seconds))
    if checkpoints.stopping:
        raise StoppedError(
            checkpoints.folder.path, "the training was stopped", "Start it again to resume it"
        )


def keep(trainer: Trainer, progress: Progress, checkpoints: Checkpoints) -> None:
    """Write the state of a finished training, so that it can be extended."""
    checkpoints.keep(*_state(trainer, progress, 0.0))


def _state(
    trainer: Trainer, progress: Progress, epoch_seconds: float
) -> tuple[State, dict[str, Snapshot], Facts]:
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
    return trainer.tensors(), copied, facts


def resume(trainer: Trainer, progress: Progress, checkpoints: Checkpoints) -> None:
    """Restore a training from its saved state, if there is one.

    A finished training that cannot be extended to what the settings ask for starts anew.
    Raises TrainingError if the settings would have ended an unfinished training earlier, or if they
    ask for the weights of a finished epoch that were not kept.
    """
    found = checkpoints.resume()
    if found is None:
        return
    tensors, facts = found
    settings, history = trainer.settings, facts["history"]
    kept = {epoch: part_of(tensors, f"kept.{epoch}") for epoch in settings.keep_epochs}
    fault = _misfit(history, kept, settings)
    if fault is not None:
        what, remedy = fault
        if not facts.get("finished"):
            raise TrainingError(checkpoints.folder.path, what, remedy)
        checkpoints.start_anew(what)
        return
    progress.history = history
    progress.kept = {epoch: Snapshot.of(weights) for epoch, weights in kept.items() if weights}
    best = part_of(tensors, "best")
    progress.best = Snapshot.of(best) if best else None
    progress.seconds = facts["epoch_seconds"]
    trainer.load(tensors, facts["iteration"])


def _misfit(
    history: list[dict[str, float]], kept: dict[int, State], settings: TrainingSettings
) -> tuple[str, str] | None:
    """Say why a state does not lead to what the settings ask for, and what to do; None if it does.

    kept: the weights in the state of the epochs that are to be kept; none of a later epoch.
    """
    done = len(history)
    if any(Progress(history[:n]).over(settings) for n in range(1, done)):
        return (
            f"holds {done} finished epochs; with max_epochs {settings.max_epochs} and patience "
            f"{settings.patience} the training would have ended earlier",
            "Raise training.max_epochs or training.patience, or remove the file to train from the "
            "start.",
        )
    lost = [epoch for epoch, weights in kept.items() if epoch <= done and not weights]
    if lost:
        return (
            f"is past epoch {lost[0]} and has not kept its weights",
            "Remove that epoch from training.keep_epochs, or remove the file to train from the "
            "start.",
        )
    return None
