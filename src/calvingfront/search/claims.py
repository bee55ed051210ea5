"""Which differences between the trials of a search are shown, by the test of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.pipeline.results import Results
from calvingfront.pipeline.rows import runs_of
from calvingfront.search.folder import scoring_step, trial_folders, undone
from calvingfront.search.rows import scores_of
from calvingfront.tables.comparisons import MEASURES, NO_SPREAD, SEEDS_FOR_A_CLAIM, SIGNIFICANCE
from calvingfront.tables.statistics import compare_methods, holm


def claims(search: Path, orientations: Sequence[int], against: str) -> pd.DataFrame:
    """Each trial compared with one, by the test of `tables.statistics` over seeds and images.

    Only trials with SEEDS_FOR_A_CLAIM finished seeds, in most orientations. p_holm: adjusted over
    the trials, for each score.
    """
    known = {
        (facts["name"], name): values
        for facts, results in trial_folders(search)
        for name, values in _by_seed(results, orientations).items()
    }
    rows = [
        {"trial": trial, "against": against, "measure": name, **found}
        for (trial, name), values in known.items()
        if trial != against and (against, name) in known
        for found in _difference(values, known[against, name])
    ]
    columns = ("trial", "against", "measure", "seeds", "images", "difference", "low", "high", "p")
    table = pd.DataFrame(rows, columns=list(columns))
    table["p_holm"] = table.groupby("measure")["p"].transform(lambda p: holm(list(p)))
    table["verdict"] = [_verdict(row) for _, row in table.iterrows()]
    return table


def _by_seed(results: Results, orientations: Sequence[int]) -> dict[str, pd.DataFrame]:
    """Each score of a trial, (seeds, images), of its finished trainings."""
    step, parts = scoring_step(orientations), {}
    for run in runs_of("networks", results.config):
        if undone(results, "train_network", run) or undone(results, step, run):
            continue
        parts[run.seed] = scores_of(results, run, max(orientations)).set_index("scene")
    if len(parts) < SEEDS_FOR_A_CLAIM:
        return {}
    return {
        name: pd.DataFrame(
            {seed: measure.factor * part[measure.column] for seed, part in parts.items()}
        ).T
        for name, measure in MEASURES.items()
    }


def _difference(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[dict[str, Any]]:
    scenes = [scene for scene in first if scene in second]
    ours, theirs = (np.asarray(each[scenes], dtype=np.float64) for each in (first, second))
    found = compare_methods(ours, theirs)
    yield {
        "seeds": min(len(first), len(second)),
        "images": found.images,
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "p": found.p_value,
    }


def _verdict(row: pd.Series) -> str:
    if not np.isfinite(row["p_holm"]):
        return "too few images" if row["images"] < 2 else NO_SPREAD
    if row["p_holm"] >= SIGNIFICANCE:
        return "no difference shown"
    better = row["difference"] * MEASURES[str(row["measure"])].sign > 0
    return "better" if better else "worse"
