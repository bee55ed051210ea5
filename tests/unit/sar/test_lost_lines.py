"""Lines without data end in the mask of the map, and nothing around them changes."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.orbits.earth import to_earth_fixed
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.sar.coverage import scene_grid
from calvingfront.sar.geocode import MapImage, geocode
from calvingfront.sar.geometry import to_line_sample
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.multilook import Multilooked, multilook
from radar_scenes import make_product, make_scene

LOOKS = 2
LOST = 50, 65  # rows of the averaged image: lines 100 to 129
HEIGHT_M = 300.0


def to_map(pixels: np.ndarray, ground: bool) -> tuple[Multilooked, MapGrid, MapImage]:
    scene = make_scene("ERS", shape=(240, 200), ground=ground)
    image = multilook(make_product(scene, pixels), 40.0)
    assert image.looks == (LOOKS, LOOKS)
    grid = scene_grid(image, "EPSG:3031", 40.0)
    heights = np.full((grid.height, grid.width), HEIGHT_M, np.float32)
    return image, grid, geocode(image, grid, heights)


def lines_of(image: Multilooked, grid: MapGrid) -> np.ndarray:
    """Where each map pixel lies in the averaged image."""
    row, column = np.indices((grid.height, grid.width))
    longitude, latitude = grid.to_geographic(*grid.centre(row.ravel(), column.ravel()))
    points = to_earth_fixed(longitude, latitude, np.full(row.size, HEIGHT_M))
    shape = image.intensity.shape
    orbit = scene_orbit(image.orbit, image.geometry, shape)
    return to_line_sample(points, orbit, image.geometry, shape)[0].reshape(row.shape)


@pytest.mark.parametrize("level", ["complex", "detected"])
@pytest.mark.parametrize("fault", ["NaN", "zeros", "duplicates"])
def test_lost_lines_end_in_the_mask_and_do_not_spread(fault: str, level: str) -> None:
    random = np.random.default_rng(8)
    noise = random.normal(size=(2, 240, 200)).astype(np.float32)
    pixels = noise[0] + 1j * noise[1] if level == "complex" else np.hypot(*noise)
    image, grid, whole = to_map(pixels, ground=level == "detected")
    damaged = pixels.copy()
    start, stop = (LOOKS * row for row in LOST)
    damaged[start:stop] = {"NaN": np.nan, "zeros": 0, "duplicates": damaged[start - 1]}[fault]
    found = to_map(damaged, ground=level == "detected")[2]
    np.testing.assert_array_equal(np.isnan(found.backscatter), found.view == 0)
    line = lines_of(image, grid)
    # A map pixel has no value where the lost lines bear more than half of the weight.
    lost = (line > LOST[0] - 0.45) & (line < LOST[1] - 0.55)
    assert lost.sum() > 500
    assert (found.view[lost] == 0).all()
    apart = ~((line > LOST[0] - 1.05) & (line < LOST[1] + 0.05))
    assert (whole.view[apart] != 0).sum() > 2000
    np.testing.assert_array_equal(found.backscatter[apart], whole.backscatter[apart])
    np.testing.assert_array_equal(found.view[apart], whole.view[apart])
