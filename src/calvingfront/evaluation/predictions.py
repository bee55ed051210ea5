"""Prediction files: the probabilities, and the scene and subset of each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import read_table
from calvingfront.errors import SampleError
from calvingfront.files import PathLike, replacing
from calvingfront.vocabulary.subsets import HELD_OUT


def held_out_scenes(subsets: dict[str, list[str]]) -> pd.DataFrame:
    """List (scene, subset) of the validation and test scenes, in the order of prediction."""
    rows = [(scene, subset) for subset in HELD_OUT for scene in subsets[subset]]
    return pd.DataFrame(rows, columns=["scene", "subset"])


def write_predictions(
    blocks: Iterable[npt.NDArray[np.floating]],
    size: int,
    table: pd.DataFrame,
    probabilities: PathLike,
    predictions: PathLike,
) -> None:
    """Write probabilities (m, size, size) and their table (scene, subset), atomically.

    blocks: the probabilities in the table's order, (b, size, size) each. Each block is written as
    float16 as it arrives, so memory holds one block and not the array. (The pages of a memory map
    would stay in memory.)
    Raises ValueError if the number of predictions differs from the table's.
    """
    shape = (len(table), size, size)
    with replacing(probabilities) as temporary:
        with temporary.open("wb") as file:
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            written = 0
            for block in blocks:
                file.write(np.ascontiguousarray(block, dtype="<f2").data)
                written += len(block)
        if written != len(table):
            raise ValueError(f"{written} predictions for {len(table)} scenes")
    with replacing(predictions) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def open_predictions(
    probabilities: PathLike, index: PathLike
) -> tuple[npt.NDArray[np.float16], pd.DataFrame]:
    """Open the probabilities (m, s, s) of a run and their table (scene, subset).

    Raises SampleError if they do not belong together.
    """
    array = np.load(probabilities, mmap_mode="r")
    table = read_table(index, str)
    if len(array) != len(table):
        raise SampleError(
            probabilities,
            f"holds {len(array)} predictions, but its index lists {len(table)}",
            "Remove the folder and predict again.",
        )
    return array, table
