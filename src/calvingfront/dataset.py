"""Reading the packed arrays and the split: what training, prediction and scoring start from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.errors import SampleError, SplitError

SUBSETS = ("train", "validation", "test")
TEXT_COLUMNS = {"scene": str, "glacier": str, "mission": str, "orbit": str, "crs": str}


@dataclass(frozen=True)
class Dataset:
    """The packed samples; rows of the arrays and of `index` agree.

    images, fronts: (n, s, s) uint8, memory-mapped; images 0…255, the masks 0 or 1.
    index: one row per scene (see docs/files.md), indexed 0…n−1.
    """

    images: npt.NDArray[np.uint8]
    fronts: npt.NDArray[np.uint8]
    index: pd.DataFrame

    @property
    def size(self) -> int:
        """Side of the square samples, px."""
        return int(self.images.shape[1])

    def rows(self, scenes: list[str]) -> npt.NDArray[np.int64]:
        """Find the rows of the named scenes, in their order."""
        positions = pd.Series(self.index.index, index=self.index["scene"])
        missing = sorted(set(scenes) - set(positions.index))
        if missing:
            raise SampleError(
                "index.tsv",
                f"has no scene {missing[0]} ({len(missing)} missing)",
                "Pack the samples again with the scenes of the split.",
            )
        return positions.loc[scenes].to_numpy(dtype=np.int64)


def read_table(path: str | os.PathLike[str], dtype: Any = None) -> pd.DataFrame:
    """Read a table (TSV) in which only an empty cell is unknown: a glacier may be called NA."""
    table: pd.DataFrame = pd.read_csv(
        path, sep="\t", dtype=dtype, keep_default_na=False, na_values=[""]
    )
    return table


def read_index(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read an index table of packed samples."""
    return read_table(path, TEXT_COLUMNS)


def open_dataset(
    images: str | os.PathLike[str],
    fronts: str | os.PathLike[str],
    index: str | os.PathLike[str],
) -> Dataset:
    """Open the packed arrays as memory maps and check that they belong together."""
    image_array = np.load(images, mmap_mode="r")
    front_array = np.load(fronts, mmap_mode="r")
    table = read_index(index)
    if image_array.shape != front_array.shape or len(table) != len(image_array):
        raise SampleError(
            images,
            f"holds {image_array.shape}, {Path(fronts).name} {front_array.shape}, "
            f"{Path(index).name} {len(table)} rows",
            "Remove the three files and let pack_samples make them again.",
        )
    return Dataset(image_array, front_array, table)


def read_split(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    """Read a split table (scene, subset) into the sorted scenes of train, validation and test."""
    table = read_table(path, str)
    split = {subset: sorted(table.loc[table["subset"] == subset, "scene"]) for subset in SUBSETS}
    for subset, scenes in split.items():
        if not scenes:
            raise SplitError(path, f"has no {subset} scene", "Change split.* in the configuration.")
    return split
