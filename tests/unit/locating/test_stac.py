"""The STAC item against the rules of STAC 1.1 and RFC 7946, written out by hand."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calvingfront.errors import SceneError
from calvingfront.locating.degrees import to_crs
from calvingfront.locating.stac import item_of, write_item
from calvingfront.locating.vectors import write_fronts
from front_examples import LINE, empty, front, full, on_image

HREFS = {"fronts": "fronts.gpkg"}
ROSS = np.array([[100.0, -1.3e6], [-100.0, -1.3e6]])


def check_item(item: dict[str, Any]) -> None:
    """Item specification 1.1.0: required members, their kinds, and what depends on what."""
    assert item["type"] == "Feature"
    assert item["stac_version"] == "1.1.0"
    assert isinstance(item["id"], str)
    assert item["id"]
    assert isinstance(item["links"], list)
    assert set(item) <= {
        "type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "properties", "links",
        "assets",
    }  # fmt: skip
    assert all(
        url.startswith("https://stac-extensions.github.io/") for url in item["stac_extensions"]
    )
    assert len(set(item["stac_extensions"])) == len(item["stac_extensions"])
    assert ("bbox" in item) == (item["geometry"] is not None)
    if item["geometry"] is not None:
        west, south, east, north = item["bbox"]
        assert -180 <= west <= 180
        assert -180 <= east <= 180
        assert -90 <= south <= north <= 90
        check_geometry(item["geometry"], crossing=west > east)
    times = item["properties"]
    names = ["datetime"] if times["datetime"] else ["start_datetime", "end_datetime"]
    for name in names:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", times[name])
    if times["datetime"] is None:
        start, end = (datetime.fromisoformat(times[name]) for name in names)
        assert start <= end
    else:
        assert "start_datetime" not in times
    assert ("proj:code" in times) == bool(item["stac_extensions"])
    assert item["assets"]
    for asset in item["assets"].values():
        assert isinstance(asset["href"], str)
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", asset["type"])
        assert asset["roles"]
        assert asset["title"]
    json.dumps(item, allow_nan=False)


def check_geometry(geometry: dict[str, Any], crossing: bool) -> None:
    """RFC 7946: rings closed, counterclockwise, longitude first, none across 180°."""
    assert geometry["type"] == ("MultiPolygon" if crossing else "Polygon")
    polygons = geometry["coordinates"] if crossing else [geometry["coordinates"]]
    for polygon in polygons:
        (ring,) = np.array(polygon)
        assert (ring[0] == ring[-1]).all()
        assert (np.abs(ring) <= [180, 90]).all()
        x, y = ring.T
        assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0


@pytest.mark.parametrize(
    "fronts",
    [
        [front()],
        [full()],
        [front("a"), full("b"), empty("c"), on_image("d")],
        [on_image()],
        [empty()],
        [front(lines=[ROSS])],
        [front(lines=[np.array([[-50.0, 1], [50, 1]])])],
        [front("a"), front("b", crs="EPSG:3413")],
        [front(crs="+proj=laea +lat_0=-66 +lon_0=-65", lines=[np.array([[0.0, 0], [100, 0]])])],
        [front(crs="EPSG:4326", lines=[np.array([[10.0, -70], [20, -70]])])],
    ],
)
def test_an_item_keeps_the_rules(fronts: list[Any]) -> None:
    check_item(item_of(fronts, "fronts", HREFS))


def test_the_box_is_in_degrees_and_holds_the_line() -> None:
    item = item_of([front()], "fronts", HREFS)
    degrees = to_crs(LINE, "EPSG:3031", "EPSG:4326")
    expected = [*degrees.min(axis=0), *degrees.max(axis=0)]
    assert item["bbox"] == pytest.approx(expected, abs=1e-12)
    assert item["bbox"] == pytest.approx([-65.38, -66.04, -65.37, -66.04], abs=0.01)


def test_the_box_across_180_degrees_has_west_above_east() -> None:
    item = item_of([front(lines=[ROSS])], "fronts", HREFS)
    west, _, east, _ = item["bbox"]
    assert 179.9 < west < 180
    assert -180 < east < -179.9
    assert len(item["geometry"]["coordinates"]) == 2


def test_without_a_map_position_there_is_neither_box_nor_geometry() -> None:
    for fronts in ([on_image()], [empty()]):
        item = item_of(fronts, "fronts", HREFS)
        assert item["geometry"] is None
        assert "bbox" not in item


def test_a_moment_is_a_datetime_and_a_day_a_whole_day() -> None:
    def times(*acquired: str) -> dict[str, Any]:
        fronts = [front(str(k), acquired=text) for k, text in enumerate(acquired)]
        properties = item_of(fronts, "fronts", HREFS)["properties"]
        return {key: value for key, value in properties.items() if "datetime" in key}

    moment = "2012-02-29T06:07:08.123Z"
    assert times(moment) == times(moment, moment) == {"datetime": moment}
    assert times("2011-03-04") == {
        "datetime": None,
        "start_datetime": "2011-03-04T00:00:00Z",
        "end_datetime": "2011-03-04T23:59:59.999Z",
    }
    assert times("2012-02-29T06:07:08.123Z", "2012-02-29T06:07:08Z", "2011-03-04") == {
        "datetime": None,
        "start_datetime": "2011-03-04T00:00:00Z",
        "end_datetime": moment,
    }
    assert times(moment, "2012-02-29")["end_datetime"] == "2012-02-29T23:59:59.999Z"


def test_the_crs_is_that_of_the_files() -> None:
    def projection(*fronts: Any, crs: str | None = None) -> dict[str, Any]:
        properties = item_of(fronts, "fronts", HREFS, crs)["properties"]
        return {key: value for key, value in properties.items() if key.startswith("proj:")}

    assert projection(front()) == {"proj:code": "EPSG:3031"}
    assert projection(front(), crs="epsg:4326") == {"proj:code": "EPSG:4326"}
    assert projection(front("a"), front("b", crs="EPSG:3413")) == {}
    assert projection(on_image()) == {}
    own = projection(front(), crs="+proj=laea +lat_0=-66")
    assert own["proj:code"] is None
    assert own["proj:wkt2"].startswith("PROJCRS[")


def test_facts_have_the_names_of_stac() -> None:
    properties = item_of([front("a"), empty("b", pixel_size_m=6.0)], "fronts", HREFS)["properties"]
    assert properties["platform"] == "TerraSAR-X"
    assert properties["gsd"] == 6.0
    assert properties["title"] == "Calving fronts of DBE"
    assert properties["description"] == "2 scenes, 1 with a front; TerraSAR-X"
    several = item_of([front("a"), front("b", mission="S1")], "fronts", HREFS)["properties"]
    assert "platform" not in several
    unknown = item_of([on_image(glacier="", mission="", pixel_size_m=None)], "f", HREFS)[
        "properties"
    ]
    assert unknown["title"] == "Calving fronts"
    assert "gsd" not in unknown


def test_an_item_refers_to_its_files_from_where_it_lies(tmp_path: Path) -> None:
    write_fronts([front()], tmp_path / "data" / "fronts.gpkg")
    path = tmp_path / "catalogue" / "DBE fronts.json"
    write_item([front()], path, {"fronts": tmp_path / "data" / "fronts.gpkg"})
    item = json.loads(path.read_text("utf-8"))
    check_item(item)
    assert item["id"] == "DBE fronts"
    assert item["assets"]["fronts"]["href"] == "../data/fronts.gpkg"
    assert item["assets"]["fronts"]["type"] == "application/geopackage+sqlite3"
    before = path.read_bytes()
    write_item([front()], path, {"fronts": tmp_path / "data" / "fronts.gpkg"})
    assert path.read_bytes() == before


def test_what_an_item_cannot_refer_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"asset x: .*y\.gpkg does not exist\. Write it first"):
        write_item([front()], tmp_path / "i.json", {"x": tmp_path / "y.gpkg"})
    (tmp_path / "y.doc").write_text("x")
    with pytest.raises(
        SceneError, match=r"asset x: y\.doc has no known suffix\. Use one of \.gpkg"
    ):
        write_item([front()], tmp_path / "i.json", {"x": tmp_path / "y.doc"})
    for fronts, hrefs in (([], HREFS), ([front()], {})):
        with pytest.raises(SceneError, match="has no front, no name or no asset"):
            item_of(fronts, "fronts", hrefs)
    assert not (tmp_path / "i.json").exists()


@pytest.mark.parametrize(
    ("fronts", "name", "hrefs", "crs", "said"),
    [
        (5, "n", HREFS, None, "are not a sequence of LocatedFront"),
        ([5], "n", HREFS, None, "are not a sequence of LocatedFront"),
        ([front()], 5, HREFS, None, "5 is not text"),
        ([front()], "n", {"a": 5}, None, "Give a mapping of name to address"),
        ([front()], "n", {5: "a.gpkg"}, None, "Give a mapping of name to address"),
        ([front()], "n", ["a.gpkg"], None, "Give a mapping of name to address"),
        ([front()], "n", {"a": ""}, None, "has no known suffix"),
        ([front()], "n", HREFS, "nonsense", "crs: 'nonsense' is not a CRS"),
        ([front()], "n", HREFS, "EPSG:4978", "neither a map projection nor"),
        (
            [front(crs="EPSG:32720", lines=[LINE * 1e6])],
            "n",
            HREFS,
            None,
            "a: its line has points that have no",
        ),
    ],
)
def test_arguments_of_another_type_and_unknown_crss_are_refused(
    fronts: Any, name: Any, hrefs: Any, crs: Any, said: str
) -> None:
    with pytest.raises(SceneError, match=said):
        item_of(fronts, name, hrefs, crs)
