"""Small simulated radar images on an exact orbit, for the tests of readers and writers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pyproj
from scipy.optimize import fsolve

from calvingfront.products.ceos.orbit import GRAVITY_M3_S2, hour_angle_deg, to_earth_fixed
from calvingfront.radar.model import (
    AzimuthTime,
    GroundPoints,
    GroundRange,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.simulation.imaging.radar_image import RadarImage

EPOCH = datetime(2004, 11, 7)
START_S = 40_000.125
LINES, SAMPLES = 60, 47
TO_EARTH = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)

# mission: platform, wavelength, radius of the orbit, step of the vectors, pulse interval, range
# sampling, near range, incidence at the near edge (deg), backscatter, polarisation
FACTS = {
    "ERS": ("ERS-2", 0.056666, 7.158e6, 3.95, 1 / 1679.9, 18.96e6, 834e3, 19.5, "beta0", "VV"),
    "RSAT": (
        "RADARSAT-1",
        0.0565646,
        7.167e6,
        480.0,
        1 / 1286.4,
        32.317e6,
        971e3,
        36.0,
        "beta0",
        "HH",
    ),
    "PALSAR": ("ALOS", 0.236057, 7.069e6, 60.0, 1 / 2141.327, 16e6, 847e3, 36.0, "sigma0", "HH"),
}


def kepler(radius_m: float, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return inertial position and velocity on a circular retrograde orbit (near 64° south)."""
    rate = np.sqrt(GRAVITY_M3_S2 / radius_m**3)
    angle = np.deg2rad(-115.0) + rate * (times_s - START_S)
    tilt, node = np.deg2rad(98.5), 1.0
    across = np.array([-np.sin(node) * np.cos(tilt), np.cos(node) * np.cos(tilt), np.sin(tilt)])
    along = np.array([np.cos(node), np.sin(node), 0.0])
    position = radius_m * (np.outer(np.cos(angle), along) + np.outer(np.sin(angle), across))
    velocity = radius_m * rate * (np.outer(-np.sin(angle), along) + np.outer(np.cos(angle), across))
    return position, velocity


def earth_fixed(radius_m: float, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same orbit as seen from the turning Earth."""
    angle = np.deg2rad(hour_angle_deg(EPOCH + timedelta(seconds=float(times_s[0]))))
    return to_earth_fixed(times_s, *kepler(radius_m, times_s), angle)


@cache
def radar_image(
    mission: str, *, is_complex: bool, left: bool = False, backwards: bool = False, seed: int = 3
) -> RadarImage:
    """Return an image of the mission; `backwards` runs both axes the other way round."""
    platform, wavelength, radius, step, interval, rate, near, incidence, kind, pol = FACTS[mission]
    count = 28 if mission == "PALSAR" else 5
    if is_complex:
        across: SlantRange | GroundRange = SlantRange(2 * near / 299_792_458.0, 1 / rate)
    else:
        interval *= 3
        spacing = 12.5
        sine, cosine = np.sin(np.deg2rad(incidence)), np.cos(np.deg2rad(incidence))
        terms = np.array([[near, sine, cosine**2 / 2 / near, 0.0]])
        across = GroundRange(0.0, spacing, np.array([START_S]), np.zeros(1), terms)
    azimuth = AzimuthTime(START_S, interval)
    if backwards:
        azimuth = AzimuthTime(START_S + (LINES - 1) * interval, -interval)
        if isinstance(across, SlantRange):
            last = across.first_time_s + (SAMPLES - 1) * across.interval_s
            across = SlantRange(last, -across.interval_s)
        else:
            across = replace(across, first_m=(SAMPLES - 1) * 12.5, spacing_m=-12.5)
    times = START_S - step * (count // 2) + step * np.arange(count)
    orbit = StateVectors(EPOCH, times, *earth_fixed(radius, times))
    side = "left" if left else "right"
    geometry = RadarGeometry(azimuth, across, side)
    values = np.random.default_rng(seed).rayleigh(0.3, (2, LINES, SAMPLES)).astype(np.float32)
    values[:, :3, :4] = 0
    return RadarImage(
        mission=mission,
        platform=platform,
        level="simulated",
        acquired=EPOCH + timedelta(seconds=START_S),
        polarisation=pol,
        pass_direction="ascending" if orbit.velocities_m_s[count // 2, 2] > 0 else "descending",
        radar_frequency_hz=299_792_458.0 / wavelength,
        looks=(1.0, 1.0) if is_complex else (4.0, 1.0),
        orbit=orbit,
        geometry=geometry,
        backscatter=kind,
        values=(values[0] + 1j * values[1]).astype(np.complex64) if is_complex else values[0],
        tie_points=tie_points(orbit, radius, geometry),
        mean_height_m=0.0,
        beam="S5",
    )


def tie_points(orbit: StateVectors, radius: float, geometry: RadarGeometry) -> GroundPoints:
    """Place a 3 × 3 grid of pixels on the ellipsoid, one by one, on the exact orbit."""
    rows, found = [], []
    angle = np.deg2rad(hour_angle_deg(orbit.epoch + timedelta(seconds=float(orbit.times_s[0]))))
    for line in np.linspace(0, LINES - 1, 3):
        for sample in np.linspace(0, SAMPLES - 1, 3):
            time = float(geometry.azimuth.time(np.array(line)))
            slant = float(geometry.range.slant_range(np.array(sample), np.array(time)))
            both = np.array([orbit.times_s[0], time])
            p, v = (x[1] for x in to_earth_fixed(both, *kepler(radius, both), angle))
            sideways = np.cross(v, p) / np.linalg.norm(np.cross(v, p))
            if geometry.look_side == "left":
                sideways = -sideways
            down = -p / np.linalg.norm(p)
            start = p + slant * (0.5 * sideways + 0.866 * down)

            def misses(x, p=p, v=v, slant=slant):
                height = TO_EARTH.transform(*x, direction="INVERSE")[2]
                away = x - p
                return [np.linalg.norm(away) - slant, away @ v / np.linalg.norm(v), height]

            place = fsolve(misses, start, xtol=1e-13)
            found.append(TO_EARTH.transform(*place, direction="INVERSE"))
            rows.append((line, sample, time, 2 * slant / 299_792_458.0))
    lines, samples, times, ranges = np.array(rows).T
    longitude, latitude, height = np.array(found).T
    return GroundPoints(lines, samples, latitude, longitude, height, times, ranges)
