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


def test_a_network_that_is_not_trained_is_told_with_the_command_that_trains_it(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["--results", str(results), "--model", "unet", "--loss", "wbce4", "--seed", "2"]
    assert main(["predict", *run]) == 1
    said = capsys.readouterr().err
    assert "is not trained" in said
    assert "train --model unet --loss wbce4 --seed 2" in said


@pytest.mark.parametrize(
    ("losses", "seeds", "said"),
    [
        (["bce", "wbce4"], [1], "--loss: is not given. Write one of bce, wbce4."),
        (["bce"], [1, 2], "--seed: is not given. Write one of 1, 2."),
        (["bce"], [1], ""),
    ],
)
def test_the_only_loss_and_seed_need_not_be_given(
    results: Path,
    capsys: pytest.CaptureFixture[str],
    losses: list[str],
    seeds: list[int],
    said: str,
) -> None:
    file = results / "dataset" / "config.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8")) | {"losses": losses, "seeds": seeds}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    status = main(["predict", "--results", str(results), "--model", "unet"])
    assert status == int(bool(said))
    assert said in capsys.readouterr().err
    assert (results / "predictions" / "unet" / "bce" / "seed1").exists() == (not said)
