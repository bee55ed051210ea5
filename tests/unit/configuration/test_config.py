"""The configuration: defaults, faults with key and remedy, and the table made from the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from snakemake.utils import update_config

from calvingfront.configuration.docs import describe, leaves
from calvingfront.configuration.schema import fill_defaults, read_schema
from calvingfront.configuration.validation import validate_config, validate_scenes
from calvingfront.errors import Faults

REPOSITORY = Path(__file__).resolve().parents[3]
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"
SCENES_SCHEMA = REPOSITORY / "workflow" / "schemas" / "scenes.schema.yaml"


def faults_of(config: dict[str, Any]) -> list[str]:
    with pytest.raises(Faults) as caught:
        validate_config(config, SCHEMA)
    return [str(fault) for fault in caught.value.faults]


def test_an_empty_configuration_gets_every_default() -> None:
    filled = validate_config({}, SCHEMA)
    for path, part in leaves("", read_schema(SCHEMA)["properties"]):
        value: Any = filled
        for key in path.split("."):
            value = value[key]
        assert value == part["default"], path


def test_the_defaults_are_the_papers_protocol() -> None:
    filled = validate_config({}, SCHEMA)
    assert filled["samples"]["size"] == 512
    assert filled["networks"]["width"] == 32
    assert filled["losses"] == ["bce", "wbce4", "wbce8", "wbce16"]
    assert filled["training"]["batch_size"] == 5
    assert filled["training"]["learning_rate_min"] == 1e-5


def test_a_result_of_others_gets_its_defaults_under_any_name() -> None:
    filled = validate_config({"others": {"a": {"folder": "."}}}, SCHEMA)
    assert filled["others"] == {
        "a": {"folder": ".", "kind": "auto", "missing": "error", "label": None, "citation": None}
    }


def test_filling_changes_neither_the_given_values_nor_the_given_object() -> None:
    given = {"training": {"max_epochs": 30}, "samples": None}
    filled = fill_defaults(given, read_schema(SCHEMA))
    assert filled["training"]["max_epochs"] == 30
    assert filled["training"]["batch_size"] == 5
    assert filled["samples"]["size"] == 512
    assert given == {"training": {"max_epochs": 30}, "samples": None}


@pytest.mark.parametrize(
    ("config", "key", "said"),
    [
        ({"trainng": {}}, "trainng", "Did you mean training?"),
        ({"training": {"max_epoch": 3}}, "training.max_epoch", "Did you mean max_epochs?"),
        ({"training": {"qq": 3}}, "training.qq", "Write one of: batch_size, max_epochs"),
        (
            {"training": {"batch_size": 0}},
            "training.batch_size",
            "at least 1 and at most 65536 (default: 5)",
        ),
        ({"training": {"patience": "x"}}, "training.patience", "Write an integer"),
        ({"training": {"patience": 2.5}}, "training.patience", "2.5 is not an integer"),
        ({"training": []}, "training", "Write a group of keys"),
        ({"training": {"device": "gpu"}}, "training.device", "Write auto, cpu, cuda"),
        ({"losses": ["bce", "wbcex"]}, "losses[1]", "as in wbce4"),
        ({"losses": ["wbce0"]}, "losses[0]", "a positive number"),
        ({"losses": ["bce", "bce"]}, "losses", "each item once"),
        ({"losses": []}, "losses", "at least 1"),
        ({"networks": {"models": ["attention-unet"]}}, "networks.models[0]", "attention_unet?"),
        ({"networks": {"kernel": 4}}, "networks.kernel", ": 3, 5, 7, 9"),
        ({"source": {"kind": "cafe"}}, "source.kind", "Did you mean caffe?"),
        ({"source": {"exclude": {"a": 3}}}, "source.exclude.a", "Write a string"),
        ({"split": {"shares": [1, 2]}}, "split.shares", "at least 3"),
        ({"figures": {"scenes": ["a", "b", "c"]}}, "figures.scenes", "at most 2"),
        ({"results": ""}, "results", "at least 1"),
        ({"others": []}, "others", "Write a group of keys"),
        ({"others": {"a b": {"folder": "x"}}}, "others", "letters, digits, _ and -"),
        ({"others": {"1st": {"folder": "x"}}}, "others", '"1st" is not valid'),
        ({"others": {"a": "x"}}, "others.a", "Write a group of keys"),
        ({"others": {"a": {"path": "x"}}}, "others.a.path", "Write one of: folder, kind"),
        ({"others": {"a": {"kind": "mask"}}}, "others.a.kind", "Did you mean masks?"),
        ({"others": {"a": {"missing": "skip"}}}, "others.a.missing", "error, empty"),
        ({"source": {"hemisphere": "South"}}, "source.hemisphere", "Write north or south, or {"),
        ({"source": {"hemisphere": {"SI": "s"}}}, "source.hemisphere.SI", "north, south"),
        ({"source": {"hemisphere": 3}}, "source.hemisphere", "3 is not a string"),
    ],
)
def test_a_fault_names_its_key_and_what_to_write(
    config: dict[str, Any], key: str, said: str
) -> None:
    faults = faults_of(config)
    assert any(fault.startswith(f"{key}: ") and said in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("config", "key", "said"),
    [
        ({"samples": {"size": 100}}, "samples.size", "Write 96 or 112"),
        ({"samples": {"size": 16, "front_width_px": 6}}, "samples.front_width_px", "at most 4"),
        ({"training": {"learning_rate_min": 1}}, "training.learning_rate_min", "at most 0.001"),
        ({"training": {"keep_epochs": [5, 21]}}, "training.keep_epochs", "21 may never be reached"),
        ({"training": {"max_epochs": 8}}, "training.keep_epochs", "Keep epochs up to 8 only"),
        (
            {"training": {"augmentation": "sar"}, "losses": ["bce", "wbce4"]},
            "training.augmentation",
            "the loss wbce4 needs distances to fronts that stay",
        ),
        (
            {
                "training": {"augmentation": "sar"},
                "losses": ["bce_dice"],
                "samples": {"front_width_px": 1},
            },
            "samples.front_width_px",
            "Write 2 or more, or another augmentation",
        ),
        ({"source": {"kind": "caffe"}}, "source.caffe.folder", "sar_images/"),
        (
            {
                "source": {"kind": "caffe", "caffe": {"folder": "."}},
                "samples": {"grey_levels": "dB"},
            },
            "samples.grey_levels",
            "Write linear",
        ),
        ({"source": {"kind": "images"}}, "source.images.table", "CSV or TSV"),
        (
            {"networks": {"auxiliary": ["distance", "zones"]}},
            "networks.auxiliary",
            "source.kind simulated has none. Take zones out, or write source.kind caffe or images",
        ),
        ({"split": {"method": "glacier"}}, "split.test_glaciers", "as in [SI]"),
        ({"split": {"method": "mission"}}, "split.test_missions", "as in [ERS]"),
        ({"split": {"train_share": 0}}, "split.train_share", "out of range"),
        ({"split": {"train_share": 1.5}}, "split.train_share", "out of range"),
        ({"split": {"lists": "nowhere.csv"}}, "split.lists", "there is no file nowhere.csv"),
        (
            {"source": {"simulated": {"first_year": 2010, "last_year": 2000}}},
            "source.simulated.first_year",
            "at most 2000",
        ),
        (
            {"source": {"simulated": {"scenes": 8, "glaciers": 4}}},
            "source.simulated.scenes",
            "at least 12",
        ),
        (
            {
                "split": {
                    "method": "glacier",
                    "test_glaciers": ["SI"],
                    "validation_glaciers": ["SI"],
                }
            },
            "split.validation_glaciers",
            "overlaps split.test_glaciers: SI",
        ),
        ({"others": {"a": None}}, "others.a.folder", "is not set"),
        ({"others": {"a": {"folder": "no"}}}, "others.a.folder", "no does not exist"),
        ({"others": {"unet": {"folder": "."}}}, "others.unet", "is the name of a row of ours"),
        ({"others": {"prior": {"folder": ".", "label": "P"}}}, "others.prior", "another name"),
        (
            {"others": {"a": {"folder": ".", "label": "U-Net"}}},
            "others.a.label",
            "'U-Net' is also the label of unet",
        ),
        (
            {"others": {"a": {"folder": "."}, "b": {"folder": ".", "label": "a"}}},
            "others.b.label",
            "'a' is also the label of a",
        ),
    ],
)
def test_values_that_cannot_work_together_are_refused(
    config: dict[str, Any], key: str, said: str
) -> None:
    faults = faults_of(config)
    assert len(faults) == 1
    assert faults[0].startswith(f"{key}: ")
    assert said in faults[0]


@pytest.mark.parametrize(
    ("chart", "key", "said"),
    [
        ({"crs": None}, "map.crs", "EPSG:3031"),
        ({"dem": None}, "map.dem", "path of a raster of terrain heights, or of a folder"),
        ({"dem": "no.tif"}, "map.dem", "no.tif does not exist"),
        ({"geoid": "no.tif"}, "map.geoid", "no.tif does not exist"),
        ({"vertical_datum": "geoid"}, "map.geoid", "height above the ellipsoid"),
        ({"areas": {"SI": [0, 10, 5, 10]}}, "map.areas.SI", "left, bottom, right, top"),
    ],
)
def test_products_need_a_map_that_can_be(
    chart: dict[str, Any], key: str, said: str, tmp_path: Path
) -> None:
    dem = tmp_path / "dem.tif"
    dem.touch()
    sound = {"crs": "EPSG:3031", "dem": str(dem)}
    source = {"kind": "products", "products": {"table": "products.csv"}}
    validate_config({"source": source, "map": sound}, SCHEMA)
    (fault,) = faults_of({"source": source, "map": sound | chart})
    assert fault.startswith(f"{key}: ")
    assert said in fault


def test_the_distance_needs_no_masks_and_zones_are_known_where_there_are_masks() -> None:
    for auxiliary, kind in ((["distance"], "simulated"), (["zones"], "caffe")):
        given = {
            "networks": {"auxiliary": auxiliary},
            "source": {"kind": kind, "caffe": {"folder": "."}},
        }
        assert validate_config(given, SCHEMA)["networks"]["auxiliary"] == auxiliary
    for wrong in (["zone"], ["zones", "zones"], "zones"):
        (fault,) = faults_of({"networks": {"auxiliary": wrong}})
        assert fault.startswith("networks.auxiliary")


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of({"trainng": {}, "losses": ["x"], "samples": {"size": "big"}})
    assert len(faults) == 3


def test_losses_with_any_scale_are_accepted() -> None:
    losses = ["wbce4", "wbce12", "wbce0.5", "wbce2.25"]
    assert validate_config({"losses": losses}, SCHEMA)["losses"] == losses


def test_what_the_command_line_hands_on_as_text_has_the_type_of_its_key() -> None:
    given = {
        "seeds": ["1", "2"],
        "training": {"max_epochs": "50", "learning_rate_min": "1e-4", "deterministic": "true"},
        "map": {"terrain_flattening": "false"},
        "split": {"lists": "null"},
        "source": {"caffe": {"glaciers": ["7"]}},
    }
    filled = validate_config(given, SCHEMA)
    assert filled["seeds"] == [1, 2]
    assert filled["training"]["max_epochs"] == 50
    assert filled["training"]["learning_rate_min"] == 1e-4
    assert filled["training"]["deterministic"] is True
    assert filled["map"]["terrain_flattening"] is False
    assert filled["split"]["lists"] is None
    assert filled["source"]["caffe"]["glaciers"] == ["7"]  # a name, not a number


def test_every_key_is_described() -> None:
    for path, part in leaves("", read_schema(SCHEMA)["properties"]):
        assert part.get("description"), path
        assert "default" in part, path


def test_the_parameter_table_is_the_schemas() -> None:
    written = (REPOSITORY / "config" / "README.md").read_text(encoding="utf-8")
    assert written == describe(read_schema(SCHEMA)), "run `make docs`"


def resolved(name: str, folder: str) -> dict[str, Any]:
    """Overlays on top of the default configuration, as Snakemake lays them."""
    config: dict[str, Any] = {}
    for file in ("config", *name.split()):
        layer = yaml.safe_load((REPOSITORY / "config" / f"{file}.yaml").read_text(encoding="utf-8"))
        update_config(config, layer)
    if config["source"]["kind"] == "caffe":
        config["source"]["caffe"]["folder"] = folder
    return validate_config(config, SCHEMA)


@pytest.mark.parametrize(
    "name", ["config", "paper", "real_cpu", "recipe", "recipe recipe_gpu", "test"]
)
def test_every_overlay_is_sound(name: str, tmp_path: Path) -> None:
    assert resolved(name, str(tmp_path))["results"]


def test_the_paper_overlay_is_the_papers_protocol_whatever_the_default_is() -> None:
    filled, defaults = resolved("paper", "somewhere"), validate_config({}, SCHEMA)
    for section in ("samples", "split", "networks", "losses", "evaluation"):
        assert filled[section] == defaults[section]
    assert filled["training"] | {"threads": 2} == defaults["training"]


def test_our_recipe_runs_a_whole_cosine_on_the_same_samples_on_a_gpu_too() -> None:
    """A cosine that patience ends before its time is worth less than a short one."""
    small, large = (resolved(name, "somewhere") for name in ("recipe", "recipe recipe_gpu"))
    for config in (small, large):
        assert config["training"]["patience"] == config["training"]["max_epochs"]
    for key in ("schedule", "weight_decay", "weight_average", "learning_rate_max"):
        assert small["training"][key] == large["training"][key], key
    assert large["samples"] == small["samples"]


def test_the_overlay_for_a_cpu_changes_the_scale_and_the_length_of_the_training_only() -> None:
    filled, defaults = resolved("real_cpu", "somewhere"), validate_config({}, SCHEMA)
    smaller = {"width", "front_prior"}  # a short training cannot afford to learn the prior
    for key, value in defaults["networks"].items():
        assert key in smaller or filled["networks"][key] == value, key
    same = ("batch_size", "augmentation", "patience", "keep_epochs", "schedule", "weight_decay")
    for key in (*same, "weight_average"):
        assert filled["training"][key] == defaults["training"][key], key
    assert filled["evaluation"] | {"bootstrap_samples": 2000} == defaults["evaluation"]


def test_the_demo_trains_a_whole_cosine_on_what_the_paper_compares() -> None:
    filled = resolved("config", "somewhere")
    assert filled["training"]["patience"] >= filled["training"]["max_epochs"]
    assert filled["networks"]["models"] == ["unet", "attention_unet"]
    assert filled["losses"] == ["bce", "wbce1"]


ROW = {
    "scene": "SI_2004-01-02_ERS",
    "glacier": "SI",
    "mission": "ERS",
    "acquired": "2004-01-02",
    "image": "a.png",
    "front": "b.png",
}


def test_a_scene_table_with_unknown_cells_is_sound() -> None:
    table = pd.DataFrame([ROW | {"quality": None, "pixel_size_x_m": float("nan"), "crs": None}])
    validate_scenes(table, SCENES_SCHEMA)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"acquired": "2004-1-2"},
            'column acquired: "2004-1-2" is not valid. Write a day as YYYY-MM-DD.',
        ),
        (
            {"pixel_size_x_m": -3.0},
            "column pixel_size_x_m: -3.0 is out of range. Write a number of more than 0.",
        ),
        ({"scene": "a/b"}, 'scene a/b, column scene: "a/b" is not valid. Use letters, digits'),
        ({"scene": None}, "scene without a name, column scene: null is not a string"),
        ({"mission": ""}, 'column mission: "" is too short. Write at least 1 character(s).'),
        ({"quality": 2.5}, "column quality: 2.5 is not an integer or null. Write an integer"),
        ({"colour": "red"}, "column colour: there is no such column. Write one of: scene, gla"),
    ],
)
def test_a_wrong_cell_is_named_with_its_table_scene_and_column(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(Faults) as caught:
        validate_scenes(pd.DataFrame([ROW | change]), SCENES_SCHEMA, "mine.csv")
    (fault,) = caught.value.faults
    assert str(fault).startswith("mine.csv, scene ")
    assert said in str(fault)


def test_a_table_without_a_column_that_every_scene_needs_says_so() -> None:
    table = pd.DataFrame([ROW]).drop(columns="glacier")
    with pytest.raises(Faults, match=r"column glacier: is missing\. Add it"):
        validate_scenes(table, SCENES_SCHEMA)


def test_a_scene_that_stands_twice_is_named() -> None:
    with pytest.raises(Faults, match=r"SI_2004-01-02_ERS: appears twice"):
        validate_scenes(pd.DataFrame([ROW, ROW]), SCENES_SCHEMA)
