"""The files of predictions: probabilities, and which scene of which subset each belongs to."""

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
    """List (scene, subset) of validation and test, in the order in which they are predicted."""
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

    blocks: the probabilities in the table's order, (b, size, size) each, written as float16 as
    they come: memory holds one block, not the array. (A memory map's pages would stay.)
    Raises ValueError where the blocks do not add up to the table.
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

    Raises SampleError where they do not belong together.
    """
    array = np.load(probabilities, mmap_mode="r")
    table = read_table(index, str)
    if len(array) != len(table):
        raise SampleError(
            probabilities,
            f"holds {len(array)} predictions, its index {len(table)}",
            "Remove the folder and predict again.",
        )
    return array, table
