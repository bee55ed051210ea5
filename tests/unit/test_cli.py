"""The plain commands, where they do more than call a function of the library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from calvingfront.cli import main
from calvingfront.files import write_json
from calvingfront.networks import build_network
from calvingfront.training.run import save_weights
from packed import band, write_packed, write_split

NETWORK = {"model": "unet", "width": 2, "depth": 1, "kernel": 3}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Four packed scenes, s2 in no subset, and a network as it was trained."""
    dataset, model = tmp_path / "dataset", tmp_path / "models" / "unet" / "bce" / "seed1"
    write_packed(dataset, np.stack([band(16, row, 3) for row in range(4)]))
    write_split(dataset / "split.tsv", train=["s1"], validation=["s3"], test=["s0"])
    config = {"training": {"device": "cpu", "threads": 1, "gpu_slots": 1}}
    (dataset / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    write_json(model / "run.json", {"network": NETWORK})
    save_weights(build_network(**NETWORK).state_dict(), model / "weights.safetensors")
    return tmp_path


def predict(results: Path, model: str, *more: str) -> int:
    run = ["--results", str(results), "--model", model, "--loss", "bce", "--seed", "1"]
    return main(["predict", *run, *more])


def test_all_scenes_are_predicted_into_files_of_their_own(results: Path) -> None:
    folder = results / "predictions" / "unet" / "bce" / "seed1"
    assert predict(results, "unet") == 0
    assert predict(results, "unet", "--scenes", "all") == 0
    scenes = {
        name: pd.read_csv(folder / f"{name}.tsv", sep="\t")["scene"].tolist()
        for name in ("index", "all_index")
    }
    assert scenes == {"index": ["s3", "s0"], "all_index": ["s0", "s1", "s2", "s3"]}
    held_out, every = (
        np.load(folder / f"{name}.npy") for name in ("probabilities", "all_probabilities")
    )
    np.testing.assert_allclose(every[[3, 0]], held_out, atol=1e-3)


def test_a_row_without_a_network_predicts_held_out_scenes_only(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(results, "prior", "--scenes", "all") == 1
    assert "prior predicts held-out scenes only" in capsys.readouterr().err
    assert not (results / "predictions").exists()
