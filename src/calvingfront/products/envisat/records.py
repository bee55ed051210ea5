"""The binary annotation of Envisat's format: orbit, ground control points, ground range.

Byte positions count from 0. Source: ESA PO-RS-MDA-GS-2009, volume 8 (ASAR level 1b), checked on a
real ASAR image-mode product. Integers and floats are big-endian.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from calvingfront.products.annotated_orbit import annotated_orbit
from calvingfront.products.envisat.header import EnvisatHeader
from calvingfront.products.reading import fault, finite, mjd2000, parse_number
from calvingfront.radar.model import Array, GroundPoints, StateVectors

PROCESSING = "MAIN PROCESSING PARAMS ADS"
GRID = "GEOLOCATION GRID ADS"
GROUND_RANGE = "SR GR ADS"

PROCESSING_BYTES = (2009, 10069)  # before and since issue 4 of the format; our fields are the same
GRID_BYTES = 521
GROUND_RANGE_BYTES = 55
POINTS = 11  # ground control points across the swath
MOST_PROCESSING = 100  # records of a strip of 4000 km; a scene has one
SAME_TIME_S = 1e-3  # state vectors closer than this are the same one, given by two records
TOLERANCE_M = 10.0  # of these points; 154 of a real ASAR IMS lie within 0.3 m

ANTENNA_FLAG = 121  # whether the elevation pattern is compensated
RANGE_SPREADING_FLAG = 126  # whether range spreading is compensated
REFERENCE_RANGE = 979
SAMPLING_RATE = 983
RADAR_FREQUENCY = 987
RANGE_LOOKS = 991
CALIBRATION = 1381  # K of the first polarisation; that of the second is 8 bytes later
AVERAGE_HEIGHT = 1541
ORBIT, ORBIT_VECTOR_BYTES, ORBIT_VECTORS = 1765, 36, 5


@dataclass(frozen=True)
class Processing:
    """The main processing parameters that are used.

    sampling_rate_hz and reference_range_m are those of complex images, NaN for detected ones.
    """

    sampling_rate_hz: float
    radar_frequency_hz: float
    reference_range_m: float
    calibration: float
    is_spreading_compensated: bool
    is_antenna_compensated: bool
    average_height_m: float
    orbit: StateVectors


def read_processing(header: EnvisatHeader, polarisation_index: int, is_complex: bool) -> Processing:
    """Read the main processing parameters.

    A long strip (IMM, APM, WSM) has several records: each adds its state vectors, and raises
    ProductError if its calibration is another.
    """
    records = header.records(header.data_set(PROCESSING, PROCESSING_BYTES, most=MOST_PROCESSING))
    first = records[0]

    def number(offset: int, field: str, low: float, high: float) -> float:
        value = struct.unpack_from(">f", first, offset)[0]
        return parse_number(repr(value), header.path, f"{PROCESSING}: {field}", low, high)

    calibration = CALIBRATION + 8 * polarisation_index
    for raw in records[1:]:
        for start, size in ((calibration, 4), (ANTENNA_FLAG, 1), (RANGE_SPREADING_FLAG, 1)):
            if raw[start : start + size] != first[start : start + size]:
                what = "changes within the product"
                remedy = "Order the scene instead of the strip."
                raise fault(header.path, f"{PROCESSING}: calibration", what, remedy)
    unused = math.nan
    return Processing(
        number(SAMPLING_RATE, "range sampling rate", 1e6, 1e9) if is_complex else unused,
        number(RADAR_FREQUENCY, "radar frequency", 1e8, 1e11),
        number(REFERENCE_RANGE, "reference range", 1e5, 1e7) if is_complex else unused,
        number(calibration, "external calibration factor", 1e-12, 1e15),
        first[RANGE_SPREADING_FLAG] == 1,
        first[ANTENNA_FLAG] == 1,
        number(AVERAGE_HEIGHT, "average scene height", -1000.0, 9000.0),
        _orbit(header, records),
    )


def _orbit(header: EnvisatHeader, records: list[bytes]) -> StateVectors:
    """The state vectors of all records, in order of time; those given twice once."""
    field = f"{PROCESSING}: orbit"
    found: list[tuple[datetime, tuple[int, ...]]] = []
    for raw in records:
        for number in range(ORBIT_VECTORS):
            start = ORBIT + number * ORBIT_VECTOR_BYTES
            time = mjd2000(raw[start : start + 12], header.path, field)
            found.append((time, struct.unpack_from(">6i", raw, start + 12)))
    if len(records) > 1:
        found.sort(key=lambda vector: vector[0])
        found = [
            vector
            for before, vector in zip([None, *found], found, strict=False)
            if before is None or (vector[0] - before[0]).total_seconds() > SAME_TIME_S
        ]
    numbers = np.array([state for _, state in found], dtype=np.float64)
    times = [time for time, _ in found]
    # Positions in cm, velocities in 1e-5 m/s.
    return annotated_orbit(times, numbers[:, :3] / 1e2, numbers[:, 3:] / 1e5, header.path, field)


def read_ground_points(header: EnvisatHeader, epoch: datetime, height_m: float) -> GroundPoints:
    """Read the geolocation grid: 11 points on the first line of each granule and the last line.

    The grid gives latitude and longitude at the average scene height; it contains no heights.
    """
    data_set = header.data_set(GRID, (GRID_BYTES,), most=10_000)
    lines: list[tuple[float, float, bytes]] = []
    for raw in header.records(data_set):
        first, count = struct.unpack_from(">II", raw, 13)
        if not (1 <= first <= 10_000_000 and 1 <= count <= 10_000_000):
            what = f"has a granule of {count} lines from line {first}"
            raise fault(header.path, GRID, what)
        time = mjd2000(raw[:12], header.path, f"{GRID}: first time")
        lines.append((first - 1.0, (time - epoch).total_seconds(), raw[25:245]))
    time = mjd2000(raw[267:279], header.path, f"{GRID}: last time")
    lines.append((first + count - 2.0, (time - epoch).total_seconds(), raw[279:499]))

    def column(start: int, dtype: str, field: str, low: float, high: float) -> Array:
        rows = [np.frombuffer(block, dtype, POINTS, start) for _, _, block in lines]
        values = finite(np.concatenate(rows), header.path, f"{GRID}: {field}", low, high)
        return np.asarray(values, dtype=np.float64)

    sample = column(0, ">u4", "sample", 1.0, 1e7) - 1.0
    return GroundPoints(
        line=np.repeat([line for line, _, _ in lines], POINTS),
        sample=sample,
        latitude=column(132, ">i4", "latitude", -90e6, 90e6) / 1e6,
        longitude=column(176, ">i4", "longitude", -180e6, 360e6) / 1e6,
        height=np.full(sample.shape, height_m),
        azimuth_time_s=np.repeat([time for _, time, _ in lines], POINTS),
        slant_range_time_s=column(44, ">f4", "slant range time", 1e6, 1e8) / 1e9,
        tolerance_m=TOLERANCE_M,
    )


def read_ground_range(header: EnvisatHeader, epoch: datetime) -> tuple[Array, Array, Array]:
    """Read ground-to-slant polynomials: times_s (m,), origins_m (m,), coefficients (m, 5)."""
    data_set = header.data_set(GROUND_RANGE, (GROUND_RANGE_BYTES,), most=1000)
    times, origins, coefficients = [], [], []
    for raw in header.records(data_set):
        time = mjd2000(raw[:12], header.path, f"{GROUND_RANGE}: time")
        times.append((time - epoch).total_seconds())
        origins.append(struct.unpack_from(">f", raw, 17)[0])
        coefficients.append(struct.unpack_from(">5f", raw, 21))
    times_s = np.array(times)
    if not (np.diff(times_s) > 0).all():
        raise fault(header.path, f"{GROUND_RANGE}: time", "the times do not increase")
    return (
        times_s,
        finite(origins, header.path, f"{GROUND_RANGE}: origin", -1e7, 1e7),
        finite(coefficients, header.path, f"{GROUND_RANGE}: coefficients", -1e8, 1e8),
    )
