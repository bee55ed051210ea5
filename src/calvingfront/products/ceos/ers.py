"""ERS-1 and ERS-2 in CEOS format as written by ESA's facilities: SLC and PRI (VDF, LEA, DAT).

Source: ER-IS-EPO-GS-5902.1, annex C (SLC) and annex A (PRI). Calibration: see ers_radiometry.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from itertools import product as combinations
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.ers_radiometry import facility_record, read_calibration
from calvingfront.products.ceos.ers_timing import azimuth_time
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.orbit import seconds_since, state_vectors
from calvingfront.products.ceos.product import refuse_types, shared_fields
from calvingfront.products.ceos.product_files import platform_of, product_files
from calvingfront.products.ceos.records import Leader, Record, civil_time, look_side
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    GroundPoints,
    GroundRange,
    Product,
    RadarGeometry,
    SlantRange,
    StateVectors,
)

FORMAT = "ERS CEOS"
# Of the corners, along the track and in range: those of a real ERS-1 leader lie within 0.1 m, at
# height 0. A real ERS-2 leader names another ellipsoid, 7 m higher (GEM 6), and a processor may
# place them at the geoid.
TOLERANCE_M = (20.0, 60.0)
METRES_PER_DEGREE = 111_000.0
POLYNOMIAL_AT = 1855  # of the facility record: 4 coefficients of 20 characters
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def recognises(path: Path | str) -> bool:
    """Whether a folder, leader, data or volume file belongs to an ERS CEOS product."""
    return re.fullmatch(r"ERS-?[12]", platform_of(Path(path))) is not None


def read(path: Path | str, polarisation: str | None = None) -> Product:
    """Read an ERS CEOS product; raises ProductError or OrbitError if its files are damaged."""
    path = Path(path)
    leader_path, images = product_files(path)
    if len(images) != 1:
        raise ProductError(path, f"has {len(images)} imagery files, not one", "Give the DAT file")
    choose_polarisation(("VV",), polarisation, path)
    leader = Leader.open(leader_path)
    refuse_types(leader, "Order the scene as SLC or PRI")
    facility_record(leader)  # before other records, which other facilities wrote differently
    imagery = Imagery.open(images[0])
    imagery.check_lines()
    lines = imagery.shape[0]
    orbit, notes = state_vectors(leader.one(30, "platform position"))
    geometry, more_notes = read_geometry(leader, orbit, imagery.shape, imagery.is_complex)
    calibration, left = read_calibration(leader, geometry.range, imagery.shape[1])
    summary = leader.summary
    middle = float(geometry.azimuth.time(np.array((lines - 1) / 2)))
    return Product(
        **shared_fields(path, leader, imagery, orbit, middle, wavelength_m=(0.05, 0.06)),
        format="ERS CEOS",
        mission="ERS",
        platform="ERS-" + summary.text(397, 16, "platform")[-1],
        level="SLC" if imagery.is_complex else "PRI",
        polarisation="VV",
        geometry=geometry,
        calibration=calibration,
        ground_points=corners(leader, imagery.shape),
        notes=notes + more_notes + left,
    )


def read_geometry(
    leader: Leader, orbit: StateVectors, shape: tuple[int, int], is_complex: bool
) -> tuple[RadarGeometry, tuple[str, ...]]:
    """Return timing and range of an image of `shape` (lines, samples) from the leader, and notes.

    orbit: from the same leader; its vectors may refine the times of the lines (see ers_timing).
    """
    lines, samples = shape
    summary = leader.summary
    annotated = _line_times(summary, orbit)
    first, last = annotated[0], annotated[2]
    duration = last - first
    if not 0 <= duration < 300:
        raise summary.fault(
            1863, "zero-Doppler time", f"implies that the image lasts {duration:g} s"
        )
    interval = None
    if is_complex:
        prf = summary.number(935, 16, "pulse repetition frequency", 1500, 1800)
        # The times are rounded to 1 ms; the lines of the complex image follow the pulses.
        if abs((lines - 1) / prf - duration) > 0.002 + 1e-3 * duration:
            what = f"{lines} lines at {prf:g} Hz do not take {duration:g} s"
            raise summary.fault(935, "pulse repetition frequency", what)
        interval = 1 / prf
    elif lines < 2 or duration <= 0:
        raise summary.fault(1863, "zero-Doppler time", "is the same for the first and last line")
    azimuth, notes = azimuth_time(annotated, orbit.times_s, lines, interval)
    times = [summary.number(at, 16, "range time", 5.0, 7.5) / 1e3 for at in (1767, 1799)]
    across: SlantRange | GroundRange
    if is_complex:
        rate = summary.number(711, 16, "sampling rate", 15.0, 25.0) * 1e6
        across = SlantRange(times[0], 1 / rate)
        end = times[0] + (samples - 1) / rate
        if abs(end - times[1]) > 0.01 * (end - times[0]) + 2 / rate:
            what = f"{samples} samples end at {1e3 * end:.7f} ms, not at {1e3 * times[1]:.7f} ms"
            raise summary.fault(1799, "range time of the last sample", what)
    else:
        across = _ground_range(leader, samples, times, first + duration / 2)
    return RadarGeometry(azimuth, across, look_side(summary)), notes


def _line_times(summary: Record, orbit: StateVectors) -> list[float]:
    """Return the annotated times of first, centre (NaN where left out) and last line."""
    return [
        math.nan
        if at == 1839 and summary.is_blank(at, 24, "zero-Doppler time")
        else seconds_since(orbit, _zero_doppler_time(summary, at), summary, "zero-Doppler time")
        for at in (1815, 1839, 1863)
    ]


def _zero_doppler_time(summary: Record, at: int) -> datetime:
    text = summary.text(at, 24, "zero-Doppler time").upper()
    match = re.fullmatch(r"(\d\d)-([A-Z]{3})-(\d{4}) (\d\d:\d\d:\d\d)\.(\d{1,9})", text)
    if not match or match[2] not in _MONTHS:
        raise summary.fault(at, "zero-Doppler time", f"{text!r} is not a date and time")
    day = f"{match[3]}-{_MONTHS.index(match[2]) + 1}-{match[1]} {match[4]}"
    return civil_time(summary, at, day, "%Y-%m-%d %H:%M:%S", match[5])


def _ground_range(leader: Leader, samples: int, times: list[float], middle: float) -> GroundRange:
    """Return the ground-to-slant polynomial of a PRI image.

    The format document does not say whether its variable is metres or sample numbers, nor whether
    its value is metres or two-way seconds: the reading that ends at the annotated range times is
    used.
    """
    summary, facility = leader.summary, facility_record(leader)
    spacing = summary.number(1703, 16, "pixel spacing", 5.0, 50.0)
    stated = facility.numbers(POLYNOMIAL_AT, 20, 4, "ground-to-slant coefficient")
    ends = 0.5 * SPEED_OF_LIGHT * np.array(times)
    for unit, scale in combinations((0.5 * SPEED_OF_LIGHT, 1.0), (spacing, 1.0)):
        coefficients = np.array(stated) * unit / scale ** np.arange(4)
        across = GroundRange(
            0.0, spacing, np.array([middle]), np.zeros(1), coefficients[np.newaxis]
        )
        with np.errstate(over="ignore", invalid="ignore"):
            reached = across.slant_range(np.array([0.0, samples - 1.0]), np.full(2, middle))
        if np.all(np.abs(reached - ends) < 0.002 * (ends[1] - ends[0]) + spacing):
            return across
    what = f"{stated} gives the annotated range times of the swath's ends in no known unit"
    raise facility.fault(POLYNOMIAL_AT, "ground-to-slant polynomial", what)


def corners(leader: Leader, shape: tuple[int, int]) -> GroundPoints | None:
    """Return the four corners (byte 1073 of the map projection record; 3 decimals in old ones)."""
    if not leader.all_of(20):
        return None
    record = leader.all_of(20)[0]
    values = [
        record.number(1073 + 16 * k, 16, "corner", -360.0, 360.0)
        for k in range(8)
        if not record.is_blank(1073 + 16 * k, 16, "corner")
    ]
    if len(values) < 8 or max(map(abs, values[::2])) > 90:
        return None
    cut_off = _rounding_m(values)
    unknown = np.full(4, np.nan)
    line, sample = shape[0] - 1.0, shape[1] - 1.0
    return GroundPoints(
        line=np.array([0, 0, line, line]),
        sample=np.array([0, sample, sample, 0]),
        latitude=np.array(values[::2]),
        longitude=np.array(values[1::2]),
        height=np.zeros(4),
        azimuth_time_s=unknown,
        slant_range_time_s=unknown,
        tolerance_m=(TOLERANCE_M[0] + cut_off, TOLERANCE_M[1] + cut_off),
    )


def _rounding_m(degrees: list[float]) -> float:
    """How far (m) the last digit moves a place: old leaders have three decimals, cut off."""
    for decimals in range(2, 7):
        if all(abs(value - round(value, decimals)) < 1e-9 for value in degrees):
            return 10.0**-decimals * METRES_PER_DEGREE * 2**0.5
    return 0.0
