"""Predictions averaged over several networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calvingfront.errors import SampleError
from calvingfront.evaluation.predictions import open_predictions, write_predictions
from calvingfront.files import PathLike


def average_predictions(
    member_probabilities: Sequence[PathLike],
    member_predictions: Sequence[PathLike],
    probabilities: PathLike,
    predictions: PathLike,
) -> None:
    """Write the mean of the probabilities of several rows, scene by scene.

    member_probabilities, member_predictions: the files of each row; see `open_predictions`.
    Raises SampleError if a row has predicted other scenes than the first.
    """
    members = [
        open_predictions(*files)
        for files in zip(member_probabilities, member_predictions, strict=True)
    ]
    first, table = members[0]
    for path, (array, other) in zip(member_predictions, members, strict=True):
        if not other.equals(table) or array.shape != first.shape:
            what = f"has other scenes or pixels than {member_predictions[0]}"
            raise SampleError(path, what, "Predict both rows again on the current split.")
    blocks = (
        np.asarray(np.mean([array[k] for array, _ in members], axis=0, dtype=np.float32))[None]
        for k in range(len(table))
    )
    write_predictions(blocks, first.shape[-1], table, probabilities, predictions)
