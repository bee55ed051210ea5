from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calvingfront.errors import GeocodingError, OrbitError
from calvingfront.orbits.earth import to_earth_fixed, to_geodetic
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.orbits.zero_doppler import zero_doppler
from calvingfront.radar.model import DopplerCentroid, GroundRange, MapGeometry
from calvingfront.sar.geometry import to_ground, to_line_sample
from calvingfront.sar.ground_range import ground_range_sample
from calvingfront.sar.looks import multilooked_geometry
from radar_scenes import MIDDLE_S, make_scene, orbit_of


def test_geodetic_coordinates_at_the_pole_and_the_equator():
    points = to_earth_fixed(np.array([0.0, 90.0, 0.0]), np.array([90.0, 0, -90]), np.zeros(3))
    expected = [[0, 0, 6356752.3142], [0, 6378137.0, 0], [0, 0, -6356752.3142]]
    np.testing.assert_allclose(points, expected, atol=1e-4)
    longitude, latitude, height = to_geodetic(to_earth_fixed(-60.0, -64.4, 1234.5)[np.newaxis])
    assert (longitude[0], latitude[0]) == pytest.approx((-60.0, -64.4), abs=1e-10)
    assert height[0] == pytest.approx(1234.5, abs=1e-6)


def test_zero_doppler_is_square_to_the_path_and_nearest():
    scene = make_scene("ERS")
    orbit = orbit_of(scene)
    middle = to_ground(
        np.array([200.0]), np.array([250.0]), np.array([800.0]), orbit, scene.geometry
    )
    time, slant_range = zero_doppler(middle, orbit)
    # The truth is the closed form of the circle, not the orbit that was fitted.
    position, velocity = scene.orbit.states(time)
    sight = middle - position
    assert abs(float(np.sum(sight * velocity))) / 7500 < 1e-3
    assert float(np.linalg.norm(sight)) == pytest.approx(slant_range[0], abs=1e-4)
    around = scene.orbit.states(time + np.array([-0.5, 0.5]))[0]
    assert (np.linalg.norm(middle - around, axis=1) > slant_range[0]).all()


def test_points_that_the_radar_passes_at_another_time_are_nan():
    scene = make_scene("ERS")
    points = to_earth_fixed(np.array([-60.0, -60.0]), np.array([-64.0, 10.0]), np.zeros(2))
    time, slant_range = zero_doppler(points, orbit_of(scene))
    assert np.isnan(time[1])
    assert np.isnan(slant_range[1])


@pytest.mark.parametrize("mission", ["ERS", "TSX", "PALSAR"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("ground", [True, False])
def test_the_way_to_the_ground_and_back_ends_where_it_began(mission, side, ascending, ground):
    scene = make_scene(mission, side=side, ascending=ascending, ground=ground)
    orbit = orbit_of(scene)
    line, sample = np.meshgrid(np.linspace(0, 399, 5), np.linspace(0, 499, 5))
    heights = np.linspace(-50, 3000, 25)
    points = to_ground(line.ravel(), sample.ravel(), heights, orbit, scene.geometry)
    np.testing.assert_allclose(to_geodetic(points)[2], heights, atol=1e-4)
    back = to_line_sample(points, orbit, scene.geometry, scene.shape)
    np.testing.assert_allclose(back[0], line.ravel(), atol=1e-6)
    np.testing.assert_allclose(back[1], sample.ravel(), atol=1e-6)
    position, velocity = scene.orbit.states(np.full(25, MIDDLE_S))
    right_of_flight = np.cross(velocity, position)
    turn = np.sum((points - position) * right_of_flight, axis=1)
    assert ((turn > 0) == (side == "right")).all()


def doppler_of(scene, hertz: float):
    """The same geometry in the middle of a beam: a frequency that falls by a tenth over 4 km."""
    near = float(scene.geometry.range.slant_range(np.zeros(1), np.zeros(1))[0])
    doppler = DopplerCentroid(0.236, near, hertz * np.array([1.0, -2.5e-5]))
    return replace(scene.geometry, doppler=doppler)


@pytest.mark.parametrize("hertz", [60.0, -1500.0])
@pytest.mark.parametrize("ground", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_in_the_middle_of_the_beam_points_have_its_frequency_there_and_back(hertz, ground, side):
    scene = make_scene("PALSAR", side=side, ground=ground)
    geometry = doppler_of(scene, hertz)
    orbit = scene_orbit(scene.vectors, geometry, scene.shape)
    line, sample = (grid.ravel() for grid in np.meshgrid(np.linspace(0, 399, 5), [0.0, 250, 499]))
    points = to_ground(line, sample, np.full(15, 120.0), orbit, geometry)
    back = to_line_sample(points, orbit, geometry, scene.shape)
    np.testing.assert_allclose(back[0], line, atol=1e-6)
    np.testing.assert_allclose(back[1], sample, atol=1e-6)
    # The frequency is the rate of the phase of the echo, on the circle's closed form.
    time, step = geometry.azimuth.time(line), 1e-3
    before, now, after = (
        np.linalg.norm(points - scene.orbit.states(time + shift)[0], axis=1)
        for shift in (-step, 0.0, step)
    )
    found = -2 / 0.236 * (after - before) / (2 * step)
    away = now - geometry.doppler.origin_m
    np.testing.assert_allclose(found, hertz * (1 - 2.5e-5 * away), atol=1e-3 * abs(hertz) / 60)
    # Broadside, as layover and shadow see it, lies within the orbit's span too.
    assert np.isfinite(zero_doppler(points, orbit)[0]).all()
    flat = to_line_sample(points, orbit, scene.geometry, scene.shape)[0]
    metres = np.abs(flat - line).mean() * 16.0
    assert metres == pytest.approx(abs(hertz) / 60 * 800, rel=0.25)


def test_averaging_keeps_the_doppler_centroid():
    scene = make_scene("PALSAR")
    geometry = doppler_of(scene, 60.0)
    assert multilooked_geometry(geometry, (3, 2)).doppler is geometry.doppler


def test_a_point_on_the_other_side_of_the_track_is_not_in_the_image():
    right, left = make_scene("ERS", side="right"), make_scene("ERS", side="left")
    middle = np.full(1, 200.0), np.full(1, 250.0), np.zeros(1)
    point = to_ground(*middle, orbit_of(left), left.geometry)
    assert np.isfinite(zero_doppler(point, orbit_of(right))[0])
    line, sample, time = to_line_sample(point, orbit_of(right), right.geometry, right.shape)
    assert np.isnan([line[0], sample[0], time[0]]).all()


def test_higher_ground_lies_nearer_to_the_radar():
    scene = make_scene("ERS")
    orbit = orbit_of(scene)
    low, high = to_earth_fixed(np.full(2, -54.8), np.full(2, -63.55), np.array([0.0, 1000.0]))
    _, samples, _ = to_line_sample(np.stack([low, high]), orbit, scene.geometry, scene.shape)
    # 1000 m · cos(incidence 22.6°) = 923 m of 7.9 m samples.
    assert samples[0] - samples[1] == pytest.approx(923 / 7.9, rel=0.02)


@pytest.mark.parametrize("spacing_m", [20.0, -20.0])
def test_the_inverse_of_ground_range_holds_between_its_sets(spacing_m):
    coefficients = np.array([[830e3, 0.38, 5e-7], [830.5e3, 0.381, 5e-7], [830.1e3, 0.38, 5e-7]])
    first_m = 0.0 if spacing_m > 0 else 20.0 * 4999
    geometry = GroundRange(
        first_m, spacing_m, np.array([0.0, 5.0, 9.0]), np.array([0.0, 100.0, 0.0]), coefficients
    )
    sample, time = np.linspace(-100, 5100, 50), np.linspace(-1, 10, 50)
    ranges = geometry.slant_range(sample, time)
    found = ground_range_sample(geometry, 5000, ranges, time)
    np.testing.assert_allclose(found, sample, atol=1e-6)


def test_a_point_far_outside_a_ground_range_swath_stays_outside():
    geometry = GroundRange(0, 20.0, np.zeros(1), np.zeros(1), np.array([[830e3, 0.4, 1e-6]]))
    found = ground_range_sample(geometry, 1000, np.array([700e3, 990e3]), np.zeros(2))
    assert found[0] < -1000
    assert found[1] > 2000


def test_a_polynomial_that_turns_round_within_the_swath_is_refused():
    geometry = GroundRange(0, 20.0, np.zeros(1), np.zeros(1), np.array([[830e3, 0.4, -2e-5]]))
    with pytest.raises(GeocodingError, match="is not monotonic"):
        ground_range_sample(geometry, 1000, np.array([831e3]), np.zeros(1))


def test_ranges_that_miss_the_ground_and_lines_outside_the_orbit_are_errors():
    scene = make_scene("ERS")
    orbit = orbit_of(scene)
    zero = np.zeros(1)
    with pytest.raises(GeocodingError, match="do not reach heights"):
        to_ground(zero, np.array([-20_000.0]), zero, orbit, scene.geometry)
    with pytest.raises(OrbitError):
        to_ground(np.array([1e5]), zero, zero, orbit, scene.geometry)


@pytest.mark.parametrize("count", [28, 29])  # the scene between two vectors, and on one
def test_a_product_on_a_map_grid_shows_a_hill_where_its_range_meets_the_ellipsoid(count):
    scene = make_scene("ERS")
    orbit = orbit_of(scene)

    def to_pixel(latitude, longitude):
        return (latitude + 63.4) / -2e-4, (longitude + 55.0) / 4e-4

    def to_map(line, sample):
        return -63.4 - 2e-4 * np.asarray(line), -55.0 + 4e-4 * np.asarray(sample)

    geometry = MapGeometry(to_pixel, to_map, "right")
    shape = (300, 300)
    fitted = scene_orbit(scene.orbit.vectors(count, 60.0), geometry, shape)
    assert fitted.stop_s - fitted.start_s < 10.0
    line, sample = np.array([100.0, 200.0]), np.array([150.0, 250.0])
    for height in (0.0, 900.0):
        points = to_ground(line, sample, np.full(2, height), fitted, geometry)
        back = to_line_sample(points, fitted, geometry, shape)
        np.testing.assert_allclose(np.stack(back[:2]), [line, sample], atol=1e-4)
        time, slant_range = zero_doppler(points, orbit)
        flat = to_earth_fixed(to_map(line, sample)[1], to_map(line, sample)[0], np.zeros(2))
        np.testing.assert_allclose(zero_doppler(flat, orbit)[1], slant_range, atol=1e-3)
        np.testing.assert_allclose(zero_doppler(flat, orbit)[0], time, atol=1e-6)
