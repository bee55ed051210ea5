"""Ground beside a map area casts shadow into it, lies over it, and adds to its brightness."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from calvingfront.radar.view import LAYOVER, SHADOW
from calvingfront.sar.coverage import footprint, reach_px
from calvingfront.sar.dem import heights_around, heights_on_grid
from calvingfront.sar.geocode import geocode, geocode_scene
from calvingfront.sar.grid import MapGrid, grid_over
from radar_scenes import make_image, make_scene

CRS = "EPSG:3031"
SHAPE = (700, 900)
MARGIN = 60


def place(mission: str, spacing_m: float, side: int = 120) -> tuple:
    """An image of speckle and the grid of a small area in its middle."""
    scene = make_scene(mission, shape=SHAPE)
    image = make_image(scene, np.random.default_rng(5).exponential(1.0, SHAPE))
    left, bottom, right, top = footprint(image, CRS)
    x, y, half = (left + right) / 2, (bottom + top) / 2, side / 2 * spacing_m
    return image, grid_over(CRS, (x - half, y - half, x + half, y + half), spacing_m)


def ridges(grid: MapGrid) -> np.ndarray:
    """Mountains around a plain that is as large as the area."""
    row, column = np.indices((grid.height, grid.width))
    middle = (grid.height - 1) / 2
    beyond = np.maximum(abs(row - middle), abs(column - middle)) - (middle - MARGIN)
    slope = {20.0: 0.7, 7.0: 4.0}[grid.spacing_m] * grid.spacing_m
    return (50 + slope * np.clip(beyond - 1, 0, 30)).astype(np.float32)


@pytest.mark.parametrize(
    ("mission", "spacing_m", "code"), [("ERS", 20.0, LAYOVER), ("TSX", 7.0, SHADOW)]
)
def test_codes_and_brightness_at_the_edge_are_those_of_a_larger_map(mission, spacing_m, code):
    image, grid = place(mission, spacing_m)
    wide = grid.widened(MARGIN)
    around = ridges(wide)
    inner = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    heights = np.ascontiguousarray(around[inner])
    assert np.ptp(heights) == 0
    truth = geocode(image, wide, around, terrain_flattening=True)
    alone = geocode(image, grid, heights, terrain_flattening=True)
    found = geocode(image, grid, heights, terrain_flattening=True, around=around)
    expected = truth.view[inner]
    assert (expected == code).mean() > 0.03
    assert not (alone.view == code).any()  # what came out before
    assert (found.view != expected).mean() < 0.003
    same = (found.view == expected) & (expected > 0) & (expected != SHADOW)
    apart = abs(found.backscatter[same] / truth.backscatter[inner][same] - 1)
    assert np.quantile(apart, 0.99) < 0.02
    # A plain by itself is too bright where a mountain lies over it.
    if code == LAYOVER:
        covered = same & (expected == LAYOVER)
        brightness = np.median(alone.backscatter[covered] / truth.backscatter[inner][covered])
        assert brightness > 1.3


def test_where_no_ground_is_known_around_the_map_ends_as_by_itself():
    image, grid = place("ERS", 20.0)
    row, column = np.indices((grid.height, grid.width)) * grid.spacing_m
    heights = (300 + 100 * np.sin(row / 200) * np.cos(column / 200)).astype(np.float32)
    unknown = np.pad(heights, MARGIN, constant_values=np.nan)
    for flattening in (False, True):
        alone = geocode(image, grid, heights, terrain_flattening=flattening)
        found = geocode(image, grid, heights, terrain_flattening=flattening, around=unknown)
        # The masks' rows lie elsewhere, which moves the borders of layover by a pixel at most.
        assert (alone.view == LAYOVER).mean() > 0.1
        assert (found.view != alone.view).mean() < 0.02
        assert (found.view > 0).all()
        apart = abs(found.backscatter / alone.backscatter - 1)
        assert np.quantile(apart, 0.99) < (0.01 if flattening else 1e-9)


@pytest.fixture
def world(tmp_path):
    """A scene, an area of 120 px, and a terrain model with ridges around it."""
    image, grid = place("ERS", 20.0)
    wide = grid.widened(MARGIN)
    profile = {"driver": "GTiff", "height": wide.height, "width": wide.width, "count": 1}
    profile |= {"dtype": "float32", "crs": CRS, "nodata": -9999}
    profile["transform"] = from_origin(wide.left, wide.top, 20, 20)
    with rasterio.open(tmp_path / "dem.tif", "w", **profile) as dataset:
        dataset.write(ridges(wide), 1)
    return image, grid, tmp_path / "dem.tif"


def test_heights_around_reach_four_kilometres_and_end_where_the_model_does(world):
    _, grid, dem = world
    heights = heights_on_grid(dem, grid, "ellipsoid")
    around = heights_around(heights, dem, grid, "ellipsoid")
    px = reach_px(20.0)
    assert px == 200
    assert around.shape == (grid.height + 2 * px, grid.width + 2 * px)
    np.testing.assert_array_equal(around[px:-px, px:-px], heights)
    known = px - MARGIN
    np.testing.assert_allclose(
        around[known:-known, known:-known], ridges(grid.widened(MARGIN)), atol=0.01
    )
    assert np.isnan(around[: known - 1]).all()


def test_faults_of_the_model_around_the_area_are_told_and_refuse_nothing(world, caplog):
    _, grid, dem = world
    heights = heights_on_grid(dem, grid, "ellipsoid")
    with rasterio.open(dem, "r+") as dataset:
        values = dataset.read(1)
        values[5, 5] = 29_999
        dataset.write(values, 1)
    around = heights_around(heights, dem, grid, "ellipsoid")
    px = reach_px(20.0)
    np.testing.assert_array_equal(around[px:-px, px:-px], heights)
    assert np.isnan(around[:px]).all()
    assert "Terrain around the map area is not used" in caplog.text


def test_the_map_of_an_area_sees_the_ground_around_it(world, tmp_path):
    image, grid, dem = world
    options = {"crs": CRS, "spacing_m": 20.0, "vertical_datum": "ellipsoid"}
    paths = dem, tmp_path / "map.tif", tmp_path / "view.tif"
    geocode_scene(image, *paths, **options, area=grid.bounds)
    with rasterio.open(tmp_path / "view.tif") as dataset:
        codes = dataset.read(1)
    assert codes.shape == (grid.height, grid.width)
    assert (codes == LAYOVER).mean() > 0.03
