"""A zero-Doppler solver of the tests' own: knows nothing of the library but the state vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyproj
from scipy.interpolate import KroghInterpolator

from calvingfront.radar.model import StateVectors

Field = npt.NDArray[np.float64]


def solve(
    orbit: StateVectors,
    latitude: npt.ArrayLike,
    longitude: npt.ArrayLike,
    height: npt.ArrayLike,
    start_s: float,
) -> tuple[Field, Field]:
    """Return azimuth times (s since the orbit's epoch) and slant ranges (m) of ground points.

    Hermite interpolation through the (up to 8) state vectors around the start, then Newton.
    Degrees, m above the ellipsoid; arrays (n,) for arrays (n,), numbers for numbers.
    """
    nearest = np.sort(np.argsort(np.abs(orbit.times_s - start_s))[:8])
    origin = orbit.times_s[nearest[0]]
    scale = orbit.times_s[nearest[-1]] - origin
    knots = np.repeat((orbit.times_s[nearest] - origin) / scale, 2)
    values = np.empty((len(knots), 3))
    values[0::2] = orbit.positions_m[nearest]
    values[1::2] = orbit.velocities_m_s[nearest] * scale
    curve = KroghInterpolator(knots, values)
    to_earth = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    place = np.broadcast_arrays(longitude, latitude, height)
    point = np.stack(to_earth.transform(*place), axis=-1)
    time = np.full(point.shape[:-1], (start_s - origin) / scale)
    for _ in range(10):
        position, velocity, acceleration = (curve.derivative(time, k) for k in range(3))
        away = point - position
        slope = np.sum(away * acceleration, axis=-1) - np.sum(velocity**2, axis=-1)
        step = np.sum(away * velocity, axis=-1) / slope
        time = time - step
    assert np.abs(step * scale).max() < 1e-7
    return time * scale + origin, np.linalg.norm(point - curve(time), axis=-1)
