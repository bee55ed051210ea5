"""What a search goes on with, and which differences it claims, from its folders alone."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront.files import write_json
from calvingfront.pipeline.results import Results
from calvingfront.pipeline.step import Step
from calvingfront.search import claims as module
from calvingfront.search import command, folder
from calvingfront.search.claims import claims
from calvingfront.search.file import Trial
from calvingfront.search.folder import FAILURE, asked, failure_of
from calvingfront.search.length import Planned
from calvingfront.tables.statistics import compare_methods, holm
from calvingfront.vocabulary.runs import Run
from resolved import RESOLVED

SCENES = [f"s{number}" for number in range(12)]
Level = Callable[[int, int], float]  # of a seed and a scene


def config(*seeds: int) -> dict[str, Any]:
    made = copy.deepcopy(RESOLVED)
    made["networks"]["models"], made["losses"], made["seeds"] = ["unet"], ["bce"], list(seeds)
    return made


def scores(level: Level, seed: int, scenes: list[str]) -> pd.DataFrame:
    dice = [level(seed, SCENES.index(scene)) for scene in scenes]
    return pd.DataFrame({"scene": scenes, "dice": dice, "mde_m": [1000 * (1 - d) for d in dice]})


def noisy(mean: float) -> Level:
    return lambda seed, scene: mean + 0.01 * np.sin(5 * seed + scene) + 0.002 * seed


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Trials by name: level, seeds, seeds that are not scored, scenes."""
    trials: dict[str, Any] = {}

    def found(_: object) -> list[tuple[dict[str, Any], Results]]:
        return [
            ({"name": name}, Results(Path(name), config(*trial["seeds"])))
            for name, trial in trials.items()
        ]

    def undone(results: Results, step: object, run: Run) -> str | None:
        name = "untrained" if step == "train_network" else "unscored"
        if isinstance(step, Step):
            assert len(step.outputs(results.config)["scores"]) == 2  # in every orientation
        return "why" if run.seed in trials[str(results.folder)].get(name, ()) else None

    def read(results: Results, run: Run, count: int) -> pd.DataFrame:
        assert count == 8  # the most orientations
        trial = trials[str(results.folder)]
        return scores(trial["level"], run.seed, trial.get("scenes", SCENES))

    monkeypatch.setattr(module, "trial_folders", found)
    monkeypatch.setattr(module, "undone", undone)
    monkeypatch.setattr(module, "scores_of", read)
    return trials


def tested() -> pd.DataFrame:
    return claims(Path("search"), [1, 8], "a").set_index(["trial", "measure"])


def test_differences_have_the_sign_unit_and_verdict_of_their_score(
    searched: dict[str, Any],
) -> None:
    searched |= {
        name: {"level": noisy(mean), "seeds": [1, 2, 3]}
        for name, mean in (("a", 0.5), ("good", 0.6), ("bad", 0.4), ("same", 0.5))
    }
    table = tested()
    assert set(table.index.get_level_values("trial")) == {"good", "bad", "same"}
    assert table.loc[("good", "dice"), "difference"] == pytest.approx(10)
    assert table.loc[("good", "mde"), "difference"] == pytest.approx(-100)
    assert table["verdict"].unstack("measure").to_dict("index") == {
        "good": {"dice": "better", "mde": "better"},
        "bad": {"dice": "worse", "mde": "worse"},
        "same": {"dice": "no difference shown", "mde": "no difference shown"},
    }
    assert set(table["against"]) == {"a"}


def test_the_test_is_that_of_the_tables_adjusted_over_the_trials_for_each_score(
    searched: dict[str, Any],
) -> None:
    means = {"a": 0.5, "b": 0.505, "c": 0.508}
    searched |= {name: {"level": noisy(m), "seeds": [1, 2, 3]} for name, m in means.items()}
    values = {
        name: np.array([[100 * noisy(m)(seed, k) for k in range(12)] for seed in (1, 2, 3)])
        for name, m in means.items()
    }
    table = tested()
    found = [compare_methods(values[name], values["a"]) for name in "bc"]
    rows = table.xs("dice", level="measure").loc[["b", "c"]]
    assert rows["p"].tolist() == pytest.approx([each.p_value for each in found])
    assert rows["low"].tolist() == pytest.approx([each.low for each in found])
    assert rows["p_holm"].tolist() == pytest.approx(holm([each.p_value for each in found]))
    assert set(rows["images"]) == {12}


@pytest.mark.parametrize(("p", "said"), [(0.01, "better"), (0.06, "no difference shown")])
def test_a_verdict_rests_on_the_adjusted_p(p: float, said: str) -> None:
    row = pd.Series({"p": 0.03, "p_holm": p, "difference": 1.0, "measure": "dice"})
    assert module._verdict(row) == said


@pytest.mark.parametrize("lacking", ["untrained", "unscored"])
@pytest.mark.parametrize("trial", ["a", "b"])
def test_seeds_that_are_not_trained_or_not_scored_do_not_count(
    searched: dict[str, Any], trial: str, lacking: str
) -> None:
    searched |= {name: {"level": noisy(0.5), "seeds": [1, 2, 3, 4]} for name in "ab"}
    searched[trial][lacking] = [4]
    assert set(tested()["seeds"]) == {3}  # the smaller number of both
    searched[trial][lacking] = [3, 4]
    assert tested().empty


def test_only_scenes_of_both_are_compared_each_with_itself(searched: dict[str, Any]) -> None:
    searched["a"] = {"level": lambda seed, scene: 0.05 * scene + 0.001 * seed, "seeds": [1, 2, 3]}
    searched["b"] = {**searched["a"], "scenes": SCENES[:2:-1]}  # in another order, fewer
    table = tested()
    assert set(table["images"]) == {9}
    assert table["difference"].abs().max() < 1e-9
    searched["b"]["scenes"] = SCENES[:1]
    assert set(tested()["verdict"]) == {"too few images"}


def planned(name: str, *seeds: int) -> Planned:
    return Planned(Trial(name, {}, "s.yaml"), config(*seeds), "")


def options(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"retry": False, "slots": 2, **given})


def todo(ready: list[tuple[Path, Planned]], **given: Any) -> list[tuple[str, int]]:
    tasks = command._tasks(ready, [1], options(**given))
    return [(task.planned.name, task.run.seed) for task in tasks]


def test_the_first_seed_of_every_trial_comes_before_the_second_of_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = [(tmp_path / name, planned(name, 1, 2)) for name in "ab"]
    assert todo(ready) == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    done = {("train_network", 1), ("score_validation", 1), ("train_network", 2)}
    monkeypatch.setattr(
        folder, "why_unfit",
        lambda _, step, run: None
        if (step if isinstance(step, str) else step.name, run.seed) in done else "is missing",
    )  # fmt: skip
    assert todo(ready) == [("a", 2), ("b", 2)]  # trained, but not scored
    done.add(("score_validation", 2))
    assert todo(ready) == []
    done.remove(("train_network", 1))
    assert todo(ready) == [("a", 1), ("b", 1)]


def test_a_failed_training_waits_for_a_retry_or_another_question(tmp_path: Path) -> None:
    trial = planned("a", 1, 2)
    results, run = Results(tmp_path, trial.config), trial.runs[0]
    content = {"error": "too large", "asked": asked(results, run)}
    write_json(results.place(FAILURE, run), content)
    assert failure_of(results, run) == content
    assert todo([(tmp_path, trial)]) == [("a", 2)]
    assert todo([(tmp_path, trial)], retry=True) == [("a", 1), ("a", 2)]
    other = planned("a", 1, 2)
    other.config["training"]["batch_size"] = 3
    assert todo([(tmp_path, other)]) == [("a", 1), ("a", 2)]


def test_only_another_code_leaves_a_network_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    run, said = Run("unet", "bce", 1), {"why": ""}
    monkeypatch.setattr(folder, "why_unfit", lambda *_: said["why"])
    results = Results(Path(), config(1))
    said["why"] = "the code of train_network has changed since it was made"
    assert folder.undone(results, "train_network", run) is None
    assert folder.trained_by_other_code(results, run)
    said["why"] = "the code of score_validation has changed since it was made"
    assert folder.undone(results, "train_network", run) == said["why"]
    said["why"] = "networks.width was 2, and is 3 in the configuration"
    assert folder.undone(results, "train_network", run) == said["why"]
    assert not folder.trained_by_other_code(results, run)
