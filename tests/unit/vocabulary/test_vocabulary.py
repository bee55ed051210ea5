"""Names: of runs in paths, of losses and models in print and in the order of the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from calvingfront.configuration.schema import read_schema
from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.vocabulary import losses, models, paths
from calvingfront.vocabulary.losses import (
    LossFamily,
    family_of,
    loss_label,
    loss_order,
    loss_weight,
    monitor_label,
    register_loss,
)
from calvingfront.vocabulary.models import Model, model_order, register_network
from calvingfront.vocabulary.others import DEFAULTS, others_of
from calvingfront.vocabulary.references import load
from calvingfront.vocabulary.runs import Run, run_of

RUN = Run("attention_unet", "wbce8", 12)
SCHEMA = Path(__file__).resolve().parents[3] / "workflow" / "schemas" / "config.schema.yaml"


@pytest.mark.parametrize(
    "pattern",
    [
        *(paths.WEIGHTS, paths.HISTORY, paths.RECORD, paths.PROBABILITIES, paths.PREDICTIONS),
        *(paths.ALL_PROBABILITIES, paths.ALL_PREDICTIONS, paths.THRESHOLD, paths.THRESHOLD_CURVE),
        *(paths.SCORES, paths.ATTENTION),
    ],
)
def test_a_run_is_read_from_the_path_of_each_of_its_files(pattern: str) -> None:
    path = Path("r", pattern.format(**RUN._asdict()))
    assert run_of(path) == run_of(str(path)) == RUN
    assert path.parent == Path("r", pattern.split("/")[0], RUN.folder)


def test_attention_maps_stand_in_the_folder_of_their_run() -> None:
    path = "r/attention/attention_unet/bce/seed3/maps.npz"
    assert run_of(path) == Run("attention_unet", "bce", 3)


@pytest.mark.parametrize("path", ["a/b/c.tsv", "r/attention/bce/seed3.npz", "unet/bce/seed1"])
def test_a_path_without_a_run_is_refused_with_the_expected_form(path: str) -> None:
    with pytest.raises(CalvingFrontError, match=rf"{path}.*<model>/<loss>/seed<number>/"):
        run_of(path)


def test_a_run_has_its_name_in_print() -> None:
    runs = [RUN, Run("unet", "bce", 1), Run("prior"), Run("nearest_date"), Run("mine", "own", 1)]
    labels = ["Att. U-Net, WBCE8", "U-Net, BCE", "Prior", "Nearest date", "mine, OWN"]
    assert [run.label for run in runs] == labels
    assert [run.trained for run in runs] == [True, True, False, False, True]


def test_a_row_without_a_loss_is_a_baseline_or_a_result_of_others() -> None:
    runs = [RUN, Run("prior"), Run("theirs")]
    assert [run.of_others for run in runs] == [False, False, True]
    assert [run.trained for run in runs] == [True, False, False]
    others = {"theirs": {"label": "Theirs, 2024"}}
    assert Run("theirs").label == "theirs"
    labels = ["Att. U-Net, WBCE8", "Prior", "Theirs, 2024"]
    assert [run.label_beside(others) for run in runs] == labels


def test_the_defaults_of_a_result_of_others_are_those_of_the_schema() -> None:
    part = read_schema(SCHEMA)["properties"]["others"]["additionalProperties"]["properties"]
    assert {key: value["default"] for key, value in part.items()} == DEFAULTS
    assert others_of({}) == others_of({"others": None}) == {}
    found = others_of({"others": {"b": None, "a": {"kind": "lines"}}})
    assert list(found) == ["a", "b"]
    assert found == {"a": DEFAULTS | {"kind": "lines"}, "b": DEFAULTS}


def test_weights_of_losses() -> None:
    assert [loss_weight(name) for name in ("bce", "wbce4", "wbce2.5", "none")] == [0, 4, 2.5, None]
    assert [loss_label(name) for name in ("bce", "wbce16", "none")] == ["BCE", "WBCE16", "–"]
    monitors = [monitor_label(name) for name in ("bce", "wbce4")]
    assert monitors == ["soft Dice", "soft WDice4"]


def test_ones_own_loss_stands_behind_the_papers_and_before_the_rows_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(losses, "LOSSES", dict(losses.LOSSES))
    with pytest.raises(ConfigError, match="'dice2' is not a loss"):
        family_of("dice2")
    family = LossFamily(
        "dice",
        "dice[0-9]+",
        "dice and a number",
        str,
        lambda name: float(name.removeprefix("dice")),
    )
    register_loss(family)
    assert family_of("dice2") is family
    names = ["none", "forgotten", "dice10", "wbce16", "dice9", "wbce4", "bce"]
    ordered = ["bce", "wbce4", "wbce16", "dice9", "dice10", "forgotten", "none"]
    assert sorted(names, key=loss_order) == ordered
    with pytest.raises(ConfigError, match="or bce_dice, or dice and a number") as caught:
        family_of("dice")
    assert caught.value.where == "losses"


def test_ones_own_network_stands_behind_the_papers_and_before_the_rows_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "NETWORKS", dict(models.NETWORKS))
    register_network(Model("mine", "My network", "#123456", object))
    names = ["prior", "forgotten", "nearest_date", "mine", "attention_unet", "unet"]
    ordered = ["unet", "attention_unet", "mine", "forgotten", "prior", "nearest_date"]
    assert sorted(names, key=model_order) == ordered
    assert Run("mine", "bce", 1).label == "My network, BCE"


def test_every_reference_of_the_vocabulary_leads_to_code() -> None:
    named = [*losses.LOSSES.values(), *models.NETWORKS.values(), *models.BASELINES.values()]
    assert all(callable(load(entry.code)) for entry in named)
