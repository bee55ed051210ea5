"""Terrain, classes and fronts of the simulated world."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from calvingfront.errors import ConfigError, SceneError
from calvingfront.simulation.world.glacier import GLACIER, OCEAN, ROCK, front_mask
from calvingfront.simulation.world.terminus import NODES, seasonal_swing
from calvingfront.simulation.world.terrain import resample
from calvingfront.simulation.world.world import World, build_world

DAYS = [date(1995, 3, 1), date(2002, 8, 20), date(2008, 2, 1), date(2014, 12, 30)]
INNER = np.abs(NODES) < 0.6


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_world(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        build_world(1, seed, 2000, 2001, 3000.0, tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "c.npz") as c:
        assert not np.array_equal(a["SIMA.dem"], c["SIMA.dem"])


def test_a_loaded_world_answers_as_the_built_one(world_file: Path) -> None:
    built = build_world(2, 1, extent_m=8000.0)
    loaded = World.load(world_file, only="SIMB")
    assert loaded.glaciers == ["SIMB"]
    day = date(2006, 5, 5)
    assert np.array_equal(built["SIMB"].classes(day, 50.0), loaded["SIMB"].classes(day, 50.0))


def test_an_unknown_glacier_and_a_day_outside_are_refused(world_file: Path, world: World) -> None:
    with pytest.raises(SceneError, match="glacier SIMZ"):
        World.load(world_file, only="SIMZ")
    with pytest.raises(SceneError, match="1995-01-01"):
        world["SIMA"].front_position(date(1994, 12, 31))


@pytest.mark.parametrize("day", DAYS)
def test_the_front_separates_glacier_from_ocean_within_one_pixel(world: World, day: date) -> None:
    for name in world.glaciers:
        classes = world[name].classes(day, 20.0)
        front = front_mask(classes)
        assert front.sum() > 40
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        square = np.ones((3, 3), np.uint8)
        beside_sea = cv2.dilate((classes == OCEAN).astype(np.uint8), cross) > 0
        assert np.all(beside_sea[front])
        assert np.all(classes[front] == GLACIER)
        contact = beside_sea & (classes == GLACIER)
        assert np.all((cv2.dilate(front.astype(np.uint8), square) > 0)[contact])


@pytest.mark.parametrize("day", DAYS)
def test_the_front_is_one_pixel_wide_and_ends_at_rock_or_the_frame(world: World, day: date) -> None:
    for name in world.glaciers:
        classes = world[name].classes(day, 20.0)
        front = front_mask(classes)
        full = cv2.boxFilter(front.astype(np.uint8), -1, (2, 2), normalize=False) == 4
        assert full.sum() <= 0.01 * front.sum()  # no 2 × 2 blocks but where two arms touch
        count, labels = cv2.connectedComponents(front.astype(np.uint8), connectivity=8)
        rock = cv2.dilate((classes == ROCK).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        rock[:2], rock[-2:], rock[:, :2], rock[:, -2:] = True, True, True, True
        # each piece ends at rock (a wall or a nunatak) or leaves the frame: no gap in open ice
        for piece in range(1, count):
            assert np.any(rock[labels == piece]), f"{name} {day}: a piece of front hangs free"
        largest = np.bincount(labels[front]).max()
        assert largest > 0.6 * front.sum()


def test_a_stair_loses_its_corners_and_stays_whole() -> None:
    classes = np.full((40, 40), OCEAN, np.uint8)
    for row in range(40):
        classes[row, : 5 + 2 * (row // 3)] = GLACIER
    front = front_mask(classes)
    assert cv2.connectedComponents(front.astype(np.uint8), connectivity=8)[0] == 2
    assert front.any(axis=1).all()
    assert cv2.boxFilter(front.astype(np.uint8), -1, (2, 2), normalize=False).max() < 4


@pytest.mark.parametrize("day", DAYS)
def test_the_front_line_in_map_coordinates_is_the_front_of_the_classes(
    world: World, day: date
) -> None:
    place = world["SIMA"]
    lines = place.front_lines(day, 20.0)
    assert lines
    front = front_mask(place.classes(day, 20.0))
    points = np.concatenate(lines)
    columns = (points[:, 0] - place.frame.upper_left_x) / 20.0 - 0.5
    rows = (place.frame.upper_left_y - points[:, 1]) / 20.0 - 0.5
    distance = cv2.distanceTransform((~front).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    at_points = distance[np.rint(rows).astype(int), np.rint(columns).astype(int)]
    assert at_points.max() < 2.0
    drawn = np.zeros(front.shape, np.uint8)
    drawn[np.rint(rows).astype(int), np.rint(columns).astype(int)] = 1
    back = cv2.distanceTransform(1 - drawn, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[front]
    assert np.quantile(back, 0.95) < 2.0
    steps = np.concatenate([np.hypot(*np.diff(line, axis=0).T) for line in lines])
    assert steps.max() <= 20.0 * np.sqrt(2) + 1e-6


def test_the_front_retreats_by_a_quarter_of_the_frame_in_twenty_years(world: World) -> None:
    for name in world.glaciers:
        early = world[name].front_position(date(1995, 3, 1))[INNER].mean()
        late = world[name].front_position(date(2014, 3, 1))[INNER].mean()
        assert 0.25 < early - late < 0.5
        sea = [(world[name].classes(day, 40.0) == OCEAN).sum() for day in (DAYS[0], DAYS[-1])]
        assert sea[1] > 1.3 * sea[0]


def test_the_front_stands_farther_out_at_the_end_of_winter(world: World) -> None:
    swings = []
    for name in world.glaciers:
        for year in range(1996, 2014):
            before, peak, after = (
                world[name].front_position(date(*when))[INNER].mean()
                for when in ((year, 4, 1), (year, 8, 31), (year + 1, 4, 1))
            )
            swings.append(peak - (before + after) / 2)
    # twice the amplitude of 0.022, times the mean freedom of the middle of the front
    assert 0.06 < float(np.mean(swings)) < 0.11
    assert np.mean(np.array(swings) > 0) > 0.8


def test_the_seasonal_swing_peaks_in_late_august_and_is_lowest_at_the_end_of_march() -> None:
    days = np.arange(date(2005, 1, 1).toordinal(), date(2006, 1, 1).toordinal())
    swing = seasonal_swing(days)
    assert date.fromordinal(int(days[swing.argmax()])).month in (8, 9)
    assert date.fromordinal(int(days[swing.argmin()])).month in (3, 4)
    assert np.abs(np.diff(swing)).max() < 0.02  # continuous, over the new year too
    assert swing.max() <= 1.0
    assert swing.min() >= -1.0


def test_the_two_glaciers_differ_in_shape(world: World) -> None:
    shapes = {world[name].terrain.dem.shape for name in world.glaciers}
    assert len(shapes) == 2
    floors = [float((world[name].terrain.wall < 0).mean()) for name in world.glaciers]
    assert abs(floors[0] - floors[1]) > 0.02


def test_the_sea_lies_at_zero_and_behind_a_cliff(world: World) -> None:
    day = date(2006, 1, 1)
    surface = world["SIMA"].surface(day)
    classes = world["SIMA"].classes(day, 40.0)
    assert np.all(surface[classes == OCEAN] == 0)
    assert surface[front_mask(classes)].min() > 20.0
    heights, (x, y, spacing) = world.dem("SIMA")
    assert heights.shape == surface.shape
    assert (x, y, spacing) == (-2_462_000.0, 1_427_000.0, 40.0)


def test_geometry_scales_with_the_extent() -> None:
    small, large = (build_world(1, 5, 2000, 2000, extent) for extent in (4000.0, 8000.0))
    day = date(2000, 6, 1)
    shares = [
        (built["SIMA"].classes(day, extent / 200) == OCEAN).mean()
        for built, extent in ((small, 4000.0), (large, 8000.0))
    ]
    assert shares[0] == pytest.approx(shares[1], rel=0.15)


def test_impossible_worlds_are_refused() -> None:
    with pytest.raises(ConfigError, match="extent_m"):
        build_world(extent_m=500.0)
    with pytest.raises(ConfigError, match="glaciers"):
        build_world(glaciers=27)
    with pytest.raises(ConfigError, match="first_year"):
        build_world(first_year=2010, last_year=2001)


def test_resampling_keeps_positions_on_the_map() -> None:
    """A plane comes back as the same plane, on commensurate grids and on others."""
    rows, columns = np.mgrid[0:50, 0:60]
    plane = ((columns + 0.5) * 40.0 + 2 * (rows + 0.5) * 40.0).astype(np.float32)
    for pixel, shape in ((20.0, (100, 120)), (50 / 3, (119, 143))):
        fine = resample(plane, 40.0, shape, pixel)
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
        expected = (x + 0.5) * pixel + 2 * (y + 0.5) * pixel
        inside = (slice(5, -5), slice(5, -5))
        # warpAffine interpolates on 1/32 of a source pixel
        assert np.abs(fine - expected)[inside].max() < 3 * 40.0 / 32
