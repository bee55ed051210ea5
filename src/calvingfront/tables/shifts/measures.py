"""The measures of a row in one situation, and the difference between two situations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

from calvingfront.tables.comparisons import by_chance
from calvingfront.tables.distance_measures import pooled_sums
from calvingfront.tables.statistics import (
    Array,
    Difference,
    compare_methods,
    linearised,
    mean_and_spread,
)

Sums = tuple[pd.Series, pd.Series]


class Measure(NamedTuple):
    """A score of a row: the sum over images of one value over that of another.

    most: the highest value that it can have; none is below 0.
    """

    label: str
    digits: int
    most: float
    sums: Callable[[pd.DataFrame], Sums]


def _dice(images: pd.DataFrame) -> Sums:
    return 100 * images.dice, pd.Series(1.0, index=images.index)


def _hd95(images: pd.DataFrame) -> Sums:
    measured = (images.missing == 0) & images.hd95_m.notna()
    return images.hd95_m.where(measured, 0.0), measured.astype(float)


def _missing(images: pd.DataFrame) -> Sums:
    return 100.0 * images.missing, pd.Series(1.0, index=images.index)


MEASURES = {
    "dice": Measure("Dice [%]", 1, 100, _dice),
    "mde_pooled_m": Measure("MDE pooled [m]", 0, np.inf, pooled_sums),
    "hd95_mean_m": Measure("HD95 [m]", 0, np.inf, _hd95),
    "missing": Measure("∅ [%]", 0, 100, _missing),
}


class Score(NamedTuple):
    """A measure of a row: over its trainings, with the 95 % interval of `compare_methods`.

    The interval ends where the measure does.
    """

    mean: float
    sd: float
    low: float
    high: float


def score_of(scores: pd.DataFrame, measure: Measure, model: str, loss: str) -> Score:
    """A measure of one row, from its scores under one protocol."""
    values = _values(scores, measure)
    found = compare_methods(
        values, np.zeros((1, values.shape[1])), (by_chance((model, loss)), False)
    )
    mean, sd = mean_and_spread(values.mean(axis=1))
    low, high = np.clip([found.low, found.high], 0, measure.most).tolist()
    return Score(mean, sd, low, high)


def change(
    here: pd.DataFrame,
    there: pd.DataFrame,
    scenes: Collection[str],
    measure: Measure,
    pair: tuple[str, str],
) -> Difference:
    """A row's score in one situation minus that in another, on the same scenes.

    here, there: its scores under one protocol.
    """
    one, two = (_values(part[part.scene.isin(scenes)], measure) for part in (here, there))
    chance = by_chance(pair)
    return compare_methods(one, two, (chance, chance))


def _values(scores: pd.DataFrame, measure: Measure) -> Array:
    """A measure as (trainings, images), whose mean over images is that of the training."""
    above, below = (
        scores.assign(value=values)
        .pivot(index="seed", columns="scene", values="value")
        .to_numpy(dtype=np.float64)
        for values in measure.sums(scores)
    )
    return linearised(above, below)
