"""Rendered scenes: determinism, radar effects, speckle, grids and files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import rasterio

from calvingfront.errors import SceneError
from calvingfront.simulation.backscatter import BANDS, ice_level, melt
from calvingfront.simulation.missions import MISSIONS, Orbit, find_orbit
from calvingfront.simulation.render import render_scene, simulate_scene
from calvingfront.simulation.sea import draw_sea_state
from calvingfront.simulation.speckle import draw_speckle
from calvingfront.simulation.viewing import look_direction, view_terrain
from calvingfront.simulation.world import GLACIER, OCEAN, ROCK, World, front_mask

DAY = date(2008, 7, 1)


def cone(height_m: float) -> npt.NDArray[np.float32]:
    """A cone in the middle of a plane, 20 m grid, 1 km radius."""
    y, x = np.mgrid[-60:61, -60:61] * 20.0
    return np.clip(height_m * (1 - np.hypot(x, y) / 1000.0), 0, None).astype(np.float32)


def test_the_same_arguments_give_the_same_scene(world: World) -> None:
    first, second = (render_scene(world, "SIMA", "ERS", DAY, "152", 2) for _ in range(2))
    other = render_scene(world, "SIMA", "ERS", date(2008, 7, 2), "152", 2)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.front, second.front)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("mission", sorted(MISSIONS))
def test_every_mission_renders_at_its_resolution(world: World, mission: str) -> None:
    instrument = MISSIONS[mission]
    scene = render_scene(world, "SIMB", mission, date(2010, 9, 1), instrument.orbits[0].number)
    frame = world["SIMB"].frame
    assert scene.image.shape == (
        int(frame.height_m / instrument.pixel_size_m + 1e-6),
        int(frame.width_m / instrument.pixel_size_m + 1e-6),
    )
    assert abs(instrument.resolution_tag_m - instrument.pixel_size_m) <= 0.5
    assert scene.front.any()
    seen = scene.image[scene.zones > 0]
    # like CaFFe's: mostly dark, slopes that face the radar saturated
    assert 15 < np.median(seen) < 110
    assert np.mean(seen == 255) > 0.002


def test_the_front_of_a_scene_is_that_of_the_world_except_where_nothing_was_imaged(
    world: World,
) -> None:
    scene = render_scene(world, "SIMA", "RSAT", date(2005, 6, 1), "282")
    truth = front_mask(world["SIMA"].classes(date(2005, 6, 1), 12.5))
    assert np.array_equal(scene.front, truth & (scene.zones > 0))
    assert set(np.unique(scene.zones)) <= {0, ROCK, GLACIER, OCEAN}


def test_a_border_is_black_slanted_and_spares_the_front(world: World) -> None:
    arguments = (world, "SIMA", "PALSAR", date(2009, 3, 1), "127")
    whole = render_scene(*arguments, border=False)
    cut = render_scene(*arguments, border=True)
    lost = (cut.zones == 0) & (whole.zones > 0)
    assert 0.01 < lost.mean() < 0.25
    assert np.all(cut.image[lost] == 0)
    assert np.array_equal(cut.front, whole.front)
    edges = [lost[0], lost[-1], lost[:, 0], lost[:, -1]]
    assert any(edge.any() and not edge.all() for edge in edges)


def test_about_a_third_of_the_scenes_have_a_border(world: World) -> None:
    days = [date(2003, 1 + month, 1 + 9 * part) for month in range(12) for part in range(3)]
    with_border = 0
    for day in days:
        zones = render_scene(world, "SIMB", "PALSAR", day, "127").zones
        with_border += bool((zones == 0).any())
    assert 4 <= with_border <= 21


def test_slopes_towards_the_radar_are_bright_and_the_opposite_look_swaps_them() -> None:
    heights = cone(250.0)
    east = view_terrain(heights, 20.0, (1.0, 0.0), 35.0)
    west = view_terrain(heights, 20.0, (-1.0, 0.0), 35.0)
    left, right = (slice(55, 66), slice(25, 45)), (slice(55, 66), slice(76, 96))
    assert east.area[left].min() > 1.3 > 0.95 > east.area[right].max()
    assert east.local_cos[left].min() > east.local_cos[right].max()
    assert np.allclose(east.area, west.area[:, ::-1], rtol=1e-3)
    # a slope of 0.25 that faces the radar: sin θ / sin(θ − atan 0.25), θ = 35°
    expected = np.sin(np.deg2rad(35)) / np.sin(np.deg2rad(35) - np.arctan(0.25))
    assert east.area[60, 35] == pytest.approx(expected, rel=0.01)


def test_shadow_lies_behind_a_steep_mountain_and_layover_before_it() -> None:
    heights = cone(1200.0)  # slope 50°
    flat = view_terrain(np.zeros((50, 50), np.float32), 20.0, (1.0, 0.0), 35.0)
    assert not flat.shadow.any()
    assert not flat.layover.any()
    shallow = view_terrain(heights, 20.0, (1.0, 0.0), 60.0)
    assert shallow.shadow[60, 90]
    assert not shallow.shadow[60, 30]
    steep = view_terrain(heights, 20.0, (1.0, 0.0), 23.0)
    assert steep.layover[60, 30]
    assert not steep.layover[60, 100]
    assert steep.shadow.sum() < shallow.shadow.sum()
    # the shadow ends where the ray over the summit comes down: 1200 m · tan 60° behind it
    turned = view_terrain(heights, 20.0, (0.0, 1.0), 60.0)
    assert np.mean(shallow.shadow == turned.shadow.T) > 0.995


def test_ascending_and_descending_orbits_look_almost_opposite_ways() -> None:
    longitude = np.deg2rad(-60.0)
    up = look_direction(Orbit("1", True, 35.0), longitude)
    down = look_direction(Orbit("2", False, 35.0), longitude)
    left = look_direction(Orbit("3", True, 35.0, left_looking=True), longitude)
    assert np.hypot(*up) == pytest.approx(1.0)
    assert np.dot(up, down) < -0.7
    assert np.dot(up, left) == pytest.approx(-1.0)
    # at 60° W on the map, east is (0.5, 0.87): a right-looking ascending pass looks east
    assert up[0] * 0.5 - up[1] * 0.87 > 0.9


def test_opposite_passes_brighten_opposite_walls(world: World) -> None:
    views = []
    for number, ascending in (("282", True), ("063", False)):
        assert find_orbit("RSAT", number).ascending == ascending
        scene = render_scene(world, "SIMB", "RSAT", date(2009, 7, 1), number, border=False)
        small = cv2.resize(scene.image, (90, 98), interpolation=cv2.INTER_AREA)
        views.append(small.astype(np.float64))
    heights = cv2.resize(world["SIMB"].terrain.dem, (90, 98), interpolation=cv2.INTER_AREA)
    down, right = np.gradient(heights)
    longitude = world["SIMB"].frame.longitude_rad
    steep = np.hypot(down, right) > np.quantile(np.hypot(down, right), 0.7)
    for view, number in zip(views, ("282", "063"), strict=True):
        look = look_direction(find_orbit("RSAT", number), longitude)
        rise = (look[0] * right + look[1] * down)[steep]
        bright = view[steep]
        assert bright[rise > 0].mean() > 2 * bright[rise < 0].mean()


@pytest.mark.parametrize("looks", [1.0, 4.0, 6.0])
def test_speckle_has_unit_mean_and_the_looks_asked_for(looks: float) -> None:
    speckle = draw_speckle((700, 700), looks, np.random.default_rng(1))
    assert speckle.mean() == pytest.approx(1.0, abs=0.01)
    assert 1.0 / speckle.var() == pytest.approx(looks, rel=0.04)
    centred = speckle - speckle.mean()
    neighbour = (centred[:, 1:] * centred[:, :-1]).mean() / speckle.var()
    assert 0.25 < neighbour < 0.45  # measured on CaFFe images at native resolution: 0.3 to 0.4


def test_homogeneous_ice_in_a_scene_has_the_missions_looks(world: World) -> None:
    """The least of local variation lies near 1/√looks (texture only adds to it)."""
    scene = render_scene(world, "SIMA", "PALSAR", date(2007, 7, 1), "127", border=False)
    image = scene.image.astype(np.float32)
    mean = cv2.blur(image, (9, 9))
    deviation = np.sqrt(np.maximum(cv2.blur(image**2, (9, 9)) - mean**2, 0))
    inside = cv2.erode((scene.zones == GLACIER).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    inside &= (mean > 25) & (mean < 110)
    variation = np.median((deviation / mean)[inside])
    assert 0.8 / np.sqrt(5.0) < variation < 1.6 / np.sqrt(5.0)


def test_wet_snow_is_darker_than_dry_most_at_x_band() -> None:
    low = np.zeros((2, 2), np.float32)
    dry, wet = date(2009, 7, 15), date(2009, 1, 15)
    loss = {
        band: float((ice_level(band, dry, low) - ice_level(band, wet, low))[0, 0]) for band in BANDS
    }
    assert melt(date(2009, 1, 15)) == 1.0
    assert melt(date(2009, 7, 15)) == 0.0
    assert melt(date(2008, 12, 31)) == pytest.approx(melt(date(2009, 1, 1)), abs=0.03)
    assert loss["L"] < loss["C"]
    assert loss["L"] < loss["X"]
    assert min(loss.values()) > 1.0


def test_the_sea_by_the_front_differs_from_the_ice() -> None:
    rng = np.random.default_rng(0)
    for quality in (1, 5):
        gaps = [
            abs(draw_sea_state("C", date(2005, month, 1), -9.0, quality, rng).near_db + 9.0)
            for month in range(1, 13)
            for _ in range(20)
        ]
        assert min(gaps) >= 5.5 - 0.5 * quality - 1e-9


def test_the_front_can_be_seen_in_most_scenes(world: World) -> None:
    """Grey levels on the two sides of the front differ by more than speckle leaves after a mean."""
    visible = 0
    days = [date(year, month, 10) for year in range(2003, 2011) for month in (2, 8)]
    for day in days:
        scene = render_scene(world, "SIMA", "ENVISAT", day, "152")
        away = cv2.distanceTransform((~scene.front).astype(np.uint8), cv2.DIST_L2, 5)
        band = (away > 3) & (away < 15)
        ice = scene.image[band & (scene.zones == GLACIER)].mean()
        sea = scene.image[band & (scene.zones == OCEAN)].mean()
        visible += abs(np.log(ice / sea)) > 0.25
    assert visible >= 0.75 * len(days)


def test_a_scene_is_written_with_its_map_grid(
    world_file: Path, world: World, tmp_path: Path
) -> None:
    image, front, zones = (tmp_path / name for name in ("s.tif", "f.png", "z.png"))
    simulate_scene(
        world_file, "SIMA_2008-07-01_ERS_20_2_152", "SIMA", "ERS", "2008-07-01", "152", 2,
        image, front, zones,
    )  # fmt: skip
    rendered = render_scene(world, "SIMA", "ERS", DAY, "152", 2)
    with rasterio.open(image) as stored:
        assert stored.crs.to_epsg() == 3031
        assert stored.transform.a == 20.0
        assert stored.transform.e == -20.0
        assert (stored.transform.c, stored.transform.f) == (-2_462_000.0, 1_427_000.0)
        assert np.array_equal(stored.read(1), rendered.image)
    mask = cv2.imread(str(front), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(mask)) == {0, 255}
    assert np.array_equal(mask > 0, rendered.front)
    assert np.array_equal(cv2.imread(str(zones), cv2.IMREAD_UNCHANGED), rendered.zones)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.png", "s.tif", "z.png"]


def test_a_scene_that_no_plan_contains_is_refused_by_name(world_file: Path, tmp_path: Path) -> None:
    for orbit, acquired in (("999", "2008-07-01"), ("152", "2008-13-01")):
        with pytest.raises(SceneError, match="SIMA_x"):
            simulate_scene(
                world_file, "SIMA_x", "SIMA", "ERS", acquired, orbit, 2,
                tmp_path / "a.tif", tmp_path / "a.png",
            )  # fmt: skip
    assert not list(tmp_path.iterdir())
