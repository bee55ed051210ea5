"""Products as a source: the table, the chain to a sample on its place of the map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulated_images as images
from builders import line_mask, write_image
from calvingfront.errors import Faults
from calvingfront.samples.square import read_sample, square_file
from calvingfront.scenes.importing import import_scene
from calvingfront.scenes.pixels import read_grey
from calvingfront.scenes.products import list_products
from calvingfront.scenes.sources import (
    SOURCES,
    list_scenes,
    map_settings,
    prepared_scenes,
    source_of,
)
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.world.world import World, build_world

rasterio = pytest.importorskip("rasterio")
geopandas = pytest.importorskip("geopandas")
shapely = pytest.importorskip("shapely")

SPACING = {"ENVISAT": 20.0, "TSX": 7.0}
LEFT, TOP = -2_400_000.0, 1_300_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    product = write_envisat(images.envisat_image(), tmp_path)
    product.rename(tmp_path / "a.N1")
    line = shapely.LineString([(LEFT + 100, TOP - 100), (LEFT + 500, TOP - 100)])
    geopandas.GeoDataFrame({"scene": ["A"]}, geometry=[line], crs="EPSG:3031").to_file(
        tmp_path / "fronts.gpkg"
    )
    return tmp_path


def table(folder: Path, *lines: str, header: str = "scene,glacier,product,front") -> Path:
    path = folder / "products.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_product_without_a_front_is_to_be_located(folder: Path) -> None:
    lines = ["A,G,a.N1,fronts.gpkg", "B,G,a.N1,"]
    scenes = list_products(table(folder, *lines), SPACING).set_index("scene")
    assert scenes.loc["A", "front"] == str(folder / "fronts.gpkg")
    assert scenes.loc["B", "front"] is None
    assert scenes.loc["B", "pixel_size_x_m"] == 20.0
    bare = table(folder, "B,G,a.N1", header="scene,glacier,product")
    assert list_products(bare, SPACING)["front"].tolist() == [None]


def test_mission_and_day_are_read_from_the_product(folder: Path) -> None:
    (row,) = list_products(table(folder, "A,G,a.N1,fronts.gpkg"), SPACING).to_dict("records")
    assert row["mission"] == "ENVISAT"
    assert row["acquired"] == images.envisat_image().acquired.date().isoformat()
    assert row["pixel_size_x_m"] == row["pixel_size_y_m"] == 20.0
    assert row["image"] == str(folder / "a.N1")
    assert row["orbit_file"] is None


def test_the_configuration_names_table_spacing_and_exclusions(folder: Path) -> None:
    lines = ("A,G,a.N1,fronts.gpkg", "B,G,a.N1,fronts.gpkg")
    listed = table(folder, *lines)
    config = {
        "source": {
            "kind": "products", "products": {"table": str(listed)}, "exclude": {"B": "cloudy"}
        },
        "map": {"spacing_m": SPACING},
        "results": str(folder / "results"),
    }  # fmt: skip
    (row,) = list_scenes(config).to_dict("records")
    assert (row["scene"], row["mission"], row["pixel_size_x_m"]) == ("A", "ENVISAT", 20.0)


def test_every_fault_is_told_at_once(folder: Path) -> None:
    (folder / "broken.N1").write_bytes(b"PRODUCT=")
    write_image(folder / "mask.png", line_mask(8, 8, 4))
    path = table(
        folder,
        "A,G,a.N1,fronts.gpkg,,,",
        "A,G,a.N1,mask.png,,,",
        "B,G,none.N1,fronts.gpkg,,,",
        "C,G,broken.N1,fronts.gpkg,,,",
        "D,,a.N1,fronts.gpkg,MARS,2000-01-01,",
        "E,G,a.N1,fronts.gpkg,TSX,soon,none.zip",
        header="scene,glacier,product,front,mission,acquired,orbit_file",
    )
    with pytest.raises(Faults) as caught:
        list_products(path, SPACING)
    text = str(caught.value)
    for part in (
        "line 3 (A): front mask.png is an image",
        "line 3 (A): appears twice in the table",
        "line 4 (B): product 'none.N1' does not exist",
        "broken.N1",
        "line 6 (D): has no glacier",
        "line 6 (D): has the unknown mission 'MARS'",
        "line 7 (E): has an invalid date: 'soon' is no day",
        "line 7 (E): orbit_file 'none.zip' does not exist",
    ):
        assert part in text


def test_a_geocoded_scene_keeps_its_place_through_import_and_square(folder: Path) -> None:
    values = np.random.default_rng(1).exponential(0.1, (40, 60)).astype(np.float32)
    values[:, :5] = np.nan
    transform = rasterio.Affine(20.0, 0, LEFT, 0, -20.0, TOP)
    with rasterio.open(
        folder / "map.tif", "w", driver="GTiff", height=40, width=60, count=1, dtype="float32",
        crs="EPSG:3031", transform=transform, nodata=np.nan,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    image, front = folder / "image.tif", folder / "front.png"
    import_scene("A", "G", "2004-07-03", folder / "map.tif", folder / "fronts.gpkg", image, front)
    pixels = read_grey(image)
    assert (pixels[:, :5] == 0).all()
    assert (pixels[:, 5:] > 0).all()
    assert read_grey(front)[5, 5:25].all()  # the line lies 100 m below the top, 5 pixels
    square_file(image, front, "A", 20.0, 20.0, 64, 3, folder / "sample.npz", place=image)
    meta: dict[str, Any] = read_sample(folder / "sample.npz")[3]
    assert (meta["upper_left_x"], meta["upper_left_y"]) == (LEFT, TOP)
    assert meta["crs"] == "EPSG:3031"


def test_the_simulated_archive_brings_its_own_map() -> None:
    source = {"kind": "simulated", "simulated": {"glaciers": 2, "extent_m": 8000.0}}
    config = {
        "source": source,
        "results": "r",
        "map": {"crs": None, "spacing_m": SPACING, "areas": {}, "terrain_flattening": True},
    }
    assert source_of(config).products
    settings = map_settings(config)
    assert settings["crs"] == World.crs == "EPSG:3031"
    assert settings["spacing_m"] == SPACING
    assert settings["terrain_flattening"]
    assert (settings["dem"], settings["vertical_datum"]) == ("r/archive/dem.tif", "ellipsoid")
    world = build_world(glaciers=2, seed=1, first_year=2000, last_year=2000, extent_m=8000.0)
    assert list(settings["areas"]) == list(world.glaciers)
    for glacier, (left, bottom, right, top) in settings["areas"].items():
        frame = world[glacier].frame
        assert max(right - left, top - bottom) == 8000.0
        assert (left, top) == (frame.upper_left_x, frame.upper_left_y)
        assert (right - left, top - bottom) == (frame.width_m, frame.height_m)


def test_a_source_without_a_map_of_its_own_takes_the_configured_one() -> None:
    chart = {"crs": "EPSG:32718", "dem": "dem.tif", "spacing_m": SPACING}
    for name in sorted(set(SOURCES) - {"simulated"}):
        assert map_settings({"source": {"kind": name}, "map": chart}) == chart


def test_only_radar_products_are_geocoded_and_only_caffe_needs_no_import() -> None:
    assert {name for name, source in SOURCES.items() if source.products} == {
        "simulated", "products",
    }  # fmt: skip
    assert {name for name, source in SOURCES.items() if not source.imported} == {"caffe"}


def test_prepared_products_are_geotiffs(folder: Path) -> None:
    config = {"source": {"kind": "products"}, "results": "r"}
    scenes = list_products(table(folder, "A,G,a.N1,fronts.gpkg"), SPACING)
    (row,) = prepared_scenes(scenes, config).to_dict("records")
    assert row["image"] == str(Path("r/imported/A/image.tif"))
    assert json.dumps(row["front"]).endswith('front.png"')
