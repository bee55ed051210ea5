"""The number of looks to average, and the geometry of the averaged image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.model import (
    Array,
    AzimuthTime,
    MapGeometry,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.sar.coverage import Imaged
from calvingfront.sar.geometry import to_ground


@dataclass(frozen=True)
class Averaged:
    """What is known of a multilooked image before a pixel is read; shape: of the whole image."""

    orbit: StateVectors
    geometry: RadarGeometry | MapGeometry
    shape: tuple[int, int]
    mean_height_m: float
    looks: tuple[int, int]


def averaged(product: Imaged, spacing_m: float) -> Averaged:
    """The image of a product that is averaged to about `spacing_m` on the ground."""
    height = product.mean_height_m if np.isfinite(product.mean_height_m) else 0.0
    own = pixel_spacing(product.orbit, product.geometry, product.shape, height)
    looks = choose_looks(own, spacing_m, product.shape)
    shape = product.shape[0] // looks[0], product.shape[1] // looks[1]
    geometry = multilooked_geometry(product.geometry, looks)
    return Averaged(product.orbit, geometry, shape, product.mean_height_m, looks)


def pixel_spacing(
    vectors: StateVectors,
    geometry: RadarGeometry | MapGeometry,
    shape: tuple[int, int],
    height_m: float = 0.0,
) -> tuple[float, float]:
    """Distance on the ground (m) between lines and between samples, at the image's middle."""
    orbit = scene_orbit(vectors, geometry, shape)
    line, sample = (shape[0] - 1) // 2, (shape[1] - 1) // 2
    points = to_ground(
        line + np.array([0.0, 1.0, 0.0]) * min(1, shape[0] - 1),
        sample + np.array([0.0, 0.0, 1.0]) * min(1, shape[1] - 1),
        np.full(3, height_m),
        orbit,
        geometry,
    )
    down, across = np.linalg.norm(points[1:] - points[0], axis=1)
    return float(down), float(across)


def choose_looks(
    spacing: tuple[float, float], output_m: float, shape: tuple[int, int]
) -> tuple[int, int]:
    """Looks in azimuth and range (≥ 1) that bring pixels of `spacing` (m) closest to output_m."""
    looks = [
        min(extent, max(1, round(output_m / own))) if own > 0 else 1
        for own, extent in zip(spacing, shape, strict=True)
    ]
    return looks[0], looks[1]


def multilooked_geometry(
    geometry: RadarGeometry | MapGeometry, looks: tuple[int, int]
) -> RadarGeometry | MapGeometry:
    """Geometry of the averaged image: its first pixel is centred (looks − 1) / 2 pixels inside."""
    lines, samples = looks
    down, across = (lines - 1) / 2, (samples - 1) / 2
    if isinstance(geometry, MapGeometry):
        to_pixel, to_map = geometry.to_pixel, geometry.to_ground

        def to_averaged(latitude: Array, longitude: Array) -> tuple[Array, Array]:
            line, sample = to_pixel(latitude, longitude)
            return (line - down) / lines, (sample - across) / samples

        def from_averaged(line: Array, sample: Array) -> tuple[Array, Array]:
            return to_map(np.asarray(line) * lines + down, np.asarray(sample) * samples + across)

        return MapGeometry(to_averaged, from_averaged, geometry.look_side)
    azimuth, ranges = geometry.azimuth, geometry.range
    averaged = AzimuthTime(azimuth.first_s + down * azimuth.interval_s, azimuth.interval_s * lines)
    if isinstance(ranges, SlantRange):
        in_range = SlantRange(
            ranges.first_time_s + across * ranges.interval_s, ranges.interval_s * samples
        )
        return replace(geometry, azimuth=averaged, range=in_range)
    on_ground = replace(
        ranges,
        first_m=ranges.first_m + across * ranges.spacing_m,
        spacing_m=ranges.spacing_m * samples,
    )
    return replace(geometry, azimuth=averaged, range=on_ground)
