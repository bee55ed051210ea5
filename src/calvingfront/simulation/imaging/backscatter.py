"""Backscatter of the simulated surfaces: σ0 per radar band, surface and season, and its angles.

The levels, at 35° incidence, are not measured: they are set by hand so that the 8-bit images have
the grey levels of real scenes of the same missions (docs/make_simulated_and_real.py prints both).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np

from calvingfront.simulation.world.noise import Field


@dataclass(frozen=True)
class BandBackscatter:
    """σ0 in dB at 35° of each surface in one radar band.

    ice_winter, ice_summer: glacier ice and firn, dry and wet.
    height_gain:            more in the accumulation area: dB over the height of the mountains.
    rock:                   bare rock and scree.
    melange, sea_ice:       the covers of the fjord; open_sea: light wind.
    crevasse:               standard deviation that crevasses put on a calving glacier.
    """

    ice_winter: float
    ice_summer: float
    height_gain: float
    rock: float
    melange: float
    sea_ice: float
    open_sea: float
    crevasse: float


BANDS: Mapping[str, BandBackscatter] = MappingProxyType(
    {
        "C": BandBackscatter(-8.5, -11.5, 0.5, -11.0, -7.5, -11.0, -17.0, 2.0),
        "L": BandBackscatter(-7.0, -8.5, 2.0, -9.0, -8.0, -12.0, -20.0, 2.2),
        "X": BandBackscatter(-9.0, -12.0, 0.5, -13.0, -9.0, -12.0, -18.0, 0.9),
    }
)
REFERENCE_INCIDENCE_DEG = 35.0
ANGLE_EXPONENT = 1.6  # σ0 ∝ cos(θ)^n: between a rough surface (1) and Lambert's law (2)


def melt(day: date) -> float:
    """Share of the surface's seasonal melt, 0 (dry) … 1 (wet in mid-January)."""
    from_peak = abs((day.timetuple().tm_yday - 15 + 182) % 365 - 182)
    return float(np.clip(1.25 - from_peak / 60.0, 0.0, 1.0))


def ice_level(band: str, day: date, height_share: Field) -> Field:
    """σ0 (dB) of snow and ice. height_share: height over the relief of the terrain, 0 … 1.

    Melt darkens the low ice and fades towards the plateau.
    """
    table = BANDS[band]
    wet = np.float32(melt(day)) * np.clip(1.1 - height_share, 0.0, 1.0)
    loss = np.float32(table.ice_summer - table.ice_winter)
    return np.asarray(
        np.float32(table.ice_winter) + loss * wet + np.float32(table.height_gain) * height_share,
        dtype=np.float32,
    )
