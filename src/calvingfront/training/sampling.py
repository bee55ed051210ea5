"""Which items an epoch consists of, and in which order."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from calvingfront.dataset.reading import Dataset
from calvingfront.errors import SampleError

Weights = npt.NDArray[np.float64]


def missions_of(data: Dataset, scenes: list[str]) -> tuple[str, ...]:
    """The mission of each scene; scenes without one count as one mission.

    Raises SampleError if the index has no missions.
    """
    if "mission" not in data.index:
        raise SampleError(
            "index.tsv", "has no column mission", "Pack the samples again, or sample by scenes."
        )
    return tuple(data.index["mission"].fillna("").iloc[data.rows(scenes)])


def mission_weights(missions: list[str]) -> Weights:
    """Weigh each scene (n,) by one over the square root of its mission's number of scenes.

    A mission with a hundredth of the scenes then makes up a tenth as much of an epoch.
    """
    count = Counter(missions)
    return np.array([count[mission] ** -0.5 for mission in missions])


def epoch_items(
    seed: int, epoch: int, count: int, weights: Weights | None = None
) -> npt.NDArray[np.int64]:
    """Return the items of an epoch (count,), in an order that only seed and epoch determine.

    weights: of each of the `count` items, any scale; None for every item once. An item whose
    share of an epoch is 2.3 items stands in it two or three times (systematic sampling).
    """
    rng = np.random.default_rng([seed, epoch])
    items = rng.permutation(count)
    if weights is None:
        return items
    ends = np.cumsum(weights[items]) * (count / weights.sum())
    ends[-1] = count
    times = np.diff(np.floor(np.concatenate([[0.0], ends]) + rng.random()))
    return rng.permutation(np.repeat(items, times.astype(np.int64)))
