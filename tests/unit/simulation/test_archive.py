"""The archive in radar geometry: plan, images of the world, products, DEM and fronts."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from types import ModuleType

import geopandas
import numpy as np
import pytest
import rasterio
from scipy.interpolate import RectBivariateSpline

from calvingfront.errors import ConfigError, ProductError, SceneError
from calvingfront.files import read_json
from calvingfront.simulation.archive import (
    NO_HEIGHT,
    collect_products,
    image_scene,
    simulate_product,
    write_dem,
    write_fronts,
)
from calvingfront.simulation.imaging.acquisition import MODES
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.imaging.radar_surface import cubic_spline
from calvingfront.simulation.missions import MISSIONS, find_orbit
from calvingfront.simulation.plan import plan_scenes
from calvingfront.simulation.product_writers.registry import LAYOUTS, find_writer
from calvingfront.simulation.world.glacier import GLACIER, OCEAN
from calvingfront.simulation.world.world import World

PLAN = {
    "scenes": 60, "glaciers": 2, "seed": 1, "first_year": 1995, "last_year": 2014,
    "extent_m": 8000.0,
}  # fmt: skip
WHEN = datetime(2005, 6, 1, 13, 5)


def test_the_default_plan_has_every_mission_layout_pass_and_look_side() -> None:
    plan = plan_scenes(PLAN)
    assert len(plan) >= 36
    assert set(plan["mission"]) == set(MISSIONS)
    assert plan["scene"].is_unique
    levels = set(zip(plan["mission"], plan["level"], strict=True))
    assert {("ERS", level) for level in ("SLC", "IMS", "PRI", "IMP")} <= levels
    assert {("ENVISAT", "IMS"), ("ENVISAT", "IMP"), ("PALSAR", "1.1"), ("PALSAR", "1.5")} <= levels
    assert levels <= set(MODES)
    assert levels <= set(LAYOUTS)
    views = {
        (row.mission, find_orbit(row.mission, row.orbit).ascending,
         find_orbit(row.mission, row.orbit).left_looking)
        for row in plan.itertuples()
    }  # fmt: skip
    assert ("RSAT", True, True) in views
    for mission in ("ERS", "ENVISAT", "RSAT", "TSX", "TDX"):
        assert {(mission, True, False), (mission, False, False)} <= views
    years = {text[:4] for text in plan["acquired"]}
    assert len(years) > 10
    assert set(plan["glacier"]) == {"SIMA", "SIMB"}


def test_the_plan_is_the_same_twice_and_its_times_lie_on_its_days() -> None:
    plan = plan_scenes(PLAN)
    assert plan.equals(plan_scenes(PLAN))
    for row in plan.itertuples():
        assert row.scene.split("_")[1] == row.acquired
        assert datetime.fromisoformat(row.acquired_utc).date() == date.fromisoformat(row.acquired)
        assert row.product.endswith(f"/{row.scene}/product.json")


def test_a_scene_shows_the_front_of_its_day(world: World) -> None:
    """Just behind the front it is brighter than just before it, in the exact geometry."""
    from calvingfront.simulation.imaging.acquisition import find_mode
    from calvingfront.simulation.imaging.radar_surface import surface_of_day
    from calvingfront.simulation.imaging.radar_view import map_to_earth
    from calvingfront.simulation.imaging.view_planning import plan_view

    image = image_scene(world, "SIMA", "RSAT", WHEN, "282", "SGF")
    track = find_orbit("RSAT", "282")
    rng = np.random.default_rng(0)
    surface = surface_of_day(world, "SIMA", "RSAT", WHEN.date(), "282", 1, 20.0, rng)
    view = plan_view(surface, find_mode("RSAT", "SGF"), True, False, track.incidence_deg, WHEN)
    frame = world["SIMA"].frame
    classes = world["SIMA"].classes(WHEN.date(), 20.0)
    place = world["SIMA"]
    seaward = place.fine(place.seaward(WHEN.date()), 20.0) * frame.extent_m
    power = {}
    for name, zone, height, near, far in (
        ("ice", GLACIER, 45.0, -400.0, -100.0), ("sea", OCEAN, 0.0, 250.0, 600.0)
    ):  # fmt: skip
        rows, columns = np.nonzero((classes == zone) & (seaward > near) & (seaward < far))
        x = frame.upper_left_x + (columns + 0.5) * 20.0
        y = frame.upper_left_y - (rows + 0.5) * 20.0
        lines, samples = view.line_sample(map_to_earth(World.crs, x, y, height)[0])
        inside = image.values[np.rint(lines).astype(int), np.rint(samples).astype(int)]
        power[name] = float(np.median(inside**2))
    assert abs(10 * np.log10(power["ice"] / power["sea"])) > 2.5
    assert image.values.shape == pytest.approx(view.shape, abs=2)


def test_the_same_scene_has_the_same_bits_and_the_next_day_others(world: World) -> None:
    scenes = [
        image_scene(world, "SIMB", "PALSAR", when, "127", "1.5").values
        for when in (WHEN.replace(year=2008), WHEN.replace(year=2008), WHEN.replace(2008, 6, 2))
    ]
    assert scenes[0].tobytes() == scenes[1].tobytes()
    assert scenes[0].tobytes() != scenes[2].tobytes()


def test_ers_1_flew_before_ers_2(world: World) -> None:
    first = image_scene(world, "SIMA", "ERS", datetime(1995, 5, 1, 3), "390", "PRI")
    later = image_scene(world, "SIMA", "ERS", datetime(1999, 5, 1, 3), "390", "PRI")
    assert (first.platform, later.platform) == ("ERS-1", "ERS-2")


def test_a_planned_scene_becomes_a_product_and_a_row_of_the_table(
    world_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(image: RadarImage, folder: Path) -> Path:
        path = folder / "image.raw"
        path.write_bytes(image.values.tobytes())
        return path

    module = ModuleType("calvingfront.simulation.product_writers.radarsat1")
    module.write = write  # type: ignore[attr-defined]
    package = ModuleType("calvingfront.simulation.product_writers")
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    record = tmp_path / "scenes" / "one" / "product.json"
    arguments = ("one", "SIMA", "RSAT", "2005-06-01T13:05:00.250", "063", "SGF", 2, record)
    path = simulate_product(world_file, *arguments)
    assert path.stat().st_size > 400 * 400 * 4
    assert read_json(record)["product"] == "image.raw"
    table = collect_products([record])
    row = table.iloc[0]
    assert (row["scene"], row["mission"], row["glacier"]) == ("one", "RSAT", "SIMA")
    assert Path(row["product"]) == path
    with pytest.raises(SceneError, match="no simulated orbit 999"):
        simulate_product(world_file, *arguments[:4], "999", *arguments[5:])
    with pytest.raises(SceneError, match="has no valid time"):
        simulate_product(world_file, *arguments[:3], "June", *arguments[4:])
    with pytest.raises(ConfigError, match="RSAT SLC"):
        simulate_product(world_file, *arguments[:5], "SLC", *arguments[6:])


def test_a_level_without_a_writer_is_refused() -> None:
    with pytest.raises(ProductError, match="no writer"):
        find_writer("RSAT", "SLC")


def test_the_dem_has_every_glacier_the_sea_at_0_and_ice_wherever_it_stood(
    world: World, tmp_path: Path
) -> None:
    write_dem(world, tmp_path / "dem.tif")
    with rasterio.open(tmp_path / "dem.tif") as dem:
        assert dem.crs.to_string() == "EPSG:3031"
        assert dem.tags()["VERTICAL_DATUM"] == "WGS 84 ellipsoid"
        heights, transform, empty = dem.read(1), dem.transform, dem.nodata
    assert empty == NO_HEIGHT
    for name in world.glaciers:
        place = world[name]
        frame = place.frame
        column = (frame.upper_left_x - transform.c) / transform.a
        row = (frame.upper_left_y - transform.f) / transform.e
        height, width = frame.shape(20.0)
        inside = heights[round(row) : round(row) + height, round(column) : round(column) + width]
        assert inside.shape == (height, width)
        assert inside.min() == 0.0
        day = date(1996, 9, 1)
        ice = place.classes(day, 20.0) == GLACIER
        assert inside[ice].min() > 20.0
        coarse = inside[:1:-2, ::2]  # rough agreement with the terrain itself
        assert coarse.max() == pytest.approx(place.terrain.dem.max(), rel=0.05)
        sea = inside == 0
        assert np.all(place.classes(day, 20.0)[sea] == OCEAN)
    assert np.any(heights == NO_HEIGHT)


def test_the_fronts_are_lines_with_scene_glacier_and_date(world: World, tmp_path: Path) -> None:
    plan = plan_scenes({**PLAN, "scenes": 6})
    write_fronts(world, plan, tmp_path / "fronts.gpkg")
    layer = geopandas.read_file(tmp_path / "fronts.gpkg")
    assert layer.crs.to_string() == "EPSG:3031"
    assert set(layer["scene"]) == set(plan["scene"])
    for row in layer.itertuples():
        frame = world[row.glacier].frame
        left, bottom, right, top = row.geometry.bounds
        assert frame.upper_left_x <= left < right <= frame.upper_left_x + frame.width_m
        assert frame.upper_left_y - frame.height_m <= bottom < top <= frame.upper_left_y
        assert row.geometry.length > 800.0


def test_the_heights_go_through_a_cubic_spline() -> None:
    dem = np.random.default_rng(1).normal(size=(14, 9)).cumsum(axis=0)
    truth = RectBivariateSpline(np.arange(14), np.arange(9), dem)
    down, right = np.linspace(0, 13, 40), np.linspace(0, 8, 33)
    found = cubic_spline(14, down) @ dem @ cubic_spline(9, right).T
    np.testing.assert_allclose(found, truth(down, right), atol=1e-11)
