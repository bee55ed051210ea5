"""RADARSAT-1 in CEOS format: products of the CDPF (SGF, SLC) and of the Alaska SAR Facility.

The CDPF's processing record stands in the leader or in the trailer file.

Sources: RSI-GS-026 revision 3 (CDPF); a real header for the positions in ASF's facility record.
Both give the orbit in an inertial frame; ASF reverses the order of lines of ascending passes.
CDPF calibration: β⁰ = (DN² + A3) / A2, for complex values |DN|² / A2². ASF calibration:
σ⁰ = a2 DN² + a3, with its noise (see products.noise).
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos import radarsat1_asf
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.lines import fit_line_times
from calvingfront.products.ceos.orbit import seconds_since, state_vectors
from calvingfront.products.ceos.product import refuse_types, shared_fields, with_trailer
from calvingfront.products.ceos.product_files import platform_of, product_files
from calvingfront.products.ceos.records import DAMAGED, Leader, Record, civil_time, look_side
from calvingfront.products.polarisation import choose_polarisation
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

FORMAT = "RADARSAT-1 CEOS"
SLANT_RANGE_AT = (65, 69, 73)  # of a line's prefix: first, middle, last sample, m
SETS_AT = 4883  # of the processing record: number of ground-to-slant sets
SET_LENGTH = 117  # update time A21 and 6 coefficients F16.7
MOST_SETS = 20
SPACING_AT = SETS_AT + 4 + MOST_SETS * SET_LENGTH  # 7227
TABLE_AT = 89  # of the radiometric record: 512 gains E16.7
MOST_GAINS = 512
TYPE_AT = 7366  # of the processing record: product type
LEVELS = ("SLC", "SGF", "SGX", "SGC")
ORDER = "Order a scene of beams F1 to S7 as SGF or SLC."
REFUSED = {
    "SCN": "ScanSAR of several beams",
    "SCW": "ScanSAR of several beams",
    "SSG": "a map without terrain correction",
    "SPG": "a map without terrain correction",
    "RAW": "raw data",
}


def recognises(path: Path | str) -> bool:
    """Whether a folder, leader, data or volume file belongs to a RADARSAT-1 CEOS product."""
    return re.fullmatch(r"RSAT-?1.*|RADARSAT-?1.*", platform_of(Path(path))) is not None


def read(path: Path | str, polarisation: str | None = None) -> Product:
    """Read a RADARSAT-1 product; raises ProductError or OrbitError if its files are damaged."""
    path = Path(path)
    leader_path, images = product_files(path)
    if len(images) != 1:
        raise ProductError(path, f"has {len(images)} imagery files, not one", "Give the data file")
    choose_polarisation(("HH",), polarisation, path)
    leader = Leader.open(leader_path)
    refuse_types(leader, ORDER)
    leader = _complete(leader)
    is_asf = not leader.all_of(120)
    level = "" if is_asf else _level(leader)
    imagery = Imagery.open(images[0])
    imagery.check_lines()
    summary = leader.summary
    orbit, notes = state_vectors(leader.one(30, "platform position"))
    if is_asf:
        geometry = radarsat1_asf.read_geometry(leader, orbit, imagery.shape)
        calibration, more = radarsat1_asf.read_calibration(leader)
        notes += more
    else:
        geometry = read_geometry(leader, imagery, orbit)
        calibration = read_calibration(leader, imagery.shape[1], imagery.is_complex)
    middle = float(geometry.azimuth.time(np.array((imagery.shape[0] - 1) / 2)))
    return Product(
        **shared_fields(path, leader, imagery, orbit, middle, wavelength_m=(0.05, 0.06)),
        format="RADARSAT-1 CEOS (ASF)" if is_asf else "RADARSAT-1 CEOS (CDPF)",
        mission="RSAT",
        platform="RADARSAT-1",
        level=level or ("SLC" if imagery.is_complex else "SGF"),
        polarisation="HH",
        geometry=geometry,
        calibration=calibration,
        ground_points=radarsat1_asf.corners(leader, imagery.shape) if is_asf else None,
        beam=summary.text(1766, 4, "beam") if is_asf else leader_beam(leader),
        notes=notes,
    )


def _complete(leader: Leader) -> Leader:
    """The leader, with the trailer's records if the processing record is not its own."""
    if leader.all_of(120) or leader.all_of(210):
        return leader
    whole = with_trailer(leader)
    if not whole.all_of(120):
        what = "has no processing parameters record (type 120), nor has a trailer file beside it"
        raise ProductError(leader.path, what, "Keep the product's leader and trailer file together")
    return whole


def _level(leader: Leader) -> str:
    """The product type of the processing record, "" if it is blank or unknown.

    Raises ProductError for products that cannot be geocoded.
    """
    record = leader.one(120, "processing parameters")
    level = record.text(TYPE_AT, 3, "product type").upper()
    if level in REFUSED:
        what = f"is {level}, {REFUSED[level]}"
        where = f"{leader.path}, product type"
        raise ProductError(where, what, ORDER)
    return level if level in LEVELS else ""


def leader_beam(leader: Leader) -> str:
    """Return the first beam that the CDPF's processing record names (S1 … F5)."""
    return leader.one(120, "processing parameters").text(932, 3, "beam")


def read_geometry(leader: Leader, imagery: Imagery, orbit: StateVectors) -> RadarGeometry:
    """Return timing and range of a CDPF product from its leader and the prefixes of its lines."""
    lines, samples = imagery.shape
    stated = np.median(imagery.line_integers(*SLANT_RANGE_AT), axis=0)
    where = f"{imagery.path}, slant ranges (bytes 65–76 of the lines)"
    if not (stated.min() > 7e5 and stated.max() < 1.5e6 and stated[0] != stated[2]):
        what = f"{stated.tolist()} m are not the slant ranges of a swath"
        raise ProductError(where, what, DAMAGED)
    azimuth = fit_line_times(imagery, orbit) or _processing_times(leader, orbit, lines)
    rising = bool(stated[2] > stated[0])
    across: SlantRange | GroundRange
    if imagery.is_complex:
        rate = leader.summary.number(711, 16, "sampling rate", 5.0, 50.0) * 1e6
        across = SlantRange(2 * float(stated[0]) / SPEED_OF_LIGHT, (1 if rising else -1) / rate)
    else:
        across = _ground_range(leader, orbit, samples, rising)
    ends = np.array([0.0, (samples - 1) // 2, samples - 1.0])
    middle = azimuth.time(np.full(3, (lines - 1) / 2))
    with np.errstate(over="ignore", invalid="ignore"):
        reached = across.slant_range(ends, middle)
    if not np.all(np.abs(reached - stated) < 0.01 * abs(stated[2] - stated[0]) + 50):
        given = np.round(reached).tolist()
        what = f"the leader gives {given} m, but the lines give {stated.tolist()} m"
        raise ProductError(where, what, DAMAGED)
    side = look_side(leader.summary)
    return RadarGeometry(azimuth, across, side)


def _processing_times(leader: Leader, orbit: StateVectors, lines: int) -> AzimuthTime:
    """Return the line times from the start and stop times in the processing record."""
    record = leader.one(120, "processing parameters")
    start, stop = (
        seconds_since(orbit, _ordinal_time(record, at), record, "processing time")
        for at in (192, 213)
    )
    if not 0 < stop - start < 300 or lines < 2:
        raise record.fault(
            213, "processing stop time", f"implies that the image lasts {stop - start:g} s"
        )
    interval = (stop - start) / (lines - 1)
    if leader.summary.text(1535, 8, "line direction").upper().startswith("DEC"):
        return AzimuthTime(stop, -interval)
    return AzimuthTime(start, interval)


def _ordinal_time(record: Record, at: int) -> datetime:
    """Parse YYYY-DDD-hh:mm:ss.ttt."""
    text = record.text(at, 21, "time")
    match = re.fullmatch(r"(\d{4}-\d{3}-\d\d:\d\d:\d\d)\.(\d{1,6})", text)
    if not match:
        raise record.fault(at, "time", f"{text!r} is not a date and time")
    return civil_time(record, at, match[1], "%Y-%j-%H:%M:%S", match[2])


def _ground_range(leader: Leader, orbit: StateVectors, samples: int, rising: bool) -> GroundRange:
    record = leader.one(120, "processing parameters")
    count = record.integer(SETS_AT, 4, "number of ground-to-slant sets", 1, MOST_SETS)
    spacing = record.number(SPACING_AT, 16, "pixel spacing", 1.0, 200.0)
    times, rows = [], []
    for k in range(count):
        at = SETS_AT + 4 + k * SET_LENGTH
        times.append(seconds_since(orbit, _ordinal_time(record, at), record, "update time"))
        rows.append(record.numbers(at + 21, 16, 6, f"ground-to-slant set {k + 1}, coefficient"))
    order: Array = np.array(times)
    if np.any(np.diff(order) <= 0):
        raise record.fault(SETS_AT + 4, "update times of the sets", "do not increase")
    return GroundRange(
        first_m=0.0 if rising else (samples - 1) * spacing,
        spacing_m=spacing if rising else -spacing,
        times_s=order,
        origins_m=np.zeros(count),
        coefficients=np.array(rows),
    )


def read_calibration(leader: Leader, samples: int, is_complex: bool) -> Calibration:
    """Return β⁰ from the look-up table of the radiometric record (18-50-18-20)."""
    record = leader.one(50, "radiometric data")
    count = record.integer(61, 8, "number of gains", 1, MOST_GAINS)
    step = record.integer(85, 4, "samples between two gains", 1, 9999)
    gains = np.array(
        [record.number(TABLE_AT + 16 * k, 16, f"gain {k + 1}", 1e-12, 1e12) for k in range(count)]
    )
    offset = record.number(8317, 16, "scaling offset", -1e12, 1e12)
    return Calibration(
        "beta0",
        gains=(1 / gains**2 if is_complex else 1 / gains)[np.newaxis],
        samples=np.minimum(np.arange(count) * float(step), 1e9),
        offset=0.0 if is_complex else offset,
    )
