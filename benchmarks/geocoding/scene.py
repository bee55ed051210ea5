"""The input of benchmarks/geocode.py: a scene in closed form, its pixels and its terrain."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

EPOCH = datetime(1995, 12, 20)
CRS = "EPSG:3031"
SPACING_M = 20.0
ALTITUDE_M, LOOK_DEG = 785e3, 20.3
SAMPLING_HZ, LINE_RATE_HZ = 18.96e6, 1679.9
GRAVITY, EARTH_RATE = 3.986004418e14, 7.292115e-5


def lines_samples(small: bool) -> tuple[int, int]:
    """Shape of the complex image."""
    return (5_000, 980) if small else (25_000, 4_900)


def scene(options: argparse.Namespace) -> Any:
    """The product: geometry in closed form, pixels memory-mapped."""
    from calvingfront.products.pixels import RecordPixels
    from calvingfront.radar.model import (
        SPEED_OF_LIGHT,
        AzimuthTime,
        Calibration,
        Product,
        RadarGeometry,
        SlantRange,
        StateVectors,
    )

    shape = lines_samples(options.small)
    times = 3600.0 + 4.3 * np.arange(-4, 5)  # sarsen fits a polynomial of degree 5
    position, velocity = circle(times - 3600.0)
    distance = float(np.linalg.norm(position[4]))
    cosine = np.cos(np.deg2rad(LOOK_DEG))
    middle = distance * cosine - np.sqrt(6_361e3**2 - distance**2 * (1 - cosine**2))
    step = SPEED_OF_LIGHT / 2 / SAMPLING_HZ
    near = middle - step * shape[1] / 2
    geometry = RadarGeometry(
        AzimuthTime(3600.0 - shape[0] / 2 / LINE_RATE_HZ, 1 / LINE_RATE_HZ),
        SlantRange(2 * near / SPEED_OF_LIGHT, 1 / SAMPLING_HZ),
        "right",
    )
    path = options.folder / "pixels.i16"
    return Product(
        path=path,
        files=(path,),
        format="benchmark",
        mission="ERS",
        platform="ERS-1",
        level="SLC",
        acquired=EPOCH,
        polarisation="VV",
        pass_direction="ascending",
        shape=shape,
        is_complex=True,
        looks=(1.0, 1.0),
        radar_frequency_hz=5.3e9,
        orbit=StateVectors(EPOCH, times, position, velocity),
        geometry=geometry,
        calibration=Calibration.constant("beta0", 1e-4),
        pixels=RecordPixels(path, 0, 4 * shape[1], 0, shape, "<i2", True),
        mean_height_m=0.0,
    )


def circle(time_s: Any) -> tuple[Any, Any]:
    """Earth-fixed positions and velocities on a circular orbit over 64° south at time 0."""
    radius, tilt, start = 6_371e3 + ALTITUDE_M, np.deg2rad(98.4), np.deg2rad(-65.7)
    rate = np.sqrt(GRAVITY / radius**3)
    u, turn = start + rate * time_s, np.deg2rad(-60) - EARTH_RATE * time_s
    flat = np.stack([np.cos(u), np.cos(tilt) * np.sin(u), np.sin(tilt) * np.sin(u)], -1)
    slope = np.stack([-np.sin(u), np.cos(tilt) * np.cos(u), np.sin(tilt) * np.cos(u)], -1)
    cos, sin, zero, one = np.cos(turn), np.sin(turn), 0 * turn, 1 + 0 * turn
    rotation = np.stack(
        [
            np.stack([cos, -sin, zero], -1),
            np.stack([sin, cos, zero], -1),
            np.stack([zero, zero, one], -1),
        ],
        -2,
    )
    position = radius * np.einsum("nij,nj->ni", rotation, flat)
    velocity = radius * rate * np.einsum("nij,nj->ni", rotation, slope)
    spin = EARTH_RATE * np.stack([-position[:, 1], position[:, 0], zero], -1)
    return position, velocity - spin


def map_grid(options: argparse.Namespace, product: Any) -> Any:
    """A square map around the centre of the scene, as large as the swath is wide."""
    from calvingfront.orbits.earth import to_geodetic
    from calvingfront.orbits.scene_orbit import scene_orbit
    from calvingfront.sar.geometry import to_ground
    from calvingfront.sar.grid import from_wgs84, grid_over

    orbit = scene_orbit(product.orbit, product.geometry, product.shape)
    middle = (np.full(1, product.shape[0] / 2), np.full(1, product.shape[1] / 2), np.zeros(1))
    longitude, latitude, _ = to_geodetic(to_ground(*middle, orbit, product.geometry))
    x, y = (
        SPACING_M * round(float(v[0]) / SPACING_M) for v in from_wgs84(CRS, longitude, latitude)
    )
    half = (10_000 if options.small else 50_000) * 1.0
    return grid_over(CRS, (x - half, y - half, x + half, y + half), options.spacing)


def make_input(options: argparse.Namespace) -> None:
    """Write the complex image and a terrain model for each spacing, unless they exist."""
    import rasterio
    from rasterio.transform import from_origin

    shape = lines_samples(options.small)
    pixels = options.folder / "pixels.i16"
    if not pixels.exists() or pixels.stat().st_size != 4 * shape[0] * shape[1]:
        random = np.random.default_rng(0)
        with pixels.open("wb") as file:
            for first in range(0, shape[0], 1000):
                rows = min(1000, shape[0] - first)
                speckle = random.normal(0, 300, (rows, 2 * shape[1]))
                file.write(speckle.astype(np.int16).tobytes())
    for spacing in {SPACING_M, *options.growth}:
        options.spacing = spacing
        path = terrain(options)
        if path.exists():
            continue
        grid = map_grid(options, scene(options))
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=grid.height,
            width=grid.width,
            count=1,
            dtype="float32",
            crs=CRS,
            transform=from_origin(grid.left, grid.top, spacing, spacing),
            compress="zstd",
            zstd_level=1,
            tiled=True,
        ) as dataset:
            column = np.arange(grid.width) * spacing / 1900
            for first in range(0, grid.height, 512):
                rows = min(512, grid.height - first)
                row = (first + np.arange(rows))[:, None] * spacing / 2300
                hills = 400 + 300 * np.sin(row) * np.cos(column) + 100 * np.sin(3 * row + column)
                dataset.write(
                    hills.astype(np.float32), 1, window=((first, first + rows), (0, grid.width))
                )
    options.spacing = SPACING_M


def terrain(options: argparse.Namespace) -> Path:
    """The terrain model on the map grid of this spacing."""
    return Path(options.folder / f"dem{'_small' * options.small}_{options.spacing:g}.tif")
