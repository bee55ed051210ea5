"""Files of fronts: the same bytes each time, nothing half written, nothing cut in silence."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
import geopandas.testing
import pyogrio
import pytest

import calvingfront.locating.vectors as vectors
from calvingfront.errors import DiskError, SceneError
from calvingfront.locating.vectors import (
    read_fronts,
    write_fronts,
    write_geoparquet,
    write_shapefile,
)
from front_examples import empty, front, full, on_image
from front_files import WRITERS, Writer, need, written


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
