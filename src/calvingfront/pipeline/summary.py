"""A few lines about finished results: the best row, the located fronts, and what to open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError
from calvingfront.storage.sealed import reading
from calvingfront.vocabulary.models import BASELINES
from calvingfront.vocabulary.paths import TABLES
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run

PAGE, REPORT, FRONTS = "fronts.html", "report.html", "fronts.gpkg"


def summary(folder: Path) -> str:
    """Say what a results folder holds. Raises CalvingFrontError if it holds nothing to speak of."""
    lines = [*_best(folder), *_located(folder), *_to_open(folder)]
    if not lines:
        raise CalvingFrontError(
            folder, "has neither tables nor located fronts", "Run `snakemake` or `make demo` first."
        )
    return "\n".join(lines)


def _best(folder: Path) -> Iterator[str]:
    scores, distances = (folder / TABLES / f"{name}.csv" for name in ("table1", "distances"))
    if not (scores.exists() and distances.exists()):
        return
    keys = ["model", "loss", "protocol"]
    with reading(scores):
        table = _of_all_scenes(scores)
        table[[*keys, "dice_mean", "images"]]
    with reading(distances):
        away = _of_all_scenes(distances)
        table = table.merge(away[[*keys, "mde_pooled_m_mean"]], on=keys, how="left")
    table = table[table["protocol"] == VALIDATION_THRESHOLD]
    networks = table[~table["model"].isin(list(BASELINES))].dropna(subset=["dice_mean"])
    if networks.empty:
        return
    best = networks.iloc[int(networks["dice_mean"].to_numpy().argmax())]
    yield f"Best row of Table I: {_row(best)} ({int(best['images'])} test images)."
    others = table[table["model"].isin(list(BASELINES))].dropna(subset=["dice_mean"])
    if len(others):
        other = others.iloc[int(others["dice_mean"].to_numpy().argmax())]
        yield f"Best without a network: {_row(other)}."


def _of_all_scenes(path: Path) -> pd.DataFrame:
    """Read a table without its rows of fewer scenes; earlier versions wrote no others."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return table[table["scenes"] == "all"] if "scenes" in table else table


def _row(row: Any) -> str:
    metres = row["mde_pooled_m_mean"]
    distance = f", {metres:.0f} m from the true fronts" if pd.notna(metres) else ""
    label = Run(row["model"], row["loss"], 0).label
    return f"{label}, Dice {row['dice_mean']:.1f} %{distance}"


def _located(folder: Path) -> Iterator[str]:
    path = folder / FRONTS
    if not path.exists():
        return
    from calvingfront.locating.vectors import read_fronts  # needs GeoPandas

    fronts = read_fronts(path)
    drawn = [front for front in fronts if front.lines]
    flags = Counter(front.quality or "not judged" for front in fronts)
    order = [name for name in ("good", "partial", "doubtful", "none", "not judged") if flags[name]]
    stated = [front.error_m for front in drawn if front.error_m is not None]
    error = f", stated error {sum(stated) / len(stated):.0f} m on average" if stated else ""
    counts = ", ".join(f"{flags[name]} {name}" for name in order)
    yield f"Fronts located: {len(drawn)} of {len(fronts)} new scenes{error} ({counts})."
    yield from _held_out(folder)


def _held_out(folder: Path) -> Iterator[str]:
    path = folder / TABLES / "errors.csv"
    if not path.exists():
        return
    with reading(path):
        table = pd.read_csv(path)
        row = table[table["group"] == "all"].iloc[0]
    if pd.notna(row["within_90"]):
        yield (
            f"On the test scenes, the same model is {row['line_m']:.0f} m off (stated: "
            f"{row['error_m']:.0f} m); {100 * row['within_90']:.0f} % of its lines lie within "
            "their 90 % bands."
        )


def _to_open(folder: Path) -> Iterator[str]:
    found = [name for name in (PAGE, FRONTS, REPORT) if (folder / name).exists()]
    if found:
        yield "Open " + ", ".join(str(folder / name) for name in found)
