"""A trial as a configuration file, with which the workflow trains it in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from calvingfront.errors import CalvingFrontError
from calvingfront.search.folder import read_facts, trial_folders
from calvingfront.search.rows import FINISHED, by_trial, trainings
from calvingfront.tables.comparisons import SEEDS_FOR_A_CLAIM
from calvingfront.tables.rendering import number, plus_minus
from calvingfront.training.ending import HOW

# Of the samples: what decides how the images look; the data set was made with it.
OF_SAMPLES = ("size", "front_width_px", "median_area_m2", "grey_levels", "variant")


def overlay_of(search: Path, name: str | None = None) -> str:
    """The configuration file of a trial, by default of the best one, as YAML with comments.

    It holds every key that decides what a training gives, so that it means the same on top of any
    other file. Raises CalvingFrontError if no training is finished, or there is no such trial.
    """
    facts = read_facts(search)
    orientations = facts["orientations"]
    rows = trainings(search, orientations)
    summary = by_trial(rows, orientations) if len(rows) else pd.DataFrame()
    if name is None:
        done = summary[summary["seeds"] > 0] if len(summary) else summary
        if done.empty:
            what = "has no finished training"
            raise CalvingFrontError(search, what, "Run `calvingfront search` until one is finished")
        name = str(done.iloc[0]["trial"])
    found = {each["name"]: results for each, results in trial_folders(search)}
    if name not in found:
        remedy = f"Write one of {', '.join(found)}"
        raise CalvingFrontError(search, f"has no trial {name}", remedy)
    config = dict(found[name].config)
    own = _deciding(config) | {"seeds": list(config["seeds"])}
    own["evaluation"] = {
        "min_front_length_m": config["evaluation"]["min_front_length_m"],
        "orientations": max(orientations),
    }
    row = summary[summary["trial"] == name].iloc[0]
    comment = "".join(f"# {line}\n" for line in _about(search, row, rows, summary, orientations))
    return comment + yaml.safe_dump(own, sort_keys=False, allow_unicode=True)


def _deciding(config: dict[str, Any]) -> dict[str, Any]:
    """The keys of a configuration that decide a training's results, the seeds aside."""
    training = {key: value for key, value in config["training"].items() if key not in HOW}
    if config["training"].get("start_from") is not None:  # what lies there decides
        training["start_from"] = config["training"]["start_from"]
    samples = {key: config["samples"][key] for key in OF_SAMPLES if key in config["samples"]}
    found = {"samples": samples, "networks": config["networks"]}
    if "history" in config:
        found["history"] = config["history"]
    return found | {"losses": config["losses"], "training": training}


def _about(
    search: Path, row: pd.Series, rows: pd.DataFrame, summary: pd.DataFrame, orientations: list[int]
) -> list[str]:
    n = max(orientations)
    best = str(summary.iloc[0]["trial"]) == row["trial"]
    said = [
        f"The trial {row['trial']} of {search.name}: {row['changes']}.",
        f"Validation scenes: Dice {plus_minus(row[f'dice_{n}_mean'], row[f'dice_{n}_sd'])} %, "
        f"MDE {plus_minus(row[f'mde_m_{n}_mean'], row[f'mde_m_{n}_sd'], 0)} m, {row['seeds']} "
        f"seed{'s' if row['seeds'] != 1 else ''}, {n} orientation{'s' if n > 1 else ''}.",
    ]
    scored = summary[summary["seeds"] > 0]
    if best and len(scored) > 1:
        second = scored.iloc[1]
        said.append(
            f"The best of {len(scored)}; the next, {second['trial']}, has "
            f"{number(second[f'dice_{n}_mean'])} %. Being the best of many flatters it: score it "
            "on test scenes once."
        )
    if row["seeds"] < SEEDS_FOR_A_CLAIM:
        said.append(f"Fewer than {SEEDS_FOR_A_CLAIM} seeds: no evidence that it is better.")
    open_ = int((rows["status"] != FINISHED).sum())
    if open_:
        said.append(f"{open_} of {len(rows)} trainings of the search are not finished.")
    said.append("snakemake --configfile THIS mine.yaml …, where mine.yaml names data and device.")
    return said
