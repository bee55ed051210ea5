"""The two baselines without a network: a glacier's front prior, and the front nearest in date."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.evaluation.predictions import held_out_scenes, write_predictions
from calvingfront.files import PathLike
from calvingfront.vocabulary.models import BASELINES
from calvingfront.vocabulary.references import load
from calvingfront.vocabulary.subsets import TRAIN


def _shift(data: Dataset, source: int, target: int) -> npt.NDArray[np.float64] | None:
    """Return the affine map (2 × 3) from target to source pixels; None if the grids agree.

    Grids are compared only if both scenes have a map position in the same CRS. Scenes without one
    are assumed to cover the same ground, as CaFFe's images of a glacier do.
    """
    needed = ["crs", "upper_left_x", "upper_left_y", "pixel_size_m"]
    if not set(needed) <= set(data.index.columns):
        return None
    pair = data.index.loc[[source, target], needed]
    if pair.isna().to_numpy().any() or pair["crs"].nunique() > 1:
        return None
    (left, top, size), (new_left, new_top, new_size) = pair[needed[1:]].to_numpy(dtype=np.float64)
    scale = new_size / size
    # Pixel centres: map x = left + (column + ½) · size.
    right, down = (new_left - left) / size, (top - new_top) / size
    half = scale / 2 - 0.5
    matrix = np.array([[scale, 0.0, right + half], [0.0, scale, down + half]])
    far = data.size * abs(scale - 1) + max(abs(right), abs(down))
    return matrix if far > 0.5 else None


def front_on_grid(data: Dataset, source: int, target: int) -> npt.NDArray[np.uint8]:
    """Resample the front mask of sample `source` to the grid of sample `target` (nearest pixel)."""
    mask = np.asarray(data.fronts[source])
    matrix = _shift(data, source, target)
    if matrix is None:
        return mask
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1], flags=flags), dtype=np.uint8)


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
    for source in sources.tolist():
        total += front_on_grid(data, source, row)
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
