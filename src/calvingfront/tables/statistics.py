"""Uncertainty of means, and paired comparisons over test images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def mean_and_spread(values: npt.ArrayLike) -> tuple[float, float]:
    """Mean and sample standard deviation (n − 1) of the finite values; NaN if undefined."""
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    mean = float(finite.mean()) if finite.size else float("nan")
    spread = float(finite.std(ddof=1)) if finite.size > 1 else float("nan")
    return mean, spread


def bootstrap_interval(
    values: npt.ArrayLike, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean.

    values: (n,), one per test image; resampled with replacement `samples` times.
    level:  coverage, 0…1.
    Returns the lower and upper bound; NaN without values. The draws depend only on n, samples and
    seed, so that all rows of a table are resampled over the same images.
    Source: Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return float("nan"), float("nan")
    draws = np.random.default_rng([seed, array.size]).integers(
        0, array.size, size=(samples, array.size)
    )
    means = array[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _ranks(values: Array) -> Array:
    """Ranks from 1; ties share their mean rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])


class PairedComparison(NamedTuple):
    """A paired comparison of two runs over the same images."""

    images: int
    median_difference: float
    rank_biserial: float
    p_value: float


def compare_pairs(first: npt.ArrayLike, second: npt.ArrayLike) -> PairedComparison:
    """Two-sided Wilcoxon signed-rank test of first − second, with the effect size.

    first, second: (n,), the same images in the same order.
    Pairs without a difference are dropped from the ranks; if no pair differs, p = 1 and the
    correlation is 0.
    Raises ValueError if there are no pairs or a value is not finite.
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if difference.size == 0 or not np.isfinite(difference).all():
        raise ValueError("a paired comparison needs finite values for at least one image")
    if not difference.any():
        return PairedComparison(difference.size, 0.0, 0.0, 1.0)
    return PairedComparison(
        images=int(difference.size),
        median_difference=float(np.median(difference)),
        rank_biserial=rank_biserial(difference),
        p_value=signed_rank_p(difference),
    )


def signed_rank_p(difference: npt.ArrayLike) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test, exact also with ties.

    Zeros are dropped. Under the null hypothesis each rank is positive or negative with equal
    probability. The distribution of W+ is built up rank by rank, with ranks doubled so that the
    mean ranks of ties are integers; for hundreds of images this takes milliseconds, so no normal
    approximation is needed.
    Source: Wilcoxon (1945), "Individual comparisons by ranking methods".
    """
    values = np.asarray(difference, dtype=np.float64)
    values = values[values != 0]
    if values.size == 0:
        return 1.0
    ranks = np.rint(2 * _ranks(np.abs(values))).astype(np.int64)
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in ranks:
        positive = np.zeros_like(chance)
        positive[rank:] = chance[: chance.size - rank]
        chance = (chance + positive) / 2
    observed = int(ranks[values > 0].sum())
    tail = min(chance[: observed + 1].sum(), chance[observed:].sum())
    return float(min(1.0, 2 * tail))


def rank_biserial(difference: npt.ArrayLike) -> float:
    """Matched-pairs rank-biserial correlation: (W+ − W−) / (W+ + W−), −1…1.

    W+ and W− are the sums of the ranks of |difference| over positive and negative differences;
    zeros are dropped, ties share their mean rank. +1: the first run is better on every image.
    Source: Kerby (2014), "The simple difference formula", Comprehensive Psychology 3.
    """
    values = np.asarray(difference, dtype=np.float64)
    values = values[values != 0]
    if values.size == 0:
        return 0.0
    ranks = _ranks(np.abs(values))
    return float(np.sum(np.sign(values) * ranks) / np.sum(ranks))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of a family of tests by Holm's step-down method.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return []
    order = np.argsort(p, kind="stable")
    steps = (p.size - np.arange(p.size)) * p[order]
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]
