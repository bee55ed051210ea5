"""Uncertainty of means, and differences between methods that were trained and scored by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
FEWEST = 4  # images with an interval: fewer show nothing of the spread
ROUNDING = 1e-9  # of a score; smaller differences are those of floating point


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
    Returns the lower and upper bound; NaN for fewer than `FEWEST` finite values, and if all are the
    same: they show nothing of the spread. The draws depend only on n, samples and seed, so that all
    rows of a table are resampled over the same images.
    Source: Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
    """
    array = np.asarray(values, dtype=np.float64)[np.newaxis]
    known = np.isfinite(array)
    return bootstrap_ratio(np.where(known, array, 0), known.astype(float), samples, seed, level)


def bootstrap_ratio(
    above: Array, below: Array, samples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of Σ above / Σ below over images, averaged over trainings.

    above, below: (trainings, images), 0 and 0 for an image without a value; the images are
    resampled, of all trainings alike. As `bootstrap_interval` otherwise: each training needs
    `FEWEST` images with a value.
    """
    images = above.shape[1]
    if not len(below) or (below > 0).sum(axis=1).min() < FEWEST:
        return float("nan"), float("nan")
    draws = np.random.default_rng([seed, images]).integers(0, images, size=(samples, images))
    shares = []
    for number, weight in zip(above, below, strict=True):
        total = weight[draws].sum(axis=1)
        found = np.full(samples, np.nan)
        np.divide(number[draws].sum(axis=1), total, out=found, where=total > 0)
        shares.append(found)
    means = np.mean(shares, axis=0)  # of a resample without any value in one training: none
    means = means[np.isfinite(means)]
    if not means.size:
        return float("nan"), float("nan")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    if high - low <= ROUNDING * abs(high):
        return float("nan"), float("nan")
    return float(low), float(high)


def linearised(above: Array, below: Array) -> Array:
    """Return values whose mean over images is the ratio Σ above / Σ below of each training.

    above, below: (trainings, images), such as sums of distances and their numbers. Returns r +
    (above − r · below) / mean(below), r the ratio of the training: the delta method, by which a
    ratio of sums varies with the images as a mean of these values does; NaN where Σ below is 0.
    Source: Cochran (1977), "Sampling Techniques", section 2.11.
    """
    weight = below.mean(axis=1, keepdims=True)
    weight = np.where(weight > 0, weight, np.nan)
    ratio = above.mean(axis=1, keepdims=True) / weight
    return np.asarray(ratio + (above - ratio * below) / weight, dtype=np.float64)


class Difference(NamedTuple):
    """The mean difference of two methods; NaN where it cannot be known.

    images: over which it is the mean. low, high: 95 % interval. p_value: two-sided.
    """

    images: int
    mean: float
    low: float = float("nan")
    high: float = float("nan")
    p_value: float = float("nan")


def compare_methods(
    first: Array, second: Array, by_chance: tuple[bool, bool] = (True, True), level: float = 0.95
) -> Difference:
    """Compare two methods that were each trained several times and scored on the same images.

    first, second: (trainings, images), the same images in the same order; an image with a value
               that is not finite is left out.
    by_chance: whether each method depends on the chance of a training. What does not, such as a
               baseline, has a single row.
    level:     coverage of the interval, 0…1.
    Two things vary by chance: trainings (the mean over the images, between the trainings of a
    method) and images (the difference of the means over trainings, between images). The variance of
    the mean difference is the sum of both parts, each divided by its number, and has the degrees of
    freedom of Satterthwaite. What varies from training to training on single images is in both
    parts, so the test errs towards finding no difference: at 5 % it finds 1 to 5 % between equal
    methods. One training shows nothing about others: then there is no interval and no p-value. Nor
    is there where nothing varies; but methods that never differ have a p of 1.
    Source: Satterthwaite (1946), "An approximate distribution of estimates of variance components";
    the layout is that of several readers and cases in radiology, Hillis (2007), Statistics in
    Medicine 26.
    """
    known = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    first, second = first[:, known], second[:, known]
    images = int(known.sum())
    if not images:
        return Difference(0, float("nan"))
    difference = first.mean(axis=0) - second.mean(axis=0)
    mean = float(difference.mean())
    random = [x for x, chance in zip((first, second), by_chance, strict=True) if chance]
    if images < 2 or min((len(x) for x in random), default=2) < 2:
        return Difference(images, mean)
    parts = [(difference.var(ddof=1) / images, images - 1)]
    parts += [(x.mean(axis=1).var(ddof=1) / len(x), len(x) - 1) for x in random]
    variance = float(sum(part for part, _ in parts))
    rounding = ROUNDING * max(np.abs(first).max(), np.abs(second).max())
    if variance <= rounding**2:
        same = abs(mean) <= rounding
        return Difference(images, mean, p_value=1.0 if same else float("nan"))
    freedom = variance**2 / sum(part**2 / number for part, number in parts)
    error = np.sqrt(variance)
    margin = float(special.stdtrit(freedom, (1 + level) / 2) * error)
    p_value = float(2 * special.stdtr(freedom, -abs(mean) / error))
    return Difference(images, mean, mean - margin, mean + margin, p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of a family of tests by Holm's step-down method; NaN is no test.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6.
    """
    given = np.asarray(p_values, dtype=np.float64)
    tested = np.isfinite(given)
    p = given[tested]
    order = np.argsort(p, kind="stable")
    steps = (p.size - np.arange(p.size)) * p[order]
    sorted_back = np.empty_like(p)
    sorted_back[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    adjusted = np.full_like(given, np.nan)
    adjusted[tested] = sorted_back
    return [float(value) for value in adjusted]
