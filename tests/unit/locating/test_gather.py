"""The fronts of single scenes in one file, and the report on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import SceneError
from calvingfront.locating.gather import gather_fronts
from calvingfront.locating.vectors import LocatedFront, read_fronts, write_fronts

LINE = np.array([[-2_400_000.0, 1_300_000.0], [-2_400_000.0, 1_301_000.0]])
FRONT = LocatedFront(
    scene="b", glacier="SI", mission="ERS", acquired="2001-02-03", orbit="152", pixel_size_m=20.0,
    crs="EPSG:3031", lines=[LINE], model="U-Net (BCE)", threshold=0.3, members=2, quality=None,
)  # fmt: skip
EMPTY = replace(FRONT, scene="a", lines=[], quality="none", reason="no pixel exceeds 0.3 | 0.4")


def gather(folder: Path, *fronts: LocatedFront) -> tuple[list[LocatedFront], str]:
    located = []
    for number, front in enumerate(fronts):
        located.append(folder / f"{number}.gpkg")
        write_fronts([front], located[-1])
    gather_fronts(located, folder / "fronts.gpkg", folder / "located.md")
    return read_fronts(folder / "fronts.gpkg"), (folder / "located.md").read_text(encoding="utf-8")


def test_every_scene_has_its_row_in_file_and_report(tmp_path: Path) -> None:
    twice = replace(FRONT, scene="c", lines=[LINE, LINE + 5000], quality="doubtful", reason="dark")
    twice = replace(twice, error_m=41.6, err90_m=80.0)
    fronts, report = gather(tmp_path, FRONT, EMPTY, twice)
    assert fronts == [EMPTY, FRONT, twice]
    rows = report.splitlines()
    assert rows[2] == "3 scenes without a front of their own; 2 lines were drawn by U-Net (BCE)."
    # 1 km on the map is 1.03 km on the ground: the projection is true at 71° S, this is at 65° S
    assert rows[6:] == [
        "| a | SI | ERS | 2001-02-03 | none | – | – | none | no pixel exceeds 0.3 \\| 0.4 |",
        "| b | SI | ERS | 2001-02-03 | 1.0 km | – | – | not judged |  |",
        "| c | SI | ERS | 2001-02-03 | 2.0 km in 2 pieces | ± 42 | ± 80 | doubtful | dark |",
    ]


def test_the_report_names_the_lines_whose_errors_are_not_those_of_the_training(
    tmp_path: Path,
) -> None:
    lines = [
        replace(FRONT, scene=where, err_calib=where)
        for where in ("trained", "elsewhere", "untested")
    ]
    _, report = gather(tmp_path, *lines)
    assert "Errors as on glaciers that trainings left out: elsewhere." in report
    assert "not tested on others such as these: untested." in report
    assert ": trained." not in report


def test_the_item_beside_the_file_spans_its_fronts(tmp_path: Path) -> None:
    write_fronts([FRONT], tmp_path / "0.gpkg")
    item = tmp_path / "fronts.gpkg.json"
    gather_fronts([tmp_path / "0.gpkg"], tmp_path / "fronts.gpkg", tmp_path / "r.md", item=item)
    content = json.loads(item.read_text(encoding="utf-8"))
    assert content["assets"]["fronts"]["href"] == "fronts.gpkg"
    west, south, east, north = content["bbox"]
    assert -180 <= west < east <= 180
    assert -90 < south < north < -60


def test_scenes_in_several_crss_are_written_in_longitude_and_latitude(tmp_path: Path) -> None:
    other = replace(
        FRONT, scene="c", crs="EPSG:32720", lines=[np.array([[400_000.0, 2.9e6], [4e5, 2.91e6]])]
    )
    fronts, _ = gather(tmp_path, FRONT, other, EMPTY)
    assert {front.crs for front in fronts} == {"EPSG:4326"}


def test_nothing_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="would contain no scene"):
        gather(tmp_path)
    assert not (tmp_path / "fronts.gpkg").exists()
