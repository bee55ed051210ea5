"""Predictions filtered in time: what the image shows times what fronts of other dates say.

Bayes' rule with the odds of each pixel: posterior = image × prior. The prior is a mixture of the
glacier's known fronts, the nearer in time the heavier, each spread over the distance that a front
may have moved meanwhile, as in a random walk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.dataset.history import History, HistorySettings
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.evaluation.predictions import open_predictions, write_predictions
from calvingfront.files import PathLike
from calvingfront.fronts.distance import distance_to_front

# Chosen on the validation scenes of CaFFe's SI and DBE at 256 px, where factors of two hardly count
# (docs/history.md).
MEMORY_DAYS = 60.0  # the weight of a front falls to 1/e
WIDTH, SPREAD = 1 / 128, 1 / 512  # standard deviation of its place, of the side: at once; per √day
NEUTRAL = 1 / 3  # a prior that leaves the prediction as it is
FLOOR = 0.003  # of the prior: a front may appear where none was
NEAREST = 30  # fronts that are read at most

Floats = npt.NDArray[np.float64]


def prior_of(history: History, position: int) -> Floats | None:
    """The prior (s, s), 0 to 1, of the scene at `position`; None if no front is known."""
    known = list(islice(history.fronts(position), NEAREST))
    if not known:
        return None
    size = known[0][0].shape[-1]
    total, weights = np.zeros((size, size)), 0.0
    for front, days in known:
        weight = float(np.exp((known[0][1] - days) / MEMORY_DAYS))
        sigma = size * (WIDTH + SPREAD * float(np.sqrt(days)))
        total += weight * np.exp(-0.5 * (distance_to_front(front) / sigma) ** 2)
        weights += weight
    return total / weights


def posterior_of(probability: Floats, prior: Floats | None) -> Floats:
    """The filtered prediction (s, s), 0 to 1."""
    if prior is None:
        return probability
    image = probability * np.maximum(prior, FLOOR) / NEUTRAL
    return np.asarray(image / (image + 1 - probability), np.float64)


def filter_predictions(
    dataset: PathLike,
    member_probabilities: Sequence[PathLike],
    member_predictions: Sequence[PathLike],
    history_from: Mapping[str, Any],
    probabilities: PathLike,
    predictions: PathLike,
) -> None:
    """Filter the predictions of a row with the fronts of other dates.

    member_probabilities, member_predictions: its files, one of each. history_from: which fronts, as
    the section `history` of the configuration; no share of them is dropped. They are those of
    training scenes only, and never of the scene's own day: see `History`.
    """
    data = open_dataset(dataset)
    (values,), (index,) = member_probabilities, member_predictions
    array, table = open_predictions(values, index)
    settings = HistorySettings(**{**history_from, "dropped": 0.0})
    history = History(data, table["scene"].tolist(), read_split(dataset), settings)
    blocks = (
        posterior_of(array[k].astype(np.float64), prior_of(history, k))[np.newaxis]
        for k in range(len(table))
    )
    write_predictions(blocks, data.size, table, probabilities, predictions)
