"""The packed zones of a data set, which networks learn beside the front."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.files import ZONES, ZONES_CRC, ZONES_INDEX
from calvingfront.dataset.reading import Dataset, open_packed, read_table
from calvingfront.errors import SampleError
from calvingfront.files import PathLike
from calvingfront.storage.arrays import check_rows

REMAKE = "Make the data set anew with `snakemake dataset` and zones in networks.auxiliary."


def open_zones(dataset: PathLike, data: Dataset) -> npt.NDArray[np.uint8]:
    """Open the zones (n, s, s) of a packed data set, and compare each row with its checksum.

    Values as in `vocabulary.auxiliary`. data: the data set, whose rows they have.
    Raises DamagedFileError if the file is damaged, SampleError if it is missing or belongs to
    other samples.
    """
    path, table = Path(dataset) / ZONES, Path(dataset) / ZONES_INDEX
    for each in (path, table):
        if not each.is_file():
            raise SampleError(each, "is missing, but networks.auxiliary contains zones", REMAKE)
    zones = open_packed(path)
    index: pd.DataFrame = read_table(table, {"scene": str, ZONES_CRC: str})
    scenes = data.index["scene"].tolist()
    if zones.shape != data.fronts.shape or index["scene"].tolist() != scenes:
        raise SampleError(path, "does not belong to the samples of the data set", REMAKE)
    check_rows(path, zones, index[ZONES_CRC].tolist(), scenes)
    return zones
