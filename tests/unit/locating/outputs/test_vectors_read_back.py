"""Files of fronts: what is written is read back, also in another CRS."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
import geopandas.testing
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calvingfront.errors import SceneError
from calvingfront.locating.outputs import vertices
from calvingfront.locating.vectors import (
    LocatedFront,
    read_fronts,
    write_fronts,
    write_geoparquet,
    write_shapefile,
)
from front_examples import HOSTILE, LINE, any_front, empty, front, full, on_image, widths
from front_files import WRITERS, Writer, layer, need

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


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
    for each in ("vertices", "vertices_image"):
        once, parts = (
            pyogrio.read_dataframe(tmp_path / f"{name}.gpkg", layer=each)
            for name in ("once", "parts")
        )
        assert len(once) == {"vertices": 15, "vertices_image": 3}[each]
        geopandas.testing.assert_geodataframe_equal(once, parts)
        near = pyogrio.read_dataframe(  # through the spatial index
            tmp_path / "parts.gpkg", layer=each, bbox=tuple(once.total_bounds)
        )
        assert len(near) == len(once)
    assert once.crs == parts.crs


def test_a_file_of_scenes_without_a_line_has_an_empty_layer_of_vertices(tmp_path: Path) -> None:
    write_fronts([empty("a"), empty("b")], tmp_path / "f.gpkg")
    layer = pyogrio.read_dataframe(tmp_path / "f.gpkg", layer="vertices")
    columns = ["scene", "part", "number", "err50_m", "err90_m", "err95_m", "geometry"]
    assert list(layer.columns) == columns
    assert len(layer) == 0
