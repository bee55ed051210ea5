"""Which differences in Dice are significant: paired tests over the same test images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from calvingfront.evaluation.score_table import (
    describe_test_set,
    read_scores,
    rows_in_order,
    seeds_of,
)
from calvingfront.files import PathLike
from calvingfront.tables.rendering import Block, number, p_value
from calvingfront.tables.statistics import compare_pairs, holm
from calvingfront.tables.table_parts import others_note, write_table
from calvingfront.vocabulary.losses import NO_LOSS, REFERENCE_LOSS
from calvingfront.vocabulary.models import (
    BASELINES,
    HISTORY,
    IMAGE_AND_HISTORY,
    NETWORKS,
    averaged_network,
    is_ensemble,
    is_filtered,
    reads_history,
)
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import PROTOCOLS, VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run

SEEDS_FOR_A_CLAIM = 3
SIGNIFICANCE = 0.05

Pair = tuple[str, str]


class Question(NamedTuple):
    """One comparison: `first` against `second`, each a (model, loss)."""

    family: str
    first: Pair
    second: Pair


FAMILIES = {
    "attention": "Does attention help? Att. U-Net against U-Net, same loss",
    "plain": "Does another encoder help? Against U-Net, same loss",
    "history": "Do fronts of other dates help? Against the same network without them, same loss",
    "filter": "Does filtering in time help? Against the same network, unfiltered",
    "image": "Does the image help beside fronts of other dates? Against dates only, same loss",
    "average": "Does the average over seeds do better than its members? Against their mean scores",
    "network": "Does a network do better than the rows without one?",
    "others": "Does a network do better than the results of others?",
    "loss": "Does the distance weight help? Each loss against BCE, same network",
}


def compare_models(
    scores: PathLike | Sequence[PathLike],
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
) -> None:
    """Write every paired comparison of Dice as CSV, Markdown and HTML.

    scores: `scores.tsv` of every row: networks, results of others, baselines. others: labels and
    citations of the results of others. notes: on how the networks predict, for the caption.
    """
    table = read_scores(scores)
    summary = summarise_comparisons(table)
    test_set = describe_test_set(table, split_method, size_px)
    caption = [
        f"Dice per test image, averaged over seeds. {test_set}"
        " Difference: median over images of first − second, in percentage points. r: matched-pairs"
        " rank-biserial correlation, −1 to 1 (1: first better on every image). p: two-sided"
        " Wilcoxon signed-rank test, adjusted by Holm's method for all comparisons of a protocol.",
        "The test applies to these trained networks on other images of this kind. It says nothing"
        " about other trainings: a claim of a difference needs at least"
        f" {SEEDS_FOR_A_CLAIM} seeds.",
    ]
    if (summary.seeds < SEEDS_FOR_A_CLAIM).any():
        caption.append(
            f"**Fewer than {SEEDS_FOR_A_CLAIM} seeds** were trained for the rows marked “too few"
            " seeds”: these describe single trainings and support no claim about the methods."
        )
    chosen = summary[summary.protocol == VALIDATION_THRESHOLD]
    caption += [*notes, *others_note(others)]
    asked = [family for family in FAMILIES if (chosen.family == family).any()]
    blocks = [_block(chosen, family, others) for family in asked]
    caption.append("Shown: validation threshold. The CSV file has the paper protocol too.")
    write_table(summary, "Comparisons of Dice", caption, blocks, csv, md, html)


def summarise_comparisons(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per comparison × protocol.

    median_difference: of Dice, percentage points, first − second. p_holm: adjusted for all
    comparisons of the protocol. seeds: the smaller of the two networks' numbers of seeds (baselines
    involve no randomness and do not count, nor do the results of others, whose trainings we do not
    know). verdict: in words.
    """
    columns = [
        *("protocol", "family", "first_model", "first_loss", "second_model", "second_loss"),
        *("seeds", "images", "median_difference", "rank_biserial", "p", "p_holm", "verdict"),
    ]
    rows: list[dict[str, object]] = []
    for protocol in PROTOCOLS:
        chosen = scores[scores.protocol == protocol]
        dice = 100 * chosen.pivot_table(
            index="scene", columns=["model", "loss"], values="dice", aggfunc="mean"
        )
        questions = list(_questions(rows_in_order(scores)))
        answers = [compare_pairs(dice[q.first], dice[q.second]) for q in questions]
        adjusted = holm([answer.p_value for answer in answers])
        for question, answer, p_adjusted in zip(questions, answers, adjusted, strict=True):
            networks = [p for p in (question.first, question.second) if p[1] != NO_LOSS]
            seeds = min(len(seeds_of(scores, *pair)) for pair in networks)
            rows.append(
                {
                    "protocol": protocol,
                    "family": question.family,
                    "first_model": question.first[0],
                    "first_loss": question.first[1],
                    "second_model": question.second[0],
                    "second_loss": question.second[1],
                    "seeds": seeds,
                    "images": answer.images,
                    "median_difference": answer.median_difference,
                    "rank_biserial": answer.rank_biserial,
                    "p": answer.p_value,
                    "p_holm": p_adjusted,
                    "verdict": _verdict(seeds, p_adjusted, answer.rank_biserial),
                }
            )
    return pd.DataFrame(rows, columns=columns)


def _questions(pairs: Sequence[Pair]) -> Iterator[Question]:
    averages = [pair for pair in pairs if is_ensemble(pair[0])]
    pairs = [pair for pair in pairs if pair not in averages]
    networks = [pair for pair in pairs if pair[1] != NO_LOSS]
    for model, loss in averages:
        if (averaged_network(model), loss) in networks:
            family = "filter" if is_filtered(model) else "average"
            yield Question(family, (model, loss), (str(averaged_network(model)), loss))
    for model, loss in networks:
        plain = NETWORKS[model].plain if model in NETWORKS else None
        if plain and (plain, loss) in networks:
            yield Question(_family_of(model), (model, loss), (plain, loss))
    for both, alone in _with_and_without_image(networks):
        yield Question("image", both, alone)
    for network in networks:
        for pair in pairs:
            if pair[1] == NO_LOSS:
                yield Question("network" if pair[0] in BASELINES else "others", network, pair)
    for model, loss in networks:
        if loss != REFERENCE_LOSS and (model, REFERENCE_LOSS) in networks:
            yield Question("loss", (model, loss), (model, REFERENCE_LOSS))


def _family_of(model: str) -> str:
    """The family of a comparison of a network with the plainer one."""
    if reads_history(model):
        return "history"
    return "attention" if NETWORKS[model].gated else "plain"


def _with_and_without_image(networks: Sequence[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Each network that reads image and dates, with those of its loss that read dates alone."""
    reads = {name: network.reads for name, network in NETWORKS.items()}
    for both in networks:
        for alone in networks:
            kinds = reads.get(both[0]), reads.get(alone[0])
            if kinds == (IMAGE_AND_HISTORY, HISTORY) and both[1] == alone[1]:
                yield both, alone


def _verdict(seeds: int, p_adjusted: float, correlation: float) -> str:
    if p_adjusted >= SIGNIFICANCE:
        verdict = "no difference shown"
    else:
        verdict = "first better" if correlation > 0 else "second better"
    return verdict if seeds >= SEEDS_FOR_A_CLAIM else f"{verdict} (too few seeds)"


def _block(summary: pd.DataFrame, family: str, others: Printed) -> Block:
    header = ["First", "Second", "seeds", "n", "difference", "r", "p", "verdict"]
    rows = []
    for _, row in summary[summary.family == family].iterrows():
        rows.append(
            [
                Run(row.first_model, row.first_loss, 0).label_beside(others),
                Run(row.second_model, row.second_loss, 0).label_beside(others),
                str(row.seeds),
                str(row.images),
                number(row.median_difference, 1),
                number(row.rank_biserial, 2),
                p_value(row.p_holm),
                str(row.verdict),
            ]
        )
    return Block(FAMILIES[family], [], header, rows)
