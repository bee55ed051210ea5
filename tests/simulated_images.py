"""Small radar images with exact geometry, for tests of product readers and writers."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from pyproj import Transformer
from scipy.interpolate import CubicHermiteSpline

from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    AzimuthTime,
    GroundPoints,
    GroundRange,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.simulation.imaging.radar_image import RadarImage

GRAVITATION = 3.986004418e14  # m³/s²
EARTH_TURNS = 7.292115e-5  # rad/s
RADII = np.array([6_378_137.0, 6_378_137.0, 6_356_752.314245])
TO_FIXED = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def circular_orbit(times_s, epoch, radius_m=7.15e6, latitude_deg=-63.0, inclination_deg=98.5):
    """A circular orbit, seen from the turning Earth; at time 0 about the latitude, going down."""
    tilt = np.radians(inclination_deg)
    turns = np.sqrt(GRAVITATION / radius_m**3)
    start = np.pi - np.arcsin(np.sin(np.radians(latitude_deg)) / np.sin(tilt))
    times = np.asarray(times_s, float)
    angle = start + turns * times
    along = np.stack([np.cos(angle), np.sin(angle) * np.cos(tilt), np.sin(angle) * np.sin(tilt)])
    moving = np.stack([-np.sin(angle), np.cos(angle) * np.cos(tilt), np.cos(angle) * np.sin(tilt)])
    turned = -EARTH_TURNS * times
    cosine, sine = np.cos(turned), np.sin(turned)

    def turn(vector):
        return np.stack(
            [
                cosine * vector[0] - sine * vector[1],
                sine * vector[0] + cosine * vector[1],
                vector[2],
            ]
        )

    position = turn(radius_m * along)
    velocity = turn(radius_m * turns * moving)
    velocity -= EARTH_TURNS * np.stack([-position[1], position[0], np.zeros(len(times))])
    return StateVectors(epoch, times, position.T.copy(), velocity.T.copy())


def orbit_at(orbit, times_s):
    """Positions and velocities by cubic Hermite pieces: right to 0.2 mm for vectors 10 s apart."""
    spline = CubicHermiteSpline(orbit.times_s, orbit.positions_m, orbit.velocities_m_s)
    return spline(times_s), spline(times_s, 1)


def zero_doppler(orbit, points_m, times_s):
    """Zero-Doppler times (from a first guess) and slant ranges of points (n, 3)."""
    spline = CubicHermiteSpline(orbit.times_s, orbit.positions_m, orbit.velocities_m_s)
    time = np.array(times_s, float)
    for _ in range(6):
        sight = points_m - spline(time)
        velocity, acceleration = spline(time, 1), spline(time, 2)
        slope = (sight * acceleration).sum(1) - (velocity**2).sum(1)
        time = time - (sight * velocity).sum(1) / slope
    return time, np.linalg.norm(points_m - spline(time), axis=1)


def place_points(orbit, time_s, slant_range_m, height_m, look_side):
    """Points at height_m seen at a time and slant range: longitude, latitude, height (n,)."""
    position, velocity = orbit_at(orbit, time_s)
    radii = RADII + height_m
    side = np.cross(velocity, position)  # to the right of the track
    side /= np.linalg.norm(side, axis=1)[:, None]
    down = -position / np.linalg.norm(position, axis=1)[:, None]
    sign = 1.0 if look_side == "right" else -1.0
    look = np.radians(25.0)
    point = position + slant_range_m[:, None] * (np.cos(look) * down + sign * np.sin(look) * side)
    for _ in range(30):
        sight = point - position
        value = np.stack(
            [
                (sight**2).sum(1) - slant_range_m**2,
                (sight * velocity).sum(1),
                ((point / radii) ** 2).sum(1) - 1,
            ],
            axis=1,
        )
        slopes = np.stack([2 * sight, velocity, 2 * point / radii**2], axis=1)
        point = point - np.linalg.solve(slopes, value[..., None])[..., 0]
    longitude, latitude, height = TO_FIXED.transform(*point.T, direction="INVERSE")
    return longitude, latitude, height


def tie_points(orbit, geometry, shape, height_m, count=11):
    """A full grid of exact points of an image."""
    line, sample = np.meshgrid(
        np.linspace(0, shape[0] - 1, count), np.linspace(0, shape[1] - 1, count), indexing="ij"
    )
    line, sample = line.ravel(), sample.ravel()
    time = geometry.azimuth.time(line)
    distance = geometry.range.slant_range(sample, time)
    longitude, latitude, height = place_points(orbit, time, distance, height_m, geometry.look_side)
    return GroundPoints(
        line, sample, latitude, longitude, height, time, 2 * distance / SPEED_OF_LIGHT
    )


def values_of(shape, is_complex, seed=1):
    """Speckle of a mean backscatter of 0.1, with a pixel of no data, a dim and a bright one."""
    rng = np.random.default_rng(seed)
    field = rng.standard_normal((*shape, 2)) * np.sqrt(0.05)
    values = field[..., 0] + 1j * field[..., 1]
    values[0, 0] = 0
    values[1, 1] = 1e-6  # below half a step of any integer scale
    values[shape[0] // 2, shape[1] // 3] = 30 - 12j
    return values.astype(np.complex64) if is_complex else np.abs(values).astype(np.float32)


def ground_range(first_range_m, spacing_m, samples, radius_m, times_s=(0.0,), degree=4):
    """Slant range over ground range on a sphere of the Earth's mean radius, as polynomials."""
    earth = 6.371e6
    ground = np.linspace(0, spacing_m * samples, 200)
    cosine = (earth**2 + radius_m**2 - first_range_m**2) / (2 * earth * radius_m)
    angle = np.arccos(cosine) + ground / earth
    slant = np.sqrt(earth**2 + radius_m**2 - 2 * earth * radius_m * np.cos(angle))
    fitted = np.polynomial.Polynomial.fit(ground, slant, degree).convert().coef
    coefficients = np.stack(
        [fitted + 0.5 * index * np.eye(degree + 1)[0] for index in range(len(times_s))]
    )
    return GroundRange(0.0, spacing_m, np.array(times_s), np.zeros(len(times_s)), coefficients)


def envisat_image(level="IMS", platform="Envisat", shape=(40, 60), **changes):
    """An image as ASAR or ERS takes it; five state vectors, as its format has.

    Levels that end with S are complex; those that end with M have pixels of 75 m.
    """
    is_complex, is_coarse = level.endswith("S"), level.endswith("M")
    epoch = datetime(2006, 3, 5, 13, 1, 2, 123456)
    orbit = circular_orbit(np.arange(5) * 4.0 - 4.0, epoch)
    orbit = StateVectors(
        datetime(2006, 3, 5, 13, 0, 58, 123456),
        orbit.times_s - orbit.times_s[0],
        orbit.positions_m,
        orbit.velocities_m_s,
    )
    azimuth = AzimuthTime(6.654321, 6.05174631e-4 * (1 if is_complex else 20 if is_coarse else 5))
    in_range = (
        SlantRange(5.5259773e-3, 1 / 19_207_680.0)
        if is_complex
        else ground_range(8.4e5, 75.0 if is_coarse else 12.5, shape[1], 7.15e6, (5.0, 9.0))
    )
    return _image(
        orbit,
        RadarGeometry(azimuth, in_range, "right"),
        shape,
        {
            "mission": "ENVISAT" if platform == "Envisat" else "ERS",
            "platform": platform,
            "level": level,
            "looks": (1.0, 1.0) if is_complex else (4.0, 1.0),
            "radar_frequency_hz": 5_331_004_416.0,
            "beam": "IS2",
            **changes,
        },
    )


def terrasar_image(level="SSC", mission="TSX", shape=(40, 60), look_side="right", **changes):
    """An image as TerraSAR-X or TanDEM-X takes it."""
    epoch = datetime(2012, 3, 4, 21, 30, 0)
    orbit = circular_orbit(np.arange(12) * 10.0, epoch, radius_m=6.886e6)
    azimuth = AzimuthTime(47.123456, 2.60924658505246e-4 * (1 if level == "SSC" else 10))
    in_range = (
        SlantRange(4.22716597608860812e-3, 9.10032937895266514e-9)
        if level == "SSC"
        else ground_range(6.4e5, 6.0, shape[1], 6.886e6)
    )
    return _image(
        orbit,
        RadarGeometry(azimuth, in_range, look_side),
        shape,
        {
            "mission": mission,
            "platform": {"TSX": "TerraSAR-X", "TDX": "TanDEM-X"}[mission],
            "level": level,
            "looks": (1.0, 1.0) if level == "SSC" else (2.0, 2.5),
            "radar_frequency_hz": 9.65e9,
            "beam": "strip_011",
            **changes,
        },
    )


def _image(orbit, geometry, shape, fields):
    is_complex = isinstance(geometry.range, SlantRange)
    middle = orbit.epoch
    content = {
        "acquired": middle,
        "polarisation": "HH",
        "pass_direction": "descending",
        "orbit": orbit,
        "geometry": geometry,
        "backscatter": "beta0",
        "values": values_of(shape, is_complex),
        "tie_points": tie_points(orbit, geometry, shape, 120.0),
        "mean_height_m": 120.0,
    }
    return RadarImage(**{**content, **fields})
