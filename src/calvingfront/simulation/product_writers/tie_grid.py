"""The position of any pixel of a simulated image, from its grid of tie points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

from calvingfront.errors import ProductError
from calvingfront.products.annotated_orbit import earth_fixed, interpolate_orbit
from calvingfront.radar.model import SPEED_OF_LIGHT, Array
from calvingfront.simulation.imaging.radar_image import RadarImage

# Accurate to a nanometre: a higher degree would only oscillate between the points.
MOST_DEGREE = 10


@dataclass(frozen=True)
class TieGrid:
    """Points on a grid of lines (m,) and samples (n,); each other array is (m, n).

    latitude, longitude, incidence: degrees; height: m; azimuth_time_s: since the orbit's epoch;
    slant_range_time_s: two-way.
    """

    lines: Array
    samples: Array
    latitude: Array
    longitude: Array
    height: Array
    incidence: Array
    azimuth_time_s: Array
    slant_range_time_s: Array


def resample_tie_points(image: RadarImage, lines: Array, samples: Array) -> TieGrid:
    """Interpolate the tie points, as Earth-fixed coordinates, to a grid of lines and samples.

    Exact at the tie points. Raises ProductError if these do not form a full grid.
    """
    points = image.tie_points
    rows, columns = np.unique(points.line), np.unique(points.sample)
    order = np.lexsort((points.sample, points.line))
    shape = (rows.size, columns.size)
    if min(shape) < 2 or points.line.size != rows.size * columns.size:
        what = f"has {points.line.size} tie points on {rows.size} lines × {columns.size} samples"
        remedy = "Give tie points on a full grid, corners included."
        raise ProductError(f"simulated {image.mission} image", what, remedy)
    to_fixed = earth_fixed()
    fixed = to_fixed.transform(
        points.longitude[order], points.latitude[order], points.height[order]
    )
    down, across = _through(rows, lines), _through(columns, samples)
    x, y, z = (down @ values.reshape(shape) @ across.T for values in fixed)
    longitude, latitude, height = to_fixed.transform(x, y, z, direction="INVERSE")
    time_s = image.geometry.azimuth.time(lines)
    grid_time = np.repeat(time_s[:, np.newaxis], samples.size, axis=1)
    grid_sample = np.repeat(samples[np.newaxis], lines.size, axis=0)
    slant_range_m = image.geometry.range.slant_range(grid_sample, grid_time)
    return TieGrid(
        lines,
        samples,
        latitude,
        longitude,
        height,
        _incidence(image, np.stack([x, y, z], axis=-1), longitude, latitude, time_s),
        grid_time,
        2 * slant_range_m / SPEED_OF_LIGHT,
    )


def _through(nodes: Array, places: Array) -> Array:
    """Matrix (places, n) from values at nodes (n,) to those of the polynomial through them."""
    degree = min(MOST_DEGREE, nodes.size - 1)
    middle, half = (nodes[-1] + nodes[0]) / 2, (nodes[-1] - nodes[0]) / 2
    fit = np.linalg.pinv(legendre.legvander((nodes - middle) / half, degree))
    return np.asarray(legendre.legvander((places - middle) / half, degree) @ fit)


def _incidence(
    image: RadarImage, fixed: Array, longitude: Array, latitude: Array, time_s: Array
) -> Array:
    """Angle between the line of sight and the ellipsoid's normal, degrees."""
    position, _ = interpolate_orbit(image.orbit, time_s)
    sight = position[:, np.newaxis] - fixed
    lon, lat = np.radians(longitude), np.radians(latitude)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    cosine = (sight * up).sum(axis=-1) / np.linalg.norm(sight, axis=-1)
    return np.asarray(np.degrees(np.arccos(cosine)))
