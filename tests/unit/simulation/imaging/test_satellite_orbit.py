"""The simulated satellite's path: physics, and the wanted view of a place."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from pyproj import Transformer

from calvingfront.errors import OrbitError
from calvingfront.simulation.imaging.acquisition import MODES, find_mode
from calvingfront.simulation.imaging.satellite_orbit import (
    GRAVITY_M3_S2,
    SatelliteOrbit,
    Track,
    _motion,
    pass_over,
    potential,
)

LATITUDE, LONGITUDE = -64.4, -60.0
PLACE = np.array(
    Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True).transform(
        LONGITUDE, LATITUDE, 0.0
    )
)
PASSES = [(True, False), (False, False), (True, True), (False, True)]
MISSIONS = {mode.mission: mode for mode in MODES.values()}


def orbit_of(mission: str, ascending: bool = True, left: bool = False) -> SatelliteOrbit:
    mode = MISSIONS[mission]
    track = Track(mode.semi_major_axis_m, mode.inclination_deg, ascending, left)
    return pass_over(LATITUDE, LONGITUDE, 35.0, track, 900.0)


@pytest.mark.parametrize("mission", sorted(MISSIONS))
def test_the_velocity_is_the_rate_of_the_position(mission: str) -> None:
    orbit = orbit_of(mission)
    times, h = np.array([-870.0, -33.2, -0.01, 5.5, 700.3]), 0.05
    near, far = (
        orbit.earth_fixed(times + step)[0] - orbit.earth_fixed(times - step)[0]
        for step in (h, 2 * h)
    )
    rate = (8 * near - far) / (12 * h)  # fourth order
    assert np.abs(rate - orbit.earth_fixed(times)[1]).max() < 1e-6


def test_gravity_is_the_slope_of_the_potential() -> None:
    place, h = np.array([3.1e6, -2.2e6, 6.0e6]), 10.0
    steps = np.eye(3) * h
    slope = np.array([potential(place + s) - potential(place - s) for s in steps]) / (2 * h)
    acceleration = _motion(np.array([[*place, 0.0, 0.0, 0.0]]))[0, 3:]
    assert np.abs(acceleration + slope).max() < 1e-7
    # an oblate Earth pulls harder above the equator than a round one, weaker above the pole
    a = 7.1e6
    for direction, factor in (([1.0, 0, 0], 1 + 1.5 * 1.0826e-3 * (6378137 / a) ** 2),
                              ([0, 0, 1.0], 1 - 3 * 1.0826e-3 * (6378137 / a) ** 2)):  # fmt: skip
        pull = _motion(np.array([[*(a * np.array(direction)), 0.0, 0.0, 0.0]]))[0, 3:]
        assert np.linalg.norm(pull) == pytest.approx(GRAVITY_M3_S2 / a**2 * factor, rel=5e-5)  # J4


@pytest.mark.parametrize("mission", sorted(MISSIONS))
def test_energy_is_kept_and_height_and_speed_are_the_missions(mission: str) -> None:
    orbit = orbit_of(mission)
    states = orbit.inertial(np.linspace(-900, 900, 31))
    energy = np.array([0.5 * s[3:] @ s[3:] + potential(s[:3]) for s in states])
    assert np.ptp(energy) < 1e-9 * abs(energy[0])
    height = np.linalg.norm(states[:, :3], axis=1) - 6_371_000.0
    low, high = {"TSX": (500e3, 540e3), "TDX": (500e3, 540e3), "PALSAR": (680e3, 720e3)}.get(
        mission, (770e3, 820e3)
    )
    assert low < height.min() < height.max() < high
    speed = np.linalg.norm(states[:, 3:], axis=1)
    assert 7430 < speed.min() < speed.max() < 7640


@pytest.mark.parametrize(("ascending", "left"), PASSES)
def test_the_place_is_broadside_on_the_wanted_side_under_the_wanted_angle(
    ascending: bool, left: bool
) -> None:
    (position,), (velocity,) = orbit_of("ERS", ascending, left).earth_fixed([0.0])
    sight = PLACE - position
    assert abs(sight @ velocity) / np.linalg.norm(velocity) < 1e-3  # m along the track
    assert (velocity[2] > 0) == ascending
    to_the_right = np.cross(velocity, position)  # flight × up
    assert (sight @ to_the_right < 0) == left
    lat, lon = np.deg2rad([LATITUDE, LONGITUDE])
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    incidence = np.rad2deg(np.arccos(-sight @ up / np.linalg.norm(sight)))
    assert incidence == pytest.approx(35.0, abs=1e-6)


def test_the_local_path_is_the_path() -> None:
    orbit = orbit_of("TSX", False)
    path, times = orbit.local_path(3.0), np.linspace(-3, 3, 61)
    for local, exact, limit in zip(
        path.state(times), orbit.earth_fixed(times), (1e-6, 1e-6), strict=True
    ):
        assert np.abs(local - exact).max() < limit


def test_state_vectors_carry_epoch_and_times() -> None:
    orbit, epoch = orbit_of("PALSAR"), datetime(2008, 1, 2, 3, 4, 5)
    vectors = orbit.state_vectors(epoch, [-60.0, 0.0, 60.0])
    assert vectors.epoch == epoch
    assert np.array_equal(vectors.positions_m[1], orbit.earth_fixed([0.0])[0][0])
    step = np.linalg.norm(np.diff(vectors.positions_m, axis=0), axis=1) / 60.0
    assert step == pytest.approx(np.linalg.norm(vectors.velocities_m_s[1]), rel=2e-3)


def test_impossible_views_and_times_are_refused() -> None:
    with pytest.raises(OrbitError, match="no orbit of inclination"):
        pass_over(LATITUDE, LONGITUDE, 23.0, Track(7.15e6, 30.0, True), 10.0)
    orbit = pass_over(LATITUDE, LONGITUDE, 23.0, Track(7.15e6, 98.5, True), 10.0)
    with pytest.raises(OrbitError, match="not the requested"):
        orbit.earth_fixed([11.0])
    assert find_mode("ERS", "SLC").is_complex
