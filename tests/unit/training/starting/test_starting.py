"""A training that starts from the weights of another."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest
import torch

from calvingfront.errors import ConfigError, TrainingError
from calvingfront.networks import efficientnet
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import load_network, save_weights
from calvingfront.training.starting.source import find_start
from calvingfront.training.starting.taking import take_start
from calvingfront.training.step import Step
from calvingfront.vocabulary.runs import Run
from killed import Killed, kill_at
from started import AS_IT_IS, NETWORKS, SIZE, STILL, TRAINING, run, weights_of


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
