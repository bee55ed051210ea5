"""Lines of others in vector files: each layout gives known scores, bad files are named."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calvingfront.dataset.reading import read_index
from calvingfront.locating.layers import FRONTS, IMAGE_FRONTS
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.vectors import write_fronts, write_geoparquet, write_shapefile
from calvingfront.samples import foreign_lines
from others_files import (
    CORNER,
    NATIVE,
    ROWS,
    SCENES,
    Score,
    check,
    check_nothing,
    faults_of,
    lines_of,
    moved,
    on_map,
    pack,
    run_import,
    write_masks,
)


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "parquet"])
def test_lines_in_a_file_for_each_scene(
    score: Score, tmp_path: Path, suffix: str, shift: int
) -> None:
    (tmp_path / "in").mkdir()
    for scene in SCENES:
        table = lines_of((scene,), 2 * shift).drop(columns="scene")
        path = tmp_path / "in" / f"{scene}.{suffix}"
        if suffix == "parquet":
            table.to_parquet(path)
        else:
            table.to_file(path)
    check(score(tmp_path / "in"), shift)


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:4326", "EPSG:32720"])
@pytest.mark.parametrize("as_file", [False, True])
def test_lines_in_one_file_are_taken_to_the_scenes_crs(
    score: Score, tmp_path: Path, crs: str, as_file: bool
) -> None:
    path = tmp_path / "in" / "all.gpkg"
    path.parent.mkdir()
    lines_of(SCENES, 4, crs).to_file(path)
    check(score(path if as_file else path.parent), 2)


def ours(scene: str, down: int, crs: str | None = "EPSG:3031", found: bool = True) -> LocatedFront:
    line = np.array(on_map(scene, ROWS[scene] + down).coords)
    if crs is None:  # m right of and below the corner
        line = np.abs(line - np.array(CORNER))
    return LocatedFront(
        scene=scene, glacier="SI", mission="TSX", acquired="2010-01-01", orbit=None,
        pixel_size_m=20.0, crs=crs, lines=[line] if found else [], model=None, threshold=None,
        members=None, quality=None if found else "none",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("write", "suffix"),
    [(write_fronts, "gpkg"), (write_geoparquet, "parquet"), (write_shapefile, "shp")],
)
def test_the_files_of_fronts_that_we_write_can_be_scored(
    score: Score, tmp_path: Path, write: Any, suffix: str
) -> None:
    path = tmp_path / "in" / f"fronts.{suffix}"
    path.parent.mkdir()
    write([ours(scene, 2) for scene in SCENES], path)
    check(score(path.parent), 1)


def test_our_fronts_of_images_without_a_map_position_can_be_scored(
    score: Score, tmp_path: Path
) -> None:
    data = pack(tmp_path / "packed", crs=None, upper_left_x=None, upper_left_y=None)
    write_fronts([ours(scene, 2, crs=None) for scene in SCENES], tmp_path / "fronts.gpkg")
    check(score(tmp_path / "fronts.gpkg", data), 1)
    assert (foreign_lines.FRONTS, foreign_lines.IMAGE_FRONTS) == (FRONTS, IMAGE_FRONTS)


@pytest.mark.parametrize("crs", ["EPSG:3031", None])
def test_a_line_is_burnt_onto_the_row_of_the_scene_that_it_was_drawn_on(
    dataset: Path, tmp_path: Path, crs: str | None
) -> None:
    write_fronts([ours("one", 7, crs)], tmp_path / "fronts.gpkg")
    facts = read_index(dataset).set_index("scene").loc["one"].to_dict()
    mask = foreign_lines.ForeignLines(tmp_path / "fronts.gpkg", {"one"}).mask("one", facts)
    assert mask.shape == (NATIVE, NATIVE)
    assert np.flatnonzero(mask.any(axis=1)).tolist() == [ROWS["one"] + 7]
    assert mask[ROWS["one"] + 7].sum() >= NATIVE - 1


def test_a_scene_without_a_line_predicts_no_front(score: Score, tmp_path: Path) -> None:
    write_fronts([ours("one", 0), ours("two", 0, found=False)], tmp_path / "fronts.gpkg")
    check_nothing(score(tmp_path / "fronts.gpkg"), "two")
    (tmp_path / "lines").mkdir()
    lines_of(("one",), 0).to_file(tmp_path / "lines" / "one.gpkg")
    lines_of(("two",), 0).iloc[:0].to_file(tmp_path / "lines" / "two.gpkg")
    check_nothing(score(tmp_path / "lines"), "two")


def no_crs(folder: Path) -> None:
    lines_of(("one",), 0).to_file(folder / "one.shp")
    (folder / "one.prj").unlink()


def undefined_crs(folder: Path) -> None:
    """A local CRS, from which no other can be reached."""
    local = 'ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown"],CS[Cartesian,2],AXIS["X",east],'
    local += 'AXIS["Y",north],LENGTHUNIT["metre",1]]'
    lines_of(("one",), 0).set_crs(local, allow_override=True).to_file(folder / "one.gpkg")


def other_crs(folder: Path) -> None:
    lines_of(("one",), 0).set_crs("EPSG:3413", allow_override=True).to_file(folder / "one.gpkg")


def degrees_that_are_metres(folder: Path) -> None:
    lines_of(("one",), 0).set_crs("EPSG:4326", allow_override=True).to_file(folder / "one.gpkg")


def areas(folder: Path) -> None:
    table = lines_of(("one",), 0)
    table.set_geometry(table.buffer(50)).to_file(folder / "one.gpkg")


def two_layers(folder: Path) -> None:
    lines_of(("one",), 0).to_file(folder / "one.gpkg", layer="a")
    lines_of(("one",), 0).to_file(folder / "one.gpkg", layer="b")


def broken(folder: Path) -> None:
    (folder / "one.gpkg").write_bytes(b"nothing")


def no_rows(folder: Path) -> None:
    lines_of(("one",), 0).iloc[:0].to_file(folder / "all.gpkg")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (no_crs, "one.shp: has no coordinate reference system. Write its CRS into the file (a Sh"),
        (undefined_crs, "one.gpkg: has no coordinate reference system"),
        (other_crs, "one.gpkg: has no line of one that crosses its image (x -2462000 to -2460720"),
        (
            degrees_that_are_metres,
            "is in degrees by its CRS (EPSG:4326), but its coordinates are not",
        ),
        (areas, "one.gpkg: contains Polygon for one. Draw the front as a line"),
        (two_layers, "one.gpkg: has the layers a, b. Keep the lines in one layer"),
        (broken, "one.gpkg: cannot be read"),
        (no_rows, "all.gpkg: has no features"),
    ],
)
def test_a_file_of_lines_that_cannot_be_placed_is_named_with_its_fault(
    dataset: Path, tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lines_of(("two",), 0).to_file(folder / "two.gpkg")
    make(folder)
    assert said in faults_of(folder, tmp_path, dataset, missing="empty")


def test_a_table_that_does_not_name_scenes_is_refused(dataset: Path, tmp_path: Path) -> None:
    lines_of(SCENES, 0).drop(columns="scene").to_file(tmp_path / "all.gpkg")
    text = faults_of(tmp_path / "all.gpkg", tmp_path, dataset)
    assert "all.gpkg has no attribute scene, and is not named after a scene" in text


def test_a_scene_without_a_map_position_asks_for_a_mask(tmp_path: Path) -> None:
    data = pack(tmp_path / "packed", crs=None, upper_left_x=None, upper_left_y=None)
    lines_of(SCENES, 0).to_file(tmp_path / "all.gpkg")
    text = faults_of(tmp_path / "all.gpkg", tmp_path, data)
    assert (
        "one: has no known position on the map, so the lines of all.gpkg cannot be placed" in text
    )
    assert "Give its front as a mask, one_front.png" in text


def test_lines_need_geopandas_and_masks_do_not(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines_of(SCENES, 0).to_file(tmp_path / "all.gpkg")
    for name in ("geopandas", "rasterio", "pyogrio", "shapely"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "calvingfront.samples.foreign_lines")
    text = faults_of(tmp_path / "all.gpkg", tmp_path, dataset)
    assert "others.theirs: lines cannot be read here: geopandas is not installed" in text
    run_import(write_masks(tmp_path / "in", moved(0)), tmp_path, dataset)
