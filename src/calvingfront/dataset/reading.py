"""Read the packed arrays and the split, from which training, prediction and scoring start."""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.files import CRC_COLUMNS, FRONTS, IMAGES, INDEX, SPLIT
from calvingfront.errors import SampleError, SplitError
from calvingfront.files import PathLike
from calvingfront.storage.arrays import check_rows, open_array
from calvingfront.storage.sealed import read_sealed, reading
from calvingfront.vocabulary.subsets import SUBSETS

REMAKE = f"Remove {IMAGES}, {FRONTS} and {INDEX}, and rerun pack_samples."
_TEXTS = ("scene", "glacier", "mission", "orbit", "crs", "hemisphere")
TEXT_COLUMNS = dict.fromkeys((*_TEXTS, *CRC_COLUMNS), str)


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

    @property
    def variant(self) -> str:
        """`samples.variant` of the samples; `paper` if the index does not say."""
        return str(self.index["variant"].iloc[0]) if "variant" in self.index else "paper"

    def rows(self, scenes: list[str]) -> npt.NDArray[np.int64]:
        """Find the rows (k,) of the k named scenes, in their order.

        Raises SampleError if one is not in the index.
        """
        positions = pd.Series(self.index.index, index=self.index["scene"])
        missing = sorted(set(scenes) - set(positions.index))
        if missing:
            raise SampleError(
                "index.tsv",
                f"has no scene {missing[0]} ({len(missing)} missing)",
                "Pack the samples again with the scenes of the split.",
            )
        return positions.loc[scenes].to_numpy(dtype=np.int64)


class SampleReader:
    """Reads samples out of a packed array, one at a time, into the caller's memory.

    array: (n, s, s) uint8. rows: the rows that are read, by position. scenes: their names.
    A memory-mapped array is read from its file, not through the map: pages touched through a map
    count as memory of the process, which would grow to the size of the archive.
    """

    def __init__(
        self, array: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64], scenes: Sequence[str]
    ) -> None:
        self._array, self._rows, self._scenes = array, rows, scenes
        self._file: int | None = None
        # A slice of a map keeps the offset of the whole map, so only a whole map is read this way.
        if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):
            self._path: Path = Path(str(array.filename))
            self._offset: int = array.offset
            self._file = os.open(self._path, os.O_RDONLY)
            weakref.finalize(self, os.close, self._file)

    def read(self, position: int, out: npt.NDArray[np.uint8]) -> None:
        """Read the sample at `position` into `out` (s, s), contiguous; safe in several threads.

        Raises SampleError, with the scene's name, if the file cannot be read.
        """
        row = int(self._rows[position])
        if self._file is None:
            np.copyto(out, self._array[row])
            return
        try:
            read = os.preadv(self._file, [out.data], self._offset + row * out.nbytes)
        except OSError as error:
            raise self._fault(position, f"cannot be read ({error.strerror})") from error
        if read < out.nbytes:
            raise self._fault(position, f"has {read} of its {out.nbytes} bytes")

    def _fault(self, position: int, what: str) -> SampleError:
        return SampleError(
            self._scenes[position],
            f"{what} in {self._path}",
            "Remove the packed arrays and rerun pack_samples.",
        )


def read_table(path: PathLike, dtype: Any = None) -> pd.DataFrame:
    """Read a table (TSV) in which only an empty cell means unknown: a glacier may be called NA.

    Raises DamagedFileError if it is damaged.
    """
    return read_sealed(path, dtype)


def read_index(dataset: PathLike) -> pd.DataFrame:
    """Read the index table of a packed data set's folder."""
    return read_table(Path(dataset) / INDEX, TEXT_COLUMNS)


def open_dataset(dataset: PathLike) -> Dataset:
    """Open the arrays of a packed data set as memory maps; check that they are whole.

    Every image and front is compared with its checksum in the index, if that has one.
    Raises DamagedFileError if one is damaged, SampleError if they do not belong together.
    """
    images, fronts, index = (Path(dataset) / name for name in (IMAGES, FRONTS, INDEX))
    image_array, front_array = open_packed(images), open_packed(fronts)
    table = read_index(dataset)
    if image_array.shape != front_array.shape or len(table) != len(image_array):
        raise SampleError(
            images,
            f"has shape {image_array.shape}, but {fronts.name} has {front_array.shape} and "
            f"{index.name} {len(table)} rows",
            REMAKE,
        )
    twice = table["scene"][table["scene"].duplicated()].tolist()
    if twice:
        raise SampleError(index, f"names the scene {twice[0]} twice", REMAKE)
    for path, array, column in zip(
        (images, fronts), (image_array, front_array), CRC_COLUMNS, strict=True
    ):
        if column in table:
            check_rows(path, array, table[column].tolist(), table["scene"].tolist())
    return Dataset(image_array, front_array, table)


def open_packed(path: PathLike) -> npt.NDArray[np.uint8]:
    """Map an array (n, s, s) uint8 into memory.

    Raises DamagedFileError if it is damaged, SampleError if it is another array.
    """
    array: npt.NDArray[np.uint8] = open_array(path)
    square = array.ndim == 3 and array.shape[1] == array.shape[2]
    if array.dtype != np.uint8 or not square or not array.flags.c_contiguous:
        order = "" if array.flags.c_contiguous else ", not in C order"
        raise SampleError(
            path, f"is {array.dtype} {array.shape}{order} instead of uint8 (n, s, s)", REMAKE
        )
    return array


def read_split(dataset: PathLike, needed: Sequence[str] = SUBSETS) -> dict[str, list[str]]:
    """Read the split of a packed data set: the sorted scenes of train, validation and test.

    needed: the subsets that must have scenes; the data set of a search has no test scenes.
    Raises SplitError if one of them has none.
    """
    path = Path(dataset) / SPLIT
    table = read_table(path, str)
    with reading(path):
        table["scene"], table["subset"]
    split = {subset: sorted(table.loc[table["subset"] == subset, "scene"]) for subset in SUBSETS}
    for subset in needed:
        if not split[subset]:
            raise SplitError(path, f"has no {subset} scene", "Change split.* in the configuration.")
    return split
