"""How close in time the test scenes are to the training scenes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.splits import split_scenes
from calvingfront.files import PathLike
from calvingfront.reports import table_row, write_report
from calvingfront.scenes.lists.split_lists import read_lists
from calvingfront.scenes.scene_table import write_table
from calvingfront.storage.sealed import read_sealed
from calvingfront.vocabulary.subsets import GAP, SUBSETS, TEST, TRAIN, UNUSED, VALIDATION

NEAR_DAYS = 35  # one repeat cycle of ERS and ENVISAT
# What the scores of a split say, and what they do not.
_AT_RANDOM = (
    "A test scene close in time to a training scene shows nearly the same front: its score "
    "measures interpolation in time. A split by glacier, by mission or in time measures more."
)
_IN_TIME = (
    "The scores hold for scenes as far in time from the training as these, of the same glaciers."
)
_NAMES = {TRAIN: "training"}
MEANING = {
    "paper": _AT_RANDOM,
    "random": _AT_RANDOM,
    "glacier": "Networks that read the image alone are tested on a glacier that they have never "
    "seen. Prior, nearest date and fronts of other dates know nothing of such a glacier.",
    "mission": "The images are of sensors that no network has seen, but the glaciers are the same. "
    "Prior, nearest date and fronts of other dates still know them, from other missions, as close "
    "in time as the days above. The scores say nothing about other glaciers.",
    "time": _IN_TIME,
    "middle": _IN_TIME,
}


def leakage(scenes: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """For each test scene, the training scene of its glacier that is nearest in time.

    Returns scene, glacier, acquired, nearest_training_scene, days (missing if the glacier has no
    training scene), in_training (1: the scene itself is in training too, at 0 days). If two scenes
    are equally near, the first by name is taken.
    """
    table = scenes.set_index("scene")
    training = table.loc[sorted(set(split.loc[split["subset"] == TRAIN, "scene"]))]
    rows = []
    for name in sorted(set(split.loc[split["subset"] == TEST, "scene"])):
        scene = table.loc[name]
        same = training[training["glacier"] == scene["glacier"]]
        distance = (
            pd.to_datetime(same["acquired"]) - pd.Timestamp(str(scene["acquired"]))
        ).dt.days.abs()
        in_training = name in training.index
        nearest = name if in_training else (distance.idxmin() if len(same) else None)
        rows.append(
            {
                "scene": name,
                "glacier": scene["glacier"],
                "acquired": scene["acquired"],
                "nearest_training_scene": nearest,
                "days": None if nearest is None else int(distance[nearest]),
                "in_training": int(in_training),
            }
        )
    report = pd.DataFrame(rows)
    report["days"] = report["days"].astype("Int64")
    return report


def describe_leakage(
    report: pd.DataFrame,
    split: pd.DataFrame,
    scenes: pd.DataFrame,
    method: str,
    notes: Collection[str] = (),
) -> str:
    """The summary of a split and its leakage, as Markdown."""
    near = _near(report)
    days = report["days"].dropna().astype(float)
    training = set(split.loc[split["subset"] == TRAIN, "scene"])
    validation = set(split.loc[split["subset"] == VALIDATION, "scene"])
    lines = [
        f"# Split `{method}` and its leakage",
        "",
        f"- {int(near.sum())} of {len(report)} test scenes ({_percent(near)}) lie within "
        f"{NEAR_DAYS} days of a training scene of the same glacier.",
        f"- Days to the nearest training scene: median {np.median(days):g}, "
        f"smallest {days.min():g}, largest {days.max():g}."
        if len(days)
        else "- No test scene has a training scene of its own glacier.",
        f"- Scenes in two subsets: {int(report['in_training'].sum())} in test and training, "
        f"{len(validation & training)} in validation and training, "
        f"{len(validation & set(report['scene']))} in test and validation.",
        *(f"- {note}" for note in notes),
        "",
        *_counts("glacier", report, split, scenes),
    ]
    if method == "mission":
        lines += ["", *_counts("mission", report, split, scenes)]
    lines += ["", MEANING[method]]
    return "\n".join(lines) + "\n"


def _counts(
    column: str, report: pd.DataFrame, split: pd.DataFrame, scenes: pd.DataFrame
) -> list[str]:
    """The scenes of each glacier, or mission, in each subset, and how close its test scenes are."""
    value_of = scenes.set_index("scene")[column]
    counts = pd.crosstab(split["scene"].map(value_of), split["subset"])
    subsets = {**{subset: _NAMES.get(subset, subset) for subset in SUBSETS}, GAP: "in a gap"}
    if UNUSED in counts:
        subsets[UNUSED] = "left out"
    counts = counts.reindex(columns=[*subsets], fill_value=0)
    header = [column, *subsets.values(), f"within {NEAR_DAYS} days", "median days"]
    lines = [table_row(header), "|---" + "|---:" * (len(header) - 1) + "|"]
    own_value = report["scene"].map(value_of)
    for value, row in counts.iterrows():
        own = own_value == value
        days = report.loc[own, "days"].dropna().astype(float)
        near = _near(report)[own]
        share = f"{int(near.sum())} ({_percent(near)})" if own.any() else "–"
        median = f"{np.median(days):g}" if len(days) else "–"
        lines.append(table_row([value, *(int(row[subset]) for subset in subsets), share, median]))
    return lines


def _near(report: pd.DataFrame) -> pd.Series[bool]:
    return report["days"].le(NEAR_DAYS).fillna(False).astype(bool)


def split_file(
    index: PathLike,
    output: PathLike,
    leakage_table: PathLike,
    leakage_summary: PathLike,
    lists: PathLike | None = None,
    leakage_page: PathLike | None = None,
    exclude: Collection[str] = (),
    **options: Any,
) -> None:
    """Split the scenes of a packed data set (or scene table) and report the leakage.

    leakage_page: the summary as HTML, or None.
    lists:   a file, or empty for none. exclude: the scenes of source.exclude.
    options: the other keys of the configuration's section split; see `split_scenes`.
    """
    scenes = read_sealed(index, str).fillna("")
    source = lists or None
    split = split_scenes(scenes, lists=source, excluded=exclude, **options)
    method = str(options.get("method", "paper"))
    notes = []
    if method == "paper" and source is not None:
        columns = {"lists_scene_column": "caffe_name", "lists_subset_column": "split"} | options
        published = read_lists(
            source, columns["lists_scene_column"], columns["lists_subset_column"]
        )
        left_out = int(published.table["scene"].isin(list(exclude)).sum())
        notes.append(
            f"`{Path(source).name}` has {published.rows} rows: {published.unnamed} have no scene "
            f"name, {published.repeated} repeat a scene within its subset, {left_out} are excluded."
        )
    notes += _held_out(method, split, scenes)
    if (unused := int((split["subset"] == UNUSED).sum())) > 0:
        kept = int((split["subset"] == TRAIN).sum())
        notes.append(f"Training uses {kept} of {kept + unused} scenes (split.train_share).")
    if method != "mission":
        notes += _new_missions(split, scenes)
    report = leakage(scenes, split)
    write_table(output, split)
    write_table(leakage_table, report)
    described = describe_leakage(report, split, scenes, method, notes)
    write_report(described, leakage_summary, leakage_page)


def _held_out(method: str, split: pd.DataFrame, scenes: pd.DataFrame) -> list[str]:
    """Which glaciers or missions are held out, and which remain."""
    if method not in ("glacier", "mission"):
        return []
    names = split["scene"].map(scenes.set_index("scene")[method])
    tested, trained = (
        ", ".join(sorted(set(names[split["subset"] == subset]))) for subset in (TEST, TRAIN)
    )
    return [f"Held out: every scene of {tested}. Training scenes: {trained}."]


def _new_missions(split: pd.DataFrame, scenes: pd.DataFrame) -> list[str]:
    """Missions of test scenes that no training scene is of, as in the last years of an archive."""
    if "mission" not in scenes:
        return []
    missions = split["scene"].map(scenes.set_index("scene")["mission"])
    tested = missions[split["subset"] == TEST]
    new = ~tested.isin(set(missions[split["subset"] == TRAIN]))
    if not new.any():
        return []
    names = ", ".join(sorted(set(tested[new])))
    return [
        f"{int(new.sum())} of {len(new)} test scenes ({_percent(new)}) are of missions without a "
        f"training scene: {names}."
    ]


def _percent(flags: pd.Series[bool]) -> str:
    return f"{100 * flags.mean():.0f} %"
