from __future__ import annotations

import numpy as np
import pytest

from calvingfront.errors import GeocodingError
from calvingfront.orbits.earth import to_earth_fixed, to_geodetic
from calvingfront.sar.coverage import footprint, scene_grid
from calvingfront.sar.geocode import geocode
from calvingfront.sar.geometry import to_ground, to_line_sample
from calvingfront.sar.grid import MapGrid, from_wgs84, grid_over
from calvingfront.sar.kernels import geocode_rows, locate_row, over_rows, sample_row
from calvingfront.sar.lattice import Lattice, solve_lattice
from calvingfront.sar.multilook import Multilooked
from kernel_twins import locate, sample
from radar_scenes import Scene, make_image, make_scene, orbit_of

CRS = "EPSG:3031"
HEIGHTS = (-50.0, 3000.0)


def small_grid(scene: Scene, pixels: int = 200) -> MapGrid:
    """A grid around the scene's middle."""
    orbit = orbit_of(scene)
    middle = np.array([scene.shape[0] / 2]), np.array([scene.shape[1] / 2]), np.array([500.0])
    longitude, latitude, _ = to_geodetic(to_ground(*middle, orbit, scene.geometry))
    x, y = from_wgs84(CRS, longitude, latitude)
    half = pixels / 2 * scene.spacing_m
    return grid_over(CRS, (x[0] - half, y[0] - half, x[0] + half, y[0] + half), scene.spacing_m)


def lattice_of(scene: Scene, grid: MapGrid) -> Lattice:
    orbit = orbit_of(scene)
    return solve_lattice(grid, HEIGHTS, orbit, scene.geometry, scene.shape)


@pytest.mark.parametrize("mission", ["ERS", "TSX", "PALSAR"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("ground", [True, False])
def test_the_lattice_is_exact_to_a_fiftieth_of_a_pixel(mission, side, ascending, ground):
    scene = make_scene(mission, side=side, ascending=ascending, ground=ground)
    grid = small_grid(scene)
    random = np.random.default_rng(5)
    row, column = random.integers(0, grid.height, 800), random.integers(0, grid.width, 800)
    height = random.uniform(*HEIGHTS, 800)
    found = locate(lattice_of(scene, grid), row, column, height)
    longitude, latitude = grid.to_geographic(*grid.centre(row, column))
    points = to_earth_fixed(longitude, latitude, height)
    orbit = orbit_of(scene)
    line, column_in_image, _ = to_line_sample(points, orbit, scene.geometry, scene.shape)
    assert np.abs(found[0] - line).max() < 0.02
    assert np.abs(found[1] - column_in_image).max() < 0.02


@pytest.mark.parametrize("mission", ["ERS", "TSX"])
def test_the_kernel_locates_as_numpy_does_to_a_micrometre(mission):
    scene = make_scene(mission)
    grid = small_grid(scene, 150)
    lattice = lattice_of(scene, grid)
    heights = np.random.default_rng(1).uniform(*HEIGHTS, (grid.height, grid.width))
    heights = heights.astype(np.float32)
    lines, samples = np.empty(heights.shape), np.empty(heights.shape)
    for r in range(grid.height):
        locate_row(
            lattice.coefficients,
            lattice.step,
            lattice.height_m,
            lattice.half_span_m,
            r,
            0,
            heights[r],
            lines[r],
            samples[r],
        )
    row, column = np.indices(heights.shape)
    line, sample_there = locate(lattice, row.ravel(), column.ravel(), heights.ravel())
    spacing = 25.0  # m, more than any line or sample measures
    assert np.abs(lines.ravel() - line).max() * spacing < 1e-6
    assert np.abs(samples.ravel() - sample_there).max() * spacing < 1e-6


def test_the_kernel_samples_as_numpy_does_beside_gaps_and_edges():
    random = np.random.default_rng(2)
    image = random.uniform(1, 2, (30, 40)).astype(np.float32)
    image[random.random(image.shape) < 0.3] = np.nan
    line, column = random.uniform(-2, 32, 4000), random.uniform(-2, 42, 4000)
    line[0] = np.nan
    values = np.empty(4000, np.float32)
    sample_row(image, line, column, values)
    expected = sample(image, line, column)
    assert 0.2 < np.isnan(expected).mean() < 0.6
    np.testing.assert_allclose(values, expected, rtol=2e-6)


def test_bilinear_sampling_is_exact_on_a_plane_and_holds_the_outer_half_pixel():
    rows, columns = np.indices((6, 7))
    image = (10 * rows + columns).astype(np.float32)
    line, column = np.array([2.25, -0.5, 5.4, 5.5]), np.array([3.5, 0.0, 6.49, 3.0])
    values = np.empty(4, np.float32)
    sample_row(image, line, column, values)
    np.testing.assert_allclose(values, [26.0, 0.0, 56.0, np.nan], atol=1e-5)


def speckle(scene: Scene) -> Multilooked:
    intensity = np.random.default_rng(3).exponential(1.0, scene.shape)
    intensity[50:60] = np.nan
    return make_image(scene, intensity)


@pytest.mark.parametrize(("tile_rows", "threads"), [(7, 1), (64, 3), (1000, 2)])
def test_tile_size_and_threads_change_no_bit(tile_rows, threads):
    scene = make_scene("ERS", shape=(150, 200))
    grid = small_grid(scene)
    heights = 500 + 400 * np.random.default_rng(4).random((grid.height, grid.width))
    heights = heights.astype(np.float32)
    image = speckle(scene)
    whole = geocode(image, grid, heights)
    tiled = geocode(image, grid, heights, threads, tile_rows)
    assert np.isfinite(whole.backscatter).sum() > 1000
    np.testing.assert_array_equal(
        tiled.backscatter.view(np.uint32), whole.backscatter.view(np.uint32)
    )
    np.testing.assert_array_equal(tiled.view, whole.view)


def test_a_tile_that_begins_in_the_middle_of_a_row_changes_no_bit():
    scene = make_scene("TSX", shape=(150, 200))
    grid = small_grid(scene)
    lattice = lattice_of(scene, grid)
    heights = np.full((grid.height, grid.width), 300, np.float32)
    image = speckle(scene).intensity
    whole, tile = np.empty_like(heights), np.empty((50, 61), np.float32)
    place = lattice.coefficients, lattice.step, lattice.height_m, lattice.half_span_m
    geocode_rows(image, heights, *place, 0, 0, whole, 0, 0)
    geocode_rows(image, heights[33:83, 77:138], *place, 33, 77, tile, 0, 0)
    np.testing.assert_array_equal(tile, whole[33:83, 77:138])
    assert np.isfinite(tile).any()


def hills(grid: MapGrid) -> np.ndarray:
    """Smooth terrain of 400 to 600 m, nowhere steeper than 6°."""
    row, column = np.indices((grid.height, grid.width)) * grid.spacing_m
    return (500 + 100 * np.sin(row / 1100) * np.cos(column / 1300)).astype(np.float32)


@pytest.mark.parametrize("mission", ["ERS", "TSX", "PALSAR"])
@pytest.mark.parametrize(
    ("side", "ascending", "ground"),
    [("right", True, False), ("right", False, True), ("left", True, True), ("left", False, False)],
)
def test_corner_reflectors_come_back_within_a_tenth_of_a_map_pixel(
    mission, side, ascending, ground
):
    scene = make_scene(mission, side=side, ascending=ascending, ground=ground)
    grid = small_grid(scene)
    heights = hills(grid)
    orbit = orbit_of(scene)
    row, column = (a.ravel() for a in np.meshgrid([40, 75, 110, 150], [45, 90, 120, 155]))
    longitude, latitude = grid.to_geographic(*grid.centre(row, column))
    points = to_earth_fixed(longitude, latitude, heights[row, column].astype(np.float64))
    # The exact solution on the circle itself, not on the orbit that geocoding fits.
    line, place, _ = to_line_sample(points, orbit, scene.geometry, scene.shape)
    inside = (line > 8) & (line < scene.shape[0] - 8) & (place > 8) & (place < scene.shape[1] - 8)
    assert inside.sum() >= 4
    lines, samples = np.indices(scene.shape)
    intensity = np.zeros(scene.shape)
    for i, j in zip(line[inside], place[inside], strict=True):
        around = slice(int(i) - 7, int(i) + 9), slice(int(j) - 7, int(j) + 9)
        squared = (lines[around] - i) ** 2 + (samples[around] - j) ** 2
        intensity[around] += np.exp(-squared / (2 * 1.3**2))
    image = geocode(make_image(scene, intensity), grid, heights)
    misses = []
    for r, c in zip(row[inside], column[inside], strict=True):
        window = image.backscatter[r - 7 : r + 8, c - 7 : c + 8].astype(np.float64)
        down, right = np.indices(window.shape) - 7
        misses.append(np.hypot((window * down).sum(), (window * right).sum()) / window.sum())
    assert np.median(misses) < 0.1
    assert max(misses) < 0.2


def test_missing_lines_end_as_no_data_and_do_not_grow():
    scene = make_scene("ERS", shape=(150, 200))
    grid = small_grid(scene)
    heights = np.full((grid.height, grid.width), 100, np.float32)
    whole = geocode(make_image(scene, np.ones(scene.shape)), grid, heights)
    gap = np.ones(scene.shape)
    gap[70:80] = np.nan
    image = geocode(make_image(scene, gap), grid, heights)
    lost = (whole.view == 1) & (image.view == 0)
    np.testing.assert_array_equal(np.isnan(image.backscatter), image.view == 0)
    # Ten of 150 lines.
    assert lost.sum() == pytest.approx((whole.view == 1).sum() / 15, rel=0.05)


def test_the_footprint_holds_the_corners_and_an_area_is_snapped():
    scene = make_scene("ERS")
    image = make_image(scene, np.ones(scene.shape))
    left, bottom, right, top = footprint(image, CRS)
    orbit = orbit_of(scene)
    corners = to_ground(
        np.array([0.0, 0, 399, 399]),
        np.array([0.0, 499, 0, 499]),
        np.zeros(4),
        orbit,
        scene.geometry,
    )
    longitude, latitude, _ = to_geodetic(corners)
    x, y = from_wgs84(CRS, longitude, latitude)
    assert left <= x.min() <= left + 60
    assert top - 60 <= y.max() <= top
    grid = scene_grid(image, CRS, 20.0)
    assert (grid.left % 20, grid.top % 20) == (0, 0)
    assert grid.left <= left < grid.left + 20
    assert grid.bounds[2] - 20 < right <= grid.bounds[2]
    area = (left + 101, bottom + 101, left + 999, bottom + 999)
    part = scene_grid(image, CRS, 20.0, area)
    assert part.left <= area[0] < part.left + 20
    assert 44 <= part.height <= 46


def test_a_scene_outside_the_area_says_where_both_lie():
    scene = make_scene("ERS")
    image = make_image(scene, np.ones(scene.shape))
    left, _, right, top = footprint(image, CRS)
    with pytest.raises(GeocodingError, match=rf"made-up\.E1: covers left {left:.0f}.*left 0,"):
        scene_grid(image, CRS, 20.0, (0, 0, 1000, 1000), image.name)
    far = grid_over(CRS, (right + 9000, top + 9000, right + 12_000, top + 12_000), 20.0)
    with pytest.raises(GeocodingError, match="does not cover the map area"):
        geocode(image, far, np.zeros((far.height, far.width), np.float32))


def test_a_pixels_centre_lies_half_a_pixel_inside_the_grids_corner():
    grid = MapGrid(CRS, -1000.0, 5000.0, 20.0, 30, 40)
    x, y = grid.centre(np.array([0, 29]), np.array([0, 39]))
    np.testing.assert_array_equal(x, [-990, -210])
    np.testing.assert_array_equal(y, [4990, 4410])
    np.testing.assert_array_equal(grid.pixel(x, y), [[0, 29], [0, 39]])
    assert grid.bounds == (-1000, 4400, -200, 5000)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "nowhere"])
def test_only_a_projected_crs_in_metres_is_a_map(crs):
    with pytest.raises(GeocodingError, match="projected CRS in metres"):
        grid_over(crs, (0, 0, 100, 100), 10.0)


def test_heights_of_another_shape_or_without_numbers_are_refused():
    scene = make_scene("ERS")
    grid = small_grid(scene, 40)
    image = make_image(scene, np.ones(scene.shape))
    with pytest.raises(GeocodingError, match="the map grid has"):
        geocode(image, grid, np.zeros((3, 3), np.float32))
    with pytest.raises(GeocodingError, match="are all NaN"):
        geocode(image, grid, np.full((grid.height, grid.width), np.nan, np.float32))


def test_an_error_in_a_block_of_rows_is_passed_on():
    def work(first: int, last: int) -> None:
        if first <= 12 < last:
            raise ValueError("row 12")

    with pytest.raises(ValueError, match="row 12"):
        over_rows(work, 20, 5, threads=2)
