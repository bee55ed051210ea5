"""Training one network from packed arrays on disk, and writing its files."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.compute.determinism import deterministic_algorithms
from calvingfront.compute.device import claimed_device
from calvingfront.compute.peak import share_of_peak
from calvingfront.dataset.history import History, HistorySettings
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.dataset.zones import open_zones
from calvingfront.errors import ConfigError, TrainingError
from calvingfront.files import PathLike, leftovers
from calvingfront.losses.loss import build_loss
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import save_epochs, save_weights
from calvingfront.storage.sealed import write_record, write_sealed
from calvingfront.training.feed import OF_VALIDATION, feed_of
from calvingfront.training.loop import train
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.fingerprint import fingerprint, of_history, of_zones
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.run_record import surroundings
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.starting.source import KEY
from calvingfront.training.starting.taking import take_start
from calvingfront.vocabulary.auxiliary import DISTANCE, ZONES
from calvingfront.vocabulary.models import history_as_read
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import HELD_OUT, TRAIN, VALIDATION

log = logging.getLogger(__name__)


def write_history(history: list[dict[str, float]], path: PathLike) -> None:
    """Write the history as a table (TSV, one row per epoch), atomically."""
    write_sealed(path, pd.DataFrame(history), float_format="%.7g")


def train_network(
    dataset: PathLike,
    weights: PathLike,
    history: PathLike,
    record: PathLike,
    model: str,
    loss: str,
    seed: int,
    networks: dict[str, Any],
    training: dict[str, Any],
    kept: PathLike | None = None,
    state: PathLike | None = None,
    made_from: Mapping[str, Any] | None = None,
    history_from: Mapping[str, Any] | None = None,
    start_weights: str | None = None,
    **how: Any,
) -> None:
    """Train one network and write its weights, history and record.

    kept: file for the weights of `training.keep_epochs` (see `save_epochs`); by default
    kept.safetensors beside `weights`. state: folder of the state from which a killed training
    resumes; by default `state` beside `weights`. history_from: the section `history` of the
    configuration, for a network that reads fronts of other dates. start_weights: the digest of the
    weights from which it starts, by `training.start_from`, when it was planned. made_from:
    for the record; its `code` is the digest of the training code. how: values for keys that
    override those in `training`.
    progress.tsv, beside `weights`, shows the history while the training runs.
    Raises ConfigError if a setting, the loss or the network is unknown or invalid, SampleError if
    the arrays cannot be read or do not contain a scene, SplitError if a subset has no scenes,
    TrainingError if the settings cannot work together, no device is free, the loss becomes NaN or
    infinite, or the state cannot be saved or belongs to other data, settings or code.
    """
    settings = TrainingSettings.from_config(training, **how)
    sure = min(settings.max_epochs, settings.patience)
    if any(epoch > sure for epoch in settings.keep_epochs):
        raise TrainingError(
            "training.keep_epochs",
            f"epoch {max(settings.keep_epochs)} may never be reached",
            f"Keep only epochs up to {sure} (the smaller of max_epochs and patience).",
        )
    weighted = build_loss(loss).needs_distances
    if weighted and settings.augmentation == "sar":
        raise ConfigError(
            "training.augmentation",
            f"sar moves fronts, but the loss {loss} needs distances to fronts that stay",
            "Write paper, or choose a loss without a distance weight, such as bce_dice.",
        )
    network = NetworkSettings(model, **{k: v for k, v in networks.items() if k != "models"})
    folder = Path(weights).parent
    epochs = Path(kept) if kept is not None else folder / "kept.safetensors"
    data = open_dataset(dataset)
    zones = open_zones(dataset, data) if ZONES in network.auxiliary else None
    weighted = weighted or DISTANCE in network.auxiliary
    subsets = read_split(dataset, (TRAIN, VALIDATION))
    log.info("%s, %s, seed %d: %s", model, loss, seed, {k: len(v) for k, v in subsets.items()})
    given = history_as_read(model, history_from or {})
    past = None if given is None else HistorySettings(**given)
    states = StateFolder(state if state is not None else folder / "state")
    with (
        states.held(),
        deterministic_algorithms(settings.deterministic),
        claimed_device(settings.device, slots=settings.gpu_slots) as device,
    ):
        live = folder / "progress.tsv"
        for file in (weights, history, record, live, epochs):
            for temporary in leftovers(file):  # from a job that was killed while writing
                temporary.unlink()
        # Read before the training: the checkout may change while it runs.
        environment = surroundings(device)
        about: dict[str, Any] = {"made_from": dict(made_from or {})}
        code = str(about["made_from"].get("code", ""))
        marks = fingerprint(
            data, subsets[TRAIN], subsets[VALIDATION], loss, seed, network, settings, code
        )
        if past is not None:
            marks |= of_history(data, subsets[TRAIN], past)
        if zones is not None:
            marks |= of_zones(data, subsets[TRAIN], zones)
        start, taken = None, None
        if settings.start_from is not None:
            start, taken = take_start(
                settings.start_from, Run(model, loss, seed), network,
                {scene for subset in HELD_OUT for scene in subsets[subset]},
                set(data.index["glacier"]), start_weights, weights,
            )  # fmt: skip
            marks[KEY] = taken["digest"]
        machine = {
            key: getattr(settings, key) for key in ("threads", "deterministic", "acceleration")
        }
        checkpoints = Checkpoints(states, marks, environment | machine, settings.save_minutes)
        train_feed, validation_feed = (
            feed_of(
                data,
                subsets[subset],
                augmentation,
                weighted,
                settings,
                device,
                None if past is None else History(data, subsets[subset], subsets, past),
                zones,
            )
            for subset, augmentation in (
                (TRAIN, settings.augmentation),
                (VALIDATION, OF_VALIDATION[settings.augmentation]),
            )
        )
        outcome = train(
            train_feed, validation_feed, loss, seed, network, settings, device,
            after_epoch=lambda rows: write_history(rows, live), checkpoints=checkpoints,
            history_dropped=0.0 if past is None else past.dropped, start=start,
        )  # fmt: skip
        save_weights(outcome.best, weights)
        save_epochs({epoch: outcome.kept[epoch] for epoch in settings.keep_epochs}, epochs)
        write_history(outcome.history, history)
        live.unlink(missing_ok=True)
        about |= {"environment": environment, "feed": train_feed.kind}
        about |= {} if past is None else {"history": asdict(past)}
        about |= {} if taken is None else {"start": taken}
        about |= share_of_peak(
            network, train_feed.size, outcome.record["images_per_second"], device,
            outcome.record["step"]["precision"],
        )  # fmt: skip
        write_record(record, {**outcome.record, **about}, durable=True)
        # Last: a job killed before this point resumes from the state and rewrites these files.
        if not settings.keep_state:
            states.remove()
