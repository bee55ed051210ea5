"""What a training was started with: a state of it goes on only with the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.dataset import Dataset
from calvingfront.training.revision import HOW
from calvingfront.training.settings import NetworkSettings, TrainingSettings

# Plain JSON values by what a user calls them.
Fingerprint = dict[str, Any]

# These change how long or how often, not the numbers of an epoch; what they change at the end is
# checked where the history is known (`loop.resume`). device and threads belong to the machine.
FREE = ("max_epochs", "patience", "keep_epochs", "device", *HOW)
# Bits may differ between machines, and with this on a GPU; results do not.
MACHINE = ("deterministic",)


def fingerprint(
    data: Dataset,
    train: list[str],
    validation: list[str],
    loss: str,
    seed: int,
    network: NetworkSettings,
    settings: TrainingSettings,
    revision: int,
) -> Fingerprint:
    """Describe everything that decides about the weights of a training.

    train, validation: scenes, in the order in which the training numbers them.
    The pixels are read once, a row at a time: 200 samples of 512 px take 0.3 s, any number no
    memory.
    """
    marks: Fingerprint = {"revision of the training code": revision, "loss": loss, "seed": seed}
    marks |= {f"networks.{key}": value for key, value in asdict(network).items()}
    marks |= {
        f"training.{key}": value
        for key, value in asdict(settings).items()
        if key not in FREE and key not in MACHINE
    }
    marks["image size"] = data.size
    for subset, scenes in (("training", train), ("validation", validation)):
        rows = data.rows(scenes)
        marks[f"{subset} scenes"] = f"{len(scenes)}, {_of_names(scenes)}"
        marks[f"{subset} images"] = _of_rows(data.images, rows)
        marks[f"{subset} fronts"] = _of_rows(data.fronts, rows)
    return marks


def differences(then: Fingerprint, now: Fingerprint) -> list[str]:
    """List what differs as `name: old, now new`, in the order of `now`."""
    names = [*now, *(name for name in then if name not in now)]
    missing = "not there"
    return [
        f"{name}: {then.get(name, missing)}, now {now.get(name, missing)}"
        for name in names
        if then.get(name, missing) != now.get(name, missing)
    ]


def _of_names(names: list[str]) -> str:
    return _short(hashlib.sha256(json.dumps(names).encode()))


def _of_rows(array: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(np.ascontiguousarray(array[row]).data)
    return _short(digest)


def _short(digest: Any) -> str:
    return f"sha256 {digest.hexdigest()[:16]}"
