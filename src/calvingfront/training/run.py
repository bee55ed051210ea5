"""From packed arrays on disk to a trained network on disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from calvingfront.compute.determinism import deterministic_algorithms
from calvingfront.compute.device import claimed_device
from calvingfront.compute.peak import share_of_peak
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.errors import TrainingError
from calvingfront.files import PathLike, leftovers, read_json, replacing, write_json
from calvingfront.losses.losses import distance_weight_of
from calvingfront.networks import NetworkSettings, UNet, build_network
from calvingfront.training.feed import OF_VALIDATION, feed_of
from calvingfront.training.loop import train
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.fingerprint import fingerprint
from calvingfront.training.resuming.snapshot import State
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.revision import TRAINING_REVISION
from calvingfront.training.run_record import surroundings
from calvingfront.training.settings import TrainingSettings

log = logging.getLogger(__name__)


def epoch_file(epoch: int) -> str:
    """Name the weights file of a kept epoch."""
    return f"epoch_{epoch:03d}.safetensors"


def write_history(history: list[dict[str, float]], path: PathLike) -> None:
    """Write the history table (TSV, one row per epoch), atomically."""
    table = pd.DataFrame(history)
    with replacing(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.7g")


def save_weights(state: State, path: PathLike) -> None:
    """Write weights as safetensors, atomically and durably."""
    with replacing(path, durable=True) as temporary:
        # Not by save_file, whose files only their owner may read.
        temporary.write_bytes(save(state))


def load_network(weights: PathLike, record: PathLike) -> UNet:
    """Build the network that `record` (run.json) describes and load its weights, ready to predict.

    Raises TrainingError where the weights cannot be read or are of another network.
    """
    settings = NetworkSettings(**read_json(record)["network"])
    network = build_network(settings)
    try:
        network.load_state_dict(load_file(weights))
    except (RuntimeError, OSError, SafetensorError) as error:
        faults = {
            RuntimeError: f"does not hold the network of {record}",
            OSError: "cannot be read",
            SafetensorError: "is damaged",
        }
        what = next(text for kind, text in faults.items() if isinstance(error, kind))
        raise TrainingError(
            weights,
            f"{what} ({str(error).splitlines()[0]})",
            "Remove the run's folder and train again.",
        ) from error
    network.eval()
    return network


def train_network(
    images: PathLike,
    fronts: PathLike,
    index: PathLike,
    split: PathLike,
    weights: PathLike,
    history: PathLike,
    record: PathLike,
    model: str,
    loss: str,
    seed: int,
    networks: dict[str, Any],
    training: dict[str, Any],
    kept: Sequence[PathLike] = (),
    how: dict[str, Any] | None = None,
    state: PathLike | None = None,
    revision: int = TRAINING_REVISION,
) -> None:
    """Train one network and write its weights, history and record.

    kept: files for the weights of `training['keep_epochs']`, in their order; where empty, they
    stand beside `weights`. how: values of keys of HOW instead of those in `training`. state: folder
    of the state from which a killed training goes on; where None, `state` beside `weights`.
    revision: of the training code. The history is renewed after every epoch, so that it can be
    watched.
    Raises ConfigError where a setting, the loss or the network is none that there is, SampleError
    where the arrays cannot be read or lack a scene, SplitError where a subset has no scene,
    TrainingError where the settings cannot work together, no device is free, the loss becomes no
    number, or the state is of other data, settings or code or cannot be saved.
    """
    settings = TrainingSettings.from_config(training, **(how or {}))
    sure = min(settings.max_epochs, settings.patience)
    if any(epoch > sure for epoch in settings.keep_epochs):
        raise TrainingError(
            "training.keep_epochs",
            f"epoch {max(settings.keep_epochs)} may never be reached",
            f"Keep only epochs up to {sure}, the smaller of max_epochs and patience.",
        )
    network = NetworkSettings(model, **{k: v for k, v in networks.items() if k != "models"})
    folder = Path(weights).parent
    files = list(kept) or [folder / epoch_file(epoch) for epoch in settings.keep_epochs]
    data = open_dataset(images, fronts, index)
    subsets = read_split(split)
    log.info("%s, %s, seed %d: %s", model, loss, seed, {k: len(v) for k, v in subsets.items()})
    states = StateFolder(state if state is not None else folder / "state")
    with (
        states.held(),
        deterministic_algorithms(settings.deterministic),
        claimed_device(settings.device, slots=settings.gpu_slots) as device,
    ):
        live = folder / "progress.tsv"
        for file in (weights, history, record, live, *files):
            for temporary in leftovers(file):  # of a job that was killed as it wrote them
                temporary.unlink()
        # Before the training: a checkout may change while it runs.
        environment = surroundings(device)
        marks = fingerprint(
            data, subsets["train"], subsets["validation"], loss, seed, network, settings, revision
        )
        machine = {
            key: getattr(settings, key) for key in ("threads", "deterministic", "acceleration")
        }
        checkpoints = Checkpoints(states, marks, environment | machine, settings.save_minutes)
        weighted = distance_weight_of(loss) > 0
        train_feed, validation_feed = (
            feed_of(data, subsets[subset], augmentation, weighted, settings, device)
            for subset, augmentation in (
                ("train", settings.augmentation),
                ("validation", OF_VALIDATION[settings.augmentation]),
            )
        )
        outcome = train(
            train_feed, validation_feed, loss, seed, network, settings, device,
            after_epoch=lambda rows: write_history(rows, live), checkpoints=checkpoints,
        )  # fmt: skip
        save_weights(outcome.best, weights)
        for file, epoch in zip(files, settings.keep_epochs, strict=True):
            save_weights(outcome.kept[epoch], file)
        write_history(outcome.history, history)
        live.unlink(missing_ok=True)
        about = {"revision": revision, "environment": environment, "feed": train_feed.kind}
        about |= share_of_peak(
            network, train_feed.size, outcome.record["images_per_second"], device,
            outcome.record["step"]["precision"],
        )  # fmt: skip
        write_json(record, {**outcome.record, **about}, durable=True)
        # Last: a job that is killed before goes on from the state and writes all of it again.
        states.remove()
