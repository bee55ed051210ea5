"""Fronts, flow lines, boxes and walls as they come from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pytest
import shapely
from position_world import FRAME, box, flow_line, layer, line, straight

from calvingfront.errors import PositionError
from calvingfront.position.dated_fronts import read_date, read_fronts
from calvingfront.position.layers import read_flow_line, read_polygon, read_walls

FRONTS = [straight(6000), straight(5000), straight(7000)]
DATES = ["2020-03-01", "2019-07-15", "2021-01-31"]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson"])
def test_fronts_come_sorted_by_date_from_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"fronts.{suffix}"
    layer(FRONTS, date=DATES).to_file(path)
    fronts, frame = read_fronts(path, "date")
    assert [str(front.date)[:10] for front in fronts] == sorted(DATES)
    assert frame.crs == FRAME.crs
    assert fronts[0].line.equals_exact(straight(5000), 1e-3)
    assert [front.scene for front in fronts] == ["1", "0", "2"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2019-02-28", "2019-02-28"),
        ("2019/02/28", "2019-02-28"),
        ("20190228", "2019-02-28"),
        (20190228, "2019-02-28"),
        (20190228.0, "2019-02-28"),
        ("2019-02-28T12:30:00Z", "2019-02-28 12:30"),
        ("2019-02-28 23:30:00-02:00", "2019-03-01 01:30"),
        (pd.Timestamp("2019-02-28 06:00", tz="UTC"), "2019-02-28 06:00"),
    ],
)
def test_a_date_is_read_as_it_is_written(written: Any, read: str) -> None:
    assert read_date(written, "here") == pd.Timestamp(read)


@pytest.mark.parametrize("written", [None, "", float("nan"), pd.NaT])
def test_no_date_is_none(written: Any) -> None:
    assert read_date(written, "here") is None


@pytest.mark.parametrize("written", ["03/04/2015", "2019-02-30", "2019-13-01", "July 2019", "2019"])
def test_a_date_that_two_people_read_differently_is_refused(written: str) -> None:
    with pytest.raises(PositionError, match=r"feature 3.*unreadable date"):
        read_date(written, "fronts.gpkg, feature 3")


def test_fronts_without_date_or_line_are_kept(tmp_path: Path) -> None:
    fronts_layer = layer(
        [straight(6000), None, straight(7000)], date=["2020-01-01", "2020-02-01", None]
    )
    fronts_layer.to_file(tmp_path / "fronts.gpkg")
    fronts, _ = read_fronts(tmp_path / "fronts.gpkg", "date")
    assert [(front.date is None, front.line is None) for front in fronts] == [
        (False, False), (False, True), (True, False),
    ]  # fmt: skip


def test_features_of_one_scene_are_pieces_of_one_front(tmp_path: Path) -> None:
    pieces = [straight(6000, top=2000), straight(6000, bottom=2000), straight(7000)]
    columns = {
        "id": ["a", "a", "b"],
        "date": ["2020-01-01"] * 2 + ["2020-02-01"],
        "err": [9.0, 12, 5],
    }
    layer(pieces, **columns).to_file(tmp_path / "fronts.gpkg")
    fronts, _ = read_fronts(tmp_path / "fronts.gpkg", "date", scene_column="id", error_column="err")
    assert [(front.scene, front.error and front.error.line_m) for front in fronts] == [
        ("a", 12.0),
        ("b", 5.0),
    ]
    assert fronts[0].line.equals_exact(line((6000, -300), (6000, 2000), (6000, 4300)), 1e-3)
    columns["date"][1] = "2020-01-02"
    layer(pieces, **columns).to_file(tmp_path / "other.gpkg")
    with pytest.raises(PositionError, match="several dates for scene a"):
        read_fronts(tmp_path / "other.gpkg", "date", scene_column="id")


def test_one_glacier_is_chosen_by_name_only(tmp_path: Path) -> None:
    path = tmp_path / "fronts.gpkg"
    layer(FRONTS, date=DATES, name=["A", "B", "A"]).to_file(path)
    fronts, _ = read_fronts(path, "date", glacier_column="name", glacier="A")
    assert [front.glacier for front in fronts] == ["A", "A"]
    with pytest.raises(PositionError, match=r"2 glaciers \(A, B\)"):
        read_fronts(path, "date", glacier_column="name")
    with pytest.raises(PositionError, match=r"no front of C.*A, B"):
        read_fronts(path, "date", glacier_column="name", glacier="C")
    with pytest.raises(PositionError, match="Name the column"):
        read_fronts(path, "date", glacier="A")


def test_fronts_keep_the_numbers_of_their_features(tmp_path: Path) -> None:
    path = tmp_path / "fronts.gpkg"
    layer(FRONTS, date=[*DATES[:2], "July"], name=["B", "B", "A"]).to_file(path)
    fronts, _ = read_fronts(path, "date", glacier_column="name", glacier="B")
    assert [front.scene for front in fronts] == ["1", "0"]
    with pytest.raises(PositionError, match=r"feature 2.*'July'"):
        read_fronts(path, "date", glacier_column="name", glacier="A")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fronts.gpkg"
    layer(FRONTS, date=DATES).to_file(path, layer="one")
    with pytest.raises(PositionError, match=r"no column day\. Choose one of: date"):
        read_fronts(path, "day")
    with pytest.raises(PositionError, match=r"no layer two\. Choose one of: one"):
        read_fronts(path, "date", "two")
    layer(FRONTS, date=DATES).to_file(path, layer="two")
    with pytest.raises(PositionError, match=r"several layers \(one, two\)"):
        read_fronts(path, "date")
    with pytest.raises(PositionError, match="does not exist"):
        read_fronts(tmp_path / "none.gpkg", "date")
    (tmp_path / "text.gpkg").write_text("no vectors")
    with pytest.raises(PositionError, match="not a readable vector file"):
        read_fronts(tmp_path / "text.gpkg", "date")
    layer([box().polygon], date=DATES[:1]).to_file(tmp_path / "areas.gpkg")
    with pytest.raises(PositionError, match="holds Polygon"):
        read_fronts(tmp_path / "areas.gpkg", "date")


@pytest.mark.parametrize(("crs", "said"), [(4326, "in degrees"), (3857, "Web Mercator")])
def test_degrees_and_web_mercator_are_refused(tmp_path: Path, crs: int, said: str) -> None:
    path = tmp_path / "fronts.gpkg"
    layer(FRONTS, date=DATES).to_crs(crs).to_file(path)
    with pytest.raises(PositionError, match=said):
        read_fronts(path, "date")
    layer([box().polygon]).to_crs(crs).to_file(tmp_path / "box.gpkg")
    with pytest.raises(PositionError, match=said):
        read_polygon(tmp_path / "box.gpkg", FRAME)


def test_the_direction_of_a_flow_line_must_be_given(tmp_path: Path) -> None:
    path = tmp_path / "flow.gpkg"
    layer([flow_line().line]).to_file(path)
    with pytest.raises(PositionError, match="does not say whether the flow line is drawn"):
        read_flow_line(path, FRAME)
    down, up = (read_flow_line(path, FRAME, way) for way in ("downstream", "upstream"))  # type: ignore[arg-type]
    assert down.line.coords[0] == up.line.coords[-1]


def test_the_direction_of_a_flow_line_may_be_an_attribute(tmp_path: Path) -> None:
    path = tmp_path / "flow.gpkg"
    layer([flow_line().line], direction=["Upstream"]).to_file(path)
    found = read_flow_line(path, FRAME)
    assert found.line.coords[0] == flow_line().line.coords[-1]
    with pytest.raises(PositionError, match="given as drawn downstream, but its attribute says"):
        read_flow_line(path, FRAME, "downstream")
    layer([flow_line().line], direction=["west"]).to_file(path)
    with pytest.raises(PositionError, match="direction 'west'"):
        read_flow_line(path, FRAME)


def test_layers_hold_one_line_one_box_two_walls(tmp_path: Path) -> None:
    layer(FRONTS).to_file(tmp_path / "three.gpkg")
    with pytest.raises(PositionError, match=r"3 lines.*one flow line"):
        read_flow_line(tmp_path / "three.gpkg", FRAME, "downstream")
    with pytest.raises(PositionError, match=r"3 lines.*two walls"):
        read_walls(tmp_path / "three.gpkg", FRAME)
    layer([box().polygon] * 2).to_file(tmp_path / "two.gpkg")
    with pytest.raises(PositionError, match="2 polygons"):
        read_polygon(tmp_path / "two.gpkg", FRAME)


def test_a_box_in_another_projection_is_brought_into_that_of_the_fronts(tmp_path: Path) -> None:
    there = geopandas.GeoSeries([shapely.segmentize(box().polygon, 100)], crs=3413).to_crs(32622)
    layer([there[0]], crs=32622).to_file(tmp_path / "box.gpkg")
    found = read_polygon(tmp_path / "box.gpkg", FRAME)
    assert found.symmetric_difference(box().polygon).area < 10  # of 40 km²
