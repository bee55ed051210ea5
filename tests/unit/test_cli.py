"""The plain commands, where they do more than call a function of the library."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from builders import line_mask, write_image
from calvingfront.cli import main, read_config
from calvingfront.errors import ConfigError, Faults
from calvingfront.files import write_json
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import save_weights
from calvingfront.pipeline.results import Results
from calvingfront.vocabulary.models import NETWORKS
from calvingfront.vocabulary.runs import Run
from origins import write_origin_of
from packed import band, write_packed, write_split
from resolved import RESOLVED
from score_files import write_scores

NETWORK = {"model": "unet", "width": 2, "depth": 1, "kernel": 3}


def write_config(results: Path, **changes: Any) -> None:
    file = results / "dataset" / "config.yaml"
    file.write_text(yaml.safe_dump(RESOLVED | changes), encoding="utf-8")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Four packed scenes, s2 in no subset, and a network as it was trained."""
    dataset, model = tmp_path / "dataset", tmp_path / "models" / "unet" / "bce" / "seed1"
    write_packed(dataset, np.stack([band(16, row, 3) for row in range(4)]))
    write_split(dataset, train=["s1"], validation=["s3"], test=["s0"])
    write_config(tmp_path)
    write_json(model / "run.json", {"network": NETWORK})
    save_weights(
        build_network(NetworkSettings(**NETWORK)).state_dict(), model / "weights.safetensors"
    )
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


def test_a_configuration_without_a_key_that_a_step_needs_is_told(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = results / "dataset" / "config.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    del config["training"]["gpu_slots"]
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert predict(results, "unet") == 1
    said = capsys.readouterr().err
    assert "gpu_slots: is missing, but predict_fronts needs it" in said


def test_a_data_set_prepared_before_states_were_kept_is_trained_with_the_default(
    results: Path,
) -> None:
    config = yaml.safe_load((results / "dataset" / "config.yaml").read_text(encoding="utf-8"))
    del config["training"]["keep_state"]
    call = Results(results, config).call_of("train_network", Run("unet", "bce", 1))
    assert call.how["keep_state"] is True


def test_a_network_that_is_not_trained_is_told_with_the_command_that_trains_it(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["--results", str(results), "--model", "unet", "--loss", "wbce4", "--seed", "2"]
    assert main(["predict", *run]) == 1
    said = capsys.readouterr().err
    assert "unet/wbce4/seed2 has not been trained" in said
    assert "Run `calvingfront train --model unet --loss wbce4 --seed 2` first" in said


def test_a_command_that_is_given_no_model_there_is_says_so(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "--results", str(results), "--model", "u-net"]) == 1
    said = capsys.readouterr().err
    known = ", ".join([*NETWORKS, "prior", "nearest_date"])
    assert f"u-net is not a model. Write one of {known}" in said
    assert main(["train", "--results", str(results), "--model", "prior"]) == 1
    assert "prior has nothing to train" in capsys.readouterr().err


def test_a_result_of_others_is_imported_and_scored_by_its_name(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = pd.read_csv(results / "dataset" / "index.tsv", sep="\t").assign(
        source_height=16, source_width=16, source_pixel_size_x_m=50.0, source_pixel_size_y_m=50.0,
        variant="paper", front_width_px=3,
    )  # fmt: skip
    index.to_csv(results / "dataset" / "index.tsv", sep="\t", index=False)
    write_image(tmp_path / "theirs" / "s0_front.png", line_mask(16, 16, 1))  # rows 0 to 2 are true
    write_config(results, others={"theirs": {"folder": str(tmp_path / "theirs")}})
    run = ["--results", str(results), "--model", "theirs"]
    assert main(["score", *run]) == 1
    said = capsys.readouterr().err
    assert "theirs/none/seed0 has not been imported" in said
    assert "Run `calvingfront predict --model theirs` first" in said
    assert main(["train", *run]) == 1
    assert "theirs has nothing to train" in capsys.readouterr().err
    assert main(["predict", "--results", str(results), "--model", "their"]) == 1
    assert "prior, nearest_date, theirs" in capsys.readouterr().err
    assert main(["predict", *run]) == 0
    assert main(["score", *run]) == 0
    scores = pd.read_csv(results / "evaluation/theirs/none/seed0/scores.tsv", sep="\t")
    assert scores.dice.tolist() == [1, 1]
    assert not (results / "evaluation/theirs/none/seed0/threshold_curve.tsv").exists()


def test_a_results_folder_without_its_data_set_is_told(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "dataset" / "split.tsv").unlink()
    assert predict(results, "unet") == 1
    said = capsys.readouterr().err
    assert "split.tsv: is missing. Run `snakemake dataset`" in said
    (results / "dataset" / "config.yaml").unlink()
    assert predict(results, "unet") == 1
    assert "config.yaml: cannot be read. Run `snakemake dataset`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("losses", "seeds", "said"),
    [
        (["bce", "wbce4"], [1], "--loss: is missing. Write one of bce, wbce4."),
        (["bce"], [1, 2], "--seed: is missing. Write one of 1, 2."),
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
    write_config(results, losses=losses, seeds=seeds)
    status = main(["predict", "--results", str(results), "--model", "unet"])
    assert status == int(bool(said))
    assert said in capsys.readouterr().err
    assert (results / "predictions" / "unet" / "bce" / "seed1").exists() == (not said)


CONFIG = {
    "networks": {"front_prior": None, "models": ["unet"]},
    "training": {
        "learning_rate_max": 0.01,
        "batch_size": 5,
        "device": "cpu",
        "deterministic": True,
        "tuning": "off",
    },
}


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("training.learning_rate_max=1e-2", 0.01),
        ("training.learning_rate_max=1", 1),
        ("training.tuning=off", "off"),
        ("training.batch_size=3", 3),
        ("training.device=cuda:1", "cuda:1"),
        ("training.deterministic=false", False),
        ("networks.front_prior=0.02", 0.02),
        ("networks.models=[unet, attention_unet]", ["unet", "attention_unet"]),
    ],
)
def test_a_key_that_is_set_keeps_its_kind(config_file: Path, change: str, value: object) -> None:
    config = read_config(config_file, [change])
    group, key = change.partition("=")[0].split(".")
    assert config[group][key] == value
    assert type(config[group][key]) is type(value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("training.batch_size", "has no value. Write KEY=VALUE"),
        ("training.batch_size=many", "many is not a number. The present value is 5"),
        ("training.batch_size=true", "true is not a number"),
        ("training.deterministic=1", "1 is not true or false. The present value is True"),
        ("training.learning_rate_max=fast", "fast is not a number. The present value is 0.01"),
        ("networks.models=unet", "unet is not a list"),
        ("training=3", "3 is not a group of keys"),
        ("training.batch_size=[", "is not valid YAML. The present value is 5"),
        ("training.batches=3", "no key training.batches. Write one of batch_size, deterministic"),
        ("training.batch_size.x=3", "no key training.batch_size.x. Write one of networks, tr"),
        ("traning.batch_size=3", "no key traning.batch_size. Write one of networks, training"),
    ],
)
def test_a_key_that_cannot_be_set_is_told(config_file: Path, change: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--set {change}: ") + f".*{said}"):
        read_config(config_file, [change])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("training.batch_size=0.5", "training.batch_size: 0.5 is not an integer"),
        ("training.batch_size=64.0", "training.batch_size: 64.0 is not an integer. Write 64."),
        ("training.batch_size=0", "training.batch_size: 0 is out of range"),
        ("training.learning_rate_max=.nan", "training.learning_rate_max: NaN is not finite"),
        ("training.learning_rate_max=1e999", "training.learning_rate_max: Infinity is not finite"),
        ("training.device=null", "training.device: null is not a string"),
        ("training.device=gpu", "Write auto, cpu, cuda"),
        ("networks.front_prior=2", "networks.front_prior: 2 is out of range"),
        ("networks.models=[u-net]", "Did you mean unet?"),
    ],
)
def test_a_value_that_no_key_may_have_is_refused_by_its_name(
    config_file: Path, change: str, said: str
) -> None:
    with pytest.raises(Faults) as caught:
        read_config(config_file, [change])
    assert said in str(caught.value)


def test_settings_that_cannot_work_together_are_refused(results: Path) -> None:
    file = results / "dataset" / "config.yaml"
    with pytest.raises(Faults, match="leaves batch normalisation a single value"):
        read_config(file, ["training.batch_size=1", "networks.depth=4"])


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--loss", "wbcex"), "--loss: wbcex is not a loss. Write bce, or wbce"),
        (("--seed", "-1"), "--seed: -1 is out of range. Write 0 to 4294967295."),
        (("--seed", str(2**32)), "is out of range"),
    ],
)
def test_a_loss_or_seed_that_cannot_be_is_refused(
    results: Path, option: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--results", str(results), "--model", "unet", *option]) == 1
    assert said in capsys.readouterr().err


def test_a_configuration_with_a_key_twice_is_refused_with_its_lines(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = results / "dataset" / "config.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "seeds: [3]\n", encoding="utf-8")
    assert main(["tabulate", "--results", str(results)]) == 1
    assert "seeds: appears twice, in line" in capsys.readouterr().err


SCENES = {"SI_a": 0.6, "SI_b": 0.4}


@pytest.fixture
def scored(results: Path) -> Path:
    """Scores of every run that the configuration plans, and of one that it does not."""
    for run in (Run("unet", "bce", 1), Run("prior"), Run("nearest_date"), Run("unet", "wbce4", 9)):
        write_scored(results, run)
    return results


def write_scored(results: Path, run: Run) -> None:
    write_scores(results, *run, SCENES)
    write_origin_of(results, RESOLVED, run, "score_predictions")


def test_tables_hold_the_runs_that_are_planned_and_no_other(scored: Path) -> None:
    arguments = ["tabulate", "--results", str(scored)]
    assert main(arguments) == 0
    names = ("table1", "table2", "distances", "breakdown", "comparisons")
    tables = {
        name: (scored / "tables" / f"{name}.md").read_text(encoding="utf-8") for name in names
    }
    assert all("BCE" in text and "WBCE4" not in text for text in tables.values())
    rows = pd.read_csv(scored / "tables" / "table1.csv", keep_default_na=False)
    planned = {("unet", "bce"), ("prior", "none"), ("nearest_date", "none")}
    assert set(zip(rows["model"], rows["loss"], strict=True)) == planned
    # Once it is planned it stands there too.
    assert main([*arguments, "--set", "losses=[bce, wbce4]", "--set", "seeds=[9]"]) == 1
    write_scored(scored, Run("unet", "bce", 9))
    assert main([*arguments, "--set", "losses=[bce, wbce4]", "--set", "seeds=[9]"]) == 0
    rows = pd.read_csv(scored / "tables" / "table1.csv", keep_default_na=False)
    assert set(zip(rows["model"], rows["loss"], strict=True)) == planned | {("unet", "wbce4")}


@pytest.mark.parametrize(
    ("changes", "command", "said"),
    [
        (
            ["seeds=[1, 3]"], "tabulate",
            "unet/bce/seed3 has not been scored. "
            "Run `calvingfront score --model unet --loss bce --seed 3` first",
        ),
        (
            ["losses=[bce, wbce8]"], "tabulate",
            "unet/wbce8/seed1 has not been scored. "
            "Run `calvingfront score --model unet --loss wbce8 --seed 1` first",
        ),
        (
            ["networks.models=[unet, attention_unet]"], "draw",
            "attention_unet/bce/seed1 has not been trained. "
            "Run `calvingfront train --model attention_unet --loss bce --seed 1` first",
        ),
        (
            [], "draw",
            "unet/bce/seed1 has not been predicted. "
            "Run `calvingfront predict --model unet --loss bce --seed 1` first",
        ),
    ],
)  # fmt: skip
def test_a_planned_run_that_is_missing_is_named_with_the_command_that_makes_it(
    scored: Path, capsys: pytest.CaptureFixture[str], changes: list[str], command: str, said: str
) -> None:
    chosen = [part for change in changes for part in ("--set", change)]
    assert main([command, "--results", str(scored), *chosen]) == 1
    assert said in capsys.readouterr().err


def test_a_row_without_a_network_that_is_missing_is_named_too(
    scored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = scored / "evaluation" / "nearest_date" / "none" / "seed0" / "scores.tsv"
    lost.unlink()
    assert main(["tabulate", "--results", str(scored)]) == 1
    said = capsys.readouterr().err
    assert f"{lost}: is missing: nearest_date/none/seed0 has not been scored" in said
    assert "Run `calvingfront score --model nearest_date` first, or `calvingfront grid`" in said
    assert not (scored / "tables").exists()


def test_a_prediction_that_is_missing_is_named_before_it_is_scored(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["--results", str(results), "--model", "unet", "--loss", "wbce4", "--seed", "2"]
    assert main(["score", *run]) == 1
    said = capsys.readouterr().err
    assert "Run `calvingfront predict --model unet --loss wbce4 --seed 2` first" in said
