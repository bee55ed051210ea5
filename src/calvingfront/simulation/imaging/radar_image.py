"""The simulated image that is passed to the writer of a mission's product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from calvingfront.radar.model import (
    GroundPoints,
    Mission,
    Pixels,
    RadarGeometry,
    StateVectors,
)


@dataclass(frozen=True)
class RadarImage:
    """One simulated image in radar geometry.

    values: (lines, samples); complex64 with |value|² = backscatter for single-look complex
    products, float32 amplitude with value² = backscatter for detected ones. 0 is no data.
    backscatter: which coefficient the squared values are; the writer chooses the scale of its
    integers, and writes the calibration that undoes it into the header.
    tie_points: exact positions of a grid of pixels (corners included), at mean_height_m.
    """

    mission: Mission
    platform: str
    level: str
    acquired: datetime
    polarisation: str
    pass_direction: Literal["ascending", "descending"]
    radar_frequency_hz: float
    looks: tuple[float, float]
    orbit: StateVectors
    geometry: RadarGeometry
    backscatter: Literal["beta0", "sigma0"]
    values: Pixels
    tie_points: GroundPoints
    mean_height_m: float
    beam: str = ""
