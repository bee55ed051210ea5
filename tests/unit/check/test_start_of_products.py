"""What can be known of products, terrain and map before the first job is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import simulated_images as images
from calvingfront.check.start import start
from calvingfront.simulation.product_writers.envisat import write_envisat
from front_layers import write_fronts
from start_faults import SCHEMAS, SMALL, faults_of
from terrain_files import write_dem


@pytest.fixture
def products(tmp_path: Path) -> dict[str, Any]:
    """Four products with a front, and a map whose terrain model covers the world."""
    product = write_envisat(images.envisat_image(), tmp_path)
    write_fronts(tmp_path / "fronts.gpkg", [f"S{number}" for number in range(4)])
    lines = ["scene,glacier,product,front,polarisation,mission,acquired"]
    lines += [f"S{number},A,{product.name},fronts.gpkg,,," for number in range(4)]
    (tmp_path / "products.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    dem = write_dem(tmp_path / "dem.tif", (-180, -90, 180, 90), 5.0, "EPSG:4326")
    source = {"kind": "products", "products": {"table": str(tmp_path / "products.csv")}}
    chart = {"crs": "EPSG:3031", "dem": str(dem)}
    return {"source": source, "map": chart, "results": str(tmp_path / "results"), **SMALL}


def note_opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scenes whose products are opened from now on; none of them is found at fault."""
    opened: list[str] = []
    monkeypatch.setattr(
        "calvingfront.check.products._faults_of", lambda row, _: opened.append(row["scene"]) or []
    )
    return opened


def test_products_start_and_are_not_opened_again_until_they_change(
    products: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(products, *SCHEMAS)
    opened = note_opened(monkeypatch)
    start(products, *SCHEMAS)
    assert not opened
    (product,) = tmp_path.glob("*.N1")
    product.write_bytes(product.read_bytes())
    start(products, *SCHEMAS)
    assert sorted(opened) == ["S0", "S1", "S2", "S3"]


def test_a_polarisation_day_or_mission_that_the_product_lacks_is_told(
    products: dict[str, Any], tmp_path: Path
) -> None:
    table = tmp_path / "products.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace(",,,", ",HV,ENVISAT,2003-01-01")
    lines[2] = lines[2].replace(",,,", ",,ENVISAT,1999-01-01")
    lines[3] = lines[3].replace(",,,", ",,TSX,2006-03-05")
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    faults = faults_of(products)
    assert any("HV" in fault for fault in faults)
    assert any("products.csv (S1): says 1999-01-01, but the product was" in f for f in faults)
    assert any("(S2): says mission TSX, but the product was acquired by ENV" in f for f in faults)
    assert len(faults) == 3


@pytest.mark.parametrize(
    ("bounds", "step", "crs", "chart", "said"),
    [
        ((0, 0, 10, 10), 1, "EPSG:4326", {}, "covers left 0, bottom 0, right 10, top 10"),
        ((-180, -90, 180, 90), 5, None, {}, "has no CRS"),
        ((-180, -90, 180, 90), 5, "EPSG:4326", {"crs": "EPSG:4326"}, "map.crs: "),
        ((-180, -90, 180, 90), 5, "EPSG:4326", {"crs": "nonsense"}, "map.crs: "),
        (
            (-180, -90, 180, 90),
            5,
            "EPSG:4326",
            {"areas": {"B": [0, 0, 9e3, 9e3]}},
            "map.areas.B: names no glacier",
        ),
        (
            (0, 0, 1e5, 1e5),
            1e4,
            "EPSG:3031",
            {"areas": {"A": [-9e5, 0, -8e5, 9e4]}},
            "covers left 0",
        ),
        (
            (-180, -90, 180, 90),
            5,
            "EPSG:4326",
            {"areas": {"A": [0, 0, 9e3, 9e3]}},
            "requested area",
        ),
    ],
)
def test_a_map_that_cannot_be_is_told_before_any_job(
    products: dict[str, Any], tmp_path: Path, bounds: Any, step: float, crs: str | None,
    chart: dict[str, Any], said: str,
) -> None:  # fmt: skip
    write_dem(tmp_path / "dem.tif", bounds, step, crs)
    products["map"] |= chart
    faults = faults_of(products)
    assert any(said in fault for fault in faults), faults


def test_a_terrain_model_that_is_no_raster_is_told(
    products: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "dem.tif").write_bytes(b"no raster")
    assert any(fault.startswith("map.dem: ") for fault in faults_of(products))


def test_a_terrain_model_of_tiles_starts_and_another_tile_is_seen(
    products: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = tmp_path / "tiles"
    tiles.mkdir()
    west = write_dem(tiles / "west.tif", (-180, -90, 0, 90), 5.0, "EPSG:4326")
    write_dem(tiles / "east.tif", (0, -90, 180, 90), 5.0, "EPSG:4326")
    products["map"]["dem"] = str(tiles)
    start(products, *SCHEMAS)
    opened = note_opened(monkeypatch)
    start(products, *SCHEMAS)
    assert not opened
    write_dem(west, (-180, -90, 0, 90), 5.0, "EPSG:4326")
    start(products, *SCHEMAS)
    assert len(opened) == 4
    products["map"]["dem"] = [str(west), str(tiles / "east.tif")]
    start(products, *SCHEMAS)
    products["map"]["dem"] = f"{tiles}/south*.tif"
    assert any("matches no file" in fault for fault in faults_of(products))


def test_heights_above_a_geoid_need_the_geoid_whatever_the_default_says(
    products: dict[str, Any], tmp_path: Path
) -> None:
    name = "Copernicus_DSM_COG_10_S65_00_W061_00_DEM.tif"
    dem = write_dem(tmp_path / name, (-180, -90, 180, 90), 5.0, "EPSG:4326")
    products["map"]["dem"] = str(dem)
    (fault,) = faults_of(products)
    assert fault.startswith("map.vertical_datum: is ellipsoid, but ")
    assert "heights above the geoid EGM2008 by its name (that of Copernicus DEM)" in fault
    geoid = write_dem(tmp_path / "us_nga_egm08_25.tif", (-180, -90, 180, 90), 5.0, "EPSG:4326")
    products["map"] |= {"vertical_datum": "geoid", "geoid": str(geoid)}
    start(products, *SCHEMAS)
    write_dem(geoid, (-180, 0, 180, 90), 5.0, "EPSG:4326")
    assert any("us_nga_egm08_25.tif" in f and "Give a raster that covers" in f
               for f in faults_of(products))  # fmt: skip


def test_a_whole_scene_too_large_for_its_sample_is_refused_once_with_the_area_to_write(
    products: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = (-2_450_000.0, 1_250_000.0, -2_350_000.0, 1_350_000.0)
    monkeypatch.setattr("calvingfront.check.frames._frame", lambda row, config: frame)
    (fault,) = faults_of(products)
    assert fault.startswith("map.areas: has no area for A, and on the whole of S0, 100 km, a front")
    # Four fronts of 400 m, 50 m apart, and 2 km around.
    area = [-2402000, 1298000, -2397800, 1302400]
    assert f"{{areas: {{A: {area}}}}}" in fault
    products["map"]["areas"] = {"A": area}
    assert not any("has no area" in fault for fault in faults_of(products))  # beside the product
    del products["map"]["areas"]
    products["samples"] = {"size": 4096, "front_width_px": 1}
    products["networks"] = {"depth": 2}
    start(products, *SCHEMAS)


def test_scenes_without_a_front_are_checked_for_their_size_too(
    products: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "products.csv"
    text = table.read_text(encoding="utf-8")
    (product,) = tmp_path.glob("*.N1")
    table.write_text(f"{text}NEW,B,{product.name},,,,\n", encoding="utf-8")
    start(products, *SCHEMAS)
    monkeypatch.setattr("calvingfront.check.passed.Passed.__contains__", lambda *_: False)
    frame = (0.0, 0.0, 100_000.0, 1.0)
    monkeypatch.setattr(
        "calvingfront.check.frames._frame", lambda row, _: frame if row["glacier"] == "B" else None
    )
    (fault,) = faults_of(products)
    assert "has no area for B, and on the whole of NEW" in fault
    assert "[LEFT, BOTTOM, RIGHT, TOP]" in fault
