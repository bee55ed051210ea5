"""The exact geometry of a simulated acquisition."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer
from radar_surfaces import ACQUIRED, flat, seen_at, view_of
from scipy.interpolate import BarycentricInterpolator
from scipy.optimize import minimize_scalar

from calvingfront.errors import ConfigError, GeocodingError
from calvingfront.radar.model import SPEED_OF_LIGHT, GroundRange, SlantRange
from calvingfront.simulation.imaging.acquisition import MODES, beam_name, find_mode
from calvingfront.simulation.imaging.radar_view import RadarView, geodetic_to_earth, locate

LAYOUTS = [("ERS", "SLC"), ("RSAT", "SGF"), ("PALSAR", "1.5"), ("PALSAR", "1.1"), ("TSX", "MGD")]


def closest_approach(view: RadarView, point: np.ndarray) -> tuple[float, float]:
    """Time and distance at which the annotated orbit comes nearest to a point."""
    vectors = view.orbit
    order = np.argsort(np.abs(vectors.times_s))[:12]
    path = BarycentricInterpolator(vectors.times_s[order], vectors.positions_m[order])

    def distance(time: float) -> float:
        return float(np.linalg.norm(path(time) - point))

    found = minimize_scalar(distance, bracket=(-2.0, 0.0, 2.0), tol=1e-12)
    return float(found.x), float(found.fun)


@pytest.mark.parametrize(("mission", "level"), [("TSX", "MGD"), ("PALSAR", "1.5")])
def test_tie_points_are_where_the_annotated_orbit_comes_nearest(mission: str, level: str) -> None:
    """Zero Doppler is the closest approach: found here by minimising a distance."""
    view = view_of(mission, level, incidence_deg=38.7)
    points = view.tie_points()
    earth, _ = geodetic_to_earth(points.longitude, points.latitude, points.height)
    for index in (0, 10, 60, 110, 120):
        time, slant = closest_approach(view, earth[index])
        assert time == pytest.approx(points.azimuth_time_s[index], abs=2e-5)
        expected = 0.5 * SPEED_OF_LIGHT * points.slant_range_time_s[index]
        assert slant == pytest.approx(expected, abs=0.02)
        assert points.azimuth_time_s[index] == pytest.approx(
            view.geometry.azimuth.time(points.line[index]), abs=1e-12
        )


def test_points_in_the_middle_of_the_beam_have_its_doppler_frequency() -> None:
    """By the definition of a frequency: the phase of the echo through time, of the exact orbit."""
    view = view_of("PALSAR", "1.1", incidence_deg=38.7)
    points = view.tie_points()
    earth, _ = geodetic_to_earth(points.longitude, points.latitude, points.height)
    wavelength = SPEED_OF_LIGHT / view.mode.radar_frequency_hz
    for index in (0, 10, 60, 110, 120):
        time, step = points.azimuth_time_s[index], 1e-3
        before, slant, after = (
            float(np.linalg.norm(view.path.state(np.array([t]))[0][0] - earth[index]))
            for t in (time - step, time, time + step)
        )
        assert -2 / wavelength * (after - before) / (2 * step) == pytest.approx(60.0, abs=1e-3)
        expected = 0.5 * SPEED_OF_LIGHT * points.slant_range_time_s[index]
        assert slant == pytest.approx(expected, abs=1e-4)
        # Ahead of the satellite: it comes nearest 0.1 s later.
        assert closest_approach(view, earth[index])[0] - time == pytest.approx(0.117, abs=0.02)


@pytest.mark.parametrize(("mission", "level"), LAYOUTS)
@pytest.mark.parametrize("left", [False, True])
def test_pixels_return_to_their_places(mission: str, level: str, left: bool) -> None:
    view = view_of(mission, level, True, left, 35.0)
    lines, samples = np.array([0.0, 3.25, view.shape[0] - 1.0]), np.array([0.0, 40.5, 17.0])
    latitude, longitude, points = view.place(lines, samples, 123.0)
    back = view.line_sample(points)
    assert np.abs(back[0] - lines).max() < 1e-5
    assert np.abs(back[1] - samples).max() < 1e-5
    height = Transformer.from_crs("EPSG:4978", "EPSG:4979").transform(*points.T)[2]
    assert np.abs(height - 123.0).max() < 1e-5
    assert np.all(np.abs(latitude + 64.5) < 0.5)
    assert np.all(np.abs(longitude + 60.0) < 1.0)


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("left", [True, False])
def test_the_image_lies_on_the_look_side(ascending: bool, left: bool) -> None:
    view = view_of("RSAT", "SGF", ascending, left, 44.0)
    _, _, (point,) = view.place(np.array([50.0]), np.array([50.0]), 0.0)
    (position,), (velocity,) = view.path.state(np.array([0.0]))
    assert (np.cross(velocity, position) @ (point - position) < 0) == left
    assert (velocity[2] > 0) == ascending == (view.pass_direction == "ascending")
    assert view.geometry.look_side == ("left" if left else "right")


def test_samples_of_a_detected_product_are_even_on_the_ground() -> None:
    view = view_of("RSAT", "SGF", incidence_deg=37.0)
    model = view.geometry.range
    assert isinstance(model, GroundRange)
    samples = np.arange(0.0, view.shape[1])
    middle = np.full(
        samples.size, -view.geometry.azimuth.first_s / view.geometry.azimuth.interval_s
    )
    _, _, points = view.place(middle, samples, 0.0)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert np.abs(steps - 12.5).max() < 2e-3
    _, _, pair = view.place(np.array([10.0, 11.0]), np.array([80.0, 80.0]), 0.0)
    assert np.linalg.norm(pair[1] - pair[0]) == pytest.approx(12.5, rel=2e-3)


def test_a_complex_product_has_the_instruments_own_sampling() -> None:
    view = view_of("ERS", "SLC")
    model = view.geometry.range
    assert isinstance(model, SlantRange)
    assert np.mean(view.slant_spacing_m) == pytest.approx(7.905, abs=1e-3)
    assert np.mean(view.line_spacing_m) == pytest.approx(3.98, abs=0.06)
    assert 1 / view.geometry.azimuth.interval_s == pytest.approx(1679.902)
    assert np.rad2deg(view.incidence_rad.mean()) == pytest.approx(23.0, abs=0.1)


@pytest.mark.parametrize(("mission", "level"), LAYOUTS)
def test_the_image_covers_the_surface_at_every_height(mission: str, level: str) -> None:
    view = view_of(mission, level, highest_m=400.0)
    for height in (0.0, 400.0):
        lines, samples = seen_at(view, flat(spacing_m=50.0), height)
        assert 10 < lines.min() < lines.max() < view.shape[0] - 10
        assert 10 < samples.min() < samples.max() < view.shape[1] - 10


@pytest.mark.parametrize(("mission", "level", "count", "spacing"), [
    ("ERS", "IMP", 5, 4.167), ("RSAT", "SGF", 5, 480.0), ("PALSAR", "1.1", 28, 60.0),
    ("TSX", "MGD", 12, 10.0),
])  # fmt: skip
def test_the_annotated_vectors_are_the_missions_and_surround_the_scene(
    mission: str, level: str, count: int, spacing: float
) -> None:
    vectors = view_of(mission, level).orbit
    assert vectors.times_s.size == count
    assert np.allclose(np.diff(vectors.times_s), spacing)
    assert vectors.times_s[0] < 0 < vectors.times_s[-1]
    assert vectors.epoch == ACQUIRED
    assert np.abs(vectors.times_s).min() > 0.1 * spacing


@pytest.mark.parametrize("level", ["SLC", "PRI"])
def test_the_vectors_of_ers_ceos_span_the_image_to_microseconds(level: str) -> None:
    view = view_of("ERS", level)
    times = view.orbit.times_s
    assert times.size == 5
    ends = view.geometry.azimuth.time(np.array([0.0, view.shape[0] - 1.0]))
    assert np.abs(times[[0, -1]] - ends).max() < 3e-6
    assert times * 1e6 == pytest.approx(np.rint(times * 1e6), abs=1e-3)
    assert view.path.state(times)[0] == pytest.approx(view.orbit.positions_m, abs=1e-5)


def test_a_range_that_misses_the_earth_is_refused() -> None:
    with pytest.raises(GeocodingError, match="does not reach"):
        locate(view_of("ERS", "SLC").path, [0.0], [1.0e5], 0.0, False)


def test_every_mode_is_complex_or_on_the_ground_and_an_unknown_one_is_refused() -> None:
    for mode in MODES.values():
        assert (mode.line_interval_s > 0) == mode.is_complex == (mode.line_spacing_m == 0)
        assert mode.is_complex == (mode.ground_spacing_m == 0) == (mode.looks == (1.0, 1.0))
    with pytest.raises(ConfigError, match=r"ERS MGD.*IMP, IMS, PRI, SLC"):
        find_mode("ERS", "MGD")
    assert beam_name(find_mode("RSAT", "SGF"), 44.0) == "S6"
    assert beam_name(find_mode("TSX", "MGD"), 37.5) == "strip_011"
