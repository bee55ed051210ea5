"""What a training was started with: its state resumes only with the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.dataset.history import HistorySettings
from calvingfront.dataset.reading import Dataset, SampleReader
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.ending import ENDS, HOW, acting_ends
from calvingfront.training.sampling import missions_of
from calvingfront.training.settings import TrainingSettings

# Plain JSON values, under names that users understand.
Fingerprint = dict[str, Any]

# These may change between sessions. ENDS do not affect an epoch's
# results; their effect on the end of the training is checked in `progress.resume`, which knows the
# history. `deterministic` and HOW change the last digits at most.
FREE = (*ENDS, "deterministic", *HOW)


def fingerprint(
    data: Dataset,
    train: list[str],
    validation: list[str],
    loss: str,
    seed: int,
    network: NetworkSettings,
    settings: TrainingSettings,
    code: str,
) -> Fingerprint:
    """Describe everything that determines the weights of a training.

    train, validation: scenes, in the order in which the training numbers them.
    The pixels are read once, one sample at a time: 200 samples of 512 px take 0.3 s, and memory
    does not grow with their number.
    """
    free = [key for key in FREE if key not in acting_ends(settings.schedule)]
    free += [] if network.auxiliary else ["auxiliary_weight"]
    marks: Fingerprint = {"training code": code, "loss": loss, "seed": seed}
    marks |= {f"networks.{key}": value for key, value in network.as_record().items()}
    marks |= {
        f"training.{key}": value for key, value in asdict(settings).items() if key not in free
    }
    if settings.sampling == "missions":
        marks["training missions"] = _of_names(list(missions_of(data, train)))
    marks["image size"] = data.size
    for subset, scenes in (("training", train), ("validation", validation)):
        rows = data.rows(scenes)
        marks[f"{subset} scenes"] = f"{len(scenes)}, {_of_names(scenes)}"
        for name, array in (("images", data.images), ("fronts", data.fronts)):
            reader = SampleReader(array, rows, scenes)
            marks[f"{subset} {name}"] = _of_samples(reader, len(scenes), data.size)
    return marks


def of_history(data: Dataset, train: list[str], settings: HistorySettings) -> Fingerprint:
    """Describe what a network that reads fronts of other dates is told besides."""
    rows = data.rows(train)
    marks: Fingerprint = {f"history.{key}": value for key, value in asdict(settings).items()}
    for name in ("acquired", "glacier"):
        marks[f"training {name}"] = _of_names(
            data.index[name].to_numpy()[rows].astype(str).tolist()
        )
    return marks


def of_zones(data: Dataset, train: list[str], zones: npt.NDArray[np.uint8]) -> Fingerprint:
    """Describe the zones (n, s, s) that a network learns beside the front."""
    reader = SampleReader(zones, data.rows(train), train)
    return {"training zones": _of_samples(reader, len(train), data.size)}


def differences(then: Fingerprint, now: Fingerprint) -> list[str]:
    """List what differs as `name: old, now new`, in the order of `now`."""
    names = [*now, *(name for name in then if name not in now)]
    missing = "missing"
    return [
        f"{name}: {then.get(name, missing)}, now {now.get(name, missing)}"
        for name in names
        if then.get(name, missing) != now.get(name, missing)
    ]


def _of_names(names: list[str]) -> str:
    return _short(hashlib.sha256(json.dumps(names).encode()))


def _of_samples(reader: SampleReader, count: int, size: int) -> str:
    digest, sample = hashlib.sha256(), np.empty((size, size), np.uint8)
    for position in range(count):
        reader.read(position, sample)
        digest.update(sample.data)
    return _short(digest)


def _short(digest: Any) -> str:
    return f"sha256 {digest.hexdigest()[:16]}"
