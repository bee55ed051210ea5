"""A planned trial, and how long it trains: the epochs that its budget allows."""

from __future__ import annotations

import copy
import json
import logging
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from calvingfront.dataset.files import SPLIT
from calvingfront.dataset.reading import read_table
from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.files import read_json, write_json
from calvingfront.pipeline.results import Results
from calvingfront.search.file import Trial
from calvingfront.storage.sealed import read_sealed
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.augmentations import COPIES
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TRAIN

log = logging.getLogger(__name__)
FILE = "length.json"  # in a trial's folder: what was measured, so that a resumed trial keeps it
MEASURED_EPOCHS = 2  # of which the last is timed: the first may prepare something


class Length(NamedTuple):
    """epochs: None if they are to be measured. budget: kind and amount."""

    epochs: int | None
    kind: str
    amount: float


@dataclass(frozen=True)
class Planned:
    """One trial with its whole configuration: one network, one loss, every seed.

    words: its changes with the former values, for the log. length: how its epochs follow from the
    budget; None if the configuration says them.
    """

    trial: Trial
    config: dict[str, Any]
    words: str
    length: Length | None = None

    @property
    def name(self) -> str:
        """Name of the trial and of its folder."""
        return self.trial.name

    @property
    def runs(self) -> list[Run]:
        """Its trainings, one for each seed."""
        [model], [loss] = self.config["networks"]["models"], self.config["losses"]
        return [Run(model, loss, seed) for seed in self.config["seeds"]]


def images_per_epoch(scenes: int, training: Mapping[str, Any]) -> int:
    """Images that an epoch shows: each copy of each scene once, an incomplete batch dropped."""
    batch = int(training["batch_size"])
    return scenes * COPIES[training["augmentation"]] // batch * batch


def length_of(budget: Mapping[str, float], config: Mapping[str, Any], dataset: Path) -> Length:
    """The epochs of a trial by its budget. dataset: folder of its packed scenes.

    Raises ConfigError if half an epoch already exceeds it.
    """
    [(kind, amount)] = budget.items()
    if kind == "epochs":
        return Length(int(amount), kind, amount)
    if kind == "images":
        scenes = int((read_table(dataset / SPLIT, str)["subset"] == TRAIN).sum())
        each = max(1, images_per_epoch(scenes, config["training"]))
        if amount < each / 2:
            what = f"{amount:g} images are less than half an epoch, which shows {each}"
            raise ConfigError("budget", what, "Raise the budget, or write {epochs: 1}")
        return Length(max(1, round(amount / each)), kind, amount)
    return Length(None, kind, amount)


def with_epochs(
    config: Mapping[str, Any], epochs: int, changes: Collection[str] = ()
) -> dict[str, Any]:
    """A copy that trains for some epochs; a cosine is not cut short unless `changes` ask for it."""
    made = copy.deepcopy(dict(config))
    training = made["training"]
    training["max_epochs"] = epochs
    if training["schedule"] == "cosine" and "training.patience" not in changes:
        training["patience"] = epochs
    return made


def known_length(folder: Path, planned: Planned) -> int | None:
    """The epochs that were measured for this budget and these settings; None if none were."""
    length = planned.length
    try:
        found = read_json(folder / FILE)
        same = length is not None and found["budget"] == {length.kind: length.amount}
        # Earlier versions did not record the settings.
        same = same and found.get("settings", _settings(planned)) == _settings(planned)
        return int(found["epochs"]) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _settings(planned: Planned) -> Any:
    """What a network and its training are, on which the time of an epoch depends."""
    call = Results(Path(), planned.config).call_of("train_network", planned.runs[0])
    free = ("seed", "start_weights")
    acting = {key: value for key, value in call.parameters.items() if key not in free}
    return json.loads(json.dumps({**acting, "data": planned.trial.data}))


def measured_length(folder: Path, config: Mapping[str, Any], run: Run, planned: Planned) -> int:
    """Train for MEASURED_EPOCHS beside the trial, and fix how many the budget allows.

    folder: of the trial, with its data set. config: that of `planned` on this machine. Minutes on
    one core: with two threads half as many pass. Raises CalvingFrontError if not even one epoch
    fits.
    """
    length = planned.length
    assert length is not None
    trial = folder / ".measured"
    short = with_epochs(config, MEASURED_EPOCHS)
    short["training"] |= {"patience": MEASURED_EPOCHS, "keep_state": False}
    try:
        (trial / paths.DATASET).parent.mkdir(parents=True, exist_ok=True)
        if not (trial / paths.DATASET).exists():
            (trial / paths.DATASET).symlink_to(Path("..") / paths.DATASET)
        results = Results(trial, short)
        results.run("train_network", run)
        history: pd.DataFrame = read_sealed(results.place(paths.HISTORY, run))
        seconds = float(history["seconds"].iloc[-1])
        record = read_json(results.place(paths.RECORD, run))
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    cores = (
        1
        if str(record["environment"]["device"]).startswith("cuda")
        else short["training"]["threads"]
    )
    epochs = int(60 * length.amount / cores / seconds)
    if epochs < 1:
        raise CalvingFrontError(
            folder.name,
            f"an epoch takes {seconds * cores / 60:.1f} core minutes, and the budget is "
            f"{length.amount:g}",
            "Raise the budget, or make the network smaller",
        )
    log.info("an epoch takes %.1f s: %d epochs for %g minutes", seconds, epochs, length.amount)
    write_json(
        folder / FILE,
        {
            "budget": {length.kind: length.amount},
            "settings": _settings(planned),
            "epochs": epochs,
            "seconds_per_epoch": seconds,
            "threads": short["training"]["threads"],
            "hardware": record["environment"]["hardware"],
        },
    )
    return epochs
