"""Table I: overlap scores on the test set under both protocols, beside the paper's values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calvingfront.evaluation.score_table import describe_test_set, read_scores
from calvingfront.files import PathLike
from calvingfront.tables.data_facts import on_each_set, read_facts, sets_of
from calvingfront.tables.paper_values import (
    PAPER_PIXEL_SIZE_M,
    PAPER_SIZE_PX,
    PAPER_TEST_IMAGES,
    TABLE_I,
    mean_pixel_size_m,
    why_not_the_papers,
)
from calvingfront.tables.rendering import Block, interval, number, plus_minus
from calvingfront.tables.statistics import bootstrap_interval
from calvingfront.tables.table_parts import (
    NAMES,
    PROTOCOL_NOTE,
    ROWS_NOTE,
    each_row,
    history_note,
    intervals_note,
    others_note,
    over_seeds,
    rows_by_loss,
    write_table,
)
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import PROTOCOLS

INTERVALS = ("dice", "iou")
WEIGHTED = tuple(name for name, metric in METRICS.items() if metric.weight_px is not None)


def tabulate_scores(
    scores: PathLike | Sequence[PathLike],
    dataset: PathLike,
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    tex: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
    bootstrap_samples: int = 2000,
    bootstrap_seed: int = 1,
) -> None:
    """Write Table I as CSV (tidy), Markdown, HTML and LaTeX.

    scores:       `scores.tsv` of every row: networks, results of others, baselines.
    dataset:      folder of the packed samples; its index and split are read.
    split_method: named in the caption, as is size_px, the side of the square images.
    others:       labels and citations of the results of others.
    notes:        on how the networks predict, for the caption.
    Raises Faults if the runs were not scored on the same test images.
    """
    table, facts = read_scores(scores), read_facts(dataset)
    other = why_not_the_papers(table, size_px)

    def summarise(part: pd.DataFrame) -> pd.DataFrame:
        return summarise_scores(part, bootstrap_samples, bootstrap_seed, beside_paper=not other)

    summary = on_each_set(table, facts, summarise)
    caption = _caption(table, split_method, size_px, bootstrap_samples, other)
    caption += [*intervals_note(summary, INTERVALS), *facts.notes(), *notes, *others_note(others)]
    blocks = [
        _block(title if metrics == INTERVALS else "", part, metrics, others)
        for title, part in sets_of(summary, facts)
        for metrics in (INTERVALS, WEIGHTED)
    ]
    write_table(
        summary,
        "Table I: scores on the test set",
        caption,
        blocks,
        csv,
        md,
        html,
        tex,
        "tab:scores",
    )


def summarise_scores(
    scores: pd.DataFrame, bootstrap_samples: int, bootstrap_seed: int, beside_paper: bool = True
) -> pd.DataFrame:
    """Return one row per model × loss × protocol, all scores in %.

    {metric}_mean, {metric}_sd: over seeds, of the means over test images (sd needs two seeds).
    {metric}_low, {metric}_high (Dice, IoU): 95 % bootstrap interval over test images, of the
    scores averaged over the seeds. threshold_mean: over seeds and images, empty if none was chosen.
    paper_{metric}: from the paper's Table I, empty if our images are not like the paper's.
    """
    rows: list[dict[str, object]] = []
    for row, chosen in each_row(scores):
        row["threshold_mean"] = chosen.threshold.mean()
        for metric in METRICS:
            row |= over_seeds(metric, 100 * chosen.groupby("seed")[metric].mean())
            if metric in INTERVALS:
                per_image = 100 * chosen.groupby("scene")[metric].mean()
                row[f"{metric}_low"], row[f"{metric}_high"] = bootstrap_interval(
                    per_image, bootstrap_samples, bootstrap_seed
                )
        paper = TABLE_I.get((str(row["model"]), str(row["loss"])), {}) if beside_paper else {}
        row |= {f"paper_{metric}": paper.get(metric, float("nan")) for metric in METRICS}
        rows.append(row)
    return pd.DataFrame(rows)


def _block(title: str, summary: pd.DataFrame, metrics: Sequence[str], others: Printed) -> Block:
    """Set both protocols and the paper side by side for some metrics."""
    header = [*NAMES]
    groups = [("", len(NAMES))]
    for metric in metrics:
        header += [*PROTOCOLS.values(), "the paper"]
        groups.append((METRICS[metric].label, len(PROTOCOLS) + 1))
    by_row = {(row["model"], row["loss"], row["protocol"]): row for _, row in summary.iterrows()}

    def cells(row: pd.Series) -> list[str]:
        found: list[str] = []
        for metric in metrics:
            same = [by_row[row["model"], row["loss"], name] for name in PROTOCOLS]
            found += [_cell(scores, metric) for scores in same]
            found.append(number(row[f"paper_{metric}"]))
        return found

    rows = rows_by_loss(summary, next(iter(PROTOCOLS)), others, cells)
    return Block(title, groups, header, rows)


def _cell(row: pd.Series, metric: str) -> str:
    text = plus_minus(row[f"{metric}_mean"], row[f"{metric}_sd"])
    if metric not in INTERVALS:
        return text
    return text + interval(row[f"{metric}_low"], row[f"{metric}_high"])


def _caption(
    scores: pd.DataFrame, split_method: str, size_px: int, samples: int, other: str
) -> list[str]:
    paper = f"The paper: Holzmann et al. (2021), Table I, on {PAPER_TEST_IMAGES} images of"
    paper += f" {PAPER_SIZE_PX} × {PAPER_SIZE_PX} px"
    paper += f"; its values are left out, because {other}." if other else "."
    return [
        f"Scores in %, means over the test set: {describe_test_set(scores, split_method, size_px)}"
        " Mean ± standard deviation over seeds (for two or more seeds); in brackets, the 95 %"
        f" bootstrap interval over test images ({samples} resamples).",
        PROTOCOL_NOTE,
        f"{ROWS_NOTE} {paper}",
        _tolerance(mean_pixel_size_m(scores)),
        *history_note(scores),
    ]


def _tolerance(pixel_size_m: float) -> str:
    """Say what w forgives on the ground, here and in the paper."""
    w = min(METRICS[name].weight_px or 0 for name in WEIGHTED)
    here = "an unknown distance here"
    if np.isfinite(pixel_size_m):
        here = f"{w * pixel_size_m:.0f} m here ({pixel_size_m:.2f} m per pixel on average)"
    return (
        f"w counts pixels: WDice{w} forgives {here} and {w * PAPER_PIXEL_SIZE_M:.0f} m in the paper"
        f" ({PAPER_PIXEL_SIZE_M} m per pixel)."
    )
