"""Predictions filtered in time: what the image shows times what fronts of other dates say.

Bayes' rule with the odds of each pixel: posterior = image × prior. The prior is a mixture of the
glacier's known fronts, the nearer in time the heavier, each spread over the distance that a front
may have moved meanwhile, as in a random walk. How much it counts is chosen on validation scenes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, product
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.dataset.history import History, HistorySettings
from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.evaluation.predictions import open_predictions, write_predictions
from calvingfront.evaluation.thresholds import THRESHOLDS, best_threshold, mean_curve
from calvingfront.files import PathLike
from calvingfront.fronts.distance import distance_to_front
from calvingfront.storage.sealed import write_record
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.models import FILTER_DEFAULTS
from calvingfront.vocabulary.subsets import VALIDATION

log = logging.getLogger(__name__)

WIDTH = 1 / 128  # standard deviation of a front's place at once, of the side; steps are added
NEUTRAL = 1 / 3  # a prior that leaves the prediction as it is
FLOOR = 0.003  # of the prior: a front may appear where none was
NEAREST = 30  # fronts that are read at most

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FilterSettings:
    """How much the fronts of other dates count; see config/README.md, `evaluation.filter`.

    strength: exponent of the prior; 0 leaves a prediction as it is. memory_days: the weight
    of a front falls to 1/e. step: standard deviation of its place, of the side per √day.
    """

    strength: float
    memory_days: float
    step: float


@dataclass(frozen=True)
class Known:
    """The fronts that a scene knows, nearest in time first: distances (k, s, s) px, days (k,)."""

    distances: npt.NDArray[np.float32]
    days: npt.NDArray[np.int64]


def known_of(history: History, position: int) -> Known | None:
    """The fronts that the scene at `position` knows; None if there are none."""
    found = list(islice(history.fronts(position), NEAREST))
    if not found:
        return None
    distances = np.stack([distance_to_front(front) for front, _ in found]).astype(np.float32)
    return Known(distances, np.array([days for _, days in found], np.int64))


def prior_of(known: Known, settings: FilterSettings) -> Floats:
    """The prior (s, s), 0 to 1."""
    size = known.distances.shape[-1]
    weights = np.exp((known.days[0] - known.days) / settings.memory_days)
    sigma = size * (WIDTH + settings.step * np.sqrt(known.days))
    total = np.zeros(known.distances.shape[1:])
    for distance, weight, spread in zip(known.distances, weights, sigma, strict=True):
        total += weight * np.exp(-0.5 * (distance / spread) ** 2)
    return np.asarray(total / weights.sum(), np.float64)


def posterior_of(probability: Floats, known: Known | None, settings: FilterSettings) -> Floats:
    """The filtered prediction (s, s), 0 to 1; of a scene without a known front, as it was."""
    if known is None or settings.strength == 0:
        return probability
    prior = np.maximum(prior_of(known, settings), FLOOR) / NEUTRAL
    image = probability * prior**settings.strength
    return np.asarray(image / (image + 1 - probability), np.float64)


def settings_among(candidates: Mapping[str, Sequence[float]]) -> list[FilterSettings]:
    """Every combination of the candidates, the weakest first; a strength of 0 only once."""
    given = {**FILTER_DEFAULTS, **candidates}
    rows = product(sorted(given["strength"]), given["memory_days"], given["step"])
    found = [FilterSettings(*row) for row in rows]
    idle = [each for each in found if each.strength == 0]
    return idle[:1] + found[len(idle) :]


def filter_predictions(
    dataset: PathLike,
    member_probabilities: Sequence[PathLike],
    member_predictions: Sequence[PathLike],
    history_from: Mapping[str, Any],
    probabilities: PathLike,
    predictions: PathLike,
    record: PathLike,
    candidates: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Filter the predictions of a row with the fronts of other dates.

    member_probabilities, member_predictions: its files, one of each. history_from: which fronts, as
    the section `history` of the configuration; no share of them is dropped. They are those of
    training scenes only, and never of the scene's own day: see `History`. candidates: of
    FilterSettings, as in `evaluation.filter`; that with the highest mean Dice of the validation
    scenes, each at its best threshold, filters all scenes, the weakest of equals. record: JSON file
    that says which, and the Dice of all.
    """
    data = open_dataset(dataset)
    (values,), (index,) = member_probabilities, member_predictions
    array, table = open_predictions(values, index)
    given = HistorySettings(**{**history_from, "dropped": 0.0})
    history = History(data, table["scene"].tolist(), read_split(dataset), given)
    tried = settings_among(candidates or {})
    validation = np.flatnonzero(table["subset"] == VALIDATION)
    scores = _validation_dice(data, history, array, table["scene"].tolist(), validation, tried)
    best = int(np.argmax(np.round(scores, 9)))
    log.info("validation Dice %.4f with %s, %.4f with %s", scores[best], tried[best], scores[0],
             tried[0])  # fmt: skip

    def blocks() -> Iterator[Floats]:
        for k in range(len(table)):
            known = known_of(history, k)
            yield posterior_of(array[k].astype(np.float64), known, tried[best])[np.newaxis]

    write_predictions(blocks(), data.size, table, probabilities, predictions)
    every = [
        asdict(each) | {"validation_dice": round(float(score), 6)}
        for each, score in zip(tried, scores, strict=True)
    ]
    content = {"chosen": every[best], "validation_scenes": len(validation), "tried": every}
    write_record(record, content)


def _validation_dice(
    data: Dataset,
    history: History,
    array: npt.NDArray[np.float16],
    scenes: Sequence[str],
    validation: npt.NDArray[np.int64],
    tried: Sequence[FilterSettings],
) -> Floats:
    """The mean Dice of the validation scenes with each of the settings, at its best threshold."""
    rows = data.rows(list(scenes))
    curves = np.zeros((len(tried), len(THRESHOLDS), len(METRICS)))
    for k in validation.tolist():
        known, probability = known_of(history, k), array[k].astype(np.float64)
        for number, settings in enumerate(tried):
            # Rounded as it will be written.
            filtered = posterior_of(probability, known, settings).astype(np.float16)
            curves[number] += mean_curve([(filtered, data.fronts[rows[k]])]) / len(validation)
    dice = list(METRICS).index("dice")
    return np.array([best_threshold(curve[:, dice])[1] for curve in curves])
