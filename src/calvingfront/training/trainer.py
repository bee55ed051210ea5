"""The state of a training between batches, and the passes over its images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from calvingfront.errors import DivergedError, TrainingError
from calvingfront.losses.loss import build_loss
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet
from calvingfront.training.acceleration.tuning import plan_step
from calvingfront.training.averaging import WeightAverage
from calvingfront.training.feed_source import Batch, Feed
from calvingfront.training.history_dropping import history_kept, without_history
from calvingfront.training.resuming.snapshot import State
from calvingfront.training.sampling import Weights, epoch_items, mission_weights
from calvingfront.training.sar_augmentation import varied
from calvingfront.training.schedule import cosine, half_cycle_iterations, triangular
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step


class Trainer:
    """The state of a training between batches.

    history_dropped: share of the samples that are shown without the fronts of other dates.
    start: first weights and statistics of the network by name, instead of its own.
    Torch's random generator is used only for the initial weights; the order of an epoch's images,
    and which are shown without history, depend only on the seed and the epoch. A trainer restored
    to a batch therefore continues as if it had never stopped.
    """

    def __init__(
        self,
        train_feed: Feed,
        validation_feed: Feed,
        loss: str,
        seed: int,
        network: NetworkSettings,
        settings: TrainingSettings,
        device: torch.device,
        history_dropped: float = 0.0,
        start: State | None = None,
    ) -> None:
        self.train_feed, self.validation_feed = train_feed, validation_feed
        self.seed, self.settings, self.history_dropped = seed, settings, history_dropped
        torch.manual_seed(seed)
        built = build_network(network, start=start is None)
        if start is not None:
            built.load_state_dict(built.state_dict() | start)
        self.step = Step(built, build_loss(loss), settings, device)
        self.network = self.step.network
        images = train_feed.count
        if images < settings.batch_size:
            raise TrainingError(
                "training.batch_size",
                f"{settings.batch_size} exceeds the number of augmented training images, {images}",
                "Write a smaller batch size.",
            )
        self._weights: Weights | None = None  # of the items, if some are taken oftener
        if settings.sampling == "missions":
            self._weights = mission_weights(train_feed.missions).repeat(train_feed.copies)
        self.half_cycle = half_cycle_iterations(
            settings.half_cycle_epochs, images, settings.batch_size
        )
        self.plan = plan_step(
            self.step, self._some_batch, network, train_feed.size, self.batches_per_epoch
        )
        decay = settings.weight_average
        self.average = WeightAverage(self.network, decay) if decay else None
        self.iteration = 0
        # Auxiliary task → its loss at the last validation.
        self.validation_beside: dict[str, float] = {}
        # Losses of the epoch in progress, on the device: of an earlier session, and of this one.
        self._earlier = torch.empty(0, device=device)
        self._losses: list[Tensor] = []

    def _some_batch(self) -> Batch:
        size = self.settings.batch_size
        return next(iter(self.train_feed.batches(np.arange(size), size)))

    @property
    def kept_network(self) -> UNet:
        """The network that is validated and kept: with the average of the weights, if asked for."""
        return self.network if self.average is None else self.average.network

    @property
    def batch(self) -> int:
        """The number of finished batches in the epoch in progress."""
        return len(self._earlier) + len(self._losses)

    def run_epoch(self, epoch: int, after_batch: Callable[[], None] | None = None) -> float:
        """Train on every augmented image once and return the mean loss of the epoch.

        An incomplete last batch is dropped. A restored trainer continues within this epoch.
        after_batch: called after each batch; it must not wait for the device.
        """
        size = self.settings.batch_size
        self.network.train()
        done = self.batch * size
        items = self._order(epoch)[done:]
        batches = self.train_feed.batches(items, size)
        if self.history_dropped:
            kept = history_kept(self.history_dropped, self.seed, epoch, done + len(items))[done:]
            batches = without_history(batches, torch.from_numpy(kept).to(self.step.device))
        for given in batches:
            batch = given
            if self.settings.augmentation == "sar":
                batch = varied(given, self.seed, epoch, self.batch)
            self._losses.append(self.step.train(batch, self._rate(self.iteration)))
            self.iteration += 1
            if self.average is not None:
                self.average.update(self.iteration)
            if after_batch is not None:
                after_batch()
        values = self.checked_losses(epoch)  # the epoch's only wait for the device
        self._earlier, self._losses = self._earlier[:0], []
        return float(values.mean())

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        order = epoch_items(self.seed, epoch, self.train_feed.count, self._weights)
        return order[: len(order) // self.settings.batch_size * self.settings.batch_size]

    def checked_losses(self, epoch: int) -> npt.NDArray[np.float32]:
        """Return the losses of the epoch so far; waits for the device.

        Raises DivergedError with the batch and its scenes if a loss is NaN or infinite.
        """
        values: npt.NDArray[np.float32] = self._all_losses().cpu().numpy()
        broken = np.flatnonzero(~np.isfinite(values))
        if broken.size:
            size = self.settings.batch_size
            items = self._order(epoch)[broken[0] * size : (broken[0] + 1) * size]
            scenes = sorted({self.train_feed.scenes[i // self.train_feed.copies] for i in items})
            raise DivergedError(
                f"epoch {epoch}, batch {broken[0] + 1}",
                f"the loss became {values[broken[0]]} on the scenes {', '.join(scenes)}",
                "Inspect these scenes, or lower training.learning_rate_max.",
            )
        return values

    def _all_losses(self) -> Tensor:
        return torch.cat([self._earlier, *(loss.reshape(1) for loss in self._losses)])

    def tensors(self) -> State:
        """Return the tensors from which the next batch starts, not copied."""
        average = self.average.tensors() if self.average is not None else {}
        return {**self.step.tensors(), **average, "losses": self._all_losses()}

    def load(self, tensors: State, iteration: int) -> None:
        """Restore the trainer to the batch at which `tensors` and `iteration` were saved."""
        self.step.load(tensors)
        if self.average is not None:
            self.average.load(tensors)
        self._earlier, self._losses = tensors["losses"].to(self.step.device), []
        self.iteration = iteration

    def validate(self) -> tuple[float, float]:
        """Return the validation loss and the monitor, averaged over the images.

        The loss is that of the front alone; those beside it stand in `validation_beside`.
        """
        network = self.kept_network.eval()
        items = np.arange(self.validation_feed.count)
        losses, monitors = [], []
        beside: dict[str, list[Tensor]] = {}
        for batch in self.validation_feed.batches(items, self.settings.batch_size):
            loss, monitor, auxiliary = self.step.evaluate(batch, network)
            losses.append(loss * len(batch.images))
            monitors.append(monitor)
            for task, value in auxiliary.items():
                beside.setdefault(task, []).append(value * len(batch.images))
        self.validation_beside = {
            task: float(torch.stack(each).sum()) / len(items) for task, each in beside.items()
        }
        return (
            float(torch.stack(losses).sum()) / len(items),
            float(torch.cat(monitors).mean()),
        )

    @property
    def batches_per_epoch(self) -> int:
        """The number of batches per epoch; leftover images are dropped."""
        return self.train_feed.count // self.settings.batch_size

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last iteration."""
        return self._rate(self.iteration - 1)

    def _rate(self, iteration: int) -> float:
        """Return the learning rate of an iteration, counted from 0."""
        lowest, highest = self.settings.learning_rate_min, self.settings.learning_rate_max
        if self.settings.schedule == "cosine":
            total = self.settings.max_epochs * self.batches_per_epoch
            return cosine(iteration, total, lowest, highest)
        return triangular(iteration, self.half_cycle, lowest, highest)
