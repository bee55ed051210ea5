"""Records specific to the RADARSAT-1 leaders of the Alaska SAR Facility (ASF).

Positions (from 1) in ASF's facility record 90-210-18-61 were found in a real header, where they
agree with the orbit: its corners are reproduced to 0.5 line and 5 m of slant range.
"""

from __future__ import annotations

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.orbit import seconds_since
from calvingfront.products.ceos.records import Leader, Record, look_side, scene_time
from calvingfront.products.noise import noise_note
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    AzimuthTime,
    Calibration,
    GroundPoints,
    GroundRange,
    RadarGeometry,
    SlantRange,
    StateVectors,
)

POLYNOMIAL_DEGREE = 5
TOLERANCE_M = 30.0  # of the corners; those of a real Fine leader lie within 9 m
# Byte of the latitude; the longitude follows 17 bytes later. Line and sample: 0 first, 1 last.
CORNERS = ((158, 0, 0), (192, 1, 0), (226, 0, 1), (260, 1, 1))


def _facility(leader: Leader) -> Record:
    return leader.one(210, "ASF facility")


def read_geometry(leader: Leader, orbit: StateVectors, shape: tuple[int, int]) -> RadarGeometry:
    """Return timing and range of an image of `shape` (lines, samples) from the leader alone.

    The prefixes of ASF's lines all give the start of the image, and their middle and far slant
    ranges contradict the corners by 65 m. Scene centre time, swath speed, first slant range and
    Earth radius agree with the corners.
    """
    lines, samples = shape
    summary, facility = leader.summary, _facility(leader)
    if leader.all_of(20):
        what = "is ScanSAR, on a grid along the track (it has a map projection record)"
        raise ProductError(leader.path, what, "Order a scene of beams F1 to S7")
    if not facility.text(1075, 4, "zero-Doppler (deskewed)").startswith("YES"):
        raise facility.fault(1075, "zero-Doppler (deskewed)", "the image is not deskewed")
    speed = facility.number(1021, 16, "swath speed", 5000, 8000)
    interval = summary.number(1687, 16, "line spacing", 1, 200) / speed
    if summary.text(1535, 8, "line direction").upper().startswith("DEC"):
        interval = -interval
    centre = seconds_since(orbit, scene_time(summary), summary, "scene centre time")
    azimuth = AzimuthTime(centre - interval * (lines / 2), interval)
    first = facility.number(1087, 16, "slant range of the first sample", 700, 1500) * 1e3
    across: SlantRange | GroundRange
    if facility.text(1079, 6, "slant or ground range").upper() == "GROUND":
        across = _on_sphere(leader, first, samples, centre)
    else:
        rate = summary.number(711, 16, "sampling rate", 5.0, 50.0) * 1e6
        across = SlantRange(2 * first / SPEED_OF_LIGHT, 1 / rate)
    side = look_side(summary)
    return RadarGeometry(azimuth, across, side)


def _on_sphere(leader: Leader, first_m: float, samples: int, centre_s: float) -> GroundRange:
    """Return ASF's ground range: arcs on a sphere of the scene centre's radius, as a polynomial.

    r² = R² + H² − 2 R H cos(γ₁ + g/R), R the radius at the centre, H the satellite's distance from
    the Earth's centre, γ₁ the angle at which the first sample lies.
    """
    facility = _facility(leader)
    nadir, radius = (facility.number(at, 16, "Earth radius", 6300, 6400) * 1e3 for at in (834, 851))
    height = nadir + facility.number(559, 16, "altitude", 700, 900) * 1e3
    spacing = leader.summary.number(1703, 16, "pixel spacing", 1.0, 200.0)
    cosine = (height**2 + radius**2 - first_m**2) / (2 * height * radius)
    if not 0.9 < cosine < 1:
        what = f"{first_m:.0f} m does not reach the ground from {height - nadir:.0f} m altitude"
        raise facility.fault(1087, "slant range of the first sample", what)
    ground = np.linspace(0, max(samples - 1, 1) * spacing, 50)
    angle = np.arccos(cosine) + ground / radius
    slant = np.sqrt(radius**2 + height**2 - 2 * radius * height * np.cos(angle))
    fit = np.polynomial.Polynomial.fit(ground, slant, POLYNOMIAL_DEGREE).convert()
    coefficients = np.zeros(POLYNOMIAL_DEGREE + 1)
    coefficients[: len(fit.coef)] = fit.coef
    return GroundRange(0.0, spacing, np.array([centre_s]), np.zeros(1), coefficients[np.newaxis])


def read_calibration(leader: Leader) -> tuple[Calibration, tuple[str, ...]]:
    """Return σ⁰ = a2 DN² + a3, and a note about the noise a1 a2 n, which stays (products.noise).

    n is annotated along range.
    """
    record = leader.one(50, "radiometric data")
    scale = record.number(85, 16, "noise scale a1", 0.0, 1e9)
    gain = record.number(101, 16, "gain a2", 1e-15, 1e9)
    bias = record.number(117, 16, "bias a3", -1e9, 1e9)
    count = record.integer(61, 8, "length of the noise vector", 1, 256)
    noise = np.array(record.numbers(137, 16, count, "noise"))
    calibration = Calibration("sigma0", np.full((1, 1), gain), offset=bias / gain)
    return calibration, noise_note(scale * gain * noise, "sigma0")


def corners(leader: Leader, shape: tuple[int, int]) -> GroundPoints:
    """Return the four corners, on the ellipsoid."""
    facility = _facility(leader)
    place = np.array(
        [
            [facility.number(at + k, 16, "corner", -180.0, 180.0) for k in (0, 17)]
            for at, _, _ in CORNERS
        ]
    )
    where = np.array([corner[1:] for corner in CORNERS], float)
    unknown = np.full(4, np.nan)
    return GroundPoints(
        line=where[:, 0] * (shape[0] - 1),
        sample=where[:, 1] * (shape[1] - 1),
        latitude=place[:, 0],
        longitude=place[:, 1],
        height=np.zeros(4),
        azimuth_time_s=unknown,
        slant_range_time_s=unknown,
        # Whether the scene centre is a line or lies between two is not stated either.
        tolerance_m=TOLERANCE_M + leader.summary.number(1687, 16, "line spacing", 1, 200) / 2,
    )
