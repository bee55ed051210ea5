"""Files that others wrote, or changed: read where they leave nothing open, refused elsewhere."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from calvingfront.errors import SceneError
from calvingfront.locating.vectors import read_fronts, write_fronts, write_shapefile
from front_examples import LINE, empty, front, full

GREENLAND = np.array([[-190_000.0, -2_200_000.0], [-189_000.0, -2_201_000.0], [-188_000.0, -2.2e6]])


def table(path: Path, crs: str | None = "EPSG:3413", shapes: Any = None, **columns: Any) -> Path:
    """Write a table of lines, a Shapefile or whatever the path's suffix asks for."""
    count = len(next(iter(columns.values())))
    shapes = shapes or [shapely.LineString(GREENLAND + 10 * k) for k in range(count)]
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)
    frame.to_file(path, engine="pyogrio")
    return path


def termpicks(path: Path, **columns: Any) -> Path:
    """TermPicks V2's columns."""
    usual = {
        "GlacierID": [1, 1, 285],
        "Date": ["2015-08-12", "2015-08-12", "1986-04-30"],
        "Year": [2015, 2015, 1986],
        "Month": [8, 8, 4],
        "Day": [12, 12, 30],
        "DecDate": [2015.61, 2015.61, 1986.33],
        "QualFlag": ["00", "05", "00"],
        "Satellite": ["Landsat 8", "Sentinel-1", "Landsat 5"],
        "Author": ["Moon", "Bevan", "Hill"],
        "ImageID": ["LC08_1", None, "LT05_7"],
    }
    return table(path, **{**usual, **columns})


def test_termpicks_is_read(tmp_path: Path) -> None:
    fronts = read_fronts(termpicks(tmp_path / "TermPicks_V2.shp"))
    assert [front.scene for front in fronts] == ["1_2015-08-12", "1_2015-08-12_2", "285_1986-04-30"]
    assert [f.glacier for f in fronts] == ["1", "1", "285"]
    assert [f.acquired for f in fronts] == ["2015-08-12", "2015-08-12", "1986-04-30"]
    assert [f.mission for f in fronts] == ["Landsat 8", "S1", "Landsat 5"]
    assert [f.orbit for f in fronts] == ["LC08_1", None, "LT05_7"]
    assert [f.author for f in fronts] == ["Moon", "Bevan", "Hill"]
    assert [f.reason for f in fronts] == ["QualFlag 00", "QualFlag 05", "QualFlag 00"]
    for k, found in enumerate(fronts):
        assert (found.crs, found.model, found.quality, found.error_m) == (
            "EPSG:3413",
            None,
            None,
            None,
        )
        np.testing.assert_array_equal(found.lines[0], GREENLAND + 10 * k)


def test_what_others_drew_keeps_its_author_when_it_is_written_again(tmp_path: Path) -> None:
    fronts = read_fronts(termpicks(tmp_path / "t.shp"))
    write_fronts(fronts, tmp_path / "f.gpkg")
    assert read_fronts(tmp_path / "f.gpkg") == fronts
    again = geopandas.read_file(tmp_path / "f.gpkg", layer="fronts")
    assert again["Author"].tolist() == ["Moon", "Bevan", "Hill"]
    assert again[["QualFlag", "quality", "model", "partial"]].isna().all(axis=None)


def test_calfin_is_read(tmp_path: Path) -> None:
    path = table(
        tmp_path / "CALFIN.shp", GlacierID=[12], Center_X=[1.0], Center_Y=[2.0], Latitude=[70.0],
        Longitude=[-50.0], QualFlag=[13], Satellite=["Landsat 7"], Date=["2006-09-01"],
        ImageID=["LE07"], GrnlndcN=["Sermeq Kujalleq"], OfficialN=["x"], AltName=["Jakobshavn"],
        RefName=["y"], Author=["Cheng_D"],
    )  # fmt: skip
    (found,) = read_fronts(path)
    assert (found.scene, found.reason, found.orbit) == ("12_2006-09-01", "QualFlag 13", "LE07")


@pytest.mark.parametrize(
    ("dates", "acquired"),
    [
        (["2015/08/12"], "2015-08-12"),
        (["20150812"], "2015-08-12"),
        ([20150812], "2015-08-12"),
        ([date(2015, 8, 12)], "2015-08-12"),
        (["2015-08-12T13:14:15Z"], "2015-08-12T13:14:15Z"),
        (pd.to_datetime(["2015-08-12T13:14:15Z"]), "2015-08-12T13:14:15Z"),
        (pd.to_datetime(["2015-08-12T00:00:00"]), "2015-08-12"),
    ],
)
def test_days_are_read_in_every_notation_that_means_one_day(
    tmp_path: Path, dates: Any, acquired: str
) -> None:
    path = table(tmp_path / "t.gpkg", GlacierID=["1"], Date=dates)
    assert read_fronts(path)[0].acquired == acquired


def test_year_month_and_day_do_without_date(tmp_path: Path) -> None:
    path = table(tmp_path / "t.gpkg", glacier=["A"], Year=[2015], Month=[8], Day=[2])
    assert read_fronts(path)[0].scene == "A_2015-08-02"


@pytest.mark.parametrize(
    "when", ["12/08/2015", "08-12-2015", "2015-08", "2015", "1950-00-00", "2015-02-30", "", None]
)
def test_a_row_without_a_day_is_refused_or_left_out_on_demand(
    tmp_path: Path, when: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = table(tmp_path / "t.gpkg", GlacierID=[1, 2], Date=["2015-08-12", when])
    with pytest.raises(
        SceneError, match=r"t\.gpkg, row 2: has no readable date(: .*)?\. Write YYYY-MM-DD"
    ):
        read_fronts(path)
    with caplog.at_level(logging.INFO):
        assert [f.scene for f in read_fronts(path, skip_undated=True)] == ["1_2015-08-12"]
    assert "rows skipped without a readable date: 1" in caplog.text


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"GlacierID": [1]}, "has neither a column Date nor columns Year, Month and Day"),
        (
            {"Date": ["2015-08-12"]},
            "has no column for the glacier; it has Date, geometry. Name the",
        ),
        (
            {"Date": ["2015-08-12"], "GlacierID": [1], "TermPicksID": [2]},
            "more than one column for the glacier: GlacierID, TermPicksID. Choose one: glacier=",
        ),
        ({"Date": ["2015-08-12"], "GlacierID": [None]}, "row 1: has no glacier name"),
        (
            {"Date": ["2015-08-12"], "GlacierID": [1], "Year": [2015], "Month": [8], "Day": [13]},
            "row 1: has 2015-08-12 in Date, but 2015-08-13 in Year, Month, Day",
        ),
        (
            {"Date": ["2015-08-12"], "GlacierID": [1], "ImageID": ["a"], "Image_ID": ["b"]},
            "more than one column for the image: ImageID, Image_ID. Keep one",
        ),
    ],
)
def test_what_is_missing_or_open_is_refused(
    tmp_path: Path, columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(SceneError, match=message):
        read_fronts(table(tmp_path / "t.gpkg", **columns))


def test_the_column_of_the_glacier_can_be_named(tmp_path: Path) -> None:
    path = table(tmp_path / "t.gpkg", GlacierID=[1], AltName=["Kangerlussuaq"], Date=["2015-08-12"])
    assert read_fronts(path, glacier="AltName")[0].glacier == "Kangerlussuaq"
    with pytest.raises(SceneError, match="has no column Name; it has"):
        read_fronts(path, glacier="Name")


def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.fgb"
    table(path, GlacierID=[1], Date=pd.to_datetime(["2015-08-12T13:14:15"]))
    with pytest.raises(SceneError, match="has the time 2015-08-12 13:14:15 without a time zone"):
        read_fronts(path)


def test_lines_in_metres_that_claim_degrees_are_refused(tmp_path: Path) -> None:
    """GeoJSON knows degrees only, and many hold metres."""
    path = table(tmp_path / "t.geojson", crs="EPSG:4326", GlacierID=[1], Date=["2015-08-12"])
    with pytest.raises(SceneError, match="which are not degrees, although its CRS is in degrees"):
        read_fronts(path)


def test_a_file_without_a_crs_is_refused(tmp_path: Path) -> None:
    path = termpicks(tmp_path / "t.shp")
    (tmp_path / "t.prj").unlink()
    with pytest.raises(SceneError, match=r"has no CRS\. Add it to the file .*\.prj"):
        read_fronts(path)
    write_shapefile([front()], tmp_path / "f.shp")
    (tmp_path / "f.prj").unlink()
    with pytest.raises(SceneError, match=r"has lost its CRS\. Restore it .*\.prj"):
        read_fronts(tmp_path / "f.shp")


def test_points_and_polygons_are_refused_and_heights_dropped(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"GlacierID": [1], "Date": ["2015-08-12"]}
    for shape in (shapely.Point(0, 0), shapely.box(0, 0, 1, 1)):
        with pytest.raises(SceneError, match=rf"row 1: contains a {shape.geom_type}\. Keep lines"):
            read_fronts(table(tmp_path / "t.gpkg", shapes=[shape], **facts))
    high = shapely.LineString(np.column_stack([GREENLAND, [1.0, 2, 3]]))
    (found,) = read_fronts(table(tmp_path / "z.gpkg", shapes=[high], **facts))
    np.testing.assert_array_equal(found.lines[0], GREENLAND)


def test_a_row_without_a_line_is_a_scene_without_a_front(tmp_path: Path) -> None:
    shapes = [None, shapely.LineString(GREENLAND)]
    path = table(tmp_path / "t.gpkg", shapes=shapes, GlacierID=[1, 2], Date=["2015-08-12"] * 2)
    assert [f.quality for f in read_fronts(path)] == ["none", None]


def test_of_several_layers_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    for name, glacier in (("one", 1), ("two", 2)):
        shapes = [shapely.LineString(GREENLAND)]
        frame = geopandas.GeoDataFrame(
            {"GlacierID": [glacier], "Date": ["2015-08-12"]}, geometry=shapes, crs="EPSG:3413"
        )
        frame.to_file(path, layer=name, engine="pyogrio")
    with pytest.raises(SceneError, match=r"has the layers one, two\. Choose one: layer="):
        read_fronts(path)
    assert read_fronts(path, layer="two")[0].glacier == "2"


def test_what_is_no_file_of_vectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"does not exist\. Correct the path"):
        read_fronts(tmp_path / "f.gpkg")
    (tmp_path / "f.gpkg").write_bytes(b"no database")
    with pytest.raises(SceneError, match="is not a readable vector file"):
        read_fronts(tmp_path / "f.gpkg")
    pytest.importorskip("pyarrow")
    (tmp_path / "f.parquet").write_bytes(b"no table")
    with pytest.raises(SceneError, match="is unreadable"):
        read_fronts(tmp_path / "f.parquet")


def changed(path: Path, change: Any) -> None:
    """Write the layer `fronts` of a GeoPackage anew, changed."""
    frame = geopandas.read_file(path, layer="fronts")
    pyogrio.write_dataframe(change(frame), path, layer="fronts", geometry_type="MultiLineString")


def test_our_own_file_after_an_edit(tmp_path: Path) -> None:
    """A column taken out, or a line whose vertices no longer are those of the other layer."""
    path = tmp_path / "f.gpkg"
    write_fronts([front("a"), empty("b"), full("c")], path)
    changed(path, lambda frame: frame.assign(reason="seen by a person"))
    assert [f.reason for f in read_fronts(path)] == ["seen by a person"] * 3
    changed(path, lambda frame: frame.drop(columns=["threshold", "members"]))
    with pytest.raises(
        SceneError, match=r"has no column threshold, members\. Write the file again"
    ):
        read_fronts(path)
    write_fronts([full("c")], path)
    short = shapely.MultiLineString([LINE[:2]])
    changed(path, lambda frame: frame.set_geometry([short], crs=frame.crs))
    with pytest.raises(SceneError, match="c: has a line whose vertices do not match"):
        read_fronts(path)
    write_fronts([full("c")], path)
    changed(path, lambda frame: frame.assign(acquired=pd.NaT))
    with pytest.raises(
        SceneError, match=r"f\.gpkg, c: acquired '' is neither a day nor a date-time"
    ):
        read_fronts(path)
    changed(path, lambda frame: frame.assign(scene=None))
    with pytest.raises(SceneError, match=r"f\.gpkg, scene: None is not a name"):
        read_fronts(path)
