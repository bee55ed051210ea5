from __future__ import annotations

import numpy as np
import pytest

from calvingfront.orbits.earth import to_earth_fixed, to_geodetic
from calvingfront.orbits.zero_doppler import zero_doppler
from calvingfront.radar.view import LAYOVER, NO_DATA, SHADOW, VALID
from calvingfront.sar import masks, sight
from calvingfront.sar.geometry import range_doppler_point, to_ground
from calvingfront.sar.grid import from_wgs84, grid_over
from calvingfront.sar.masks import view_codes
from kernel_twins import between
from radar_scenes import make_scene, orbit_of

HEIGHT_M, RADIUS_M = 300.0, 800.0


def around_the_middle(scene, orbit, half_m, spacing_m):
    """A square map grid around the ground that the image shows in its middle."""
    line, sample = (np.full(1, n / 2) for n in scene.shape)
    middle = to_ground(line, sample, np.zeros(1), orbit, scene.geometry)
    longitude, latitude, _ = to_geodetic(middle)
    x, y = (float(v[0]) for v in from_wgs84("EPSG:3031", longitude, latitude))
    return grid_over("EPSG:3031", (x - half_m, y - half_m, x + half_m, y + half_m), spacing_m)


def lens(radius: float, distance: float) -> float:
    """Common area of two circles."""
    half = distance / 2
    return 2 * radius**2 * np.arccos(half / radius) - distance * np.sqrt(radius**2 - half**2)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("ascending", [True, False])
def test_a_round_plateau_casts_the_shadow_and_layover_of_elementary_geometry(side, ascending):
    scene = make_scene("TSX", shape=(900, 900), side=side, ascending=ascending)
    orbit = orbit_of(scene)
    middle = to_ground(*(np.full(1, v) for v in (450.0, 450.0, 0.0)), orbit, scene.geometry)
    longitude, latitude, _ = to_geodetic(middle)
    x, y = (float(v[0]) for v in from_wgs84("EPSG:3031", longitude, latitude))
    grid = grid_over("EPSG:3031", (x - 1900, y - 1900, x + 1900, y + 1900), 10.0)
    row, column = np.indices((grid.height, grid.width))
    map_x, map_y = grid.centre(row, column)
    on_plateau = np.hypot(map_x - x, map_y - y) < RADIUS_M
    heights = np.where(on_plateau, HEIGHT_M, 0).astype(np.float32)

    codes = view_codes(grid, heights, orbit, scene.geometry.look_side)

    up = to_earth_fixed(longitude, latitude, np.ones(1)) - middle
    time, slant_range = zero_doppler(middle, orbit)
    sight = orbit.position(time) - middle
    incidence = np.arccos(float(np.sum(sight * up)) / slant_range[0])
    # Map areas are 1 / k² of those on the ground: k = 1.03 at 64° south.
    scale = np.hypot(*np.subtract(from_wgs84("EPSG:3031", longitude, latitude + 0.01), [[x], [y]]))
    scale = float(scale[0]) / float(
        np.linalg.norm(to_earth_fixed(longitude, latitude + 0.01, np.zeros(1)) - middle)
    )
    pixel = (10.0 / scale) ** 2
    radius = RADIUS_M / scale
    shadow = (codes == SHADOW) & ~on_plateau
    in_front = (codes == LAYOVER) & ~on_plateau
    on_top = (codes == LAYOVER) & on_plateau
    reach = HEIGHT_M / np.tan(incidence)
    expected_shadow = 2 * radius * HEIGHT_M * np.tan(incidence)
    assert shadow.sum() * pixel == pytest.approx(expected_shadow, rel=0.08)
    # Ground in front of the plateau and the slice of its top that shares the range; the shadowed
    # ground behind sends nothing back.
    assert in_front.sum() * pixel == pytest.approx(2 * radius * reach, rel=0.08)
    assert on_top.sum() * pixel == pytest.approx(np.pi * radius**2 - lens(radius, reach), rel=0.08)
    # The shadow lies away from the radar, the layover towards it.
    there = to_earth_fixed(*grid.to_geographic(map_x.ravel(), map_y.ravel()), np.zeros(row.size))
    ranges = zero_doppler(there, orbit)[1].reshape(row.shape)
    assert ranges[shadow].mean() > slant_range[0]
    assert ranges[in_front].mean() < slant_range[0]
    assert (codes[:40] == VALID).all()


def test_flat_ground_is_valid_throughout():
    scene = make_scene("ERS")
    orbit = orbit_of(scene)
    grid = around_the_middle(scene, orbit, 1000, 20.0)
    codes = view_codes(grid, np.full((grid.height, grid.width), 40, np.float32), orbit, "right")
    assert (codes == VALID).all()


def plain_judgement(angles, ranges):
    """The codes of a row as they are defined: every lit place is compared with every other."""
    known = np.flatnonzero(np.isfinite(angles))
    lit = [k for n, k in enumerate(known) if (angles[k] >= angles[known[:n]]).all()]
    codes = np.zeros(len(angles), np.uint8)
    codes[known] = SHADOW
    for n, k in enumerate(lit):
        nearer, farther = ranges[lit[:n]], ranges[lit[n + 1 :]]
        codes[k] = LAYOVER if (nearer > ranges[k]).any() or (farther < ranges[k]).any() else VALID
    return codes


@pytest.mark.parametrize("roughness", [0.0, 0.3, 1.5, 6.0])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_a_row_is_judged_as_its_definition_says(roughness, gaps):
    random = np.random.default_rng(int(10 * roughness))
    seen = set()
    for _ in range(20):
        angles = 1e-4 * (np.arange(300) + roughness * random.normal(size=300).cumsum())
        ranges = 8e5 + 8.0 * (np.arange(300) + roughness * random.normal(size=300).cumsum())
        missing = random.random(300) < gaps
        angles[missing] = ranges[missing] = np.nan
        codes = np.full(300, 9, np.uint8)
        steepest = farthest = -np.inf
        for piece in (slice(0, 64), slice(64, 128), slice(128, 300)):
            steepest, farthest, _ = sight.judge(
                angles[piece], ranges[piece], steepest, farthest, codes[piece]
            )
        sight.look_back(ranges, codes)
        np.testing.assert_array_equal(codes, plain_judgement(angles, ranges))
        seen |= set(codes.tolist())
    assert (NO_DATA in seen) == (gaps > 0)
    assert ({LAYOVER, SHADOW} <= seen) == (roughness > 0)


def test_the_sight_of_a_row_is_that_of_plain_numpy():
    random = np.random.default_rng(3)
    step, middle, half = 15, 300.0, 250.0
    heights = (300 + 200 * random.random((40, 50))).astype(np.float32)
    row, column = np.meshgrid(np.arange(5) * step, np.arange(7) * step, indexing="ij")
    nodes = np.stack(
        [
            0.45 * row + 0.55 * column - 9,  # leaves the map at three sides
            0.7 * column - 0.4 * row + 1,
            *(8e5 + 7 * column + random.normal(size=row.shape), row - 190.0, 0.01 * column),
            *(0.4 + 1e-5 * column, 3e-4 + 1e-6 * row, 1e-7 * random.normal(size=row.shape)),
        ],
        axis=-1,
    )
    found = 0
    for r in (0, 14, 15, 37, 59):
        angles, ranges = np.empty(90), np.empty(90)
        start, slope, scratch = np.empty(8), np.empty(8), np.empty((3, step))
        for j in range(6):
            sight.blend_nodes(nodes, step, r, j, start, slope)
            for skip, end in ((0, 5), (5, 15)):
                part = slice(15 * j + skip, 15 * j + end)
                sight.see(
                    start, slope, skip, middle, half, heights, scratch, angles[part], ranges[part]
                )
        place = between(nodes, step, np.full(90, r), np.arange(90))
        y, x = place[:, 0], place[:, 1]
        inside = (y >= -2) & (y <= 41) & (x >= -2) & (x <= 51)
        y, x = np.clip(y, 0, 39), np.clip(x, 0, 49)
        i, j = np.minimum(y.astype(int), 38), np.minimum(x.astype(int), 48)
        y, x = y - i, x - j
        height = (1 - y) * ((1 - x) * heights[i, j] + x * heights[i, j + 1]) + y * (
            (1 - x) * heights[i + 1, j] + x * heights[i + 1, j + 1]
        )
        u = (height - middle) / half
        expected = place[:, 2] + u * place[:, 3] + u * u * place[:, 4]
        np.testing.assert_allclose(ranges[inside], expected[inside], rtol=0, atol=1e-4)
        expected = place[:, 5] + u * place[:, 6] + u * u * place[:, 7]
        np.testing.assert_allclose(angles[inside], expected[inside], rtol=0, atol=1e-10)
        assert np.isnan(angles[~inside]).all()
        assert np.isnan(ranges[~inside]).all()
        found += inside.sum()
    assert 100 < found < 400


@pytest.mark.parametrize(("mission", "spacing"), [("ERS", 20.0), ("TSX", 7.0)])
def test_the_swath_meets_the_map_within_two_hundredths_of_a_pixel(mission, spacing):
    scene = make_scene(mission, shape=(4000, 4000))
    orbit = orbit_of(scene)
    grid = around_the_middle(scene, orbit, 200 * spacing, spacing)
    step = masks.STEP_PX
    swath, lattice = masks._lay_out(grid, orbit, "right", step)
    nodes = masks._solve_nodes(swath, grid, orbit, "right", 500.0, 500.0, step)
    random = np.random.default_rng(0)
    row, column = (random.integers(n, size=300) for n in (swath.rows, swath.columns))
    time = swath.first_s + swath.interval_s * row
    ground = swath.slant_range(swath.first_m + swath.spacing_m * column)
    point = range_doppler_point(orbit, time, ground, np.zeros(300), "right")
    longitude, latitude, _ = to_geodetic(point)
    place = grid.pixel(*from_wgs84("EPSG:3031", longitude, latitude))
    values = between(nodes, step, row, column)
    assert np.abs(values[:, :2] - np.stack(place, axis=-1)).max() < 0.02
    high = to_earth_fixed(longitude, latitude, np.full(300, 1000.0))
    distance = np.linalg.norm(high - orbit.evaluate(time, 0)[0], axis=1)
    # What counts is how it grows from place to place: a few decimetres over 64 places are little.
    assert np.abs(values[:, 2:5].sum(axis=1) - distance).max() < 0.5
    back = between(lattice, step, *(np.clip(np.round(v).astype(int), 0, 398) for v in place))
    inside = np.all([(v > 1) & (v < 397) for v in place], axis=0)
    assert inside.sum() > 50
    assert np.abs(back - np.stack([row, column], axis=-1))[inside].max() < 1.02


def test_the_table_of_steepness_holds_the_largest_steps_of_its_blocks():
    random = np.random.default_rng(5)
    heights = random.normal(size=(150, 200)).astype(np.float32)
    heights[140, 190] = np.nan
    steep = np.empty((3, 4, 2), np.float32)
    sight.steepness_rows(heights, 0, steep[:1])
    sight.steepness_rows(heights, 1, steep[1:])
    down, across = np.abs(np.diff(heights, axis=0)), np.abs(np.diff(heights, axis=1))
    for b in range(3):
        for k in range(4):
            block = np.s_[64 * b : 64 * b + 64, 64 * k : 64 * k + 64]
            with np.errstate(invalid="ignore"):
                expected = [np.nan_to_num(v[block], nan=np.inf).max() for v in (down, across)]
            np.testing.assert_array_equal(steep[b, k], expected)


@pytest.mark.parametrize("relief", [0.0, 60.0, 250.0, 900.0])
def test_gentle_pieces_get_the_codes_that_looking_at_every_place_gives(relief, monkeypatch):
    """Half of the map is as rough as `relief` says, the other rises and falls gently."""
    scene = make_scene("ERS", shape=(900, 900))
    orbit = orbit_of(scene)
    grid = around_the_middle(scene, orbit, 5000, 20.0)
    row, column = np.indices((grid.height, grid.width))
    heights = 500 + 100 * np.sin(row / 40) * np.cos(column / 50)
    peaks = np.sin(row / 3.0) * np.sin(column / 4.0) * np.clip((column - 200) / 100, 0, 1)
    heights = (heights + relief * peaks).astype(np.float32)
    heights[300:303, 40:50] = np.nan
    codes = view_codes(grid, heights, orbit, "right")
    assert (codes[301, 42:48] == NO_DATA).all()

    def nothing_is_gentle(heights, first, steep):
        steep[:] = np.inf

    monkeypatch.setattr(masks, "steepness_rows", nothing_is_gentle)
    np.testing.assert_array_equal(view_codes(grid, heights, orbit, "right"), codes)
    assert ((codes == SHADOW).any(), (codes == LAYOVER).any()) == (relief > 200, relief > 50)
    assert (codes == VALID).mean() > 0.4


def test_gentle_terrain_is_told_from_steep_terrain():
    """ERS looks at 23°: range falls on slopes of 23° that face it, whatever their direction."""
    scene = make_scene("ERS", shape=(900, 900))
    orbit = orbit_of(scene)
    grid = around_the_middle(scene, orbit, 4000, 20.0)
    swath, _ = masks._lay_out(grid, orbit, "right", 64)
    nodes = masks._solve_nodes(swath, grid, orbit, "right", 500.0, 500.0, 64)
    start, slope = np.empty(8), np.empty(8)
    heights = np.zeros((grid.height, grid.width), np.float32)
    sight.blend_nodes(nodes, 64, swath.rows // 2, swath.columns // 128, start, slope)
    gentle = {}
    for degrees in (0, 5, 12, 40):
        rise = 20 * np.tan(np.deg2rad(degrees))
        steep = np.full((7, 7, 2), rise / np.sqrt(2), np.float32)
        gentle[degrees] = bool(sight.is_gentle(start, slope, 64, heights, steep, 500.0))
    assert gentle == {0: True, 5: True, 12: True, 40: False}
