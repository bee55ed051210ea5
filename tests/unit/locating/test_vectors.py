"""Files of fronts: what stands in them, the same bytes each time, nothing half written."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
import geopandas.testing
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import calvingfront.locating.vectors as vectors
from calvingfront.errors import DiskError, SceneError
from calvingfront.locating.attributes import ATTRIBUTES
from calvingfront.locating.layers import IMAGE_CRS
from calvingfront.locating.outputs import vertices
from calvingfront.locating.vectors import (
    LocatedFront,
    read_fronts,
    write_fronts,
    write_geoparquet,
    write_shapefile,
)
from front_examples import HOSTILE, LINE, any_front, empty, front, full, on_image, widths

WRITERS = [
    pytest.param(write_fronts, "fronts.gpkg", id="GeoPackage"),
    pytest.param(write_geoparquet, "fronts.parquet", id="GeoParquet"),
    pytest.param(write_shapefile, "fronts.shp", id="Shapefile"),
]
Writer = Callable[..., Any]


def need(name: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")


def written(folder: Path) -> dict[str, str]:
    """Every file of a folder and the hash of its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def layer(path: Path, name: str = "fronts") -> Any:
    return geopandas.read_file(path, layer=name)


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


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_the_same_fronts_in_any_order_give_the_same_bytes(
    tmp_path: Path, write: Writer, name: str
) -> None:
    need(name)
    fronts = [full("c"), front("a"), empty("b")]
    write(fronts, tmp_path / "1" / name)
    write(fronts[::-1], tmp_path / "2" / name)
    write(fronts, tmp_path / "2" / name)  # over an older one
    assert written(tmp_path / "1") == written(tmp_path / "2")


def test_gdals_clock_is_put_back_and_a_users_is_kept(tmp_path: Path) -> None:
    write_fronts([front()], tmp_path / "f.gpkg")
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
    theirs = "2026-01-02T03:04:05.000Z"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": theirs})
    try:
        write_fronts([front()], tmp_path / "f.gpkg")
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == theirs
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    with closing(sqlite3.connect(tmp_path / "f.gpkg")) as file:
        assert set(file.execute("SELECT last_change FROM gpkg_contents")) == {(theirs,)}


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_failure_leaves_the_old_files_and_no_others(
    tmp_path: Path, write: Writer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(name)
    write([front()], tmp_path / name)
    before = written(tmp_path)
    real = pyogrio.write_dataframe

    def fails(table: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("layer") is None:
            raise OSError("No space left on device")
        real(table, *args, **kwargs)

    def fails_too(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(vectors.pyogrio, "write_dataframe", fails)
    monkeypatch.setattr(vectors.pyogrio.raw, "write", fails_too)  # the vertices
    monkeypatch.setattr(geopandas.GeoDataFrame, "to_parquet", fails_too)
    with pytest.raises(DiskError, match=r"cannot be written: the disk of .* is full"):
        write([full()], tmp_path / name)
    assert written(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == set(before)


def test_a_shapefile_that_is_replaced_leaves_no_index_of_the_old_one(tmp_path: Path) -> None:
    write_shapefile([front()], tmp_path / "f.shp")
    (tmp_path / "f.qix").write_bytes(b"old")
    (tmp_path / "f.shp.xml").write_bytes(b"old")
    (tmp_path / "other.qix").write_bytes(b"kept")
    write_shapefile([full()], tmp_path / "f.shp")
    assert set(written(tmp_path)) == {
        "f.shp", "f.shx", "f.dbf", "f.prj", "f.cpg", "other.qix",
    }  # fmt: skip


def test_a_geopackage_that_another_program_edits_is_left_alone(tmp_path: Path) -> None:
    write_fronts([front()], tmp_path / "f.gpkg")
    (tmp_path / "f.gpkg-wal").write_bytes(b"")  # a reader's
    write_fronts([front()], tmp_path / "f.gpkg")
    (tmp_path / "f.gpkg-wal").write_bytes(b"pages")
    with pytest.raises(SceneError, match=r"f\.gpkg-wal exists.*Close it there"):
        write_fronts([front()], tmp_path / "f.gpkg")


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_no_front_at_all_is_refused_with_the_sentence_that_helps(
    tmp_path: Path, write: Writer, name: str
) -> None:
    with pytest.raises(SceneError, match="Give a front for each scene, with quality none where"):
        write([], tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_scene_twice_and_mixed_crss_are_refused(tmp_path: Path, write: Writer, name: str) -> None:
    with pytest.raises(SceneError, match="would have scene a twice"):
        write([front(), front()], tmp_path / name)
    mixed = [front("a"), front("b", crs="EPSG:3413"), on_image("c")]
    with pytest.raises(SceneError, match=r"a is in EPSG:3031, b in EPSG:3413\. Choose one: crs="):
        write(mixed, tmp_path / name)
    with pytest.raises(SceneError, match="crs: 'EPSG:0' is not a CRS"):
        write(mixed, tmp_path / name, crs="EPSG:0")
    if write is not write_fronts:
        with pytest.raises(SceneError, match=r"c has none.*Write them to two files"):
            write([front("a"), on_image("c")], tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:4326", "EPSG:3976"])
def test_fronts_of_several_crss_are_brought_into_one(tmp_path: Path, crs: str) -> None:
    utm = front("b", crs="EPSG:32719", lines=[np.array([[4e5, 2.7e6], [4.001e5, 2.7e6]])])
    write_fronts([front("a"), utm, on_image()], tmp_path / "f.gpkg", crs=crs)
    table = layer(tmp_path / "f.gpkg")
    assert table.crs == crs
    expected = geopandas.GeoSeries([shapely.LineString(LINE)], crs="EPSG:3031").to_crs(crs)
    np.testing.assert_allclose(
        shapely.get_coordinates(table.geometry[0]), shapely.get_coordinates(expected), rtol=1e-9
    )
    assert table["length_m"][1] == pytest.approx(100.0, rel=2e-3)
    assert layer(tmp_path / "f.gpkg", "vertices").crs == crs
    assert [f.crs for f in read_fronts(tmp_path / "f.gpkg")] == [crs, crs, None]


def test_degrees_stand_as_longitude_latitude_in_every_file(tmp_path: Path) -> None:
    """65° W, 66° S: a file with the axes of EPSG:4326 would have -66 first."""
    files = [write_fronts, write_shapefile]
    names = ["fronts.gpkg", "fronts.shp"]
    for write, name in zip(files, names, strict=True):
        write([front()], tmp_path / name, crs="EPSG:4326")
        west, south, east, north = pyogrio.read_info(tmp_path / name, layer=name.partition(".")[0])[
            "total_bounds"
        ]
        assert -66 < west < east < -65
        assert -66.5 < south < north < -66
    with closing(sqlite3.connect(tmp_path / "fronts.gpkg")) as file:
        blob = file.execute("SELECT geom FROM fronts").fetchone()[0]
        first = np.frombuffer(blob[8 + 32 + 9 + 9 :], "<f8", 2)  # header, box, both counts
        assert first.tolist() == pytest.approx([-65.376, -66.043], abs=0.01)


def test_a_line_across_180_degrees_is_cut_in_a_file_of_degrees_only(tmp_path: Path) -> None:
    ross = np.array([[100.0, -1.3e6], [50.0, -1.3e6], [-50.0, -1.3e6], [-100.0, -1.3e6]])
    errors = [widths(1.0, 2.0, 3.0, 4.0)]
    fronts = [front(lines=[ross], vertex_errors_m=errors)]
    write_fronts(fronts, tmp_path / "map.gpkg")
    write_fronts(fronts, tmp_path / "degrees.gpkg", crs="EPSG:4326")
    on_map, degrees = layer(tmp_path / "map.gpkg"), layer(tmp_path / "degrees.gpkg")
    assert len(on_map.geometry[0].geoms) == 1
    assert [piece.length < 0.01 for piece in degrees.geometry[0].geoms] == [True, True]
    assert degrees["length_m"][0] == pytest.approx(on_map["length_m"][0], abs=1e-3)
    assert degrees["numVertices"][0] == 6
    (back,) = read_fronts(tmp_path / "degrees.gpkg")
    np.testing.assert_array_equal(back.vertex_errors_m[0], widths(1, 2, np.nan))
    np.testing.assert_array_equal(back.vertex_errors_m[1], widths(np.nan, 3, 4))
    assert read_fronts(tmp_path / "map.gpkg") == fronts


def test_a_line_past_a_pole_fits_a_polar_map_and_no_degrees(tmp_path: Path) -> None:
    past = front(lines=[np.array([[-50.0, 1.0], [50.0, 1.0]])])
    write_fronts([past], tmp_path / "f.gpkg")
    assert layer(tmp_path / "f.gpkg")["length_m"][0] == pytest.approx(100 / 0.97276901, rel=1e-6)
    with pytest.raises(SceneError, match=r"^a: its line passes over or near a pole.*EPSG:3031"):
        write_fronts([past], tmp_path / "g.gpkg", crs="EPSG:4326")
    with pytest.raises(
        SceneError, match=r"^a: its line lies where EPSG:3413 stretches it by a factor of 22.2"
    ):
        write_fronts([front()], tmp_path / "g.gpkg", crs="EPSG:3413")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize(("write", "name"), WRITERS[:2])
def test_hostile_names_survive(tmp_path: Path, write: Writer, name: str, text: str) -> None:
    need(name)
    fronts = [front(text, glacier=text, orbit=text, reason=text, model=text, err_method=text)]
    write(fronts, tmp_path / name)
    assert read_fronts(tmp_path / name) == fronts


def test_a_shapefile_keeps_254_bytes_and_refuses_more_instead_of_cutting(tmp_path: Path) -> None:
    fits = [front("🧊" * 63, glacier="ß" * 127, reason="a'b\"c;\n--")]
    write_shapefile(fits, tmp_path / "f.shp")
    assert read_fronts(tmp_path / "f.shp") == fits
    for text, fault in (
        ("ß" * 127 + "a", "255 bytes"),
        (" a", "outer white"),
        ("a\n", "outer white"),
    ):
        with pytest.raises(SceneError, match=rf"cannot store reason of scene 'a': it has {fault}"):
            write_shapefile([front(reason=text)], tmp_path / "f.shp")
    assert read_fronts(tmp_path / "f.shp") == fits


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_path_without_the_suffix_of_its_format_is_refused(
    tmp_path: Path, write: Writer, name: str
) -> None:
    with pytest.raises(SceneError, match=rf"does not end in \{Path(name).suffix}\."):
        write([front()], tmp_path / "fronts")


def test_a_shapefile_without_a_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"no front has a line\. Write a GeoPackage"):
        write_shapefile([empty()], tmp_path / "f.shp")


def test_without_pyarrow_a_geoparquet_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "find_spec", lambda name: None)
    with pytest.raises(SceneError, match="pip install pyarrow, or write a GeoPackage"):
        write_geoparquet([front()], tmp_path / "f.parquet")


def test_ogrinfo_reads_the_geopackage(tmp_path: Path) -> None:
    if shutil.which("ogrinfo") is None:
        pytest.skip("ogrinfo (gdal-bin) is not installed")
    write_fronts([full(), empty()], tmp_path / "f.gpkg")
    command = ["ogrinfo", "-so", str(tmp_path / "f.gpkg"), "fronts"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Feature Count: 2" in done.stdout
    assert "acquired: DateTime" in done.stdout


QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(data=st.data())
def test_what_is_written_as_geopackage_is_read_back_bit_by_bit(
    tmp_path: Path, data: st.DataObject
) -> None:
    fronts = [data.draw(any_front(f"scene {k}")) for k in range(data.draw(st.integers(1, 4)))]
    write_fronts(fronts, tmp_path / "f.gpkg")
    assert read_fronts(tmp_path / "f.gpkg") == fronts


@QUICK
@given(data=st.data())
def test_what_is_written_as_geoparquet_is_read_back_but_for_errors_of_vertices(
    tmp_path: Path, data: st.DataObject
) -> None:
    pytest.importorskip("pyarrow")
    found = [data.draw(any_front(f"scene {k}")) for k in range(data.draw(st.integers(1, 4)))]
    fronts = [f for f in found if (f.crs is None) == (found[0].crs is None)]
    write_geoparquet(fronts, tmp_path / "f.parquet")
    back = read_fronts(tmp_path / "f.parquet")
    assert back == [LocatedFront(**{**vars(f), "vertex_errors_m": ()}) for f in fronts]


@pytest.mark.parametrize("facts", [{}, {"crs": None}, {"crs": "EPSG:3413"}, {"quality": None}])
def test_what_is_written_as_shapefile_is_read_back(tmp_path: Path, facts: dict[str, Any]) -> None:
    fronts = [full("b", vertex_errors_m=(), **facts), front("a", **facts)]
    write_shapefile(fronts, tmp_path / "f.shp")
    assert read_fronts(tmp_path / "f.shp") == fronts[::-1]


def test_vertices_written_in_batches_are_those_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fronts = [full("a"), empty("b"), front("c"), on_image("d"), empty("e"), full("f")]
    write_fronts(fronts, tmp_path / "once.gpkg")
    monkeypatch.setattr(vertices, "BATCH", 3)
    write_fronts(fronts, tmp_path / "parts.gpkg")
    for layer in ("vertices", "vertices_image"):
        once, parts = (
            pyogrio.read_dataframe(tmp_path / f"{name}.gpkg", layer=layer)
            for name in ("once", "parts")
        )
        assert len(once) == {"vertices": 15, "vertices_image": 3}[layer]
        geopandas.testing.assert_geodataframe_equal(once, parts)
        near = pyogrio.read_dataframe(  # through the spatial index
            tmp_path / "parts.gpkg", layer=layer, bbox=tuple(once.total_bounds)
        )
        assert len(near) == len(once)
    assert once.crs == parts.crs


def test_a_file_of_scenes_without_a_line_has_an_empty_layer_of_vertices(tmp_path: Path) -> None:
    write_fronts([empty("a"), empty("b")], tmp_path / "f.gpkg")
    layer = pyogrio.read_dataframe(tmp_path / "f.gpkg", layer="vertices")
    columns = ["scene", "part", "number", "err50_m", "err90_m", "err95_m", "geometry"]
    assert list(layer.columns) == columns
    assert len(layer) == 0
