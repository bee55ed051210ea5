"""Polynomials between the pixels of a radar image and latitude, longitude on the ellipsoid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj

from calvingfront.errors import ProductError
from calvingfront.products.annotated_orbit import interpolate_orbit
from calvingfront.radar.model import Array
from calvingfront.simulation.imaging.radar_image import RadarImage

SEMI_MAJOR_M = 6_378_137.0  # WGS 84
SEMI_MINOR_M = 6_356_752.314_245
GRID = 13  # points along each side of the image that the polynomials are fitted to


@dataclass(frozen=True)
class GroundFit:
    """Fitted polynomials as the facility record lists them: 25 + 25 coefficients and the origin.

    to_ground: latitude, longitude over pixel and line; to_pixel: pixel, line over latitude and
    longitude. corners: latitude, longitude of first line first and last sample, then of the last
    line's last and first sample.
    """

    to_ground: list[float]
    to_pixel: list[float]
    corners: list[tuple[float, float]]
    line_spacing_m: float
    sample_spacing_m: float


def fit_ground(image: RadarImage) -> GroundFit:
    """Place a grid of pixels exactly on the ellipsoid (height 0) and fit the polynomials to it."""
    lines, samples = image.values.shape
    # Chebyshev points, ends included: no oscillation between them.
    nodes = (1 - np.cos(np.linspace(0, np.pi, GRID))) / 2
    line, sample = (
        grid.ravel()
        for grid in np.meshgrid(nodes * (lines - 1), nodes * (samples - 1), indexing="ij")
    )
    latitude, longitude = on_ellipsoid(image, line, sample)
    middle = (GRID * GRID) // 2
    origin_pixel = float(round(sample[middle])), float(round(line[middle]))
    origin_place = float(latitude[middle]), float(longitude[middle])
    to_ground = [
        coefficient
        for values in (latitude, longitude)
        for coefficient in _fit(sample - origin_pixel[0], line - origin_pixel[1], values)
    ]
    to_pixel = [
        coefficient
        for values in (sample, line)
        for coefficient in _fit(latitude - origin_place[0], longitude - origin_place[1], values)
    ]
    ends = [0, GRID - 1, GRID * GRID - 1, GRID * (GRID - 1)]
    geod = pyproj.Geod(ellps="WGS84")

    def apart(a: int, b: int) -> float:
        return float(geod.inv(longitude[a], latitude[a], longitude[b], latitude[b])[2])

    return GroundFit(
        [*to_ground, *origin_pixel],
        [*to_pixel, *origin_place],
        [(float(latitude[k]), float(longitude[k])) for k in ends],
        apart(ends[0], ends[3]) / max(lines - 1, 1),
        apart(ends[0], ends[1]) / max(samples - 1, 1),
    )


def _fit(v: Array, u: Array, values: Array) -> list[float]:
    """Return the 25 coefficients of v^(4−r) u^(4−s), scaled for the fit and back again."""
    scale_v, scale_u = (float(np.abs(x).max()) or 1.0 for x in (v, u))
    terms = np.polynomial.polynomial.polyvander2d(v / scale_v, u / scale_u, [4, 4])
    solution = np.linalg.lstsq(terms, values, rcond=None)[0].reshape(5, 5)
    powers = np.arange(5)
    solution /= scale_v ** powers[:, np.newaxis] * scale_u ** powers[np.newaxis]
    return [float(value) for value in solution[::-1, ::-1].ravel()]


def on_ellipsoid(image: RadarImage, line: Array, sample: Array) -> tuple[Array, Array]:
    """Return latitude and longitude (degrees) of pixels at height 0, exact for the given orbit.

    Solves range, Doppler and ellipsoid by Newton's method from the nearest tie point; raises
    ProductError if a pixel does not meet the ellipsoid.
    """
    time = image.geometry.azimuth.time(line)
    slant = image.geometry.range.slant_range(sample, time)
    position, velocity = interpolate_orbit(image.orbit, time)
    speed = np.linalg.norm(velocity, axis=1)
    doppler = image.geometry.doppler
    lead = np.zeros(speed.shape) if doppler is None else doppler.lead(slant, speed)
    points = image.tie_points
    to_earth = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    nearest = np.argmin(
        np.hypot(points.line - line[:, np.newaxis], points.sample - sample[:, np.newaxis]), axis=1
    )
    place = np.stack(
        to_earth.transform(
            points.longitude[nearest], points.latitude[nearest], np.zeros(len(nearest))
        ),
        axis=1,
    )
    axes = np.array([SEMI_MAJOR_M, SEMI_MAJOR_M, SEMI_MINOR_M])
    for _ in range(30):
        away = place - position
        # All three in metres: range, along-track distance, height (to first order).
        distance = np.linalg.norm(away, axis=1)
        misses = np.stack(
            [
                distance - slant,
                (away * velocity).sum(axis=1) / speed - lead,
                SEMI_MINOR_M / 2 * (((place / axes) ** 2).sum(axis=1) - 1),
            ],
            axis=1,
        )
        slopes = np.stack(
            [
                away / distance[:, np.newaxis],
                velocity / speed[:, np.newaxis],
                SEMI_MINOR_M * place / axes**2,
            ],
            axis=1,
        )
        place = place - np.linalg.solve(slopes, misses[..., np.newaxis])[..., 0]
    if not np.abs(misses).max() < 1e-3:
        raise ProductError(
            "simulated image", "has pixels that miss the ellipsoid", "Check its slant ranges"
        )
    longitude, latitude, _ = to_earth.transform(
        place[:, 0], place[:, 1], place[:, 2], direction="INVERSE"
    )
    return np.asarray(latitude), np.asarray(longitude)
