"""A training that starts from the weights of another."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from calvingfront.errors import CalvingFrontError, ConfigError, DamagedFileError, TrainingError
from calvingfront.networks import efficientnet
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import load_network, read_weights, save_weights
from calvingfront.training.run import train_network
from calvingfront.training.starting.source import check_start, find_start, start_faults
from calvingfront.training.starting.taking import take_start
from calvingfront.training.step import Step
from calvingfront.vocabulary.runs import Run
from killed import Killed, kill_at
from packed import band, write_packed, write_split

SIZE = 32
NETWORKS: dict[str, Any] = {"width": 2, "depth": 2, "kernel": 3, "batch_norm_momentum": 0.2}
TRAINING: dict[str, Any] = {
    "batch_size": 4, "max_epochs": 1, "patience": 1, "keep_epochs": [], "device": "cpu",
    "threads": 1, "half_cycle_epochs": 1, "augmentation": "none",
}  # fmt: skip
# Steps that change nothing but what they must not change: what is left is the start.
STILL = {"learning_rate_min": 1e-30, "learning_rate_max": 1e-30}
AS_IT_IS = NETWORKS | {"batch_norm_momentum": 1e-12}


def write_data(folder: Path, glacier: str, prefix: str) -> Path:
    """Eight scenes: five to train on, two to validate, one to test."""
    names = [f"{prefix}{k}" for k in range(8)]
    write_packed(
        folder, np.stack([band(SIZE, 2 * k + 3, 3) for k in range(8)]), scene=names,
        glacier=glacier, acquired=[f"2010-0{k + 1}-01" for k in range(8)],
    )  # fmt: skip
    write_split(folder, train=names[:5], validation=names[5:7], test=names[7:])
    return folder


def run(results: Path, model: str = "unet", seed: int = 1, **changes: Any) -> Path:
    folder = results / "models" / model / "bce" / f"seed{seed}"
    values: dict[str, Any] = {
        "model": model, "loss": "bce", "seed": seed, "networks": NETWORKS, "training": TRAINING,
    }  # fmt: skip
    train_network(
        results / "dataset", folder / "weights.safetensors", folder / "history.tsv",
        folder / "run.json", **{**values, **changes},
    )  # fmt: skip
    return folder


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return read_weights(folder / "weights.safetensors")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("simulated")
    write_data(results / "dataset", "SIMA", "sim")
    for seed in (1, 2):
        run(results, seed=seed, training={**TRAINING, "learning_rate_max": 0.02})
    return results


@pytest.fixture
def real(tmp_path: Path) -> Path:
    write_data(tmp_path / "real" / "dataset", "SI", "s")
    return tmp_path / "real"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_first_weights_and_statistics_are_those_of_the_start(
    simulated: Path, real: Path, seed: int
) -> None:
    folder = run(real, seed=seed, networks=AS_IT_IS, training=TRAINING | STILL,
                 start_from=str(simulated))  # fmt: skip
    there, here = weights_of(simulated / f"models/unet/bce/seed{seed}"), weights_of(folder)
    assert set(there) == set(here)
    other = weights_of(simulated / f"models/unet/bce/seed{3 - seed}")
    for name, value in there.items():
        if value.is_floating_point():
            torch.testing.assert_close(here[name], value, rtol=1e-6, atol=1e-9)
    assert any(not torch.allclose(other[name], here[name]) for name in here)
    statistics = [value for name, value in here.items() if name.endswith("running_mean")]
    assert any(value.abs().max() > 1e-4 for value in statistics)  # not those of a new network


def test_the_record_says_where_it_started(simulated: Path, real: Path) -> None:
    folder = run(real, start_from=str(simulated))
    record = json.loads((folder / "run.json").read_text("utf-8"))
    start = record["start"]
    assert start["from"] == record["training"]["start_from"] == str(simulated)
    assert start["weights"] == str(simulated / "models/unet/bce/seed1/weights.safetensors")
    assert len(start["digest"]) == 24
    assert start["network"]["width"] == 2
    assert (start["channels_added"], start["held_out_scenes_seen"]) == (0, 0)
    assert "start" not in json.loads((run(real, seed=5) / "run.json").read_text("utf-8"))


def test_one_training_s_folder_starts_every_seed(simulated: Path, real: Path) -> None:
    one = simulated / "models/unet/bce/seed1"
    states = [
        take_start(str(one), Run("unet", "bce", seed), NetworkSettings("unet", **NETWORKS), (), ())
        for seed in (1, 2, 7)
    ]
    for state, _ in states:
        assert all(torch.equal(state[name], value) for name, value in weights_of(one).items())


def test_a_network_with_dates_begins_as_the_one_without(simulated: Path, real: Path) -> None:
    """Its further channels have no weight yet: any history gives the same."""
    settings = NetworkSettings("unet_history", **NETWORKS)
    state, about = take_start(str(simulated), Run("unet_history", "bce", 1), settings, (), ())
    network = build_network(settings, start=False)
    network.load_state_dict(state)
    folder = simulated / "models/unet/bce/seed1"
    plain = load_network(folder / "weights.safetensors", folder / "run.json")
    images = torch.rand(3, 4, SIZE, SIZE)
    with torch.no_grad():
        expected = plain(images[:, :1])
        assert torch.allclose(network.eval()(images), expected, atol=1e-6)
    assert about["channels_added"] == 3
    trained = weights_of(run(real, "unet_history", start_from=str(simulated)))
    assert trained["encoder.0.0.weight"][:, 1:].abs().max() > 0  # and it learns them


def test_the_pretrained_network_starts_without_imagenet(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> None:
        raise AssertionError("ImageNet was asked for")

    monkeypatch.setattr(efficientnet, "_imagenet", absent)
    settings = NetworkSettings("pretrained_unet", **NETWORKS)
    torch.manual_seed(7)
    first = build_network(settings, start=False).state_dict()
    folder = tmp_path / "results" / "models" / "pretrained_unet" / "bce" / "seed1"
    folder.mkdir(parents=True)
    save_weights({name: value.clone() for name, value in first.items()},
                 folder / "weights.safetensors")  # fmt: skip
    (folder / "run.json").write_text(json.dumps({"network": vars(settings)}), encoding="utf-8")
    for model, added in (("pretrained_unet", 0), ("pretrained_unet_history", 3)):
        own = NetworkSettings(model, **NETWORKS)
        state, about = take_start(str(folder), Run(model, "bce", 1), own, (), ())
        assert torch.equal(state["encoder.stem.weight"][:, :1], first["encoder.stem.weight"])
        assert not state["encoder.stem.weight"][:, 1:].any()
        assert about["channels_added"] == added
    run(real, "pretrained_unet", start_from=str(folder))


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


def test_a_killed_training_resumes_from_its_own_start_only(
    simulated: Path, real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {"training": TRAINING | {"max_epochs": 4, "patience": 4}, "save_minutes": 0}
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 3)
        with pytest.raises(Killed):
            run(real, start_from=str(simulated), **long)
    with pytest.raises(TrainingError, match=r"training\.start_from"):
        run(real, start_from=str(simulated / "models/unet/bce/seed2"), **long)
    with pytest.raises(TrainingError, match=r"training\.start_from"):
        run(real, **long)
    moved = tmp_path / "moved"  # the weights count, and not where they lie
    shutil.copytree(simulated, moved)
    resumed = weights_of(run(real, start_from=str(moved), **long))
    whole = tmp_path / "whole"
    shutil.copytree(real / "dataset", whole / "dataset")
    undisturbed = weights_of(run(whole, start_from=str(simulated), **long))
    assert all(torch.equal(resumed[name], value) for name, value in undisturbed.items())


def test_the_model_that_comes_with_the_package_is_a_start(caplog: pytest.LogCaptureFixture) -> None:
    """Of three members each seed takes its own."""
    settings = NetworkSettings("pretrained_unet", width=16, depth=4, kernel=3)
    found = {find_start("shipped", Run("pretrained_unet", "bce", seed)).weights
             for seed in (1, 2, 3)}  # fmt: skip
    assert len(found) == 3
    with caplog.at_level(logging.WARNING):
        state, about = take_start("shipped", Run("pretrained_unet", "bce", 2), settings, (), ["SI"])
    assert "may have seen scenes" in caplog.text
    assert about["glaciers_seen"] == ["SI"]
    assert about["held_out_scenes_seen"] is None
    assert all(value.dtype != torch.float16 for value in state.values())
    with pytest.raises(ConfigError, match="no network pretrained_unet of seed 9, but pretrained"):
        find_start("shipped", Run("pretrained_unet", "bce", 9))
    with pytest.raises(ConfigError, match="no network unet, but pretrained_unet of seed 1"):
        find_start("shipped", Run("unet", "bce", 1))


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


def test_heads_beside_the_front_may_differ(simulated: Path, tmp_path: Path) -> None:
    """A new one is as the seed draws it; one that is not learnt any more is left out."""
    plain = NetworkSettings("unet", **NETWORKS)
    more = NetworkSettings("unet", **NETWORKS, auxiliary=("distance",))
    one = Run("unet", "bce", 1)
    state, _ = take_start(str(simulated), one, more, (), ())
    torch.manual_seed(1)
    network = build_network(more)
    drawn = {name for name in network.state_dict() if name.startswith("auxiliary_heads.")}
    assert drawn
    assert set(state) == set(network.state_dict()) - drawn
    folder = tmp_path / "both"
    folder.mkdir()
    every = {name: value.clone() for name, value in network.state_dict().items()}
    save_weights(every, folder / "weights.safetensors")
    (folder / "run.json").write_text(json.dumps({"network": more.as_record()}), encoding="utf-8")
    state, _ = take_start(str(folder), one, plain, (), ())
    assert set(state) == set(every) - drawn
    state, _ = take_start(str(folder), one, more, (), ())
    assert set(state) == set(every)


def test_settings_that_the_weights_do_not_depend_on_may_differ(simulated: Path) -> None:
    start = find_start(str(simulated), Run("unet", "bce", 1))
    free = {"batch_norm_momentum": 0.9, "front_prior": 0.5, "of_a_later_version": 1}
    check_start(start, {"model": "unet", **NETWORKS, **free})
