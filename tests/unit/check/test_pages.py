"""The pages on which a user checks the scenes: what is measured, warned of and drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.check.check_archive import check_archive, describe
from calvingfront.check.pages import PER_SHEET, sheets_of
from calvingfront.check.scene_facts import SceneFacts, measure
from calvingfront.check.sheet import NO_DATA_RGB, short, thumbnail
from calvingfront.check.warnings import warnings_of
from calvingfront.figures.style import BOTH_RGB
from calvingfront.scenes.scene_table import records, scene_table

SOUND = SceneFacts(
    scene="", glacier="A", mission="ERS", acquired="2000-01-01", pixel_m=(20.0, 20.0),
    shape=(200, 300), contrast=120, labelled=True, front_m=3000.0, pieces=1, spread=0.8,
    middle_m=(2000.0, 2000.0), frame="here", share=0.01,
)  # fmt: skip
SOUTH = {"A": "south"}


def archive(count: int = 10, **changes: dict[str, Any]) -> list[SceneFacts]:
    """Sound scenes S0, S1 … of one glacier; `changes` are made to single ones."""
    facts = [
        replace(
            SOUND, scene=f"S{n}", acquired=f"2000-01-{n + 1:02d}", digest=str(n),
            front_m=3000.0 + 20 * n, middle_m=(2000.0 + 30 * n, 2000.0),
        )
        for n in range(count)
    ]  # fmt: skip
    return [replace(each, **changes.get(each.scene, {})) for each in facts]


def test_a_sound_archive_is_not_warned_of() -> None:
    assert warnings_of(archive(), SOUTH) == []


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"fault": "a.png: cannot be read. Fetch it."}, "file", "a.png: cannot be read"),
        ({"pixel_m": (40.0, 40.0)}, "pixel size", "40 m, others of A and ERS 20 m"),
        ({"pixel_m": (2.0, 2.0)}, "pixel size", "2 m, implausible for ERS"),
        ({"pixel_m": (8.0, 8.0)}, "pixel size", "the image covers only 2.4 km"),
        ({"pixel_m": None}, "pixel size", "unknown"),
        ({"contrast": 12.0}, "brightness", "low contrast, 12 grey levels"),
        ({"saturated": 0.4}, "brightness", "40% saturated"),
        ({"no_data": 0.9}, "brightness", "90% no data"),
        ({"pieces": 0, "share": 0.0}, "front", "no front in the mask"),
        ({"pieces": 0, "share": 0.6}, "front", "60% of the image is front"),
        ({"pieces": 30}, "front", "in 30 pieces"),
        ({"spread": 0.05}, "front", "crosses 5% of the image"),
        ({"on_no_data": 0.5}, "front", "50% of the front on no data"),
        ({"front_m": 20_000.0}, "outlier", "front 20.0 km long, others of A 3.1 km"),
        ({"front_m": 300.0}, "outlier", "front 0.3 km long"),
        ({"middle_m": (9000.0, 2000.0)}, "outlier", "front 6.8 km from the others of A"),
        ({"digest": "0"}, "twice", "the same pixels as S0"),
        ({"acquired": "2000-01-01"}, "twice", "glacier, mission and day of S0"),
    ],
)
def test_what_looks_wrong_is_told_of_this_scene_alone(
    change: dict[str, Any], kind: str, said: str
) -> None:
    found = warnings_of(archive(S5=change), SOUTH)
    assert {each.scene for each in found} == {"S5"}
    assert any(each.kind == kind and said in each.text for each in found), found


def test_an_unknown_hemisphere_is_told_unless_the_scenes_are_on_a_map() -> None:
    (warned,) = warnings_of(archive(), {})
    assert warned.kind == "hemisphere"
    assert warned.text.startswith("A: ")
    on_a_map = {f"S{n}": {"crs": "EPSG:3031"} for n in range(10)}
    assert warnings_of(archive(10, **on_a_map), {}) == []


def test_one_square_size_over_many_resolutions_looks_like_downsampled_copies() -> None:
    tags = {
        f"S{n}": {"shape": (256, 256), "tag_m": tag, "pixel_m": (tag, tag), "glacier": f"G{n}"}
        for n, tag in enumerate((17.0, 20.0) * 5)
    }
    found = warnings_of(archive(10, **tags), {f"G{n}": "south" for n in range(10)})
    (warned,) = [each for each in found if each.scene is None]
    assert "256 × 256 px, whatever their resolution (17, 20 m)" in warned.text
    native = {name: tag | {"shape": (256, 200 + n)} for n, (name, tag) in enumerate(tags.items())}
    assert not [each for each in warnings_of(archive(10, **native), {}) if "whatever" in each.text]


def test_a_small_archive_has_no_outliers() -> None:
    assert warnings_of(archive(5, S2={"front_m": 9e9, "middle_m": (9e9, 0)}), SOUTH) == []


def row_of(folder: Path, **changes: Any) -> dict[str, Any]:
    """A row of the prepared table: an image with a border of no data, and a front along row 20."""
    pixels = np.full((60, 80), 100, np.uint8)
    pixels[:, ::2] = 180
    pixels[:, :20] = 0
    write_image(folder / "a.png", pixels)
    write_image(folder / "a_front.png", line_mask(60, 80, 20))
    row = {
        "scene": "a", "glacier": "A", "mission": "ERS", "acquired": "2000-01-01",
        "image": str(folder / "a.png"), "front": str(folder / "a_front.png"),
        "pixel_size_x_m": 10.0, "pixel_size_y_m": 30.0,
    }  # fmt: skip
    (found,) = records(scene_table([row | changes]))
    return found


def test_a_scene_is_measured_in_metres_on_the_ground(tmp_path: Path) -> None:
    facts = measure(row_of(tmp_path))
    assert facts.front_m == pytest.approx(790)
    assert facts.spread == 1
    assert facts.no_data == facts.on_no_data == 0.25
    assert facts.contrast == 80
    assert facts.middle_m == pytest.approx((400, 615))
    assert facts.frame == "1.8e+03 × 800 m"
    placed = measure(row_of(tmp_path, crs="EPSG:3031", upper_left_x=1000.0, upper_left_y=5000.0))
    assert placed.middle_m == pytest.approx((1400, 4385))
    assert placed.frame == "EPSG:3031"


def test_a_file_that_cannot_be_read_is_a_fault_of_its_scene(tmp_path: Path) -> None:
    row = row_of(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    assert "cannot be read" in measure(row).fault


def test_no_data_is_blue_whatever_the_size() -> None:
    image = speckled(500, 700, 1)
    image[:, :200] = 0
    small = thumbnail(image)
    assert max(small.shape) < 300
    assert (small[:, 5] == NO_DATA_RGB).all()
    assert (small[:, -5] != NO_DATA_RGB).any(axis=1).all()


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    name = "S1A_IW_GRDH_1SSH_20211223T051122_20211223T051147_030148"
    assert short(name).startswith("S1A_IW")
    assert short(name).endswith("030148")
    assert len(short(name)) < 33


def near(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (np.abs(pixels.astype(int) - np.array(colour)) < 40).all(axis=2)


def test_the_archive_is_drawn_told_and_tabulated(tmp_path: Path) -> None:
    rows = [row_of(tmp_path) | {"scene": f"S{n}", "glacier": "A"} for n in range(PER_SHEET)]
    rows.append(row_of(tmp_path) | {"scene": "new", "front": None})
    names = sheets_of(len(rows))
    assert names == ["sheet_001.png", "sheet_002.png"]
    check_archive(
        rows, SOUTH, [tmp_path / name for name in names], tmp_path / "check.tsv",
        tmp_path / "check.md", tmp_path / "check.html",
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "check.tsv", sep="\t")
    assert len(table) == PER_SHEET + 1
    assert table.set_index("scene").loc["S1", "warnings"].count("the same pixels as S0") == 1
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert '<a href="sheet_002.png">sheet_002.png</a>' in page
    assert "the same pixels as S0" in page
    first, second = (cv2.imread(str(tmp_path / name))[..., ::-1] for name in names)
    yellow, red = near(first, BOTH_RGB), near(first, (204, 20, 38))
    assert yellow.sum() > 48 * 100  # a front in every panel
    assert red.sum() > 20 * 500  # and frames around those that look wrong
    assert first.shape[0] > 3 * second.shape[0]


def test_a_report_says_what_to_do_and_stays_short() -> None:
    changes = {f"S{n}": {"contrast": 1.0} for n in range(100)}
    facts = archive(100, **changes)
    text = describe(facts, warnings_of(facts, SOUTH), ["sheet_001.png"])
    assert "**100 scenes should be looked at**" in text
    assert "60 more stand in `check.tsv`." in text
    assert "| S10 | low contrast, 1 grey levels |" in text
    clean = describe(archive(), [], ["sheet_001.png"])
    assert "Nothing looks wrong by the numbers" in clean
