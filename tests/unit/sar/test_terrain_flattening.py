from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from calvingfront.orbits.earth import to_earth_fixed, to_geodetic
from calvingfront.orbits.zero_doppler import zero_doppler
from calvingfront.radar.model import MapGeometry
from calvingfront.radar.view import SHADOW, VALID
from calvingfront.sar.coverage import Window, scene_grid
from calvingfront.sar.flattening.terrain import (
    MARGIN_PX,
    flatten,
    illuminated_area,
    reference_area,
    solve_sights,
)
from calvingfront.sar.geocode import geocode, geocode_scene
from calvingfront.sar.geometry import to_ground
from calvingfront.sar.grid import MapGrid, from_wgs84, grid_over
from calvingfront.sar.lattice import solve_lattice
from calvingfront.sar.masks import view_codes
from calvingfront.sar.multilook import Multilooked
from kernel_twins import between, locate, projected_areas
from radar_scenes import Scene, make_image, make_scene, orbit_of

CRS = "EPSG:3031"
SHAPE = (60, 110)
SIDES = [("right", True), ("right", False), ("left", True), ("left", False)]


def up_at(points: np.ndarray) -> np.ndarray:
    """Normal (n, 3) of the ellipsoid, from its equation."""
    normal = points / np.array([6378137.0**2, 6378137.0**2, 6356752.314**2])
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def incidence(scene: Scene, points: np.ndarray) -> np.ndarray:
    """Angle (rad) between the sight and the ellipsoid's normal."""
    time, slant_range = zero_doppler(points, orbit_of(scene))
    sight = (orbit_of(scene).position(time) - points) / slant_range[:, None]
    return np.arccos(np.einsum("ij,ij->i", sight, up_at(points)))


def on_map(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    longitude, latitude, _ = to_geodetic(points)
    return from_wgs84(CRS, longitude, latitude)


def shown(scene: Scene, line: object, sample: object, height: object) -> np.ndarray:
    line, sample, height = np.broadcast_arrays(line, sample, height)
    flat = (np.asarray(v, dtype=np.float64).ravel() for v in (line, sample, height))
    return to_ground(*flat, orbit_of(scene), scene.geometry)


def grid_of(scene: Scene, spacing_m: float | None = None) -> MapGrid:
    image = make_image(scene, np.ones(scene.shape))
    return scene_grid(image, CRS, spacing_m or scene.spacing_m)


class Plane:
    """Ground that rises away from the radar at a constant angle to the ellipsoid: 0 m mid-image."""

    def __init__(self, scene: Scene, angle_deg: float) -> None:
        middle = scene.shape[0] / 2, scene.shape[1] / 2
        near, centre, far = shown(scene, middle[0], middle[1] + np.array([-40.0, 0, 40]), 0.0)
        sea = np.stack([near, centre, far])
        x, y = on_map(sea)
        away = np.argsort(np.linalg.norm(sea - orbit_of(scene).position(3600.0), axis=1))
        start, stop = away[0], away[2]
        length = np.linalg.norm(sea[stop] - sea[start])  # on the ground, not on the map
        along = np.array([x[stop] - x[start], y[stop] - y[start]])
        self.slope = np.tan(np.deg2rad(angle_deg)) * along * length / (along @ along)
        self.origin = x[1], y[1]

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.slope[0] * (x - self.origin[0]) + self.slope[1] * (y - self.origin[1])


def heights_of(plane: Plane, grid: MapGrid) -> np.ndarray:
    rows, columns = np.indices((grid.height, grid.width))
    return plane(*grid.centre(rows, columns)).astype(np.float32)


def points_on(scene: Scene, plane: Plane) -> np.ndarray:
    """Where each image pixel's sight meets the plane (n, 3)."""
    line, sample = np.indices(scene.shape)
    height = np.zeros(line.size)
    for _ in range(25):
        points = shown(scene, line.ravel(), sample.ravel(), height)
        height = plane(*on_map(points))
    return points


@pytest.mark.parametrize(("side", "ascending"), SIDES)
@pytest.mark.parametrize("ground", [True, False])
@pytest.mark.parametrize("mission", ["ERS", "PALSAR"])
def test_level_ground_gives_sigma0_over_the_cosine(mission, side, ascending, ground):
    scene = make_scene(mission, shape=SHAPE, side=side, ascending=ascending, ground=ground)
    grid = grid_of(scene)
    theta = incidence(scene, shown(scene, *np.indices(SHAPE), 0.0)).reshape(SHAPE)
    heights = np.zeros((grid.height, grid.width), np.float32)
    view = np.full(heights.shape, VALID, np.uint8)
    gamma = flatten(make_image(scene, np.full(SHAPE, 0.2)), grid, heights, view, orbit_of(scene))
    np.testing.assert_allclose(gamma, 0.2 / np.cos(theta), rtol=0.01)
    beta = replace(make_image(scene, 0.2 / np.sin(theta)), kind="beta0")
    np.testing.assert_allclose(
        flatten(beta, grid, heights, view, orbit_of(scene)), gamma, rtol=1e-4
    )


@pytest.mark.parametrize(("side", "ascending"), SIDES)
def test_the_reference_area_is_range_by_azimuth_spacing(side, ascending):
    scene = make_scene("ERS", shape=(90, 200), side=side, ascending=ascending)
    image = make_image(scene, np.ones(scene.shape))
    reference = reference_area(image, orbit_of(scene))
    lines, samples = np.meshgrid(reference.lines, reference.samples, indexing="ij")
    ends = (shown(scene, lines + d, samples, 0.0) for d in (0.5, -0.5))
    azimuth_m = np.linalg.norm(np.subtract(*ends), axis=1).reshape(lines.shape)
    # 7.9 m of slant range; the line's spacing is that on the ground.
    np.testing.assert_allclose(reference.beta_m2, 7.9 * azimuth_m, rtol=1e-3)
    each = reference.on_lines(reference.beta_m2, Window(0, 300, 0, 200), 30, 60)
    inner = shown(scene, [45.5, 44.5], 120.0, 0.0)
    assert each[15, 120] == pytest.approx(7.9 * np.linalg.norm(inner[0] - inner[1]), rel=1e-3)


@pytest.mark.parametrize(("side", "ascending"), SIDES)
@pytest.mark.parametrize(("mission", "spacing_m"), [("ERS", 20.0), ("ERS", 60.0), ("PALSAR", 17.0)])
def test_slopes_towards_and_away_from_the_radar_come_out_equal(mission, spacing_m, side, ascending):
    scene = make_scene(mission, shape=SHAPE, side=side, ascending=ascending)
    grid = grid_of(scene, spacing_m)
    found, betas = {}, {}
    for angle in (10.0, -10.0):
        plane = Plane(scene, angle)
        points = points_on(scene, plane)
        # A surface seen at θ − α: γ0 refers to the area · cos, β0 to area · sin, so β0 = γ0 / tan.
        local = incidence(scene, points) - np.deg2rad(angle)
        beta = (0.3 / np.tan(local)).reshape(SHAPE)
        image = replace(make_image(scene, beta), kind="beta0")
        # The footprint is that of height 0: take in the ground that the plane moves into it.
        x, y = on_map(points)
        bounds = x.min() - 200, y.min() - 200, x.max() + 200, y.max() + 200
        grid = grid_over(CRS, bounds, spacing_m)
        mapped = geocode(image, grid, heights_of(plane, grid), terrain_flattening=True)
        assert mapped.kind == "gamma0"
        there = np.isfinite(mapped.backscatter)
        area_m2 = 0.9 * np.prod(SHAPE) * mapped_pixels(scene, points) / spacing_m**2
        assert there.sum() > area_m2
        found[angle], betas[angle] = mapped.backscatter[there], beta[30, 55]
        np.testing.assert_allclose(found[angle], 0.3, rtol=0.02)
    assert np.median(found[10.0]) == pytest.approx(np.median(found[-10.0]), rel=0.005)
    # By hand from the range and the Earth's radius of 6360.75 km at 64.4° south: θ = 21.15° and
    # 37.49°. cot 11.15° / cot 31.15° = 5.073 / 1.654, cot 27.49° / cot 47.49° = 1.922 / 0.917.
    expected = {"ERS": 3.067, "PALSAR": 2.096}[mission]
    assert betas[10.0] / betas[-10.0] == pytest.approx(expected, rel=0.01)


def mapped_pixels(scene: Scene, points: np.ndarray) -> float:
    """Mean map area of an image pixel, m²."""
    x, y = (v.reshape(SHAPE) for v in on_map(points))
    (xl, xs), (yl, ys) = np.gradient(x), np.gradient(y)
    return float(np.abs(xl * ys - xs * yl).mean())


def rough(scene: Scene, scale: float = 1.0) -> tuple[MapGrid, np.ndarray, np.ndarray]:
    """Grid, heights and view of ground with layover and shadow."""
    grid = grid_of(scene)
    row, column = np.indices((grid.height, grid.width)) * grid.spacing_m / scale
    heights = 300 + 450 * scale * np.sin(row / 170) * np.cos(column / 190)
    heights = heights.astype(np.float32)
    return grid, heights, view_codes(grid, heights, orbit_of(scene), scene.geometry.look_side)


@pytest.mark.parametrize(("tile_px", "threads"), [(13, 1), (40, 3), (1000, 2)])
def test_tile_size_and_threads_change_no_bit(tile_px, threads):
    scene = make_scene("ERS", shape=SHAPE)
    image = make_image(scene, np.random.default_rng(1).exponential(1.0, SHAPE))
    place = image, *rough(scene), orbit_of(scene)
    whole, tiled = flatten(*place), flatten(*place, threads, tile_px)
    assert np.isfinite(whole).sum() > 5000
    np.testing.assert_array_equal(tiled.view(np.uint32), whole.view(np.uint32))
    np.testing.assert_array_equal(
        illuminated_area(*place), illuminated_area(*place, threads, tile_px)
    )


@pytest.mark.parametrize(("side", "ascending"), SIDES[1:3])
@pytest.mark.parametrize("shadow", [True, False])
@pytest.mark.parametrize(
    ("exact", "relative", "area_m2"), [(False, 1e-6, 1e-8), (True, 1e-4, 1e-3)]
)
def test_the_kernel_sums_as_numpy_does(side, ascending, exact, relative, area_m2, shadow):
    scene = make_scene("TSX", shape=(40, 50), side=side, ascending=ascending)
    orbit = orbit_of(scene)
    image = make_image(scene, np.ones(scene.shape))
    grid, heights, view = rough(scene, 0.3)
    assert 0.05 < (view == SHADOW).mean() < 0.6
    if not shadow:  # then what faces away is left out by its normal alone
        view[:] = VALID
    found = illuminated_area(image, grid, heights, view, orbit)

    heights = np.pad(heights, MARGIN_PX, mode="edge")
    lit = np.pad(view != SHADOW, MARGIN_PX, mode="edge").astype(float)
    margin = MARGIN_PX * grid.spacing_m
    wide = MapGrid(CRS, grid.left - margin, grid.top + margin, grid.spacing_m, *heights.shape)
    span = float(heights.min()), float(heights.max())
    lattice = solve_lattice(wide, span, orbit, scene.geometry, scene.shape)
    rows, columns = (a.ravel() for a in np.indices(heights.shape))
    line, sample = locate(lattice, rows, columns, heights.ravel())
    if exact:  # from the map and the zero-Doppler solution, not from nodes
        longitude, latitude = wide.to_geographic(*wide.centre(rows, columns))
        points = to_earth_fixed(longitude, latitude, heights.ravel().astype(np.float64))
        middle = to_earth_fixed(longitude, latitude, np.full(len(rows), sum(span) / 2))
        satellites = orbit.evaluate(zero_doppler(middle, orbit)[0], 0)[0]
    else:
        nodes = solve_sights(wide, lattice, orbit, side)
        sights = between(nodes, lattice.step, rows, columns)
        points = sights[:, :3] + heights.ravel()[:, None].astype(np.float64) * sights[:, 3:6]
        satellites = sights[:, 6:]
    number = np.arange(len(rows)).reshape(heights.shape)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[:-1, 1:], number[1:, 1:]
    corners = np.concatenate(
        [np.stack([v.ravel() for v in triple], 1) for triple in ((a, b, c), (d, c, b))]
    )
    expected = projected_areas(
        points[corners],
        satellites[corners[:, 0]],
        lit.ravel()[corners].mean(axis=1),
        np.stack([line, sample], 1)[corners],
        scene.shape,
    )
    assert (expected == 0).any() or expected.min() < 0.1 * np.median(expected)
    np.testing.assert_allclose(found, expected, rtol=relative, atol=area_m2)


def test_shadow_holds_nothing_and_layover_is_divided_by_all_its_ground():
    scene = make_scene("TSX", shape=(120, 160))
    grid, heights, _ = rough(scene)
    image = make_image(scene, np.ones(scene.shape))
    plain = geocode(image, grid, heights)
    flat = geocode(image, grid, heights, terrain_flattening=True)
    shadow = plain.view == SHADOW
    assert shadow.sum() > 500
    assert np.isnan(flat.backscatter[shadow]).all()
    assert (flat.view[shadow] == SHADOW).all()
    lost = (plain.view != flat.view).sum()
    assert lost < 0.02 * plain.view.size
    np.testing.assert_array_equal(
        np.isnan(flat.backscatter), (flat.view == 0) | (flat.view == SHADOW)
    )
    # σ0 of 1 everywhere is too bright for valid ground only where ground lies over ground.
    layover = np.median(flat.backscatter[flat.view == 2])
    assert layover < 0.6 * np.median(flat.backscatter[flat.view == VALID])


def test_an_image_pixel_that_sees_no_ground_of_the_map_is_no_data():
    scene = make_scene("ERS", shape=SHAPE)
    left, bottom, right, top = grid_of(scene).bounds
    part = grid_over(CRS, (left, bottom, (left + right) / 2, top), 20.0)
    heights = np.zeros((part.height, part.width), np.float32)
    view = np.full(heights.shape, VALID, np.uint8)
    gamma = flatten(make_image(scene, np.ones(SHAPE)), part, heights, view, orbit_of(scene))
    x, _ = on_map(shown(scene, *np.indices(SHAPE), 0.0))
    beyond = (x - part.bounds[2]).reshape(SHAPE)
    assert np.isfinite(gamma[beyond < 0]).all()
    assert np.isnan(gamma[beyond > 20 * MARGIN_PX + 60]).all()


def test_a_product_on_a_map_grid_is_flattened_by_its_pixels_ground():
    scene = make_scene("PALSAR", shape=SHAPE)
    own = grid_of(scene, 16.0)

    def to_pixel(latitude: np.ndarray, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return own.pixel(*from_wgs84(CRS, longitude, latitude))

    def from_pixel(line: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return own.to_geographic(*own.centre(line, sample))[::-1]

    shape = own.height, own.width
    image = Multilooked(
        np.full(shape, 0.2, np.float32),
        "sigma0",
        scene.vectors,
        MapGeometry(to_pixel, from_pixel, "right"),
        (1, 1),
    )
    heights = np.zeros(shape, np.float32)
    gamma = flatten(image, own, heights, np.full(shape, VALID, np.uint8), orbit_of(scene))
    rows, columns = (a.ravel() for a in np.indices(shape))
    longitude, latitude = own.to_geographic(*own.centre(rows, columns))
    theta = incidence(scene, to_earth_fixed(longitude, latitude, np.zeros(rows.size)))
    np.testing.assert_allclose(gamma.ravel(), 0.2 / np.cos(theta), rtol=0.01)


@pytest.mark.parametrize(("on", "tag"), [(True, "gamma0, linear"), (False, "sigma0, linear")])
def test_the_map_tells_its_coefficient(tmp_path, on, tag):
    scene = make_scene("ERS", shape=SHAPE)
    left, _, _, top = grid_of(scene).bounds
    with rasterio.open(
        tmp_path / "dem.tif",
        "w",
        driver="GTiff",
        height=60,
        width=60,
        count=1,
        dtype="int16",
        crs=CRS,
        transform=from_origin(left - 200, top + 200, 100, 100),
    ) as dataset:
        dataset.write(np.full((60, 60), 30, np.int16), 1)
    options = {"crs": CRS, "spacing_m": 20.0, "vertical_datum": "ellipsoid"}
    paths = tmp_path / "dem.tif", tmp_path / "map.tif", tmp_path / "view.tif"
    image = make_image(scene, np.ones(SHAPE))
    geocode_scene(image, *paths, **options, terrain_flattening=on)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.tags()["BACKSCATTER"] == tag
        # 1 / cos of 22° to 23.2°.
        expected = (1.07, 1.09) if on else (0.999, 1.001)
        middle = np.nanmedian(dataset.read(1))
    assert expected[0] < middle < expected[1]
