"""Which settings change a finished training: those that decide how it ends, and those that do not.

Imports nothing of PyTorch: the Snakefile asks it which finished trainings still fit.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike

# Keys of `training` that affect how a training runs but not its results: changing one does not
# rerun the training. Of `start_from`, the weights count that lie there, and not where they lie.
HOW = (
    "acceleration", "device", "feed", "gpu_slots", "keep_state", "save_minutes", "start_from",
    "threads",
)  # fmt: skip
# Those of HOW that a data set prepared by an earlier version lacks, with their defaults.
LATER = {"keep_state": True, "start_from": None}
# Keys of `training` that only decide when a training ends and which epochs it keeps: changing one
# makes a finished training anew only if it would have gone another way.
ENDS = ("max_epochs", "patience", "keep_epochs")


def acting_ends(schedule: str) -> tuple[str, ...]:
    """Those of ENDS on which the epochs themselves depend: a cosine ends with the last of them."""
    return ("max_epochs",) if schedule == "cosine" else ()


def is_over(epoch: int, best_epoch: int, max_epochs: int, patience: int) -> bool:
    """Whether a training ends after this many epochs, of which `best_epoch` was the best so far."""
    return epoch >= max_epochs or epoch - best_epoch >= patience


def would_be_the_same(
    best: Sequence[bool],
    recorded: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> bool:
    """Whether a finished training would have given the same files with other ENDS.

    best: for each epoch that it ran, whether it was the best so far. recorded, wanted: ENDS it was
    run with, and those of now. The epochs do not depend on ENDS, so the same epochs give the same
    weights; epochs that were kept and are not asked for any more do no harm.
    """
    if not best or not _kept(recorded) >= _kept(wanted):
        return False
    best_epoch = 0
    for epoch, better in enumerate(best, start=1):
        best_epoch = epoch if better else best_epoch
        over = is_over(epoch, best_epoch, wanted["max_epochs"], wanted["patience"])
        if over is not (epoch == len(best)):
            return False
    return True


def _kept(settings: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(settings["keep_epochs"])


def best_epochs(history: PathLike) -> list[bool]:
    """The column `best` of a history. Raises OSError, ValueError or KeyError if it has none."""
    with Path(history).open(encoding="utf-8", newline="") as file:
        return [float(row["best"]) > 0 for row in csv.DictReader(file, delimiter="\t")]
