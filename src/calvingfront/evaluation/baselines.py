"""The two rows without a network: the prior of a glacier's fronts and the nearest date's front."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.evaluation.predictions import held_out_scenes, write_predictions
from calvingfront.files import PathLike


def _shift(data: Dataset, source: int, target: int) -> npt.NDArray[np.float64] | None:
    """Find the affine (2 × 3) from target to source pixels; None where the grids agree.

    Grids are compared where both scenes have a map position in the same CRS; scenes without one
    are taken to show the same ground, as CaFFe's images of a glacier do.
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
    """Take the front mask of sample `source` onto the grid of sample `target` (nearest pixel)."""
    mask = np.asarray(data.fronts[source])
    matrix = _shift(data, source, target)
    if matrix is None:
        return mask
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1], flags=flags), dtype=np.uint8)


def _candidates(data: Dataset, train: npt.NDArray[np.int64], row: int) -> npt.NDArray[np.int64]:
    """List the training rows of the same glacier; all of them where the glacier is new.

    A scene that stands in training and test counts too: the networks saw it as well, and the row
    is there to say how much of a score the split gives away.
    """
    glacier = data.index["glacier"].to_numpy()
    same = train[glacier[train] == glacier[row]]
    return same if len(same) else train


def _predict(
    images: PathLike,
    fronts: PathLike,
    index: PathLike,
    split: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
    nearest_date: bool,
) -> None:
    data = open_dataset(images, fronts, index)
    subsets = read_split(split)
    train = data.rows(subsets["train"])
    days = pd.to_datetime(data.index["acquired"]).to_numpy().astype("datetime64[D]").astype(int)
    table = held_out_scenes(subsets)

    def blocks() -> Iterator[npt.NDArray[np.float64]]:
        for row in data.rows(table["scene"].tolist()).tolist():
            sources = _candidates(data, train, row)
            if nearest_date:
                sources = sources[[np.argmin(np.abs(days[sources] - days[row]))]]
            total = np.zeros((1, data.size, data.size), np.float64)
            for source in sources:
                total[0] += front_on_grid(data, int(source), row)
            yield total / max(1, len(sources))

    write_predictions(blocks(), data.size, table, probabilities, predictions)


def predict_prior(
    images: PathLike,
    fronts: PathLike,
    index: PathLike,
    split: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
) -> None:
    """Predict, for every scene, how often its glacier's training fronts cover a pixel."""
    _predict(images, fronts, index, split, probabilities, predictions, nearest_date=False)


def predict_nearest_date(
    images: PathLike,
    fronts: PathLike,
    index: PathLike,
    split: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
) -> None:
    """Predict, for every scene, the training front of its glacier that is closest in time."""
    _predict(images, fronts, index, split, probabilities, predictions, nearest_date=True)
