"""Files of fronts: what stands in them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import geopandas
import geopandas.testing
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from calvingfront.locating.attributes import ATTRIBUTES
from calvingfront.locating.layers import IMAGE_CRS
from calvingfront.locating.vectors import (
    write_fronts,
    write_geoparquet,
    write_shapefile,
)
from front_examples import LINE, empty, front, full, on_image, widths
from front_files import layer, written


def test_a_geopackage_has_a_feature_for_each_scene_and_its_vertices(tmp_path: Path) -> None:
    write_fronts([front("b"), full("a"), empty("c")], tmp_path / "f.gpkg")
    table = layer(tmp_path / "f.gpkg")
    assert table["scene"].tolist() == ["a", "b", "c"]
    assert table.geometry.isna().tolist() == [False, False, True]
    assert set(table.geom_type.dropna()) == {"MultiLineString"}
    assert [len(shape.geoms) for shape in table.geometry[:2]] == [2, 1]
    assert table.crs == "EPSG:3031"
    vertices = layer(tmp_path / "f.gpkg", "vertices")
    assert vertices["scene"].tolist() == ["a"] * 6 + ["b"] * 3
    assert vertices["part"].tolist() == [1, 1, 1, 2, 2, 2, 1, 1, 1]
    assert vertices["number"].tolist() == [1, 2, 3] * 3
    np.testing.assert_array_equal(
        vertices[["err50_m", "err90_m", "err95_m"]],
        widths(1, 2.5, np.nan, np.nan, 4, 5, np.nan, np.nan, np.nan),
    )
    np.testing.assert_array_equal(
        shapely.get_coordinates(vertices.geometry), np.concatenate([LINE, LINE + 500, LINE])
    )


def test_the_columns_are_those_that_the_documents_name_with_their_types(tmp_path: Path) -> None:
    write_fronts([full()], tmp_path / "f.gpkg")
    info = pyogrio.read_info(tmp_path / "f.gpkg", layer="fronts")
    types = {"text": "OFTString", "time": "OFTDateTime", "real": "OFTReal"}
    types |= {"integer": "OFTInteger", "boolean": "OFTInteger"}
    assert list(info["fields"]) == [attribute.name for attribute in ATTRIBUTES]
    assert list(info["ogr_types"]) == [types[attribute.kind] for attribute in ATTRIBUTES]
    assert info["geometry_type"] == "MultiLineString"
    assert info["crs"] == "EPSG:3031"
    assert info["features"] == 1
    assert "NULL geometry where no front" in info["layer_metadata"]["DESCRIPTION"]
    assert pyogrio.read_info(tmp_path / "f.gpkg", layer="vertices")["geometry_type"] == "Point"


def test_the_types_stay_where_every_value_is_null(tmp_path: Path) -> None:
    bare = empty(glacier="", mission="", orbit=None, pixel_size_m=None, model=None,
                 threshold=None, members=None, reason="", author="")  # fmt: skip
    write_fronts([full()], tmp_path / "full.gpkg")
    write_fronts([bare], tmp_path / "bare.gpkg")
    infos = [pyogrio.read_info(tmp_path / f"{n}.gpkg", layer="fronts") for n in ("full", "bare")]
    assert infos[0]["ogr_types"] == infos[1]["ogr_types"]
    table = layer(tmp_path / "bare.gpkg")
    nulls = {attribute.name for attribute in ATTRIBUTES if table[attribute.name].isna().all()}
    assert nulls == {a.name for a in ATTRIBUTES if a.null} - {"quality", "partial"}


def test_every_attribute_is_filled_in_the_file_of_a_front_that_knows_all(tmp_path: Path) -> None:
    write_fronts([full()], tmp_path / "f.gpkg")
    row = layer(tmp_path / "f.gpkg").iloc[0]
    assert not [name for name, value in row.items() if name != "geometry" and pd.isna(value)]
    assert row["acquired"] == pd.Timestamp("2012-02-29T06:07:08.123Z")
    assert row["length_m"] == pytest.approx(2 * 206.32, rel=0.01)
    assert row["partial"]


def test_date_times_are_utc_to_the_millisecond_as_the_standard_writes_them(tmp_path: Path) -> None:
    write_fronts([front("a"), full("b")], tmp_path / "f.gpkg")
    with closing(sqlite3.connect(tmp_path / "f.gpkg")) as file:
        rows = file.execute("SELECT acquired, acq_prec, Date FROM fronts ORDER BY scene").fetchall()
    assert rows == [
        ("2011-03-04T00:00:00.000Z", "day", "2011-03-04"),
        ("2012-02-29T06:07:08.123Z", "time", "2012-02-29"),
    ]


def test_qgis_finds_the_style_of_each_layer_of_fronts_inside(tmp_path: Path) -> None:
    """The query is that of QgsOgrProviderMetadata::loadStyle."""
    write_fronts([front(), on_image()], tmp_path / "f.gpkg")
    query = """SELECT styleQML, useAsDefault, update_time FROM layer_styles WHERE f_table_schema=''
        AND f_table_name=? AND f_geometry_column=(
            SELECT column_name FROM gpkg_geometry_columns WHERE table_name=?)
        ORDER BY CASE WHEN useAsDefault THEN 1 ELSE 2 END, update_time DESC LIMIT 1"""
    with closing(sqlite3.connect(tmp_path / "f.gpkg")) as file:
        for name in ("fronts", "fronts_image"):
            style, default, time = file.execute(query, (name, name)).fetchone()
            assert style.startswith("<!DOCTYPE qgis")
            assert default == 1
            assert time.startswith("1970-01-01")
        assert file.execute(query, ("vertices", "vertices")).fetchone() is None
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_fronts_of_images_stand_in_layers_of_their_own_with_y_upwards(tmp_path: Path) -> None:
    write_fronts([front(), on_image()], tmp_path / "f.gpkg")
    names = pyogrio.list_layers(tmp_path / "f.gpkg")[:, 0].tolist()
    assert names == [
        "fronts", "vertices", "bands", "fronts_image", "vertices_image", "bands_image",
        "layer_styles",
    ]  # fmt: skip
    table = layer(tmp_path / "f.gpkg", "fronts_image")
    assert table.crs == IMAGE_CRS
    assert table.crs.is_engineering
    assert shapely.get_coordinates(table.geometry).tolist() == [[0, 0], [3.5, -7], [70, -0.1]]
    info = pyogrio.read_info(tmp_path / "f.gpkg", layer="fronts_image")
    assert "without a map position" in info["layer_metadata"]["DESCRIPTION"]
    assert layer(tmp_path / "f.gpkg")["scene"].tolist() == ["a"]


def test_a_geoparquet_says_its_version_and_crs(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_geoparquet([full("a"), empty("b")], tmp_path / "f.parquet")
    table = geopandas.read_parquet(tmp_path / "f.parquet")
    assert table.columns.tolist() == [*(a.name for a in ATTRIBUTES), "geometry"]
    assert table.crs == "EPSG:3031"
    assert table.geometry.isna().tolist() == [False, True]
    schema = parquet.read_schema(tmp_path / "f.parquet")
    assert b'"version": "1.1.0"' in schema.metadata[b"geo"]
    assert str(schema.field("acquired").type) == "timestamp[ms, tz=UTC]"
    assert str(schema.field("partial").type) == "bool"


def test_a_shapefile_is_what_maqit_and_termpicks_read(tmp_path: Path) -> None:
    left_out = write_shapefile([front("a"), full("b"), empty("c")], tmp_path / "f.shp")
    assert left_out == ["c"]
    assert set(written(tmp_path)) == {"f.shp", "f.shx", "f.dbf", "f.prj", "f.cpg"}
    info = pyogrio.read_info(tmp_path / "f.shp")
    assert info["encoding"] == "UTF-8"
    assert info["crs"] == "EPSG:3031"
    assert list(info["fields"]) == [
        *(attribute.short or attribute.name for attribute in ATTRIBUTES), "Year", "Month", "Day",
    ]  # fmt: skip
    kinds = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert (kinds["Date"], kinds["acquired"], kinds["partial"]) == (
        "OFTString", "OFTString", "OFTInteger",
    )  # fmt: skip
    table = geopandas.read_file(tmp_path / "f.shp")
    assert table["Date"].tolist() == ["2011-03-04", "2012-02-29"]
    assert table["acquired"].tolist() == ["2011-03-04", "2012-02-29T06:07:08.123Z"]
    assert table[["Year", "Month", "Day"]].to_numpy().tolist() == [[2011, 3, 4], [2012, 2, 29]]
    assert not table.geometry.isna().any()


def test_ogrinfo_reads_the_geopackage(tmp_path: Path) -> None:
    if shutil.which("ogrinfo") is None:
        pytest.skip("ogrinfo (gdal-bin) is not installed")
    write_fronts([full(), empty()], tmp_path / "f.gpkg")
    command = ["ogrinfo", "-so", str(tmp_path / "f.gpkg"), "fronts"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Feature Count: 2" in done.stdout
    assert "acquired: DateTime" in done.stdout
