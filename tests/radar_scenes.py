"""Exact radar scenes for tests: a circular orbit over a turning Earth, and missions like the real.

Nothing here uses the library's interpolation: positions and velocities come from the closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from calvingfront.orbits.orbit import Orbit
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    AzimuthTime,
    Calibration,
    GroundRange,
    Product,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.sar.multilook import Multilooked

EPOCH = datetime(2004, 7, 3)
MIDDLE_S = 3600.0  # of each scene, after the epoch
GRAVITY = 3.986004418e14
EARTH_RATE = 7.292115e-5


@dataclass(frozen=True)
class CircularOrbit:
    """A circle in inertial space, seen from the turning Earth.

    At MIDDLE_S the satellite stands above latitude_deg, longitude_deg (on the sphere).
    """

    altitude_m: float
    inclination_deg: float = 98.4
    latitude_deg: float = -64.4
    longitude_deg: float = -60.0
    ascending: bool = True

    def states(self, time_s: Array) -> tuple[Array, Array]:
        """Earth-fixed positions and velocities (n, 3)."""
        time = np.atleast_1d(np.asarray(time_s, dtype=np.float64)) - MIDDLE_S
        radius = 6_371_000.0 + self.altitude_m
        rate = np.sqrt(GRAVITY / radius**3)
        tilt = np.deg2rad(self.inclination_deg)
        start = np.arcsin(np.sin(np.deg2rad(self.latitude_deg)) / np.sin(tilt))
        start = start if self.ascending else np.pi - start
        node = np.deg2rad(self.longitude_deg) - np.arctan2(
            np.cos(tilt) * np.sin(start), np.cos(start)
        )
        u = start + rate * time
        position = radius * np.stack(
            [np.cos(u), np.cos(tilt) * np.sin(u), np.sin(tilt) * np.sin(u)], axis=-1
        )
        velocity = (
            radius
            * rate
            * np.stack([-np.sin(u), np.cos(tilt) * np.cos(u), np.sin(tilt) * np.cos(u)], axis=-1)
        )
        angle = node - EARTH_RATE * time
        turned, moving = _turn(position, angle), _turn(velocity, angle)
        drift = EARTH_RATE * np.stack([-turned[:, 1], turned[:, 0], np.zeros(len(turned))], axis=-1)
        return turned, moving - drift

    def vectors(self, count: int, interval_s: float) -> StateVectors:
        """State vectors around the scene, the scene between two of them."""
        first = MIDDLE_S - (count - 1) / 2 * interval_s
        times = first + interval_s * np.arange(count)
        return StateVectors(EPOCH, times, *self.states(times), source="simulated")


def _turn(vectors: Array, angle: Array) -> Array:
    x, y, z = vectors.T
    return np.stack(
        [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z], axis=-1
    )


@dataclass(frozen=True, eq=False)  # hashed as the object that it is
class Scene:
    """An image's geometry on an orbit."""

    orbit: CircularOrbit
    geometry: RadarGeometry
    shape: tuple[int, int]
    vectors: StateVectors
    spacing_m: float

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last azimuth time."""
        times = self.geometry.azimuth.time(np.array([0.0, self.shape[0] - 1]))
        return float(times.min()), float(times.max())


# altitude m, look angle °, vectors (count, interval s), line and sample spacing m, map spacing m
MISSIONS = {
    "ERS": (785e3, 20.0, (5, 4.3), (20.0, 7.9), 20.0),
    "TSX": (514e3, 31.0, (12, 10.0), (6.6, 4.1), 7.0),
    "PALSAR": (692e3, 34.0, (28, 60.0), (16.0, 9.4), 17.0),
    "RSAT": (792e3, 34.0, (15, 480.0), (20.0, 12.0), 20.0),
}


@cache
def make_scene(
    mission: str,
    *,
    shape: tuple[int, int] = (400, 500),
    side: str = "right",
    ascending: bool = True,
    ground: bool = False,
) -> Scene:
    """A scene like a multilooked one of the mission, centred MIDDLE_S after the epoch."""
    altitude, look, (count, interval), (line_m, sample_m), spacing = MISSIONS[mission]
    orbit = CircularOrbit(altitude, ascending=ascending)
    position, velocity = orbit.states(np.array([MIDDLE_S]))
    distance = float(np.linalg.norm(position))
    earth = 6_371_000.0 * 0.9995
    cosine = np.cos(np.deg2rad(look))
    middle = distance * cosine - np.sqrt(earth**2 - distance**2 * (1 - cosine**2))
    ground_speed = float(np.linalg.norm(velocity)) * earth / distance
    step_s = line_m / ground_speed
    azimuth = AzimuthTime(MIDDLE_S - step_s * (shape[0] - 1) / 2, step_s)
    near = middle - sample_m * (shape[1] - 1) / 2
    if ground:
        incidence = np.arcsin(distance / earth * np.sin(np.deg2rad(look)))
        sine, cos2 = np.sin(incidence), np.cos(incidence) ** 2
        # Slant range of a ground range on a sphere, to third order; it drifts along the track.
        row = np.array([near, sine, cos2 / (2 * near), -sine * cos2 / (2 * near**2)])
        rows = np.stack([row, row + np.array([30.0, 1e-5, 0, 0])])
        times = MIDDLE_S + np.array([-2.0, 2.0])
        spacing_g = sample_m / sine
        ranges: SlantRange | GroundRange = GroundRange(
            2.0 * spacing_g, spacing_g, times, np.zeros(2), rows
        )
    else:
        ranges = SlantRange(2 * near / SPEED_OF_LIGHT, 2 * sample_m / SPEED_OF_LIGHT)
    geometry = RadarGeometry(azimuth, ranges, side)  # type: ignore[arg-type]
    return Scene(orbit, geometry, shape, orbit.vectors(count, interval), spacing)


@cache
def orbit_of(scene: Scene) -> Orbit:
    """The orbit that the library fits to the scene."""
    return scene_orbit(scene.vectors, scene.geometry, scene.shape)


class ArrayReader:
    """A PixelReader of an array."""

    def __init__(self, pixels: Any) -> None:
        self.pixels = pixels
        self.shape = pixels.shape
        self.is_complex = bool(np.iscomplexobj(pixels))

    def read(self, first: int, count: int) -> Any:
        return self.pixels[first : first + count]


def make_product(scene: Scene, pixels: Any, **changes: Any) -> Product:
    """A product of the scene with the given pixels."""
    facts: dict[str, Any] = {
        "path": Path("made-up.E1"),
        "files": (),
        "format": "made up",
        "mission": "ERS",
        "platform": "ERS-1",
        "level": "SLC",
        "acquired": EPOCH,
        "polarisation": "VV",
        "pass_direction": "ascending" if scene.orbit.ascending else "descending",
        "shape": pixels.shape,
        "is_complex": bool(np.iscomplexobj(pixels)),
        "looks": (1.0, 1.0),
        "radar_frequency_hz": 5.3e9,
        "orbit": scene.vectors,
        "geometry": scene.geometry,
        "calibration": Calibration.constant("sigma0", 1.0),
        "pixels": ArrayReader(pixels),
    }
    return Product(**{**facts, **changes})


def make_image(scene: Scene, intensity: Any, mean_height_m: float = 0.0) -> Multilooked:
    """An intensity image in the scene's own geometry."""
    return Multilooked(
        np.asarray(intensity, dtype=np.float32),
        "sigma0",
        scene.vectors,
        scene.geometry,
        (1, 1),
        mean_height_m,
        {"product": "made-up.E1", "mission": "ERS"},
    )
