"""The two baselines without a network: a glacier's front prior, and the front nearest in date."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.common_grid import FrontsOnGrids, front_on_grid
from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.evaluation.predictions import held_out_scenes, write_predictions
from calvingfront.files import PathLike
from calvingfront.vocabulary.models import BASELINES
from calvingfront.vocabulary.references import load
from calvingfront.vocabulary.subsets import TRAIN


def _candidates(data: Dataset, train: npt.NDArray[np.int64], row: int) -> npt.NDArray[np.int64]:
    """List the training rows of the same glacier; all training rows if the glacier has none.

    A scene that is in both training and test counts too: the networks have seen it as well, and the
    baseline is meant to show how much of a score the split gives away.
    """
    glacier = data.index["glacier"].to_numpy()
    same = train[glacier[train] == glacier[row]]
    return same if len(same) else train


def prior(data: Dataset, sources: npt.NDArray[np.int64], row: int) -> npt.NDArray[np.float64]:
    """Return the share of the samples `sources` whose front covers each pixel of `row`, (s, s)."""
    total = np.zeros((data.size, data.size), np.float64)
    fronts = FrontsOnGrids(data)
    for source in sources.tolist():
        total += fronts.take(source, row)
    return total / max(1, len(sources))


def nearest(data: Dataset, sources: npt.NDArray[np.int64], row: int) -> npt.NDArray[np.float64]:
    """Return the front of the sample among `sources` closest in time to sample `row`, (s, s)."""
    days = pd.to_datetime(data.index["acquired"]).to_numpy().astype("datetime64[D]").astype(int)
    closest = sources[np.argmin(np.abs(days[sources] - days[row]))]
    return front_on_grid(data, int(closest), row).astype(np.float64)


def predict_without_network(
    dataset: PathLike, model: str, probabilities: PathLike, predictions: PathLike
) -> None:
    """Predict the validation and test scenes with a baseline.

    model: one of `vocabulary.models.BASELINES`.
    """
    data = open_dataset(dataset)
    subsets = read_split(dataset)
    train = data.rows(subsets[TRAIN])
    table = held_out_scenes(subsets)
    rule = load(BASELINES[model].code)
    blocks = (
        rule(data, _candidates(data, train, row), row)[np.newaxis]
        for row in data.rows(table["scene"].tolist()).tolist()
    )
    write_predictions(blocks, data.size, table, probabilities, predictions)
