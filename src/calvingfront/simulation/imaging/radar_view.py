"""The exact geometry of one simulated acquisition: where each place of the map falls in the image.

Every coordinate here comes from the orbit by Newton's method on the range and Doppler equations
(Curlander & McDonough 1991, section 8.2); nothing is interpolated on a lattice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial
from pyproj import Transformer

from calvingfront.errors import GeocodingError
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    DopplerCentroid,
    GroundPoints,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.simulation.imaging.acquisition import Mode
from calvingfront.simulation.imaging.satellite_orbit import LocalPath

MARGIN_PX = 12  # cells around the surface's rectangle
GROUND_RANGE_DEGREE = 4  # five coefficients, as in ESA's products
LOCATE_STEPS = 15
TIE_POINTS = 11  # along each side of the image
SWATH_NODES = 129  # places across the swath at which smooth quantities are computed
FASTEST_M_S = 6000.0  # less than any ground speed: bounds the duration of a scene


@cache
def transformer(source: str, target: str) -> Transformer:
    """A transformer with x (longitude) first; cached, because creating one is slow."""
    return Transformer.from_crs(source, target, always_xy=True)


def map_to_earth(
    crs: str, x: npt.ArrayLike, y: npt.ArrayLike, height: npt.ArrayLike
) -> tuple[Array, Array]:
    """Earth-fixed points (n, 3), m, and the ellipsoid's unit normals there, from map x, y (m)."""
    lon, lat = transformer(crs, "EPSG:4979").transform(np.asarray(x, float), np.asarray(y, float))[
        :2
    ]
    return geodetic_to_earth(lon, lat, height)


def geodetic_to_earth(
    longitude: npt.ArrayLike, latitude: npt.ArrayLike, height: npt.ArrayLike
) -> tuple[Array, Array]:
    """Earth-fixed points (n, 3), m, and unit normals, from degrees and ellipsoidal height (m)."""
    lon, lat, h = np.broadcast_arrays(
        np.asarray(longitude, float), np.asarray(latitude, float), np.asarray(height, float)
    )
    points = np.stack(transformer("EPSG:4979", "EPSG:4978").transform(lon, lat, h), axis=-1)
    lon, lat = np.deg2rad(lon), np.deg2rad(lat)
    normals = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return points, normals


def earth_to_geodetic(points_m: Array) -> tuple[Array, Array, Array]:
    """Longitude, latitude (degrees) and ellipsoidal height (m) of Earth-fixed points (n, 3)."""
    lon, lat, height = transformer("EPSG:4978", "EPSG:4979").transform(
        points_m[:, 0], points_m[:, 1], points_m[:, 2]
    )
    return np.asarray(lon), np.asarray(lat), np.asarray(height)


@dataclass(frozen=True)
class RadarView:
    """One acquisition's exact geometry.

    path: the orbit around the scene; orbit: the annotated vectors of the same orbit.
    geometry, shape: the image's grid. incidence_rad, line_spacing_m, slant_spacing_m: (samples,)
    at mean_height_m and at the scene's middle: incidence on the ellipsoid, distance between lines
    on the ground, slant range between samples.
    """

    mode: Mode
    acquired: datetime
    pass_direction: Literal["ascending", "descending"]
    path: LocalPath
    orbit: StateVectors
    geometry: RadarGeometry
    shape: tuple[int, int]
    mean_height_m: float
    incidence_rad: Array
    line_spacing_m: Array
    slant_spacing_m: Array

    def line_sample(self, points_m: Array) -> tuple[Array, Array]:
        """Line and sample of Earth-fixed points (n, 3), m."""
        time, slant = seen_at(self.path, points_m, self.geometry.doppler)
        azimuth = self.geometry.azimuth
        return (time - azimuth.first_s) / azimuth.interval_s, self.sample_of_range(slant)

    def sample_of_range(self, slant_m: Array) -> Array:
        """Sample of a slant range (m): the geometry's range model, inverted by Newton's method."""
        model = self.geometry.range
        if isinstance(model, SlantRange):
            first = 0.5 * SPEED_OF_LIGHT * model.first_time_s
            return np.asarray((slant_m - first) / (0.5 * SPEED_OF_LIGHT * model.interval_s))
        coefficients = model.coefficients[0]
        slope = polynomial.polyder(coefficients)
        ground = (slant_m - coefficients[0]) / coefficients[1]
        for _ in range(12):
            miss = polynomial.polyval(ground, coefficients) - slant_m
            ground = ground - miss / polynomial.polyval(ground, slope)
        return np.asarray((ground + model.origins_m[0] - model.first_m) / model.spacing_m)

    def place(self, line: Array, sample: Array, height_m: float) -> tuple[Array, Array, Array]:
        """Latitude, longitude (degrees) and Earth-fixed points (n, 3) of pixels at a height."""
        time = self.geometry.azimuth.time(line)
        slant = self.geometry.range.slant_range(sample, time)
        left = self.geometry.look_side == "left"
        points = locate(self.path, time, slant, height_m, left, self.geometry.doppler)
        lon, lat, _ = earth_to_geodetic(points)
        return lat, lon, points

    def tie_points(self) -> GroundPoints:
        """Exact positions of a grid of pixels, corners included, at mean_height_m."""
        lines, samples = (
            grid.ravel()
            for grid in np.meshgrid(
                np.linspace(0, self.shape[0] - 1, TIE_POINTS),
                np.linspace(0, self.shape[1] - 1, TIE_POINTS),
                indexing="ij",
            )
        )
        latitude, longitude, _ = self.place(lines, samples, self.mean_height_m)
        time = self.geometry.azimuth.time(lines)
        delay = 2 * self.geometry.range.slant_range(samples, time) / SPEED_OF_LIGHT
        height = np.full(lines.size, self.mean_height_m)
        return GroundPoints(lines, samples, latitude, longitude, height, time, delay)


def seen_at(
    path: LocalPath, points_m: Array, doppler: DopplerCentroid | None = None
) -> tuple[Array, Array]:
    """Time (n,), s, and slant range (n,), m, at which points (n, 3) are imaged.

    Broadside, or where they have the Doppler centroid.
    """
    time = np.zeros(points_m.shape[0])
    rate = polynomial.polyder(path.coefficients, 2)
    for _ in range(8):
        position, velocity = path.state(time)
        bend = np.moveaxis(polynomial.polyval(time / path.scale_s, rate), 0, -1) / path.scale_s**2
        sight = points_m - position
        miss = np.sum(sight * velocity, axis=1)
        if doppler is not None:
            speed = np.linalg.norm(velocity, axis=1)
            miss -= speed * doppler.lead(np.linalg.norm(sight, axis=1), speed)
        slope = np.sum(sight * bend, axis=1) - np.sum(velocity * velocity, axis=1)
        time = time - miss / slope
    position, _ = path.state(time)
    return time, np.asarray(np.linalg.norm(points_m - position, axis=1))


def locate(
    path: LocalPath,
    time_s: npt.ArrayLike,
    slant_m: npt.ArrayLike,
    height_m: float,
    left: bool,
    doppler: DopplerCentroid | None = None,
) -> Array:
    """Earth-fixed points (n, 3) at an azimuth time, slant range and ellipsoidal height.

    Raises GeocodingError if the range does not reach the ground on the look side.
    """
    time, slant = np.broadcast_arrays(np.asarray(time_s, float), np.asarray(slant_m, float))
    position, velocity = path.state(time)
    radius = np.linalg.norm(position, axis=1)
    speed = np.linalg.norm(velocity, axis=1)
    forward = velocity / speed[:, None]
    lead = np.zeros(speed.shape) if doppler is None else doppler.lead(slant, speed)
    side = np.cross(position / radius[:, None], forward) * (1.0 if left else -1.0)
    # first guess: a sphere through the ground below the satellite
    ground = radius - earth_to_geodetic(position)[2] + height_m
    cos_look = (slant**2 + radius**2 - ground**2) / (2 * slant * radius)
    if np.any(np.abs(cos_look) >= 1):
        raise GeocodingError(
            "simulated view", "a slant range does not reach the ground", "Widen the range window"
        )
    sin_look = np.sqrt(1 - cos_look**2)
    down = -position / radius[:, None]
    points = position + slant[:, None] * (cos_look[:, None] * down + sin_look[:, None] * side)
    for _ in range(LOCATE_STEPS):
        lon, lat, height = earth_to_geodetic(points)
        _, normal = geodetic_to_earth(lon, lat, height)
        sight = points - position
        distance = np.linalg.norm(sight, axis=1)
        matrix = np.stack([sight / distance[:, None], forward, normal], axis=1)
        miss = np.column_stack(
            [distance - slant, np.sum(sight * forward, axis=1) - lead, height - height_m]
        )
        step = np.linalg.solve(matrix, miss[..., None])[..., 0]
        points = points - step
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(points)
