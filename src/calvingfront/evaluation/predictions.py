"""Prediction files: the probabilities, and the scene and subset of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.errors import DamagedFileError
from calvingfront.files import PathLike
from calvingfront.storage.arrays import check_rows, open_array, replacing_array, row_crc
from calvingfront.storage.sealed import read_sealed, reading, write_sealed
from calvingfront.vocabulary.subsets import HELD_OUT

CRC = "crc32"  # column: of each prediction


def held_out_scenes(subsets: dict[str, list[str]], which: Sequence[str] = HELD_OUT) -> pd.DataFrame:
    """List (scene, subset) of the validation and test scenes, in the order of prediction.

    which: the subsets that are listed.
    """
    rows = [(scene, subset) for subset in which for scene in subsets[subset]]
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
    float16 as it arrives, so memory holds one block and not the array. The table gets the CRC-32
    of each.
    Raises ValueError if the number of predictions differs from the table's.
    """
    crcs: list[str] = []
    with replacing_array(probabilities, (len(table), size, size), "<f2") as append:
        for block in blocks:
            half = np.ascontiguousarray(block, dtype="<f2")
            append(half)
            crcs += map(row_crc, half)
        if len(crcs) != len(table):
            raise ValueError(f"{len(crcs)} predictions for {len(table)} scenes")
    write_sealed(predictions, table.assign(**{CRC: crcs}))


def open_predictions(
    probabilities: PathLike, index: PathLike
) -> tuple[npt.NDArray[np.float16], pd.DataFrame]:
    """Open the probabilities (m, s, s) of a run and their table (scene, subset).

    Raises DamagedFileError if one is damaged or they do not belong together.
    """
    array = open_array(probabilities)
    table = read_sealed(index, str)
    with reading(index):
        table["scene"], table["subset"]
    if array.ndim != 3 or len(array) != len(table):
        what = f"it holds {array.shape} predictions, but its index lists {len(table)}"
        raise DamagedFileError.of(probabilities, what)
    if CRC in table:
        check_rows(probabilities, array, table[CRC].tolist(), table["scene"].tolist())
    return array, table[["scene", "subset"]]
