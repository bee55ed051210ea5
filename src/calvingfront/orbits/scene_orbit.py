"""The orbit during the acquisition of an image."""

from __future__ import annotations

import numpy as np

from calvingfront.errors import OrbitError
from calvingfront.orbits.earth import to_earth_fixed
from calvingfront.orbits.orbit import Orbit, fit_orbit
from calvingfront.orbits.zero_doppler import zero_doppler
from calvingfront.radar.model import MapGeometry, RadarGeometry, StateVectors


def scene_orbit(
    vectors: StateVectors, geometry: RadarGeometry | MapGeometry, shape: tuple[int, int]
) -> Orbit:
    """Fit the orbit to the azimuth times of an image of `shape` lines and samples.

    A product on a map grid has no azimuth times: they are derived from its corners.
    Raises OrbitError if the vectors do not cover them.
    """
    lines = np.array([0.0, shape[0] - 1.0])
    if isinstance(geometry, RadarGeometry):
        times = geometry.azimuth.time(lines)
        delay = _longest_delay(vectors, geometry, shape)
        return fit_orbit(vectors, float(times.min()) - delay, float(times.max()) + delay)
    line, sample = np.meshgrid(lines, np.array([0.0, shape[1] - 1.0]))
    latitude, longitude = geometry.to_ground(line.ravel(), sample.ravel())
    corners = to_earth_fixed(longitude, latitude, np.zeros(latitude.shape))
    sight = corners.mean(axis=0) - vectors.positions_m
    speed = np.linalg.norm(vectors.velocities_m_s, axis=1)
    ahead = np.einsum("ij,ij->i", sight, vectors.velocities_m_s) / speed
    nearest = int(np.argmin(np.abs(ahead)))
    guess = float(vectors.times_s[nearest] + ahead[nearest] / speed[nearest])
    reach = 60.0 + abs(guess - vectors.times_s[nearest])  # the guess neglects the Earth's curvature
    times = vectors.times_s
    coarse = fit_orbit(vectors, max(guess - reach, times[0]), min(guess + reach, times[-1]))
    passed, _ = zero_doppler(corners, coarse)
    if not np.isfinite(passed).all():
        raise OrbitError(
            f"state vectors ({vectors.source})",
            "do not cover the time at which the radar passed the corners of the image",
            "Give an orbit file that covers the scene.",
        )
    return fit_orbit(vectors, float(passed.min()), float(passed.max()))


def _longest_delay(vectors: StateVectors, geometry: RadarGeometry, shape: tuple[int, int]) -> float:
    """Longest time (s) between the middle of the beam and zero Doppler, in the image."""
    if geometry.doppler is None:
        return 0.0
    samples = np.array([0.0, shape[1] - 1.0])
    ranges = geometry.range.slant_range(samples, geometry.azimuth.time(np.zeros(2)))
    speed = np.linalg.norm(vectors.velocities_m_s, axis=1).mean()
    return float(np.abs(geometry.doppler.lead(ranges, speed)).max() / speed)
