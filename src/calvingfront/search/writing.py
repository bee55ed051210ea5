"""Writing the log of a search: tables for machines, and a page to read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError
from calvingfront.files import write_text
from calvingfront.search.blind import left_out
from calvingfront.search.claims import claims
from calvingfront.search.folder import LOG, read_facts
from calvingfront.search.rows import FAILED, FINISHED, by_trial, trainings
from calvingfront.tables.comparisons import MEASURES, SEEDS_FOR_A_CLAIM
from calvingfront.tables.rendering import (
    DASH,
    Block,
    interval,
    markdown,
    number,
    p_value,
    plus_minus,
    write_csv,
)
from calvingfront.vocabulary.paths import DATASET


def write_log(search: Path) -> str:
    """Write log.csv, trainings.csv, claims.csv and log.md from the folders; return what to say.

    Raises CalvingFrontError if the folder holds no trial.
    """
    facts = read_facts(search)
    orientations = facts["orientations"]
    rows = trainings(search, orientations)
    if rows.empty:
        remedy = "Run `calvingfront search` without --log-only first"
        raise CalvingFrontError(search, "holds no trial", remedy)
    summary = by_trial(rows, orientations)
    tested = claims(search, orientations, facts["against"])
    write_csv(search / f"{LOG}.csv", summary)
    write_csv(search / "trainings.csv", rows)
    write_csv(search / "claims.csv", tested)
    text = markdown(
        "Log of a search",
        list(_caption(search, facts, rows, summary)),
        list(_blocks(summary, rows, tested, orientations, facts["against"])),
    )
    write_text(search / f"{LOG}.md", text)
    return _said(search, rows, summary, orientations)


def _caption(
    search: Path, facts: dict[str, Any], rows: pd.DataFrame, summary: pd.DataFrame
) -> Iterator[str]:
    yield f"`{facts['command']}`" if facts.get("command") else "A search over configurations."
    images = rows["validation_images"].max() if "validation_images" in rows else float("nan")
    size = rows["image_size"].max() if "image_size" in rows else float("nan")
    done = int((rows["status"] == FINISHED).sum())
    yield (
        f"{len(summary)} trials, {len(rows)} trainings planned, {done} finished, "
        f"{int((rows['status'] == FAILED).sum())} failed. Scored on {number(images, 0)} validation "
        f"images of {number(size, 0)} px, at the threshold that is best for them: good enough to "
        "rank trials, too good to quote, and the best of many trials looks better than it is. No "
        "test scene was read: the folder of the search holds none."
    )
    leaked = left_out(search / DATASET)
    if leaked:
        yield f"{leaked} scenes that are test scenes too were left out of training and validation."
    yield (
        "Dice in %; MDE pooled over all pixels of fronts, m; ∅: validation images without any "
        "predicted front; 1 and 8: orientations in which an image is predicted. Mean ± standard "
        "deviation over seeds. Core hours: seconds × threads on a CPU. GPU seconds: seconds "
        "divided by the number of trainings side by side."
    )
    if "image_size" in rows and rows["image_size"].nunique() > 1:
        yield "Trials of other image sizes: compare their metres only, Dice counts pixels."
    if "other_code" in rows and (other := int(rows["other_code"].sum())):
        yield f"{other} of these networks were trained by other code than that of today."
    hardware = _listed(rows, "hardware")
    if hardware:
        yield f"Made on {hardware}, with PyTorch {_listed(rows, 'torch')}, calvingfront " + (
            f"{_listed(rows, 'calvingfront')} ({_listed(rows, 'commit') or 'no checkout'})."
        )


def _listed(rows: pd.DataFrame, column: str) -> str:
    if column not in rows:
        return ""
    return ", ".join(sorted({str(each) for each in rows[column].dropna() if str(each)}))


def _blocks(
    summary: pd.DataFrame,
    rows: pd.DataFrame,
    tested: pd.DataFrame,
    orientations: Sequence[int],
    against: str,
) -> Iterator[Block]:
    header = ["trial", "changes", "network", "loss", "seeds", "parameters", "images seen"]
    header += [f"{name}, {n}" for n in orientations for name in ("Dice", "MDE", "∅")]
    header += ["core hours", "GPU s", "status"]
    cells = [
        [
            str(row["trial"]),
            str(row["changes"]),
            str(row["model"]),
            str(row["loss"]),
            str(row["seeds"]),
            _count(row["parameters"]),
            _count(row["images_seen"]),
            *_scores(row, orientations),
            number(row["core_hours"], 2),
            number(row["gpu_seconds"], 0),
            _state(row),
        ]
        for _, row in summary.iterrows()
    ]
    yield Block("Trials, the best first", [], header, cells, left=4)
    yield _claims(tested, against)
    yield _trainings(rows, orientations)


def _state(row: pd.Series) -> str:
    return f"{row['status']}: {row['error']}" if row["error"] else str(row["status"])


def _scores(row: pd.Series, orientations: Sequence[int]) -> Iterator[str]:
    for n in orientations:
        yield plus_minus(row[f"dice_{n}_mean"], row[f"dice_{n}_sd"])
        yield plus_minus(row[f"mde_m_{n}_mean"], row[f"mde_m_{n}_sd"], 0)
        yield number(row[f"missing_{n}_mean"])


def _claims(tested: pd.DataFrame, against: str) -> Block:
    title = f"Differences from the trial {against}"
    if tested.empty:
        title += f": none is claimed, because that needs {SEEDS_FOR_A_CLAIM} finished seeds of both"
    header = ["trial", "score", "seeds", "n", "difference", "p", "verdict"]
    cells = []
    for _, row in tested.iterrows():
        measure = MEASURES[str(row["measure"])]
        span = interval(row["low"], row["high"], measure.digits)
        cells.append(
            [
                str(row["trial"]),
                measure.label,
                str(row["seeds"]),
                str(row["images"]),
                f"{number(row['difference'], measure.digits)}{span}",
                p_value(row["p_holm"]),
                str(row["verdict"]),
            ]
        )
    return Block(title, [], header, cells, left=2)


def _trainings(rows: pd.DataFrame, orientations: Sequence[int]) -> Block:
    header = ["trial", "seed", "status", "epochs", "best epoch", "best monitor"]
    header += [f"{name}, {n}" for n in orientations for name in ("Dice", "threshold", "MDE")]
    header += ["seconds", "beside", "resumed"]
    cells = []
    for _, row in rows.iterrows():
        scores = [
            number(row.get(f"{name}_{n}"), digits)
            for n in orientations
            for name, digits in (("dice", 1), ("threshold", 2), ("mde_m", 0))
        ]
        cells.append(
            [
                str(row["trial"]),
                str(row["seed"]),
                f"{row['status']}: {row['error']}" if row["error"] else str(row["status"]),
                f"{_count(row.get('epochs'))} of {_count(row['max_epochs'])}",
                _count(row.get("best_epoch")),
                number(row.get("best_monitor"), 4),
                *scores,
                number(row.get("seconds"), 0),
                _count(row.get("side_by_side")),
                _count(row.get("resumptions")),
            ]
        )
    return Block("Trainings", [], header, cells, left=3)


def _count(value: Any) -> str:
    return DASH if value is None or not math.isfinite(value) else f"{int(value):,}"


def _said(
    search: Path, rows: pd.DataFrame, summary: pd.DataFrame, orientations: Sequence[int]
) -> str:
    done = int((rows["status"] == FINISHED).sum())
    failed = int((rows["status"] == FAILED).sum())
    text = f"{done} of {len(rows)} trainings are finished"
    text += f", {failed} failed" if failed else ""
    best, n = summary.iloc[0], max(orientations)
    if done:
        text += (
            f". Best so far: {best['trial']}, Dice {number(best[f'dice_{n}_mean'])}, "
            f"{number(best[f'mde_m_{n}_mean'], 0)} m"
        )
    return f"{text}. The log: {search / f'{LOG}.md'}"
