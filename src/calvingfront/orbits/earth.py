"""Convert between geodetic (degrees, m above WGS 84) and Earth-fixed coordinates (m)."""

from __future__ import annotations

from functools import cache

import numpy as np
from pyproj import Transformer

from calvingfront.radar.model import Array


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_earth_fixed(longitude: Array, latitude: Array, height: Array) -> Array:
    """Earth-fixed coordinates (…, 3), m, from degrees and metres above the ellipsoid."""
    longitude, latitude, height = np.broadcast_arrays(longitude, latitude, height)
    xyz = _transformer("EPSG:4979", "EPSG:4978").transform(longitude, latitude, height)
    return np.stack(xyz, axis=-1).astype(np.float64)


def vertical(longitude: Array, latitude: Array) -> Array:
    """Upward unit normals (…, 3) of the ellipsoid at positions given in degrees.

    Adding h times the normal raises a point by h metres.
    """
    east, north = np.deg2rad(longitude), np.deg2rad(latitude)
    level = np.cos(north)
    return np.stack([level * np.cos(east), level * np.sin(east), np.sin(north)], axis=-1)


def to_geodetic(points_m: Array) -> tuple[Array, Array, Array]:
    """Longitude, latitude (degrees) and height above the ellipsoid (m) of (…, 3) points."""
    x, y, z = np.moveaxis(np.asarray(points_m, dtype=np.float64), -1, 0)
    longitude, latitude, height = _transformer("EPSG:4978", "EPSG:4979").transform(x, y, z)
    return np.asarray(longitude), np.asarray(latitude), np.asarray(height)
