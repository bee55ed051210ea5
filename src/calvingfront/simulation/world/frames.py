"""Map frames of the simulated glaciers: names, extents and grids, cheap to compute."""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

from calvingfront.errors import ConfigError

CRS = "EPSG:3031"  # Antarctic Polar Stereographic, m
MINIMUM_EXTENT_M = 2000.0  # below this a fjord is too narrow for the coarsest mission
# upper left corner of the first glacier: east coast of the Antarctic Peninsula, 64.2° S 60° W
_ORIGIN_X_M, _ORIGIN_Y_M = -2_462_000.0, 1_427_000.0
_UP_GLACIER = 1.0  # of the long side: beyond the frame, so that no front lies farther up
_SHORT_SIDES = (0.82, 0.92)  # of the long side, alternating landscape and portrait


@dataclass(frozen=True)
class Frame:
    """The map rectangle of one glacier: name, upper left corner and size in metres."""

    glacier: str
    upper_left_x: float
    upper_left_y: float
    width_m: float
    height_m: float

    @property
    def extent_m(self) -> float:
        """The long side, m."""
        return max(self.width_m, self.height_m)

    def shape(self, pixel_size_m: float) -> tuple[int, int]:
        """Rows and columns of the grid with this pixel size that fills the frame."""
        return int(self.height_m / pixel_size_m + 1e-6), int(self.width_m / pixel_size_m + 1e-6)

    @property
    def longitude_rad(self) -> float:
        """Longitude of the frame's centre, rad (polar stereographic: x = ρ sin λ, y = ρ cos λ)."""
        x = self.upper_left_x + self.width_m / 2
        y = self.upper_left_y - self.height_m / 2
        return float(np.arctan2(x, y))


def flow_angle(kind: int, rng: np.random.Generator) -> float:
    """Direction in which a glacier flows, rad, from the image's right towards its bottom.

    kind as in `valleys.draw_valleys`; rng: of its terrain, from which this is the first draw.
    """
    # (0) flows towards the upper right, (1) towards the right; then turned by quarters
    return float(np.deg2rad((-42.0, -6.0)[kind % 2] + rng.uniform(-10, 10) + 90.0 * (kind // 2)))


def terrain_rng(seed: int, number: int) -> np.random.Generator:
    """The random numbers of a glacier's terrain; number: of the glacier, from 0."""
    return np.random.default_rng([seed, number, 1])


def upglacier_points(glaciers: int, seed: int, extent_m: float) -> dict[str, tuple[float, float]]:
    """For each simulated glacier a point (x, y in CRS, m) on its axis, up-glacier of its fronts."""
    points = {}
    for number, frame in enumerate(plan_frames(glaciers, extent_m)):
        angle = flow_angle(number, terrain_rng(seed, number))
        away = _UP_GLACIER * frame.extent_m
        middle_x = frame.upper_left_x + frame.width_m / 2
        middle_y = frame.upper_left_y - frame.height_m / 2
        points[frame.glacier] = (
            round(middle_x - away * float(np.cos(angle)), 1),
            round(middle_y + away * float(np.sin(angle)), 1),
        )
    return points


def plan_frames(glaciers: int, extent_m: float) -> list[Frame]:
    """Return the frames of the simulated glaciers SIMA, SIMB, …

    extent_m: long side of each, m. Raises ConfigError for numbers out of range.
    """
    if not 1 <= glaciers <= len(string.ascii_uppercase):
        raise ConfigError(
            "source.simulated.glaciers", f"{glaciers} is not between 1 and 26", "Write 1 to 26"
        )
    if not MINIMUM_EXTENT_M <= extent_m <= 100_000.0:
        raise ConfigError(
            "source.simulated.extent_m",
            f"{extent_m} m is not between {MINIMUM_EXTENT_M:.0f} and 100000 m",
            "Write the long side of the images in metres, for example 12000",
        )
    frames = []
    for number in range(glaciers):
        short = round(extent_m * _SHORT_SIDES[number % 2] / 100.0) * 100.0
        width, height = (extent_m, short) if number % 2 == 0 else (short, extent_m)
        frames.append(
            Frame(
                f"SIM{string.ascii_uppercase[number]}",
                _ORIGIN_X_M + (number % 5) * 1.5 * extent_m,
                _ORIGIN_Y_M - (number // 5) * 1.5 * extent_m,
                width,
                height,
            )
        )
    return frames
