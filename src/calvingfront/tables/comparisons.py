"""Which differences are shown: tests over the trainings and test images of two rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from calvingfront.evaluation.score_table import (
    describe_test_set,
    read_scores,
    rows_in_order,
    seeds_of,
)
from calvingfront.files import PathLike
from calvingfront.tables.data_facts import on_each_set, read_facts, sets_of, titled
from calvingfront.tables.questions import FAMILIES, Pair, Question, questions_about
from calvingfront.tables.rendering import Block, interval, number, p_value
from calvingfront.tables.statistics import Array, Difference, compare_methods, holm
from calvingfront.tables.table_parts import others_note, write_table
from calvingfront.vocabulary.losses import NO_LOSS
from calvingfront.vocabulary.models import averaged_network, is_ensemble, is_filtered
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import PROTOCOLS, VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run

SEEDS_FOR_A_CLAIM = 3
SIGNIFICANCE = 0.05


class Measure(NamedTuple):
    """A score by image that is compared. factor: to its unit; sign: 1 if more is better."""

    column: str
    label: str
    factor: float
    sign: int
    digits: int


MEASURES = {
    "dice": Measure("dice", "Dice [points]", 100, 1, 1),
    "mde": Measure("mde_m", "MDE [m]", 1, -1, 0),
}
CAPTION = (
    "Difference: mean over the images of first − second, each averaged over its trainings, with"
    " the 95 % interval; Dice in percentage points (above 0: first better), MDE of an image in m"
    " (below 0: first better). p: t-test whose variance is the sum of that between trainings and"
    " that between images (degrees of freedom after Satterthwaite), so that it applies to other"
    " trainings of the same methods and to other images of this kind; adjusted by Holm's method"
    " within each question and score. Rows that no training of ours made are taken as they are."
    " Images count as independent, which several of one glacier are not quite: the test says"
    " nothing about other glaciers.",
    "n: images. MDE leaves out an image where any of the trainings compared drew no front, which"
    " favours a row that draws none on hard images: ∅ counts the images left out.",
)
ONE_TRAINING = "one training"
NO_SPREAD = "all images differ alike"


def compare_models(
    scores: PathLike | Sequence[PathLike],
    dataset: PathLike,
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
) -> None:
    """Write every comparison of Dice and of distance as CSV, Markdown and HTML.

    scores: `scores.tsv` of every row: networks, results of others, baselines. dataset: folder of
    the packed samples, whose index and split are read. others: labels and citations of the results
    of others. notes: on how the networks predict, for the caption.
    """
    table, facts = read_scores(scores), read_facts(dataset)
    summary = on_each_set(table, facts, summarise_comparisons)
    caption = [describe_test_set(table, split_method, size_px), *CAPTION]
    if (summary.verdict == ONE_TRAINING).any():
        caption.append(
            f"“{ONE_TRAINING}”: what another training would give is unknown, so there is no test."
            " An average over seeds is one training too."
        )
    if (summary.seeds < SEEDS_FOR_A_CLAIM).any():
        caption.append(f"A claim about two methods needs at least {SEEDS_FOR_A_CLAIM} seeds.")
    chosen = summary[summary.protocol == VALIDATION_THRESHOLD]
    caption += [*facts.notes(), *notes, *others_note(others)]
    asked = [family for family in FAMILIES if (chosen.family == family).any()]
    blocks = [
        _block(scenes, part, family, others)
        for scenes, part in sets_of(chosen, facts)
        for family in asked
    ]
    caption.append("Shown: validation threshold. The CSV file has the paper protocol too.")
    write_table(summary, "Comparisons", caption, blocks, csv, md, html)


def summarise_comparisons(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per comparison × measure × protocol.

    seeds: the smaller number of trainings of the two rows, of those that depend on one. images: of
    the comparison; left_out: the others, without a distance. difference, low, high: Dice in
    percentage points, distances in m, first − second. p_holm: adjusted within the family, measure
    and protocol. verdict: in words.
    """
    columns = [
        *("protocol", "family", "first_model", "first_loss", "second_model", "second_loss"),
        *("measure", "seeds", "images", "left_out", "difference", "low", "high"),
        *("p", "p_holm", "verdict"),
    ]
    rows: list[dict[str, object]] = []
    questions = list(questions_about(rows_in_order(scores)))
    for protocol in PROTOCOLS:
        chosen = scores[scores.protocol == protocol]
        images = chosen.scene.nunique()
        for question in questions:
            seeds = min(
                len(seeds_of(scores, *pair))
                for pair in (question.first, question.second)
                if by_chance(pair)
            )
            for name, measure in MEASURES.items():
                found = _compare(chosen, question, measure)
                rows.append(
                    {
                        "protocol": protocol,
                        "family": question.family,
                        "first_model": question.first[0],
                        "first_loss": question.first[1],
                        "second_model": question.second[0],
                        "second_loss": question.second[1],
                        "measure": name,
                        "seeds": seeds,
                        "images": found.images,
                        "left_out": images - found.images,
                        "difference": found.mean,
                        "low": found.low,
                        "high": found.high,
                        "p": found.p_value,
                    }
                )
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = table.groupby(["protocol", "family", "measure"])["p"].transform(
        lambda p: holm(list(p))
    )
    table["verdict"] = [_verdict(row) for _, row in table.iterrows()]
    return table


def by_chance(pair: Pair) -> bool:
    """Whether a row (model, loss) depends on the chance of a training of ours."""
    model, loss = pair
    return loss != NO_LOSS or is_ensemble(model)


def _compare(scores: pd.DataFrame, question: Question, measure: Measure) -> Difference:
    first, second = (_by_training(scores, pair, measure) for pair in question[1:])
    chance = (by_chance(question.first), by_chance(question.second))
    filtered = question.first[0]
    if is_filtered(filtered) and averaged_network(filtered) == question.second[0]:
        # The same trainings with and without the filter: only their differences are by chance.
        return compare_methods(first - second, np.zeros((1, first.shape[1])), (True, False))
    return compare_methods(first, second, chance)


def _by_training(scores: pd.DataFrame, pair: Pair, measure: Measure) -> Array:
    """A measure of one row as (trainings, images)."""
    chosen = scores[(scores.model == pair[0]) & (scores.loss == pair[1])]
    table = chosen.pivot(index="seed", columns="scene", values=measure.column)
    return np.asarray(measure.factor * table.to_numpy(dtype=np.float64))


def _verdict(row: pd.Series) -> str:
    if row.seeds < 2:
        return ONE_TRAINING
    if not np.isfinite(row.p_holm):
        return "too few images" if row.images < 2 else NO_SPREAD
    if row.p_holm >= SIGNIFICANCE:
        verdict = "no difference shown"
    else:
        better = row.difference * MEASURES[str(row.measure)].sign > 0
        verdict = "first better" if better else "second better"
    return verdict if row.seeds >= SEEDS_FOR_A_CLAIM else f"{verdict} (too few seeds)"


def _block(scenes: str, summary: pd.DataFrame, family: str, others: Printed) -> Block:
    header = ["First", "Second", "score", "seeds", "n", "∅", "difference", "p", "verdict"]
    rows = []
    for _, row in summary[summary.family == family].iterrows():
        measure = MEASURES[str(row.measure)]
        rows.append(
            [
                Run(row.first_model, row.first_loss, 0).label_beside(others),
                Run(row.second_model, row.second_loss, 0).label_beside(others),
                measure.label,
                str(row.seeds),
                str(row.images),
                str(row.left_out),
                f"{number(row.difference, measure.digits)}"
                f"{interval(row.low, row.high, measure.digits)}",
                p_value(row.p_holm),
                str(row.verdict),
            ]
        )
    return Block(titled(FAMILIES[family], scenes), [], header, rows, left=3)
