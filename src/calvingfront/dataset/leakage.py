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
from calvingfront.vocabulary.subsets import GAP, SUBSETS, TEST, TRAIN, VALIDATION

NEAR_DAYS = 35  # one repeat cycle of ERS and ENVISAT


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
    near = report["days"].le(NEAR_DAYS).fillna(False).astype(bool)
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
        "| glacier | training | validation | test | in a gap | within "
        f"{NEAR_DAYS} days | median days |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    glacier_of = scenes.set_index("scene")["glacier"]
    counts = pd.crosstab(split["scene"].map(glacier_of), split["subset"])
    counts = counts.reindex(columns=[*SUBSETS, GAP], fill_value=0)
    for glacier, row in counts.iterrows():
        own = report["glacier"] == glacier
        own_days = report.loc[own, "days"].dropna().astype(float)
        share = f"{int(near[own].sum())} ({_percent(near[own])})" if own.any() else "–"
        median = f"{np.median(own_days):g}" if len(own_days) else "–"
        cells = [glacier, *(int(row[subset]) for subset in (*SUBSETS, GAP)), share, median]
        lines.append(table_row(cells))
    lines += [
        "",
        "A test scene close in time to a training scene shows nearly the same front: its score "
        "measures interpolation in time. A split by glacier or in time measures more.",
    ]
    return "\n".join(lines) + "\n"


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
    report = leakage(scenes, split)
    write_table(output, split)
    write_table(leakage_table, report)
    described = describe_leakage(report, split, scenes, method, notes)
    write_report(described, leakage_summary, leakage_page)


def _percent(flags: pd.Series[bool]) -> str:
    return f"{100 * flags.mean():.0f} %"
