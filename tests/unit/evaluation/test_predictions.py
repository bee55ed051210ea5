"""The files of predictions: whole, and belonging to their scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.errors import DamagedFileError
from calvingfront.evaluation.predictions import open_predictions, write_predictions
from packed import write_run


def test_too_few_predictions_are_never_written(tmp_path: Path) -> None:
    table = pd.DataFrame({"scene": ["a", "b"], "subset": "test"})
    with pytest.raises(ValueError, match="1 predictions for 2 scenes"):
        write_predictions([np.zeros((1, 4, 4))], 4, table, tmp_path / "p.npy", tmp_path / "p.tsv")
    assert not (tmp_path / "p.npy").exists()


def test_predictions_without_their_index_are_refused(tmp_path: Path) -> None:
    rows = [(f"s{k}", "test") for k in range(4)]
    files = write_run(tmp_path, np.zeros((3, 16, 16)), rows)
    with pytest.raises(DamagedFileError, match=r"holds \(3, 16, 16\) .* index lists 4"):
        open_predictions(files["probabilities"], files["predictions"])
