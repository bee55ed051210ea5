"""Glaciers that the configuration names and no scene has."""

from __future__ import annotations

from typing import Any

import pytest

from calvingfront.check.names import name_faults
from calvingfront.errors import ConfigError
from calvingfront.scenes.places.names import check_area_name, unknown_glaciers
from calvingfront.scenes.scene_table import scene_table
from calvingfront.scenes.sources import known_hemispheres

SCENES = scene_table(
    {"scene": name, "glacier": glacier, "front": front}
    for name, glacier, front in (("a", "Jorum", "f"), ("b", "Crane", "f"), ("c", "Mapple", None))
)


def config(kind: str = "products", **split: Any) -> dict[str, Any]:
    split = {"method": "paper", "test_glaciers": [], "validation_glaciers": []} | split
    areas = {"Jorumm": [0, 0, 1, 1], "Mapple": [0, 0, 1, 1]}
    source = {"kind": kind, "hemisphere": {"crane": "south"}}
    return {"source": source, "map": {"areas": areas}, "split": split}


def faults_of(chosen: dict[str, Any]) -> list[str]:
    chosen = chosen | {"source": chosen["source"] | {"hemisphere": None}, "positions": {}}
    return [str(fault) for _, faults in name_faults(chosen, SCENES) for fault in faults]


def test_misspelt_areas_are_refused_at_the_start_with_what_was_meant() -> None:
    assert faults_of(config()) == [
        "map.areas.Jorumm: names no glacier of the scenes. Did you mean Jorum? Write some of: "
        "Crane, Jorum, Mapple."
    ]


def test_areas_that_cannot_act_are_passed_over() -> None:
    assert not faults_of(config("images"))
    assert not faults_of(config("simulated"))


def test_held_out_glaciers_need_a_front_and_all_faults_are_told() -> None:
    names = {"test_glaciers": ["CRANE"], "validation_glaciers": ["Mapple", "Jorum"]}
    told = [fault.partition(":")[0] for fault in faults_of(config(method="glacier", **names))]
    assert told == [
        "map.areas.Jorumm",
        "split.test_glaciers.CRANE",
        "split.validation_glaciers.Mapple",
    ]
    assert not faults_of(config("images", **names))  # without the method they do not act


def test_a_misspelt_hemisphere_says_what_was_meant() -> None:
    with pytest.raises(ConfigError, match=r"hemisphere\.crane: names no .*Did you mean Crane\?"):
        known_hemispheres(["Crane", "Jorum"], config())


def test_an_area_of_almost_the_same_name_is_not_passed_over() -> None:
    check_area_name("Jorum", {"Jorum": []})
    check_area_name("Crane", {"Jorum": []})
    check_area_name("", {"Jorum": []})
    with pytest.raises(ConfigError, match=r"map\.areas\.Jorum: is the area of Jorum, but the gl"):
        check_area_name("jorum", {"Jorum": []})


def test_a_name_like_no_other_is_not_guessed() -> None:
    (fault,) = unknown_glaciers("map.areas", ["Pine Island"], ["Jorum", "Crane"])
    assert "Did you mean" not in str(fault)
