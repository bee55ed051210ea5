"""The table of the errors of held-out fronts (see `locating.held_out_files`)."""

from __future__ import annotations

import pandas as pd

from calvingfront.dataset.reading import read_table
from calvingfront.errors import SampleError
from calvingfront.files import PathLike
from calvingfront.vocabulary.subsets import TEST


def errors_of_tests(held_out: PathLike) -> pd.DataFrame:
    """The rows of the test scenes. Raises SampleError if there is none."""
    table = read_table(held_out)
    table = table[table["subset"] == TEST]
    if table.empty:
        raise SampleError(held_out, "has no test scene", "Export the model again.")
    return table.reset_index(drop=True)
