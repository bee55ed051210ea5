"""Fixtures for the results of others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calvingfront.evaluation.scores import score_predictions
from calvingfront.evaluation.thresholds import choose_threshold, fix_threshold
from others_files import Score, pack, run_import


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(tmp_path_factory.mktemp("packed"))


@pytest.fixture
def score(dataset: Path, tmp_path: Path) -> Score:
    """Import a folder and score it; returns the scores at the validation threshold by scene."""

    def run(folder: Path, data: Path = dataset, **entry: str) -> pd.DataFrame:
        run_import(folder, tmp_path, data, **entry)
        predictions = {
            "probabilities": tmp_path / "out" / "probabilities.npy",
            "predictions": tmp_path / "out" / "index.tsv",
        }
        threshold = tmp_path / "threshold.json"
        if entry.get("kind") == "probabilities":
            choose_threshold(data, **predictions, threshold=threshold, curve=tmp_path / "curve.tsv")
        else:
            fix_threshold(predictions["predictions"], threshold)
        score_predictions(data, **predictions, threshold=threshold,
                          scores=tmp_path / "scores.tsv", min_front_length_m=750)  # fmt: skip
        table = pd.read_csv(tmp_path / "scores.tsv", sep="\t")
        return table.set_index(["protocol", "scene"])

    return run
