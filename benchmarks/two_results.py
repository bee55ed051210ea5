"""Compare the rows that two results folders have in common, such as with and without a start.

    python benchmarks/two_results.py results/started results/recipe_gpu

Both must be scored on the same test scenes, at the validation threshold. Prints, for every network
with the same loss in both, the mean Dice and pooled distance of each, and the mean difference over
images, first − second, with its 95 % interval and p over trainings and images
(`tables.statistics.compare_methods`), adjusted for the number of rows by Holm's method.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from calvingfront.evaluation.score_table import read_scores, rows_in_order
from calvingfront.tables.comparisons import MEASURES, Measure, _by_training, by_chance
from calvingfront.tables.statistics import compare_methods, holm
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run


def scores_of(results: str) -> pd.DataFrame:
    """The scores of every row of a results folder, at the validation threshold."""
    scores = read_scores(sorted(Path(results).glob("evaluation/*/*/seed*/scores.tsv")))
    return scores[scores.protocol == VALIDATION_THRESHOLD]


def of_row(scores: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    return scores[(scores.model == pair[0]) & (scores.loss == pair[1])]


def trained_often(both: list[pd.DataFrame], pair: tuple[str, str]) -> bool:
    return all(of_row(scores, pair).seed.nunique() > 1 for scores in both)


def pooled_m(scores: pd.DataFrame) -> float:
    """Mean over trainings of the distance of all points of all fronts, m."""
    metres = (scores.distance_sum_px * scores.pixel_size_m).groupby(scores.seed).sum()
    return float((metres / scores.groupby("seed").distance_count.sum()).mean())


def compared(both: list[pd.DataFrame], pairs: list[tuple[str, str]], measure: Measure) -> list[str]:
    """A cell for each row: difference, interval and p."""
    found = [
        compare_methods(*(_by_training(scores, pair, measure) for scores in both)) for pair in pairs
    ]
    adjusted = holm([each.p_value for each in found])
    digits = measure.digits
    return [
        f"{each.mean:+.{digits}f} [{each.low:.{digits}f}, {each.high:.{digits}f}], p = {p:.3f}"
        for each, p in zip(found, adjusted, strict=True)
    ]


def main(first: str, second: str) -> None:
    """Print the table."""
    both = [scores_of(first), scores_of(second)]
    if set(both[0].scene) != set(both[1].scene):
        raise SystemExit("error: the two are not scored on the same test scenes")
    there = set(rows_in_order(both[1]))
    # An average over seeds is one training: what another would give is unknown.
    pairs = [
        pair
        for pair in rows_in_order(both[0])
        if pair in there and by_chance(pair) and trained_often(both, pair)
    ]
    cells = [compared(both, pairs, measure) for measure in MEASURES.values()]
    print("| row | Dice | | difference [points] | pooled MDE [m] | | MDE of an image [m] |")
    print("|---|---:|---:|---|---:|---:|---|")
    for pair, dice, mde in zip(pairs, *cells, strict=True):
        one, two = (of_row(scores, pair) for scores in both)
        print(
            f"| {Run(*pair).label} | {100 * one.dice.mean():.1f} | {100 * two.dice.mean():.1f} "
            f"| {dice} | {pooled_m(one):.0f} | {pooled_m(two):.0f} | {mde} |"
        )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
