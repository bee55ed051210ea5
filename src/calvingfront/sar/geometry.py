"""Exact range-Doppler geometry: from the ground to line and sample, and back.

Points are Earth-fixed (WGS 84), m, float64. Everything here is exact to a few micrometres and works
point by point; the geocoder uses it at the nodes of a lattice only.
"""

from __future__ import annotations

import numpy as np

from calvingfront.errors import GeocodingError
from calvingfront.orbits.earth import to_earth_fixed, to_geodetic, vertical
from calvingfront.orbits.orbit import Orbit
from calvingfront.orbits.zero_doppler import on_look_side, zero_doppler
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    DopplerCentroid,
    MapGeometry,
    RadarGeometry,
    Side,
    SlantRange,
)
from calvingfront.sar.ground_range import ground_range_sample

STEPS = 30
CONVERGED_M = 1e-5


def to_line_sample(
    points_m: Array,
    orbit: Orbit,
    geometry: RadarGeometry | MapGeometry,
    shape: tuple[int, int],
    first_guess_s: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Line, sample and azimuth time (n,) at which the image shows points (n, 3).

    shape: lines and samples of the image. NaN outside the orbit's span and on the side to which the
    radar does not look. A product on a map grid shows a point where its range and Doppler meet the
    ellipsoid, since it was projected there.
    """
    doppler = geometry.doppler if isinstance(geometry, RadarGeometry) else None
    time, slant_range = zero_doppler(points_m, orbit, first_guess_s, doppler)
    time = np.where(on_look_side(points_m, time, orbit, geometry.look_side), time, np.nan)
    slant_range = np.where(np.isfinite(time), slant_range, np.nan)
    if isinstance(geometry, MapGeometry):
        line, sample = np.full(time.shape, np.nan), np.full(time.shape, np.nan)
        seen = np.isfinite(time)
        shown = range_doppler_point(
            orbit, time[seen], slant_range[seen], np.zeros(seen.sum()), geometry.look_side
        )
        longitude, latitude, _ = to_geodetic(shown)
        line[seen], sample[seen] = geometry.to_pixel(latitude, longitude)
        return line, sample, time
    line = (time - geometry.azimuth.first_s) / geometry.azimuth.interval_s
    if isinstance(geometry.range, SlantRange):
        two_way = 2 * slant_range / SPEED_OF_LIGHT
        return line, (two_way - geometry.range.first_time_s) / geometry.range.interval_s, time
    sample = np.full(time.shape, np.nan)
    seen = np.isfinite(time)
    sample[seen] = ground_range_sample(geometry.range, shape[1], slant_range[seen], time[seen])
    return line, sample, time


def to_ground(
    line: Array,
    sample: Array,
    height: Array,
    orbit: Orbit,
    geometry: RadarGeometry | MapGeometry,
) -> Array:
    """Points (n, 3) at `height` (m above the ellipsoid) that the image shows at line and sample.

    Raises OrbitError for lines outside the orbit's span, GeocodingError for ranges that do not
    reach the ground.
    """
    line, sample, height = np.broadcast_arrays(line, sample, height)
    if isinstance(geometry, MapGeometry):
        latitude, longitude = geometry.to_ground(line, sample)
        shown = to_earth_fixed(longitude, latitude, np.zeros(line.shape))
        time, slant_range = zero_doppler(shown, orbit)
        return range_doppler_point(orbit, time, slant_range, height, geometry.look_side)
    time = geometry.azimuth.time(line)
    orbit.position(time)  # raises outside the span
    slant_range = geometry.range.slant_range(np.asarray(sample, dtype=np.float64), time)
    return range_doppler_point(
        orbit, time, slant_range, height, geometry.look_side, geometry.doppler
    )


def range_doppler_point(
    orbit: Orbit,
    time_s: Array,
    slant_range_m: Array,
    height: Array,
    look_side: Side,
    doppler: DopplerCentroid | None = None,
) -> Array:
    """Point at the given range and height in the zero-Doppler plane, on the look side.

    With a Doppler centroid the point lies ahead of that plane by its lead.
    All (n,); returns (n, 3). Newton's method in the three coordinates; the height's gradient is the
    normal of the ellipsoid. Raises GeocodingError if no point has both range and height.
    """
    position, velocity = orbit.evaluate(np.asarray(time_s, dtype=np.float64), 1)
    speed = np.linalg.norm(velocity, axis=1)
    along = velocity / speed[:, None]
    lead = np.zeros(speed.shape) if doppler is None else doppler.lead(slant_range_m, speed)
    down = -position / np.linalg.norm(position, axis=1, keepdims=True)
    down -= along * np.einsum("ij,ij->i", down, along)[:, None]
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    across = np.cross(down, along) if look_side == "right" else np.cross(along, down)
    # First guess on a sphere through the point below the satellite.
    altitude = to_geodetic(position)[2]
    distance = np.linalg.norm(position, axis=1)
    radius = distance - altitude + height
    cosine = (distance**2 + slant_range_m**2 - radius**2) / (2 * distance * slant_range_m)
    cosine = np.clip(cosine, -1.0, 1.0)
    sine = np.sqrt(np.maximum(1 - cosine**2, 1e-4))
    point = position + slant_range_m[:, None] * (cosine[:, None] * down + sine[:, None] * across)
    for _ in range(STEPS):
        sight = point - position
        distance = np.linalg.norm(sight, axis=1)
        longitude, latitude, found = to_geodetic(point)
        up = vertical(longitude, latitude)
        misses = np.stack(
            [
                np.einsum("ij,ij->i", sight, along) - lead,
                distance - slant_range_m,
                found - height,
            ],
            axis=-1,
        )
        if not np.isfinite(misses).all():
            break
        if np.abs(misses).max(initial=0.0) < CONVERGED_M:
            beside = np.einsum("ij,ij->i", sight, across)
            if bool((beside > 0).all()):
                return np.asarray(point)
            break
        slopes = np.stack([along, sight / distance[:, None], up], axis=1)
        try:
            point = point - np.linalg.solve(slopes, misses[..., None])[..., 0]
        except np.linalg.LinAlgError:
            break
    raise GeocodingError(
        "range-Doppler geometry",
        f"slant ranges of {np.min(slant_range_m) / 1000:.1f} to {np.max(slant_range_m) / 1000:.1f} "
        f"km do not reach heights of {np.min(height):.0f} to {np.max(height):.0f} m",
        "Check the product's range times and orbit, and the heights.",
    )
