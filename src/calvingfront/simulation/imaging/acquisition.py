"""The modes in which the simulated missions image: timing, sampling, looks, noise, orbit.

Facts from the headers of real products (PRF, sampling rate, spacing of state vectors): ERS-1 and
ERS-2 single-look complex (1995, 2002), ASAR IMS_1P swath IS2 (2004), RADARSAT-1 Fine (2000),
TerraSAR-X SSC stripmap strip_009 (2008). The others from the missions' handbooks: ESA's ASAR
Product Handbook, the RADARSAT data products specifications RSI-GS-026, the ALOS PALSAR product
format description (FBD: 16 MHz sampling, level 1.5 on 12.5 m), the TerraSAR-X basic product
specification TX-GS-DD-3302. Altitudes and inclinations are those of the published orbits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Literal

from calvingfront.errors import ConfigError
from calvingfront.radar.model import Mission

EARTH_RADIUS_M = 6_378_137.0


@dataclass(frozen=True)
class Mode:
    """One product type of one mission.

    line_interval_s: azimuth time between lines of a complex product (1 / PRF); sampling_hz: its
    range sampling rate. line_spacing_m, ground_spacing_m: pixels of a detected ground-range
    product. Each kind leaves the other pair at 0.
    azimuth_resolution_m, range_resolution_m: 3 dB widths; in slant range for complex products, on
    the ground for detected ones. looks: nominal number in azimuth and range.
    doppler_hz: Doppler centroid of the beam's middle; not 0 where the lines' times are those of
    the beam instead of zero-Doppler times.
    vectors, vector_spacing_s: number and spacing of the annotated state vectors (spacing 0: evenly
    from the first to the last line); noise_db: noise equivalent σ0.
    """

    mission: Mission
    level: str
    platform: str
    polarisation: str
    radar_frequency_hz: float
    altitude_m: float
    inclination_deg: float
    azimuth_resolution_m: float
    range_resolution_m: float
    vectors: int
    vector_spacing_s: float
    noise_db: float
    backscatter: Literal["beta0", "sigma0"]
    line_interval_s: float = 0.0
    sampling_hz: float = 0.0
    line_spacing_m: float = 0.0
    ground_spacing_m: float = 0.0
    looks: tuple[float, float] = (1.0, 1.0)
    doppler_hz: float = 0.0

    @property
    def is_complex(self) -> bool:
        """Single-look complex in slant range; otherwise detected on a ground-range grid."""
        return self.sampling_hz > 0

    @property
    def semi_major_axis_m(self) -> float:
        """Radius of the orbit."""
        return EARTH_RADIUS_M + self.altitude_m


_ERS = Mode(
    "ERS",
    "SLC",
    "ERS-2",
    "VV",
    5.3e9,
    782_000.0,
    98.54,
    azimuth_resolution_m=5.5,
    range_resolution_m=9.7,
    vectors=5,
    vector_spacing_s=4.167,
    noise_db=-24.0,
    backscatter="beta0",
    line_interval_s=1 / 1679.902,
    sampling_hz=18.962468e6,
)
_ERS_DETECTED = replace(
    _ERS,
    level="PRI",
    azimuth_resolution_m=22.0,
    range_resolution_m=25.0,
    line_interval_s=0.0,
    sampling_hz=0.0,
    line_spacing_m=12.5,
    ground_spacing_m=12.5,
    looks=(3.0, 1.0),
)
_ASAR = replace(
    _ERS,
    mission="ENVISAT",
    level="IMS",
    platform="Envisat",
    radar_frequency_hz=5.331004416e9,
    altitude_m=784_000.0,
    line_interval_s=6.05174631e-4,
    sampling_hz=19.20768e6,
    noise_db=-22.0,
)
_RADARSAT = Mode(
    "RSAT",
    "SGF",
    "RADARSAT-1",
    "HH",
    5.3e9,
    793_000.0,
    98.58,
    azimuth_resolution_m=27.0,
    range_resolution_m=24.0,
    vectors=5,
    vector_spacing_s=480.0,
    noise_db=-21.0,
    backscatter="beta0",
    line_spacing_m=12.5,
    ground_spacing_m=12.5,
    looks=(4.0, 1.0),
)
_PALSAR = Mode(
    "PALSAR",
    "1.1",
    "ALOS",
    "HH",
    1.27e9,
    691_650.0,
    98.16,
    azimuth_resolution_m=4.5,
    range_resolution_m=9.5,
    vectors=28,
    vector_spacing_s=60.0,
    noise_db=-25.0,
    backscatter="sigma0",
    line_interval_s=1 / 2155.172,
    sampling_hz=16.0e6,
    doppler_hz=60.0,  # as of real echoes of 2011
)
_TERRASAR = Mode(
    "TSX",
    "MGD",
    "TSX-1",
    "HH",
    9.65e9,
    514_000.0,
    97.44,
    azimuth_resolution_m=6.7,
    range_resolution_m=6.7,
    vectors=12,
    vector_spacing_s=10.0,
    noise_db=-21.0,
    backscatter="beta0",
    line_spacing_m=3.25,
    ground_spacing_m=3.25,
    looks=(2.2, 2.7),
)

_MODES = (
    # as in the ERS-1 leader of 1995; the ERS-2 leader of 2002 has vectors every 4.167 s
    replace(_ERS, vector_spacing_s=0.0),
    replace(_ERS_DETECTED, vector_spacing_s=0.0),
    replace(_ERS, level="IMS"),
    replace(_ERS_DETECTED, level="IMP"),
    _ASAR,
    replace(
        _ERS_DETECTED,
        mission="ENVISAT",
        level="IMP",
        platform="Envisat",
        radar_frequency_hz=_ASAR.radar_frequency_hz,
        altitude_m=_ASAR.altitude_m,
        noise_db=-22.0,
    ),
    _RADARSAT,
    _PALSAR,
    replace(
        _PALSAR,
        level="1.5",
        doppler_hz=0.0,
        azimuth_resolution_m=18.0,
        range_resolution_m=15.5,
        line_interval_s=0.0,
        sampling_hz=0.0,
        line_spacing_m=12.5,
        ground_spacing_m=12.5,
        looks=(4.0, 1.0),
    ),
    _TERRASAR,
    replace(
        _TERRASAR,
        level="SSC",
        azimuth_resolution_m=3.0,
        range_resolution_m=1.765,
        line_interval_s=2.60924658505246e-4,
        sampling_hz=1.09886128e8,
        line_spacing_m=0.0,
        ground_spacing_m=0.0,
        looks=(1.0, 1.0),
    ),
)
_TANDEM = tuple(
    replace(mode, mission="TDX", platform="TDX-1") for mode in _MODES if mode.mission == "TSX"
)

MODES: Mapping[tuple[str, str], Mode] = MappingProxyType(
    {(mode.mission, mode.level): mode for mode in _MODES + _TANDEM}
)
_ERS_2_BEGINS = date(1995, 11, 1)
# RADARSAT-1's standard beams by their incidence angle at mid-swath (RSI-GS-026)
_STANDARD_BEAMS = (23.5, 27.5, 33.5, 36.5, 39.0, 43.5, 47.0)


def find_mode(mission: str, level: str) -> Mode:
    """The mode of a mission's product level. Raises ConfigError if none is simulated."""
    if (mission, level) not in MODES:
        levels = ", ".join(sorted(known for name, known in MODES if name == mission))
        raise ConfigError(
            f"{mission} {level}",
            "is not a product that can be simulated",
            f"Choose a level among {levels}" if levels else "Choose a mission of the paper",
        )
    return MODES[mission, level]


def on_day(mode: Mode, day: date) -> Mode:
    """The mode as flown on a day: ERS-1 until ERS-2's data begin in late 1995."""
    if mode.mission == "ERS" and day < _ERS_2_BEGINS:
        return replace(mode, platform="ERS-1")
    return mode


def beam_name(mode: Mode, incidence_deg: float) -> str:
    """The beam or swath as the mission's products call it."""
    if mode.mission == "ENVISAT":
        return "IS2" if incidence_deg < 26.0 else "IS3"
    if mode.mission == "RSAT":
        near = min(
            range(len(_STANDARD_BEAMS)), key=lambda i: abs(_STANDARD_BEAMS[i] - incidence_deg)
        )
        return f"S{near + 1}"
    if mode.mission == "PALSAR":
        return "FBD"
    if mode.mission in ("TSX", "TDX"):
        # stripmap beams strip_003 (20°) … strip_014 (45°), about two degrees each
        return f"strip_{3 + round((min(max(incidence_deg, 20.0), 45.0) - 20.0) * 11 / 25):03d}"
    return ""
