"""Write a simulated image as an Envisat ASAR (.N1) or ERS (.E1, .E2) product.

Levels: complex IMS and APS, detected IMP, IMM, APP, APM and WSM.

The layout follows ESA PO-RS-MDA-GS-2009: text headers, data set descriptors, annotation records
and image records, each line with a 17-byte lead. Fields that are not simulated are blank or zero,
as the format prescribes for unused ones.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.files import replacing
from calvingfront.products.envisat import records
from calvingfront.products.envisat.reader import DETECTED, SPREADING_POWER
from calvingfront.radar.model import SPEED_OF_LIGHT, Array, GroundRange, SlantRange
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.digital_numbers import (
    amplitude_numbers,
    choose_gain,
    complex_numbers,
    require_beta0,
)
from calvingfront.simulation.product_writers.envisat_text import (
    five_vectors,
    line_time,
    mjd,
    text_headers,
    utc,
)
from calvingfront.simulation.product_writers.tie_grid import TieGrid, resample_tie_points

GRANULES = 12
LINES_AT_ONCE = 512
LEAD_BYTES = 17
_SUFFIXES = {"Envisat": "N1", "ERS-1": "E1", "ERS-2": "E2"}


def write_envisat(image: RadarImage, folder: Path, second: RadarImage | None = None) -> Path:
    """Write the product into a folder; return its path.

    second: the same scene in the second polarisation, for APS, APP and APM.
    Raises ProductError for an image that the format cannot hold.
    """
    images = [image] if second is None else [image, second]
    for each in images:
        _require_fitting(each)
    name = _product_name(image)
    gains = [float(np.float32(choose_gain(each.values))) for each in images]
    lines, samples = image.values.shape
    granule = -(-lines // GRANULES)
    starts = np.arange(0, lines, granule, dtype=float)
    ends = np.minimum(starts + granule, lines) - 1.0
    tie_lines = np.unique([*starts, *ends])
    tie_samples = np.unique(np.rint(np.linspace(0, samples - 1, records.POINTS)))
    if tie_samples.size < records.POINTS:
        what = f"is only {samples} samples wide"
        raise ProductError(f"simulated {image.mission} image", what, "Simulate more samples.")
    grid = resample_tie_points(image, tie_lines, tie_samples)
    sets = [
        ("MDS1 SQ ADS", "A", [_quality(image)]),
        (records.PROCESSING, "A", [_processing(image, gains)]),
        (records.GROUND_RANGE, "A", _ground_range(image)),
        (records.GRID, "A", _granules(image, grid, starts, ends)),
    ]
    sample_bytes = 4 if image.level in SPREADING_POWER else 2
    sizes = [(*entry[:2], len(entry[2]), len(entry[2][0]) if entry[2] else 0) for entry in sets]
    for number in range(1, len(images) + 1):
        sizes.append((f"MDS{number}", "M", lines, LEAD_BYTES + samples * sample_bytes))
    path = folder / name
    with replacing(path) as temporary, temporary.open("wb") as file:
        polarisations = [each.polarisation for each in images]
        file.write(text_headers(image, name, grid, sizes, polarisations))
        for _, _, records_of in sets:
            file.write(b"".join(records_of))
        for each, gain in zip(images, gains, strict=True):
            _write_lines(file, each, gain)
    return path


def _require_fitting(image: RadarImage) -> None:
    where = f"simulated {image.mission} image"
    require_beta0(image, "Envisat's format")
    is_complex = image.level in SPREADING_POWER
    expected = SlantRange if is_complex else GroundRange if image.level in DETECTED else None
    in_range, azimuth = image.geometry.range, image.geometry.azimuth
    if expected is None or image.platform not in _SUFFIXES:
        what = f"is {image.platform} {image.level}, which the format does not support"
        raise ProductError(where, what, "Simulate a level of Envisat, ERS-1 or ERS-2.")
    if not isinstance(in_range, expected) or is_complex != np.iscomplexobj(image.values):
        remedy = "Simulate IMS or APS complex in slant range, others detected in ground range."
        raise ProductError(where, f"does not match the level {image.level}", remedy)
    step = in_range.interval_s if isinstance(in_range, SlantRange) else in_range.spacing_m
    if step <= 0 or azimuth.interval_s <= 0 or image.geometry.look_side != "right":
        remedy = "Simulate it right-looking, earliest line and near range first."
        raise ProductError(where, "is not ordered as the format requires", remedy)
    if isinstance(in_range, GroundRange) and in_range.coefficients.shape[1] > 5:
        what = f"has ground range polynomials of {in_range.coefficients.shape[1]} coefficients"
        raise ProductError(where, what, "Use at most 5.")


def _product_name(image: RadarImage) -> str:
    """The name by the format's convention; the counters of cycle and orbit are placeholders."""
    instrument = "ASA" if image.platform == "Envisat" else "SAR"
    start = line_time(image, 0)
    duration = round(image.values.shape[0] * image.geometry.azimuth.interval_s)
    return (
        f"{instrument}_{image.level}_1PSIM{start:%Y%m%d_%H%M%S}_{duration:08d}1001"
        f"_00001_00001_0000.{_SUFFIXES[image.platform]}"
    )


def _quality(image: RadarImage) -> bytes:
    return mjd(line_time(image, (image.values.shape[0] - 1) / 2)).ljust(170, b"\0")


def _processing(image: RadarImage, gains: list[float]) -> bytes:
    raw = bytearray(records.PROCESSING_BYTES[-1])
    lines, samples = image.values.shape
    in_range = image.geometry.range
    raw[0:12] = mjd(line_time(image, 0))
    raw[13:25] = mjd(line_time(image, lines - 1))
    raw[41:44] = image.beam.encode("ascii", "replace")[:3].ljust(3)
    is_complex = image.level in SPREADING_POWER
    raw[64:69] = b"SWORD" if is_complex else b"UWORD"
    struct.pack_into(">fII", raw, 52, image.geometry.azimuth.interval_s, lines, samples)
    raw[records.ANTENNA_FLAG] = raw[records.RANGE_SPREADING_FLAG] = 1
    raw[127] = not is_complex
    # Detected products state the rate of the complex image behind them, which is not simulated.
    rate = 1 / in_range.interval_s if isinstance(in_range, SlantRange) else 19_207_680.0
    struct.pack_into(">f", raw, records.REFERENCE_RANGE, 800_000.0)
    struct.pack_into(">f", raw, records.SAMPLING_RATE, rate)
    struct.pack_into(">f", raw, records.RADAR_FREQUENCY, image.radar_frequency_hz)
    struct.pack_into(">I", raw, records.RANGE_LOOKS, round(image.looks[1]))
    for number, gain in enumerate(gains):
        struct.pack_into(">f", raw, records.CALIBRATION + 8 * number, 1 / gain)
    struct.pack_into(">f", raw, records.AVERAGE_HEIGHT, image.mean_height_m)
    orbit = five_vectors(image)
    for number, time_s in enumerate(orbit.times_s):
        start = records.ORBIT + number * records.ORBIT_VECTOR_BYTES
        raw[start : start + 12] = mjd(utc(image, float(time_s)))
        position = np.rint(orbit.positions_m[number] * 1e2).astype(int)
        velocity = np.rint(orbit.velocities_m_s[number] * 1e5).astype(int)
        struct.pack_into(">6i", raw, start + 12, *position, *velocity)
    return bytes(raw)


def _ground_range(image: RadarImage) -> list[bytes]:
    in_range = image.geometry.range
    if isinstance(in_range, SlantRange):
        return []
    result = []
    near = in_range.slant_range(np.zeros(in_range.times_s.size), in_range.times_s)
    for number, time_s in enumerate(in_range.times_s):
        coefficients = np.zeros(5)
        coefficients[: in_range.coefficients.shape[1]] = in_range.coefficients[number]
        # The file counts the ground range from its first sample.
        origin = in_range.origins_m[number] - in_range.first_m
        numbers = (2e9 * near[number] / SPEED_OF_LIGHT, origin, *coefficients)
        time = mjd(utc(image, float(time_s)))
        result.append((time + b"\0" + struct.pack(">7f", *numbers)).ljust(55, b"\0"))
    return result


def _points(grid: TieGrid, row: int) -> bytes:
    return b"".join(
        (
            (grid.samples + 1).astype(">u4").tobytes(),
            (grid.slant_range_time_s[row] * 1e9).astype(">f4").tobytes(),
            grid.incidence[row].astype(">f4").tobytes(),
            np.rint(grid.latitude[row] * 1e6).astype(">i4").tobytes(),
            np.rint(grid.longitude[row] * 1e6).astype(">i4").tobytes(),
            b" " * 22,
        )
    )


def _granules(image: RadarImage, grid: TieGrid, starts: Array, ends: Array) -> list[bytes]:
    result = []
    for first, last in zip(starts, ends, strict=True):
        near, far = np.searchsorted(grid.lines, [first, last])
        count = int(last - first) + 1
        result.append(
            mjd(line_time(image, first))
            + struct.pack(">BIIf", 0, int(first) + 1, count, 0.0)
            + _points(grid, int(near))
            + mjd(line_time(image, last))
            + _points(grid, int(far))
        )
    return result


def _write_lines(file: BinaryIO, image: RadarImage, gain: float) -> None:
    lines, samples = image.values.shape
    is_complex = image.level in SPREADING_POWER
    sample_bytes = 4 if is_complex else 2
    for first in range(0, lines, LINES_AT_ONCE):
        part = image.values[first : first + LINES_AT_ONCE]
        block = np.zeros((len(part), LEAD_BYTES + samples * sample_bytes), np.uint8)
        for row in range(len(part)):
            line = first + row
            lead = mjd(line_time(image, line)) + struct.pack(">bI", 0, line + 1)
            block[row, :LEAD_BYTES] = np.frombuffer(lead, np.uint8)
        numbers = (
            complex_numbers(part, gain).astype(">i2")
            if is_complex
            else amplitude_numbers(part, gain).astype(">u2")
        )
        block[:, LEAD_BYTES:] = numbers.reshape(len(part), -1).view(np.uint8)
        file.write(block.tobytes())
