"""Weights that a training must not start from, and those that are missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from calvingfront.errors import CalvingFrontError, ConfigError, DamagedFileError
from calvingfront.networks.weights import save_weights
from calvingfront.training.starting.source import check_start, find_start, start_faults
from calvingfront.vocabulary.runs import Run
from packed import write_split
from started import NETWORKS, run, weights_of, write_data

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "width": ({"networks": NETWORKS | {"width": 3}}, r"networks\.width 2, but here it is 3"),
    "depth": ({"networks": NETWORKS | {"depth": 1}}, r"networks\.depth 2, but here it is 1"),
    "kernel": ({"networks": NETWORKS | {"kernel": 5}}, r"networks\.kernel 3, but here it is 5"),
    "heads": (
        {"networks": NETWORKS | {"deep_supervision": True}}, r"networks\.deep_supervision False",
    ),
    "seed": ({"seed": 4}, r"no training models/unet/bce/seed4, but has models/unet/bce/seed1, mod"),
    "network": ({"model": "attention_unet"}, r"no training models/attention_unet/bce/seed1"),
    "dates only": ({"model": "unet_dates"}, r"no training models/unet_dates/bce/seed1"),
    "changed": ({"start_weights": "0" * 24}, "has changed meanwhile"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_weights_that_do_not_fit_are_refused_with_the_setting(
    simulated: Path, real: Path, name: str
) -> None:
    changes, said = REFUSED[name]
    with pytest.raises(ConfigError, match=said) as caught:
        run(real, start_from=str(simulated), **changes)
    assert caught.value.where == "training.start_from"


def test_another_network_s_folder_is_refused_by_name(simulated: Path, real: Path) -> None:
    one = str(simulated / "models/unet/bce/seed1")
    for model in ("attention_unet", "unet_dates", "pretrained_unet", "pretrained_unet_history"):
        with pytest.raises(ConfigError, match=f"belongs to the network unet, not to {model}"):
            run(real, model, start_from=one)


def test_what_the_record_does_not_tell_is_seen_in_the_weights(
    simulated: Path, real: Path, tmp_path: Path
) -> None:
    """As of a network that grew a part in a later version."""
    folder = tmp_path / "other"
    shutil.copytree(simulated / "models/unet/bce/seed1", folder)
    state = weights_of(folder)
    save_weights(state | {"second.weight": torch.zeros(1)}, folder / "weights.safetensors")
    with pytest.raises(ConfigError, match=r"does not fit the network unet: second\.weight"):
        run(real, start_from=str(folder))
    state["head.weight"] = torch.zeros(1, 5, 1, 1)
    save_weights(state, folder / "weights.safetensors")
    with pytest.raises(ConfigError, match=r"does not fit the network unet: head\.weight"):
        run(real, start_from=str(folder))


def test_a_folder_without_weights_is_refused(simulated: Path, real: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ConfigError, match="holds no trained network"):
            run(real, start_from=str(place))
    folder = tmp_path / "half"
    shutil.copytree(simulated / "models/unet/bce/seed1", folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(CalvingFrontError, match="is missing"):
        run(real, start_from=str(folder))
    (folder / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(DamagedFileError):
        run(real, start_from=str(folder))


def test_weights_that_have_seen_held_out_scenes_are_refused(real: Path, tmp_path: Path) -> None:
    run(real)
    other = tmp_path / "other" / "dataset"
    names = [f"s{k}" for k in range(8)]
    for held_out, count in ((names[:2], 2), (names[4:], 1)):
        write_data(other, "SI", "s")
        rest = [name for name in names if name not in held_out]
        write_split(other, train=rest, validation=held_out, test=held_out)
        with pytest.raises(ConfigError, match=f"trained on {count} of the scenes .* such as s"):
            run(other.parent, start_from=str(real))
    write_split(other, train=names[:4], validation=["s5"], test=["s7"])  # the same ones held out
    run(other.parent, start_from=str(real))


def test_a_training_does_not_start_from_itself(real: Path) -> None:
    folder = run(real)
    config = {
        "results": str(real), "losses": ["bce"], "seeds": [1], "training": {},
        "networks": {"models": ["unet"], **NETWORKS},
    }  # fmt: skip
    for given in (real, folder):
        with pytest.raises(ConfigError, match="holds this very training"):
            run(real, start_from=str(given))
        config["training"] = {"start_from": str(given)}
        (fault,) = start_faults(config)  # though it is finished
        assert "holds this very training" in str(fault)
    run(real, seed=2, start_from=str(folder))  # of another seed it may


def test_faults_are_told_before_the_first_job_of_what_is_not_trained_yet(
    simulated: Path, real: Path
) -> None:
    config = {
        "results": str(real), "losses": ["bce"], "seeds": [1, 2],
        "networks": {"models": ["unet"], **NETWORKS}, "training": {"start_from": str(simulated)},
    }  # fmt: skip
    assert not list(start_faults(config))
    config["networks"]["width"] = 3
    assert [fault.where for fault in start_faults(config)] == ["training.start_from"] * 2
    config["training"]["start_from"] = "nowhere"
    (fault,) = start_faults(config)
    assert "nowhere holds no trained network" in str(fault)
    for about, faults in ({}, 1), ({"start": {"digest": "1a2b"}}, 0):
        # What was trained from some needs none any more; it may have stayed on another machine.
        for seed in (1, 2):
            folder = real / f"models/unet/bce/seed{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
        assert len(list(start_faults(config))) == faults


def test_settings_that_the_weights_do_not_depend_on_may_differ(simulated: Path) -> None:
    start = find_start(str(simulated), Run("unet", "bce", 1))
    free = {"batch_norm_momentum": 0.9, "front_prior": 0.5, "of_a_later_version": 1}
    check_start(start, {"model": "unet", **NETWORKS, **free})
