"""Which settings of a training decide its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calvingfront.training.ending import ENDS, HOW, acting_ends


def acting_training(training: Mapping[str, Any], auxiliary: bool = False) -> dict[str, Any]:
    """The keys of the section `training` that decide a training's results, with their values.

    Keys that cannot act on the chosen device have their defaults. auxiliary: whether anything is
    learnt beside the front.
    """
    schedule = training.get("schedule", "triangular")  # a prepared folder may be older
    idle = {*HOW, *ENDS} - set(acting_ends(schedule))
    if schedule == "cosine":
        idle.add("half_cycle_epochs")
    if not auxiliary:
        idle.add("auxiliary_weight")
    device = str(training.get("device", "auto"))
    default: dict[str, Any] = {"deterministic": False} if device == "cpu" else {}
    if device.startswith("cuda"):
        default["tuning"] = "off"
    return {key: default.get(key, value) for key, value in training.items() if key not in idle}
