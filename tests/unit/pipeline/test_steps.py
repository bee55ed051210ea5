"""The steps of the learning half: what they are called with, and for which rows."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from calvingfront.pipeline.commands import Results
from calvingfront.pipeline.results import with_folder
from calvingfront.pipeline.rows import prediction_step, runs_of, threshold_step
from calvingfront.pipeline.shown import figures_of
from calvingfront.pipeline.steps import STEPS
from calvingfront.vocabulary.models import BASELINES
from calvingfront.vocabulary.references import load
from calvingfront.vocabulary.runs import Run
from resolved import RESOLVED

RUN = Run("attention_unet", "wbce4", 3)


def changed(**changes: dict[str, Any]) -> dict[str, Any]:
    """The configuration with some keys of some groups replaced."""
    return RESOLVED | {group: RESOLVED[group] | keys for group, keys in changes.items()}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_called_with_the_keywords_of_its_function(name: str) -> None:
    call = Results(Path("results"), RESOLVED).call_of(name, RUN)
    given = [*call.inputs, *call.outputs, *call.parameters, *call.how]
    assert len(given) == len(set(given))
    inspect.signature(load(call.step.code)).bind(**dict.fromkeys(given))


@pytest.mark.parametrize("name", STEPS)
def test_the_paths_of_a_step_stand_below_the_results_folder_without_open_fields(name: str) -> None:
    call = Results(Path("results"), RESOLVED).call_of(name, RUN)
    for value in (*call.inputs.values(), *call.outputs.values()):
        for path in [value] if isinstance(value, str) else value:
            assert path.startswith("results/")
            assert "{" not in path


@pytest.mark.parametrize("name", STEPS)
def test_no_setting_of_the_training_names_an_output(name: str) -> None:
    """Snakemake compares no parameters of a job of which one output is unknown to it."""
    calls = [
        Results(Path("results"), changed(training={"keep_epochs": epochs})).call_of(name, RUN)
        for epochs in ([], [1], [5, 120])
    ]
    assert calls[0].outputs == calls[1].outputs == calls[2].outputs
    if name == "read_attention":
        assert [call.parameters["epochs"] for call in calls] == [[], [1], [5, 120]]


def test_the_data_set_is_given_as_the_folder_of_the_files_that_are_read() -> None:
    inputs = Results(Path("results"), RESOLVED).call_of("predict_fronts", RUN).inputs
    names = {Path(path).name for path in inputs["dataset"]}
    assert names == {"images.npy", "fronts.npy", "index.tsv", "split.tsv"}
    assert with_folder(dict(inputs)) == inputs | {"dataset": Path("results/dataset")}
    assert with_folder({"scores": []}) == {"scores": []}


def test_only_a_training_that_learns_zones_reads_them() -> None:
    for tasks, zones in (
        ([], set()),
        (["distance"], set()),
        (["zones"], {"zones.npy", "zones.tsv"}),
    ):
        results = Results(Path("results"), changed(networks={"auxiliary": tasks}))
        for step, extra in (("train_network", zones), ("predict_fronts", set())):
            names = {Path(path).name for path in results.call_of(step, RUN).inputs["dataset"]}
            assert names == {"images.npy", "fronts.npy", "index.tsv", "split.tsv"} | extra


def test_auxiliary_settings_that_do_not_act_make_no_training_anew() -> None:
    """Without a task the settings are those of a configuration that does not know the keys."""

    def parameters(weight: float, *tasks: str) -> dict[str, Any]:
        config = changed(networks={"auxiliary": list(tasks)}, training={"auxiliary_weight": weight})
        return dict(Results(Path("results"), config).call_of("train_network", RUN).parameters)

    old = dict(Results(Path("results"), RESOLVED).call_of("train_network", RUN).parameters)
    assert parameters(0.5) == parameters(0.7) == old
    assert parameters(0.5, "zones") != old
    assert parameters(0.5, "zones") != parameters(0.7, "zones")
    assert parameters(0.5, "zones") != parameters(0.5, "distance")


def test_scores_choose_the_scenes_of_the_attention_maps_unless_they_are_named() -> None:
    scores = []
    for scenes in ([], ["SI_a"]):
        results = Results(Path("results"), changed(figures={"scenes": scenes}))
        scores.append(results.call_of("read_attention", RUN).inputs["scores"])
    assert scores == [["results/evaluation/unet/bce/seed1/scores.tsv"], []]


def test_rows_are_every_model_loss_and_seed_and_attention_is_read_of_the_lowest_seed() -> None:
    config = changed(networks={"models": ["unet", "attention_unet"]})
    config |= {"losses": ["bce", "wbce4"], "seeds": [3, 2]}
    networks = [
        Run(model, loss, seed)
        for model in ("unet", "attention_unet")
        for loss in ("bce", "wbce4")
        for seed in (3, 2)
    ]
    assert runs_of("networks", config) == networks
    assert runs_of("all", config) == [*networks, Run("prior"), Run("nearest_date")]
    gated = [Run("attention_unet", loss, 2) for loss in ("bce", "wbce4")]
    assert runs_of("gated", config) == gated


OTHERS = {"soft": {"kind": "probabilities"}, "hard": {"kind": "masks"}}


def test_results_of_others_are_rows_and_only_probabilities_have_a_chosen_threshold() -> None:
    config = RESOLVED | {"others": OTHERS}
    hard, soft, unet, baselines = Run("hard"), Run("soft"), Run("unet", "bce", 1), list(BASELINES)
    assert runs_of("networks", config) == [unet]
    assert runs_of("all", config) == [unet, hard, soft, *map(Run, baselines)]
    assert runs_of("thresholded", config) == [unet, soft, *map(Run, baselines)]
    assert runs_of("pictured", config) == [unet, hard, soft]
    runs = (unet, hard, soft, Run("prior"))
    assert [prediction_step(run) for run in runs] == [
        "predict_fronts", "import_others", "import_others", "predict_without_network"
    ]  # fmt: skip
    assert [threshold_step(run, config) for run in runs] == [
        "choose_threshold", "fix_threshold", "choose_threshold", "choose_threshold"
    ]  # fmt: skip


def test_a_changed_file_or_key_imports_a_result_of_others_again_and_a_label_does_not(
    tmp_path: Path,
) -> None:
    def parameters(**changes: Any) -> dict[str, Any]:
        entry = {"folder": str(tmp_path), "kind": "masks"} | changes
        results = Results(Path("results"), RESOLVED | {"others": {"hard": entry}})
        return results.call_of("import_others", Run("hard")).parameters

    (tmp_path / "a.png").write_bytes(b"1")
    first = parameters()
    assert first["files"]
    assert first["other"] == {"folder": str(tmp_path), "kind": "masks", "missing": "error"}
    assert parameters(label="Hard", citation="Doe") == first
    assert parameters(missing="empty") != first
    (tmp_path / "b.png").write_bytes(b"1")
    second = parameters()
    assert second["files"] != first["files"]
    (tmp_path / "b.png").write_bytes(b"12")
    assert parameters()["files"] != second["files"]
    (tmp_path / "b.png").unlink()
    assert parameters() == first


def test_figures_of_attention_are_drawn_where_a_network_has_it() -> None:
    without = [figure.name for figure in figures_of(RESOLVED)]
    config = changed(networks={"models": ["unet", "attention_unet"]})
    both = [figure.name for figure in figures_of(config)]
    assert both[:5] == [f"figure{number}" for number in range(1, 6)]
    assert without == [name for name in both if name not in ("figure4", "figure5")]
