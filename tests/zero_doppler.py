"""A zero-Doppler solver of the tests' own: knows nothing of the library but the state vectors."""

from __future__ import annotations

import numpy as np
import pyproj
from scipy.interpolate import KroghInterpolator

from calvingfront.products.model import StateVectors


def solve(
    orbit: StateVectors, latitude: float, longitude: float, height: float, start_s: float
) -> tuple[float, float]:
    """Return azimuth time (s since the orbit's epoch) and slant range (m) of one ground point.

    Hermite interpolation through the (up to 8) state vectors around the start, then Newton.
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
    point = np.array(to_earth.transform(longitude, latitude, height))
    time = (start_s - origin) / scale
    for _ in range(50):
        position, velocity, acceleration = (curve.derivative(time, k) for k in range(3))
        away = point - position
        time -= (away @ velocity) / (away @ acceleration - velocity @ velocity)
    return float(time * scale + origin), float(np.linalg.norm(point - curve(time)))
