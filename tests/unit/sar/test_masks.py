from __future__ import annotations

import numpy as np
import pytest

from calvingfront.sar.geometry import to_earth_fixed, to_geodetic, to_ground, zero_doppler
from calvingfront.sar.grid import from_wgs84, grid_over
from calvingfront.sar.masks import LAYOVER, SHADOW, VALID, view_codes
from radar_scenes import make_scene, orbit_of

HEIGHT_M, RADIUS_M = 300.0, 800.0


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
    middle = to_ground(*(np.full(1, v) for v in (200.0, 250.0, 0.0)), orbit, scene.geometry)
    longitude, latitude, _ = to_geodetic(middle)
    x, y = (float(v[0]) for v in from_wgs84("EPSG:3031", longitude, latitude))
    grid = grid_over("EPSG:3031", (x - 1000, y - 1000, x + 1000, y + 1000), 20.0)
    codes = view_codes(grid, np.full((grid.height, grid.width), 40, np.float32), orbit, "right")
    assert (codes == VALID).all()
