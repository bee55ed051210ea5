"""The log of a search, read from its folders: a row for each training, and one for each trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.dataset.reading import read_table
from calvingfront.errors import CalvingFrontError
from calvingfront.files import read_json
from calvingfront.pipeline.results import Results
from calvingfront.pipeline.rows import runs_of
from calvingfront.search.folder import (
    DEVICE_NOTES,
    PROGRESS,
    SCORES,
    THRESHOLD,
    failure_of,
    scored_path,
    scoring_step,
    trained_by_other_code,
    trial_folders,
    undone,
)
from calvingfront.search.length import images_per_epoch
from calvingfront.storage.sealed import read_record
from calvingfront.tables.distance_measures import pooled_error
from calvingfront.tables.statistics import mean_and_spread
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run

FINISHED, FAILED, UNFINISHED, WAITING = "finished", "failed", "unfinished", "not begun"
# Of each orientation, in the log: name, factor to its unit.
SCORED = ("dice", "threshold", "mde_m", "missing")
SUMMED = ("seconds", "core_hours", "gpu_seconds")


def trainings(search: Path, orientations: Sequence[int]) -> pd.DataFrame:
    """One row for each planned training: what it is, how far it is, its scores and its cost.

    dice_N, threshold_N, mde_m_N, missing_N: of the validation images predicted in N orientations;
    Dice in %, the distance pooled over all pixels of fronts, m, and the images without any front.
    core_hours: seconds × threads, of a CPU; gpu_seconds: seconds, divided by the trainings that ran
    side by side.
    """
    rows = [
        _row(facts, results, run, orientations)
        for facts, results in trial_folders(search)
        for run in runs_of("networks", results.config)
    ]
    return pd.DataFrame(rows)


def _row(
    facts: dict[str, Any], results: Results, run: Run, orientations: Sequence[int]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "trial": facts["name"],
        "changes": facts["changes"],
        "data": facts["data"],
        "model": run.model,
        "loss": run.loss,
        "seed": run.seed,
        "status": WAITING,
        "error": "",
        "max_epochs": results.config["training"]["max_epochs"],
    }
    row |= _of_training(results, run)
    failure = failure_of(results, run)
    if failure is not None:
        return row | {"status": FAILED, "error": failure["error"]}
    if row["status"] == FINISHED:
        step = scoring_step(orientations)
        if why := undone(results, "train_network", run) or undone(results, step, run):
            return row | {"status": UNFINISHED, "error": why}
        row["other_code"] = int(trained_by_other_code(results, run))
        row |= _of_scores(results, run, orientations)
    return row


def _of_training(results: Results, run: Run) -> dict[str, Any]:
    """What the record of a finished training says, or the progress of another."""
    try:
        record = read_record(results.place(paths.RECORD, run))
        training, environment = record["training"], record["environment"]
        on_gpu = str(environment["device"]).startswith("cuda")
        beside = _beside(results, run)
        seconds = float(record["seconds"])
        return {
            "status": FINISHED,
            "parameters": record["trainable_parameters"],
            "train_images": record["train_images"],
            "validation_images": record["validation_images"],
            "image_size": record["image_size"],
            "epochs": record["epochs"],
            "images_seen": record["epochs"] * images_per_epoch(record["train_images"], training),
            "best_epoch": record["best_epoch"],
            "best_monitor": record["best_monitor"],
            "seconds": seconds,
            "threads": training["threads"],
            "core_hours": float("nan") if on_gpu else seconds * training["threads"] / 3600,
            "side_by_side": beside,
            "gpu_seconds": seconds / beside if on_gpu else float("nan"),
            "resumptions": record.get("resumptions", 0),
            "hardware": environment["hardware"],
            "torch": environment["torch"],
            "calvingfront": environment["calvingfront"],
            "commit": environment["commit"],
        }
    except (CalvingFrontError, KeyError):
        pass
    try:
        progress = read_table(results.place(PROGRESS, run))
    except CalvingFrontError:
        begun = Path(results.place(paths.RECORD, run)).parent / "state"
        return {"status": UNFINISHED} if begun.exists() else {}
    return {
        "status": UNFINISHED,
        "epochs": len(progress),
        "best_monitor": progress["validation_monitor"].max(),
        "seconds": progress["seconds"].sum(),
    }


def _beside(results: Results, run: Run) -> int:
    try:
        return int(read_json(results.place(DEVICE_NOTES, run))["side_by_side"])
    except (OSError, ValueError, KeyError, TypeError):
        return 1


def _of_scores(results: Results, run: Run, orientations: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for count in orientations:
        images = scores_of(results, run, count)
        threshold = read_record(results.place(scored_path(THRESHOLD, run, count)))
        values = (
            100 * float(images["dice"].mean()),
            threshold[VALIDATION_THRESHOLD],
            pooled_error(images),
            int(images["missing"].sum()),
        )
        found |= {f"{name}_{count}": value for name, value in zip(SCORED, values, strict=True)}
    return found


def scores_of(results: Results, run: Run, count: int) -> pd.DataFrame:
    """The scores of the validation images, a row for each."""
    return read_table(results.place(scored_path(SCORES, run, count)))


def by_trial(rows: pd.DataFrame, orientations: Sequence[int]) -> pd.DataFrame:
    """One row for each trial: mean and standard deviation of its scores over its seeds, its cost.

    Sorted by the mean Dice in most orientations, the best first; trials without a score last.
    """
    found = []
    names = [f"{name}_{count}" for count in orientations for name in SCORED]
    for trial, part in rows.groupby("trial", sort=False):
        done = part[part["status"] == FINISHED]
        first = (done if len(done) else part).iloc[0]
        row = {
            "trial": trial,
            **{key: first[key] for key in ("changes", "data", "model", "loss")},
            "seeds": len(done),
            "planned_seeds": len(part),
            "status": _status(part),
            **{key: first.get(key) for key in ("parameters", "images_seen", "epochs")},
        }
        for name in names:
            mean, spread = mean_and_spread(list(done[name]) if name in done else [])
            row |= {f"{name}_mean": mean, f"{name}_sd": spread}
        for name in SUMMED:
            row[name] = part[name].sum(min_count=1) if name in part else float("nan")
        errors = part.loc[part["status"] == FAILED, "error"]
        found.append(row | {"error": "; ".join(dict.fromkeys(errors))})
    table = pd.DataFrame(found)
    key = f"dice_{max(orientations)}_mean"
    return table.sort_values(key, ascending=False, kind="stable", na_position="last")


def _status(part: pd.DataFrame) -> str:
    counts = part["status"].value_counts()
    if len(counts) == 1:
        return str(counts.index[0])
    order = (FINISHED, FAILED, UNFINISHED, WAITING)
    return ", ".join(f"{counts[name]} {name}" for name in order if name in counts)
