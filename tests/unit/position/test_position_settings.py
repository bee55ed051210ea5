"""Which glaciers the workflow measures, and with which settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from calvingfront.configuration.validation import validate_config
from calvingfront.errors import ConfigError, Faults, PositionError
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.vectors import write_fronts
from calvingfront.position.glacier import measure_glacier
from calvingfront.position.settings import arguments_of, glaciers_to_measure
from calvingfront.simulation.world.frames import upglacier_points
from calvingfront.simulation.world.world import World, build_world

SCHEMA = Path(__file__).resolve().parents[3] / "workflow" / "schemas" / "config.schema.yaml"
OUTPUTS = {
    "positions": "A.csv", "maqit": "A_maqit.csv", "trend": "A_trend.csv", "png": "A.png",
    "pdf": "A.pdf", "summary": "A_summary.md",
}  # fmt: skip


def test_only_glaciers_with_a_sign_are_measured_and_the_others_are_told_what_to_write() -> None:
    found = glaciers_to_measure(
        {"A": {"upglacier": [1.0, 2.0]}, "B": {"flowline": "b.gpkg", "drawn": "upstream"},
         "C": {"method": "box"}, "D": None},
        ["A", "B", "C", "D", "E"],
    )  # fmt: skip
    assert list(found.glaciers) == ["A", "B"]
    assert [remark[:2] for remark in found.remarks] == ["C:", "D:", "E:"]
    assert "positions: {C: {upglacier: [X, Y]" in found.remarks[0]


def test_a_simulated_glacier_has_its_point_unless_another_is_given() -> None:
    known = {"SIMA": (1.0, 2.0), "SIMB": (3.0, 4.0)}
    found = glaciers_to_measure({"SIMB": {"upglacier": "E"}}, ["SIMA", "SIMB"], known)
    assert found.glaciers == {"SIMA": {"upglacier": [1.0, 2.0]}, "SIMB": {"upglacier": "E"}}
    assert not found.remarks


def test_a_glacier_that_no_scene_has_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"positions\.SIMC: no scene .* Did you mean SIM"):
        glaciers_to_measure({"SIMC": None}, ["SIMA", "SIMB"])
    with pytest.raises(ConfigError, match=r"positions\.A/B: contains /"):
        glaciers_to_measure({"A/B": None}, ["A/B"])


def test_settings_become_arguments() -> None:
    found = arguments_of(
        {"upglacier": [1, 2], "method": "centreline", "flowline": "f.gpkg:line", "box": None,
         "width_m": None, "periods": [[2000, 2005.5]]}
    )  # fmt: skip
    assert found == {
        "upglacier": (1.0, 2.0), "method": "centreline", "flowline_path": "f.gpkg",
        "flowline_layer": "line", "periods": [(2000.0, 2005.5)],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        ({"A": {"upglacier": [1.0]}}, "positions.A.upglacier"),
        ({"A": {"upglacier": "up"}}, "positions.A.upglacier"),
        ({"A": {"upglaciers": "N"}}, "Did you mean upglacier"),
        ({"A": {"method": "circle"}}, "Write one of: box"),
        ({"A": {"width_m": 0}}, "positions.A.width_m"),
        ({"A": 5}, "positions.A"),
    ],
)
def test_wrong_settings_are_found_before_the_first_job(
    positions: dict[str, Any], said: str
) -> None:
    with pytest.raises(Faults, match=said):
        validate_config({"positions": positions}, SCHEMA)
    right = {"A": {"upglacier": [1.0, 2.0]}, "B": {"upglacier": 3}, "C": None}
    filled = validate_config({"positions": right}, SCHEMA)["positions"]
    assert [filled[name]["upglacier"] for name in "ABC"] == [[1.0, 2.0], 3, None]
    assert arguments_of(filled["A"]) == {
        "upglacier": (1.0, 2.0), "method": "box", "harmonics": 1, "breaks": [],
    }  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(4, 3, 2000, 2009, 8000.0)


def test_the_point_of_every_simulated_glacier_lies_up_glacier_of_its_fronts(world: World) -> None:
    """A later, retreated front is nearer to the point; the glaciers flow in four directions."""
    for name, point in upglacier_points(4, 3, 8000.0).items():
        early, late = (
            shapely.MultiLineString(list(world[name].front_lines(date(year, 6, 1), 40.0)))
            for year in (2000, 2009)
        )
        place = shapely.Point(point)
        assert late.distance(place) < early.distance(place)


@pytest.fixture(scope="module")
def fronts(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(1)
    found = []
    for name in ("SIMA", "SIMB"):
        for number, day in enumerate(sorted(random.integers(0, 3600, 24))):
            when = date.fromordinal(date(2000, 1, 2).toordinal() + int(day))
            lines = world[name].front_lines(when, 40.0)
            found.append(
                LocatedFront(
                    scene=f"{name}_{number}", glacier=name, mission="ERS",
                    acquired=when.isoformat(), orbit=None, pixel_size_m=40.0, crs=World.crs,
                    lines=lines, model="unet", threshold=0.5, members=1, quality="good",
                    vertex_errors_m=[np.tile([15.0, 30.0, 40.0], (len(x), 1)) for x in lines],
                )
            )  # fmt: skip
    path = tmp_path_factory.mktemp("fronts") / "fronts.gpkg"
    write_fronts(found, path)
    return path


@pytest.mark.parametrize("glacier", ["SIMA", "SIMB"])
def test_a_simulated_glacier_is_measured_from_the_file_of_all(
    fronts: Path, world: World, tmp_path: Path, glacier: str
) -> None:
    point = upglacier_points(4, 3, 8000.0)[glacier]
    outputs = {name: tmp_path / file.replace("A", glacier, 1) for name, file in OUTPUTS.items()}
    measure_glacier(fronts, glacier, {"upglacier": list(point)}, **outputs)
    assert {path.name for path in tmp_path.iterdir()} == {
        *(path.name for path in outputs.values()), f"{glacier}_drawn.gpkg",
    }  # fmt: skip
    table = pd.read_csv(outputs["positions"])
    assert {"scene", "date", "position_m", "low_m", "high_m", "flag"} <= set(table.columns)
    assert set(table["glacier"]) == {glacier}
    assert (table["error_source"] == "vertices").sum() > 15
    middle = [
        float(np.mean(world[glacier].front_position(date.fromisoformat(day))[35:86])) * 8000
        for day in table["date"]
    ]
    good = table["position_m"].notna()
    assert good.sum() >= 20
    correlation = np.corrcoef(table["position_m"][good], np.array(middle)[good])[0, 1]
    print(f"\n{glacier}: correlation with the simulated front {correlation:.3f}")
    assert correlation > 0.9
    assert "DRAWN FROM THE FRONTS" in outputs["summary"].read_text(encoding="utf-8")


def test_a_glacier_without_fronts_is_an_error_not_an_empty_table(
    fronts: Path, tmp_path: Path
) -> None:
    outputs = {name: tmp_path / file for name, file in OUTPUTS.items()}
    with pytest.raises(PositionError, match=r"no front of X\. Choose one of: SIMA, SIMB"):
        measure_glacier(fronts, "X", {"upglacier": "N"}, **outputs)


def test_too_few_fronts_to_draw_from_give_tables_that_say_so(fronts: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.gpkg"
    one = LocatedFront(
        scene="S", glacier="A", mission="ERS", acquired="2005-01-01", orbit=None,
        pixel_size_m=40.0, crs=World.crs, lines=[np.array([[0.0, 1e6], [1000.0, 1e6]])],
        model="unet", threshold=0.5, members=1, quality="good",
    )  # fmt: skip
    write_fronts([one], few)
    outputs = {name: tmp_path / file for name, file in OUTPUTS.items()}
    measure_glacier(few, "A", {"upglacier": "N"}, **outputs)
    table = pd.read_csv(outputs["positions"])
    assert table["flag"].tolist() == ["no position"]
    assert "too few (1)" in table["reason"][0]
    assert "no positions: fronts: are too few (1)" in outputs["summary"].read_text("utf-8")
    assert all(path.exists() for path in outputs.values())
