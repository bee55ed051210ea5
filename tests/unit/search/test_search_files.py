"""Search files: trials written, multiplied and drawn; faults are told before any training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from calvingfront.cli import main
from calvingfront.errors import CalvingFrontError
from calvingfront.search.file import read_search
from calvingfront.search.length import Planned
from calvingfront.search.planning import base_config, plan
from searches import write_results, write_search


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("r"))


def planned(results: Path, path: Path, **content: Any) -> list[Planned]:
    search = read_search([write_search(path / "s.yaml", **content)])
    base, _ = base_config(results / "dataset", search.base)
    return plan(search, base, {"": results / "dataset"})


def test_groups_and_dotted_keys_are_the_same_changes(results: Path, tmp_path: Path) -> None:
    one, two = planned(
        results, tmp_path, trials={"a": {"networks": {"width": 3}}, "b": {"networks.width": 4}}
    )
    assert one.trial.changes == {"networks.width": 3}
    assert [each.config["networks"]["width"] for each in (one, two)] == [3, 4]
    assert two.words == "networks.width 4 (not 2)"


def test_a_grid_makes_every_combination(results: Path, tmp_path: Path) -> None:
    grid = {"g": {"networks.width": [3, 4], "training.weight_decay": [0.1, 0.2, 0.3]}}
    made = planned(results, tmp_path, grid=grid)
    assert [each.name for each in made] == [f"g-{n}" for n in range(1, 7)]
    found = [
        (each.config["networks"]["width"], each.config["training"]["weight_decay"]) for each in made
    ]
    assert found == [(3, 0.1), (3, 0.2), (3, 0.3), (4, 0.1), (4, 0.2), (4, 0.3)]


def test_a_draw_depends_on_its_seed_alone_and_keeps_to_its_range(
    results: Path, tmp_path: Path
) -> None:
    def draw(seed: int) -> list[tuple[float, int]]:
        keys = {"training.learning_rate_max": {"from": "1e-3", "to": 0.1}, "networks.width": [3, 4]}
        made = planned(results, tmp_path, random={"r": {"count": 20, "seed": seed, "keys": keys}})
        return [
            (each.config["training"]["learning_rate_max"], each.config["networks"]["width"])
            for each in made
        ]

    first = draw(1)
    assert first == draw(1)
    assert first != draw(2)
    rates, widths = zip(*first, strict=True)
    assert len(rates) == 20
    assert set(widths) == {3, 4}
    assert min(rates) >= 1e-3
    assert max(rates) <= 0.1
    assert 3 < sum(rate < 0.01 for rate in rates) < 17  # half of them, evenly in the logarithm


def test_a_configuration_with_several_networks_becomes_a_trial_for_each(
    results: Path, tmp_path: Path
) -> None:
    trials = {"a": {"networks.models": ["unet", "attention_unet"], "losses": ["bce", "wbce4"]}}
    names = [each.name for each in planned(results, tmp_path, trials=trials)]
    assert names == ["a.unet.bce", "a.unet.wbce4", "a.attention_unet.bce", "a.attention_unet.wbce4"]


def test_later_files_replace_budgets_and_skip_trials(results: Path, tmp_path: Path) -> None:
    first = write_search(
        tmp_path / "one.yaml", budget={"epochs": 3},
        trials={"a": {}, "b": {"networks.width": 3, "budget": {"epochs": 6}}, "c": {}},
    )  # fmt: skip
    second = write_search(
        tmp_path / "two.yaml", budget={"images": 64}, skip=["c"],
        trials={"b": {"budget": {"images": 128}}},
    )  # fmt: skip
    search = read_search([first, second])
    base, _ = base_config(results / "dataset", [])
    made = plan(search, base, {"": results / "dataset"})
    # 4 training scenes in 8 copies, batches of 2
    assert {each.name: each.config["training"]["max_epochs"] for each in made} == {"a": 2, "b": 4}
    assert made[1].words == "128 images; networks.width 3 (not 2)"


def test_a_cosine_is_not_cut_short_by_the_patience_of_the_base(
    results: Path, tmp_path: Path
) -> None:
    trials: dict[str, dict[str, Any]] = {
        "a": {"training.schedule": "cosine"},
        "b": {"training.schedule": "cosine", "training.patience": 4},
        "c": {},
        "d": {"training.schedule": "cosine", "training.max_epochs": 9},
    }
    made = planned(results, tmp_path, budget={"epochs": 7}, trials=trials)
    ends = [
        (each.config["training"]["max_epochs"], each.config["training"]["patience"])
        for each in made
    ]
    assert ends == [(7, 7), (7, 4), (7, 1), (9, 9)]


def test_a_base_gives_its_learning_keys_and_says_what_the_data_set_has_otherwise(
    results: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("samples: {size: 512}\nsplit: {method: random}\nnetworks: {width: 5}\n")
    config, notes = base_config(results / "dataset", [base])
    assert config["networks"]["width"] == 5
    assert (config["samples"]["size"], config["split"]["method"]) == (16, "paper")
    assert notes == ["samples.size is 16, as in the data set, and not 512"]


@pytest.mark.parametrize(
    "name", ["search.yaml", "search_cpu.yaml", "search_gpu.yaml", "search_small.yaml"]
)
def test_the_searches_of_the_project_can_be_planned(results: Path, name: str) -> None:
    folder = Path(__file__).resolve().parents[3] / "config"
    below = [] if name == "search_small.yaml" else [folder / "search.yaml"]  # the others lie on it
    search = read_search([*below, folder / name])
    base, _ = base_config(results / "dataset", search.base)
    base["samples"]["size"] = 64  # divisible by 2 to the power of every depth
    made = plan(search, base, {"": results / "dataset"})
    assert len(made) == {"search_gpu.yaml": 24, "search_small.yaml": 8}.get(name, 22)
    assert f"{len(made)} trials" in (folder / name).read_text("utf-8")


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"trials": {"a": {"networks.widht": 3}}}, "Did you mean width?"),
    "unknown key of the file": ({"trails": {"a": {}}}, "Did you mean trials?"),
    "unknown section": ({"trials": {"a": {"locating.members": []}}}, "no key that changes a tra"),
    "value": ({"trials": {"a": {"networks.width": "wide"}}}, "is not an integer"),
    "a value as a group": ({"trials": {"a": {"losses.bce": 1}}}, "there is no such key"),
    "loss": ({"trials": {"a": {"losses": ["mse"]}}}, "mse"),
    "together": (
        {"trials": {"a": {"losses": ["wbce4"], "training.augmentation": "sar"}}},
        "sar moves fronts",
    ),
    "network": (
        {"trials": {"a": {"networks.models": ["pretrained_unet"], "networks.depth": 4,
                          "networks.deep_supervision": True}}}, "is not possible for pretrained",
    ),
    "split": ({"trials": {"a": {"split.method": "random"}}}, "changes the data set, which has pap"),
    "size": ({"trials": {"a": {"samples.size": 32}}}, "snakemake dataset"),
    "scoring": ({"trials": {"a": {"evaluation.min_front_length_m": 9}}}, "scored alike"),
    "seeds of one trial": ({"trials": {"a": {"seeds": [1]}}}, "scored alike"),
    "the same twice": ({"trials": {"a": {}, "b": {"networks.width": 2}}}, "as the trial a"),
    "only how": ({"trials": {"a": {}, "b": {"training.threads": 2}}}, "changes how a training"),
    "name": ({"trials": {"a/b": {}}}, "cannot name a folder"),
    "name in other letters": ({"trials": {"a": {}, "A": {"networks.width": 3}}}, "name of its own"),
    "name of a grid": (
        {"trials": {"g-1": {}}, "grid": {"g": {"networks.width": [3]}}}, "names the trial g-1 agai",
    ),
    "no list": ({"grid": {"g": {"networks.width": 3}}}, "is no list of values"),
    "too many": ({"grid": {"g": {"networks.width": [1] * 1001}}}, "makes 1001 trials"),
    "no count": ({"random": {"r": {"seed": 1, "keys": {"networks.width": [2]}}}}, "count: N"),
    "range": (
        {"random": {"r": {"count": 1, "seed": 1, "keys": {"networks.width": {"from": 2}}}}},
        "nothing can be drawn for networks.width",
    ),
    "budget": ({"budget": {"hours": 2}, "trials": {"a": {}}}, "is no budget"),
    "two budgets": ({"budget": {"epochs": 2, "images": 3}, "trials": {"a": {}}}, "is no budget"),
    "budget of a trial": ({"trials": {"a": {"budget": {"epochs": 0}}}}, "is no budget"),
    "endless budget": ({"budget": {"images": math.inf}, "trials": {"a": {}}}, "is no budget"),
    "half an epoch": ({"budget": {"epochs": 1.5}, "trials": {"a": {}}}, "no whole number of epo"),
    "too few images": (
        {"trials": {"a": {"budget": {"images": 11}}}}, "11 images are less than half an epoch",
    ),
    "empty section": ({"trials": {"a": {"training": None}}}, "every key in it would be reset"),
    "a key in two ways": (
        {"trials": {"a": {"networks.width": 3, "networks": {"width": 4}}}}, "networks.width twice",
    ),
    "a key of all in two ways": (
        {"set": {"networks.width": 3, "networks": {"width": 4}}, "trials": {"a": {}}},
        "networks.width twice",
    ),
    "data of another kind": ({"trials": {"a": {"data": ["zones"]}}}, "not named in the section"),
    "data": ({"trials": {"a": {"data": "zones"}}}, "not named in the section data"),
    "skip": ({"trials": {"a": {}}, "skip": ["b"]}, "there is no trial b"),
    "against": ({"trials": {"a": {}}, "against": "b"}, "there is no trial b"),
    "orientations": ({"trials": {"a": {}}, "orientations": [2]}, "2 is not allowed"),
    "nothing": ({}, "names no trial"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_search_is_refused_by_name_before_anything_is_trained(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    content, said = FAULTS[name]
    path = write_search(tmp_path / "s.yaml", **content)
    output = tmp_path / "out"
    assert main(["search", str(path), "--results", str(results), "--output", str(output)]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "s.yaml" in told
    assert not (output / "trials").exists()


def test_a_name_twice_and_every_fault_are_told_with_their_lines(
    results: Path, tmp_path: Path
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("trials:\n  a: {networks.width: 0}\n  b: {training.batch_size: x}\n")
    search = read_search([path])
    base, _ = base_config(results / "dataset", [])
    with pytest.raises(CalvingFrontError) as caught:
        plan(search, base, {"": results / "dataset"})
    assert f"{path} line 2, trials.a: networks.width" in str(caught.value)
    assert f"{path} line 3, trials.b: training.batch_size" in str(caught.value)
    path.write_text("trials:\n  a: {}\n  a: {}\n")
    with pytest.raises(CalvingFrontError, match=r"line 3, trials\.a: appears twice, in line 2"):
        read_search([path])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "split.seed=3"], "changes the data set"),
        (["--set", "networks.widht=3"], "there is no key networks.widht"),
        (["--only", "z"], "z is no trial"),
        (["--slots", "0"], "too small"),
        (["--stop-after", "0"], "too small"),
    ],
)
def test_a_bad_option_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    path = write_search(tmp_path / "s.yaml", trials={"a": {}})
    output = str(tmp_path / "out")
    command = ["search", str(path), "--results", str(results), "--output", output, *options]
    assert main(command) == 1
    assert said in capsys.readouterr().err
