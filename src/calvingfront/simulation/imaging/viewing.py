"""Which way a radar looks, on the map of the simulated world."""

from __future__ import annotations

import numpy as np

from calvingfront.simulation.missions import Orbit

INCLINATION_DEG = 98.4  # of the near-polar orbits of all six missions
LATITUDE_DEG = -64.4


def look_direction(orbit: Orbit, longitude_rad: float) -> tuple[float, float]:
    """Unit vector of the horizontal look direction (away from the radar) in the image: right, down.

    The flight azimuth follows from sin(azimuth) = cos(inclination) / cos(latitude); north and east
    on the polar stereographic map turn with the longitude.
    """
    tilt = np.arcsin(np.cos(np.deg2rad(INCLINATION_DEG)) / np.cos(np.deg2rad(LATITUDE_DEG)))
    heading = tilt if orbit.ascending else np.pi - tilt
    azimuth = heading + (-1 if orbit.left_looking else 1) * np.pi / 2
    north = np.array([np.sin(longitude_rad), np.cos(longitude_rad)])
    east = np.array([np.cos(longitude_rad), -np.sin(longitude_rad)])
    x, y = np.cos(azimuth) * north + np.sin(azimuth) * east
    return float(x), float(-y)
