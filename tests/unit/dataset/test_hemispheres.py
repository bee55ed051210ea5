"""The hemisphere of a scene: from its place on the map, else from what is known, never guessed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from calvingfront.dataset.hemispheres import hemispheres
from calvingfront.errors import ConfigError, SampleError
from calvingfront.scenes.sources import known_hemispheres

# A corner in Antarctica (64° S), Greenland (69° N) and, in UTM north of the equator, Alaska.
SOUTH = {"crs": "EPSG:3031", "upper_left_x": -2_462_000.0, "upper_left_y": 1_427_000.0}
GREENLAND = {"crs": "EPSG:32622", "upper_left_x": 545_650.0, "upper_left_y": 7_685_328.0}


def index(**facts: Any) -> pd.DataFrame:
    usual = {
        "scene": "a", "glacier": "G", "source_width": 1000, "source_height": 1000,
        "source_pixel_size_x_m": 20.0, "source_pixel_size_y_m": 20.0,
        "crs": None, "upper_left_x": float("nan"), "upper_left_y": float("nan"),
    }  # fmt: skip
    return pd.DataFrame([usual | facts])


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (SOUTH, "south"),
        (GREENLAND, "north"),
        # UTM south counts from 10 000 km at the equator; the corner alone would be north of it.
        ({"crs": "EPSG:32722", "upper_left_x": 5e5, "upper_left_y": 10_005_000.0}, "south"),
        ({"crs": "EPSG:32722", "upper_left_x": 5e5, "upper_left_y": 10_015_000.0}, "north"),
    ],
)
def test_the_latitude_of_the_scenes_centre_decides(facts: dict[str, Any], expected: str) -> None:
    wrong = {"south": "north", "north": "south"}[expected]
    assert hemispheres(index(**facts), {"G": wrong}) == [expected]


@pytest.mark.parametrize("lacking", ["crs", "upper_left_x", "upper_left_y"])
def test_without_a_place_on_the_map_the_glacier_decides(lacking: str) -> None:
    table = index(**SOUTH | {lacking: None})
    assert hemispheres(table, {"G": "north"}) == ["north"]
    assert hemispheres(table, {"H": "north"}) == [None]


def test_a_crs_that_cannot_be_read_is_refused_with_its_scene() -> None:
    with pytest.raises(SampleError, match=r"a: has the CRS 'EPSG:99999'.*as in EPSG:3031"):
        hemispheres(index(**SOUTH | {"crs": "EPSG:99999"}), {})


def config(kind: str, hemisphere: Any) -> dict[str, Any]:
    return {"source": {"kind": kind, "hemisphere": hemisphere}}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("caffe", None, {"COL": "north", "JAC": "north", "SI": "south"}),
        # CaFFe's own glaciers are known better than a hemisphere for all.
        ("caffe", "south", {"COL": "north", "JAC": "north", "New": "south", "SI": "south"}),
        ("caffe", {"New": "north", "SI": "north"}, {"COL": "north", "JAC": "north", "New": "north",
         "SI": "north"}),
        # In a table of one's own, SI need not be Sjögren Inlet.
        ("images", None, {}),
        ("images", "north", dict.fromkeys(("COL", "JAC", "New", "SI"), "north")),
        ("images", {"SI": "south"}, {"SI": "south"}),
    ],
)  # fmt: skip
def test_what_is_known_of_the_glaciers(kind: str, given: Any, expected: dict[str, str]) -> None:
    glaciers = ["SI", "SI", "New", "JAC", "COL"]
    assert known_hemispheres(glaciers, config(kind, given)) == expected


def test_a_glacier_that_no_scene_has_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"source\.hemisphere\.IS: names no glacier.*DBE, SI"):
        known_hemispheres(["SI", "DBE"], config("images", {"IS": "south"}))
