"""Write a simulated ERS image as ESA's CEOS product: VDF_DAT.001, LEA_01.001, DAT_01.001."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.ers import POLYNOMIAL_AT
from calvingfront.products.ceos.ers_radiometry import (
    ANTENNA_AT,
    CONSTANT_AT,
    REFERENCE_INCIDENCE_DEG,
    SPREADING_AT,
)
from calvingfront.radar.model import SPEED_OF_LIGHT, GroundRange, SlantRange
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers import ceos_records as ceos

BACKSCATTER = "beta0"
NOMINAL_CONSTANT = {"SLC": 65_026.0, "PRI": 944_061.0}  # K of real products
PULSE_RATE_HZ = 1679.902
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def write(image: RadarImage, folder: Path | str) -> Path:
    """Write an ERS SLC (complex) or PRI (detected) image into `folder`; return the leader's path.

    Times are rounded to 1 ms, as in the format. Raises ProductError if the format cannot hold the
    image: decreasing times or ranges, σ⁰ instead of β⁰.
    """
    geometry = ceos.shared_facts(image, BACKSCATTER)
    folder = Path(folder)
    is_complex = bool(np.iscomplexobj(image.values))
    level = "SLC" if is_complex else "PRI"
    across = geometry.range
    step = across.interval_s if isinstance(across, SlantRange) else across.spacing_m
    if is_complex != isinstance(across, SlantRange) or min(step, geometry.azimuth.interval_s) <= 0:
        raise ProductError(
            f"simulated ERS {level} image",
            "has decreasing times or ranges, or the wrong kind of range",
            "Simulate SLC in slant or PRI in ground range, with increasing times and ranges",
        )
    sine = float(np.sin(np.deg2rad(REFERENCE_INCIDENCE_DEG)))
    nominal = float(np.sqrt(NOMINAL_CONSTANT[level] * sine))
    if is_complex:
        samples, scale = ceos.complex_integers(image, nominal)
    else:
        scale = ceos.detected_scale(image, nominal)
        samples = ceos.detected_integers(image, scale)
    constant = round(scale**2 / sine, 7)
    leader = folder / "LEA_01.001"
    imagery = ceos.file_descriptor(
        (63, 192, 18, 18), f"{image.platform.replace('-', '')}.SAR.{level}IMGY"
    )
    stride = 12 + samples.nbytes // samples.shape[0]
    ceos.write_imagery(
        folder / "DAT_01.001",
        imagery,
        ceos.line_prefixes(image, (50, 11, 18, 20), 12, stride),
        samples,
        ("COMPLEX INTEGER*4", "CI*4") if is_complex else ("UNSIGNED INTEGER*2", "IU2"),
        0,
    )
    ceos.write_bytes(
        folder / "VDF_DAT.001",
        ceos.volume_directory([("SARL", "SARLEADER FILE"), ("IMOP", "IMAGERY FILE")], level),
    )
    ceos.write_bytes(leader, _leader(image, level, constant))
    return leader


def _leader(image: RadarImage, level: str, constant: float) -> bytes:
    lines, samples = image.values.shape
    geometry = image.geometry
    descriptor = ceos.file_descriptor(
        (63, 192, 18, 18), f"{image.platform.replace('-', '')}.SAR.{level}LEAD"
    )
    platform = image.platform.replace("-", "")
    summary = ceos.summary(image, (10, 10, 31, 20), platform, "SAR- C-HR-IM-VV")
    ends = geometry.azimuth.time(np.array([0.0, (lines - 1) / 2, lines - 1.0]))
    for at, time in zip((1815, 1839, 1863), ends, strict=True):
        summary.text(at, 24, _day(image.orbit.epoch + timedelta(seconds=float(time))))
    columns = np.array([0.0, (samples - 1) / 2, samples - 1.0])
    slant = geometry.range.slant_range(columns, np.full(3, ends[1]))
    for at, distance in zip((1767, 1783, 1799), slant, strict=True):
        summary.real(at, 16, 2e3 * float(distance) / SPEED_OF_LIGHT)
    # The lines of a detected image are not pulses: the pulse rate is the mission's.
    prf = 1 / geometry.azimuth.interval_s if level == "SLC" else PULSE_RATE_HZ
    summary.real(935, 16, prf)
    facility = ceos.RecordBuilder(5, (10, 200, 31, 50), 12_288)
    facility.text(13, 64, "FACILITY RELATED DATA RECORD [ESA GENERAL TYPE]")
    facility.real(CONSTANT_AT, 16, constant)
    for at in (ANTENNA_AT, SPREADING_AT):
        facility.integer(at, 4, 1)
    if isinstance(geometry.range, SlantRange):
        summary.real(711, 16, 1e-6 / geometry.range.interval_s)
        spacing = 0.5 * SPEED_OF_LIGHT * geometry.range.interval_s
    else:
        summary.real(711, 16, 18.96)
        spacing = geometry.range.spacing_m
        _polynomial(image, geometry.range, facility, float(ends[1]))
    summary.real(1687, 16, geometry.azimuth.interval_s * 6700.0)
    summary.real(1703, 16, spacing)
    return b"".join(
        [
            descriptor.done(),
            # The real summary has 1886 bytes, without the fields that follow in other missions.
            _shortened(summary.done(), 1886),
            _map_projection(image, level, spacing),
            ceos.position_record(
                image.orbit, 4, (10, 30, 31, 20), max(1046, _room(image)), "Earth Centred Rotating"
            ),
            facility.done(),
        ]
    )


def _polynomial(
    image: RadarImage, across: GroundRange, facility: ceos.RecordBuilder, time_s: float
) -> None:
    """Write two-way time as a cubic polynomial of the sample number."""
    sample = np.linspace(0, image.values.shape[1] - 1.0, 64)
    metres = ceos.ground_polynomial(image, time_s, sample, sample, 3)
    for k, value in enumerate(2 * metres / SPEED_OF_LIGHT):
        facility.real(POLYNOMIAL_AT + 20 * k, 20, float(value), ".12E")


def _map_projection(image: RadarImage, level: str, spacing: float) -> bytes:
    record = ceos.RecordBuilder(3, (10, 20, 31, 20), 1620)
    lines, samples = image.values.shape
    record.text(29, 32, "Slant range" if level == "SLC" else "Ground range")
    record.integer(61, 16, samples)
    record.integer(77, 16, lines)
    record.real(93, 16, spacing)
    points = image.tie_points
    for k, (line, sample) in enumerate(
        [(0, 0), (0, samples - 1), (lines - 1, samples - 1), (lines - 1, 0)]
    ):
        nearest = int(np.argmin(np.hypot(points.line - line, points.sample - sample)))
        record.real(1073 + 32 * k, 16, float(points.latitude[nearest]))
        record.real(1089 + 32 * k, 16, float(points.longitude[nearest]))
    return record.done()


def _room(image: RadarImage) -> int:
    return 386 + 132 * len(image.orbit.times_s)


def _shortened(record: bytes, length: int) -> bytes:
    return record[:8] + length.to_bytes(4, "big") + record[12:length]


def _day(moment: datetime) -> str:
    rounded = moment + timedelta(microseconds=500)
    return (
        f"{rounded:%d}-{MONTHS[rounded.month - 1]}-{rounded:%Y %H:%M:%S}"
        f".{rounded.microsecond // 1000:03}"
    )
