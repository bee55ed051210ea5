"""A whole scene on which a front would be drawn too wide is refused with the line to write."""

from __future__ import annotations

import pytest
import yaml

from calvingfront.scenes.places.frames import frame_fault, proposed_area

CRS = "EPSG:3031"
FRAME = (-2_500_000.0, 1_300_000.0, -2_400_000.0, 1_400_000.0)  # 100 km
FRONTS = [
    (-2_450_310.0, 1_350_040.0, -2_447_300.0, 1_354_050.0),  # spans of 5 km
    (-2_450_810.0, 1_351_040.0, -2_447_800.0, 1_355_050.0),
]


def of(frame=FRAME, size=512, width=6, fronts=FRONTS, glacier="Jorum"):
    return frame_fault("A_2006", glacier, frame, CRS, size, width, fronts)


def test_a_front_of_1_2_km_on_a_scene_of_100_km_is_refused_with_the_area_to_write():
    fault = of()
    # By hand: 6 · 100 km / 512 = 1171.9 m; spans √(3.01² + 4.01²) = 5.01 km, 23 % of it. The
    # fronts cover 3.51 × 5.01 km, half of which is 2505 m.
    assert fault.where == "map.areas"
    assert "on the whole of A_2006, 100 km, a front of 6 of 512 px would be 1172 m" in fault.what
    assert "23 % of the 5.01 km that it spans" in fault.what
    assert "{areas: {Jorum: [-2453400, 1347500, -2444700, 1357600]}}" in fault.remedy


def test_what_is_proposed_can_be_pasted_and_has_no_fault():
    for glacier in ("Jorum", "no", "Jakobshavn, north: 1", "Nr. 7", "7", "Sjögren"):
        remedy = of(glacier=glacier).remedy
        written = yaml.safe_load(remedy.removeprefix("Write ").split(" (its fronts")[0])
        (name, area), *more = written["map"]["areas"].items()
        assert (name, more) == (glacier, [])
        assert tuple(area) == proposed_area(FRONTS)
        assert of(frame=tuple(area)) is None


@pytest.mark.parametrize(
    "known",
    [
        {"frame": (0, 0, 23_000, 18_000), "size": 512, "width": 6},  # as CaFFe's: 270 m, 5 %
        {"frame": (0, 0, 8_000, 6_000), "size": 96, "width": 2},  # as the demo's
        {"frame": (0, 0, 12_000, 12_000), "size": 64, "width": 6},  # too coarse in any area
        {"frame": FRAME, "size": 4096, "width": 6},
        {"frame": FRAME, "fronts": [(-2_450_000, 1_340_000, -2_440_000, 1_348_000)]},  # 12.8 km
    ],
)
def test_scenes_as_people_have_them_are_not_refused(known):
    assert of(**known) is None


def test_a_new_glacier_is_refused_over_one_kilometre_and_told_where_the_scene_lies():
    assert of(frame=(0, 0, 85_000, 60_000), fronts=[]) is None  # 996 m
    fault = of(frame=(0, 0, 86_000, 60_000), fronts=[])
    assert "would be 1008 m wide: more than 1000 m" in fault.what
    assert "{areas: {Jorum: [LEFT, BOTTOM, RIGHT, TOP]}}" in fault.remedy
    assert "left 0, bottom 0, right 86000, top 60000" in fault.remedy
    assert "{areas: {GLACIER: [LEFT" in of(glacier="", fronts=[]).remedy
