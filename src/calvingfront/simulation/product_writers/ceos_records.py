"""Building blocks of CEOS files: records with ASCII fields, imagery files, volume directories.

Positions count from 1, as in the format documents. See `products.ceos.records` for sources.
"""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calvingfront.errors import ProductError
from calvingfront.files import replacing
from calvingfront.products.ceos.orbit import MOST_VECTORS, hour_angle_deg, to_inertial
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    RadarGeometry,
    StateVectors,
)
from calvingfront.simulation.imaging.radar_image import RadarImage

Code = tuple[int, int, int, int]
DESCRIPTOR_LENGTH = 720
SUMMARY_LENGTH = 4096
LINES_AT_ONCE = 512


class RecordBuilder:
    """One record of blanks, to be filled in field by field."""

    def __init__(self, number: int, code: Code, length: int) -> None:
        self._content = bytearray(b" " * length)
        self._content[:12] = struct.pack(">IBBBBI", number, *code, length)

    def text(self, at: int, length: int, value: str) -> None:
        """Write `value` left-aligned into a field."""
        if len(value) > length:
            raise ValueError(f"{value!r} is longer than {length} characters")
        self._content[at - 1 : at - 1 + length] = value.ljust(length).encode("ascii")

    def integer(self, at: int, length: int, value: int) -> None:
        """Write an integer right-aligned into a field."""
        self.text(at, length, str(value).rjust(length))

    def real(self, at: int, length: int, value: float, form: str = ".7f") -> None:
        """Write a number, formatted by `form`, right-aligned into a field."""
        self.text(at, length, format(value, form).rjust(length))

    def done(self) -> bytes:
        """Return the record."""
        return bytes(self._content)


def shared_facts(image: RadarImage, backscatter: str) -> RadarGeometry:
    """Return the geometry after checking what every CEOS writer requires of an image."""
    where = f"simulated {image.mission} {image.level} image"
    if image.backscatter != backscatter:
        raise ProductError(
            where, f"contains {image.backscatter}", f"Simulate {backscatter} for this format"
        )
    steps = np.diff(image.orbit.times_s)
    if not 2 <= len(image.orbit.times_s) <= MOST_VECTORS or np.ptp(steps) > 1e-6:
        raise ProductError(
            where,
            "has too few, too many or unevenly spaced state vectors",
            "Give 2 to 64 evenly spaced vectors",
        )
    return image.geometry


def file_descriptor(code: Code, name: str) -> RecordBuilder:
    """Return the descriptor record that opens a leader, trailer or imagery file."""
    record = RecordBuilder(1, code, DESCRIPTOR_LENGTH)
    record.text(13, 2, "A")
    record.text(17, 12, "CEOS-SAR-CCT")
    record.text(29, 4, " A A")
    record.integer(45, 4, 1)
    record.text(49, 16, name)
    for at, (text, place, length) in zip(
        (65, 81, 97), (("FSEQ", 1, 4), ("FTYP", 5, 4), ("FLGT", 9, 4)), strict=True
    ):
        record.text(at, 4, text)
        record.integer(at + 4, 8, place)
        record.integer(at + 12, 4, length)
    return record


def summary(image: RadarImage, code: Code, platform: str, sensor: str) -> RecordBuilder:
    """Return the data set summary with the fields that all missions have in the same places."""
    record = RecordBuilder(2, code, SUMMARY_LENGTH)
    middle = (image.values.shape[0] - 1) / 2, (image.values.shape[1] - 1) / 2
    points = image.tie_points
    nearest = int(np.argmin(np.hypot(points.line - middle[0], points.sample - middle[1])))
    moment = image.orbit.epoch + timedelta(
        seconds=float(image.geometry.azimuth.time(np.array(middle[0])))
    )
    wavelength = SPEED_OF_LIGHT / image.radar_frequency_hz
    record.integer(13, 4, 1)
    record.integer(17, 4, 1)
    record.text(21, 32, f"{platform}-SIMULATED")
    record.text(69, 32, compact_time(moment))
    record.text(101, 16, image.pass_direction.upper())
    record.real(117, 16, float(points.latitude[nearest]))
    record.real(133, 16, float(points.longitude[nearest]))
    record.text(165, 16, "WGS84")
    record.real(181, 16, 6378.137)
    record.real(197, 16, 6356.7523142)
    record.integer(325, 8, int(middle[0]) + 1)
    record.integer(333, 8, int(middle[1]) + 1)
    record.integer(389, 4, 1)
    record.text(397, 16, platform)
    record.text(413, 32, sensor)
    record.real(477, 8, 90.0 if image.geometry.look_side == "right" else -90.0, ".3f")
    record.real(493, 8, image.radar_frequency_hz / 1e9, ".3f")
    record.real(501, 16, wavelength, ".9f")
    record.real(1175, 16, image.looks[0])
    record.real(1191, 16, image.looks[1])
    rising = image.geometry.azimuth.interval_s > 0
    record.text(1535, 8, "INCREASE" if rising else "DECREASE")
    return record


def compact_time(moment: datetime) -> str:
    """Return YYYYMMDDhhmmssttt, rounded to 1 ms."""
    rounded = moment + timedelta(microseconds=500)
    return f"{rounded:%Y%m%d%H%M%S}{rounded.microsecond // 1000:03}"


def position_record(orbit: StateVectors, number: int, code: Code, length: int, frame: str) -> bytes:
    """Return the platform position record; an INERTIAL frame gets inertial vectors and angle."""
    record = RecordBuilder(number, code, length)
    times, positions, velocities = orbit.times_s, orbit.positions_m, orbit.velocities_m_s
    start = orbit.epoch + timedelta(seconds=float(times[0]))  # the epoch need not be midnight
    midnight = datetime(start.year, start.month, start.day)
    first = (orbit.epoch - midnight) / timedelta(seconds=1) + float(times[0])
    if "INERTIAL" in frame:
        angle = hour_angle_deg(midnight + timedelta(seconds=first))
        record.real(269, 22, angle, ".15f")
        # Rotated by the angle as stored, so that a reader undoes the rotation exactly.
        positions, velocities = to_inertial(times, positions, velocities, float(np.deg2rad(angle)))
    record.text(13, 32, "STATE VECTORS")
    record.integer(141, 4, len(times))
    for at, value in ((145, midnight.year), (149, midnight.month), (153, midnight.day)):
        record.integer(at, 4, value)
    record.integer(157, 4, midnight.timetuple().tm_yday)
    record.real(161, 22, first, ".15E")
    record.real(183, 22, float(np.mean(np.diff(times))), ".15E")
    record.text(205, 64, frame)
    for k, values in enumerate(np.concatenate([positions, velocities], axis=1)):
        for part, value in enumerate(values):
            record.real(387 + 132 * k + 22 * part, 22, float(value), ".15E")
    return record.done()


def line_prefixes(
    image: RadarImage, code: Code, prefix: int, record_length: int
) -> npt.NDArray[np.uint8]:
    """Return the prefixes of all lines (lines, prefix): record header, counters, UTC to 1 ms."""
    lines, samples = image.values.shape
    parts = np.zeros((lines, prefix), np.uint8)
    put = integers_at(parts)
    number = np.arange(lines)
    put(1, number + 2)
    parts[:, 4:8] = code
    put(9, np.full(lines, record_length))
    if prefix >= 48:
        times = np.asarray(image.geometry.azimuth.time(number.astype(float)))
        epoch = image.orbit.epoch
        midnight = datetime(epoch.year, epoch.month, epoch.day)
        since_midnight = times + (epoch - midnight) / timedelta(seconds=1)
        milliseconds = np.rint(since_midnight * 1e3).astype(np.int64)
        year = (midnight + timedelta(days=int(milliseconds[0] // 86_400_000))).year
        start = (datetime(year, 1, 1) - midnight).days
        put(13, number + 1)
        put(17, np.ones(lines, int))
        put(25, np.full(lines, samples))
        put(37, np.full(lines, year))
        put(41, milliseconds // 86_400_000 - start + 1)
        put(45, milliseconds % 86_400_000)
    return parts


class integers_at:
    """Writes big-endian 4-byte integers at a byte (from 1) of every line's prefix."""

    def __init__(self, prefixes: npt.NDArray[np.uint8]) -> None:
        self.prefixes = prefixes

    def __call__(self, at: int, values: npt.ArrayLike) -> None:
        """Write one value for each line."""
        four = np.ascontiguousarray(np.asarray(values).astype(">i4")).view(np.uint8)
        self.prefixes[:, at - 1 : at + 3] = four.reshape(-1, 4)


def write_imagery(
    path: Path,
    descriptor: RecordBuilder,
    prefixes: npt.NDArray[np.uint8],
    samples: npt.NDArray[np.generic],
    type_code: tuple[str, str],
    stated_prefix: int,
) -> None:
    """Write an imagery file: descriptor, then prefix and samples (big-endian) of each line.

    samples: (lines, samples) or (lines, samples, 2) for I and Q, in the file's type.
    type_code: name of the sample type and its code. stated_prefix: prefix length stated in the
    descriptor (ERS counts it without the 12 bytes of the record header).
    """
    lines, count = samples.shape[:2]
    parts = samples.shape[2] if samples.ndim == 3 else 1
    width = samples.dtype.itemsize
    stride = prefixes.shape[1] + count * parts * width
    for at, length, value in (
        (181, 6, lines),
        (187, 6, stride),
        (217, 4, 8 * width),
        (221, 4, parts),
        (225, 4, parts * width),
        (233, 4, 1),
        (237, 8, lines),
        (245, 4, 0),
        (249, 8, count),
        (257, 4, 0),
        (261, 4, 0),
        (265, 4, 0),
        (273, 2, 1),
        (275, 2, 1),
        (277, 4, stated_prefix),
        (281, 8, count * parts * width),
        (289, 4, 0),
    ):
        descriptor.integer(at, length, value)
    descriptor.text(269, 4, "BSQ")
    descriptor.text(401, 28, type_code[0])
    descriptor.text(429, 4, type_code[1])
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(descriptor.done())
        for first in range(0, lines, LINES_AT_ONCE):
            block = np.ascontiguousarray(samples[first : first + LINES_AT_ONCE])
            rows = block.view(np.uint8).reshape(len(block), -1)
            file.write(np.hstack([prefixes[first : first + LINES_AT_ONCE], rows]).tobytes())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file, atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def volume_directory(names: list[tuple[str, str]], title: str) -> bytes:
    """Return a volume directory: one pointer for each (reference code, file class), and a text."""
    head = RecordBuilder(1, (192, 192, 18, 18), 360)
    head.text(13, 2, "A")
    head.text(17, 12, "CEOS-SAR-CCT")
    head.text(29, 4, " A A")
    head.text(45, 16, "SIMULATED")
    head.text(61, 16, title[:16])
    head.integer(161, 4, len(names))
    head.integer(165, 4, len(names) + 2)
    records = [head.done()]
    for number, (code, kind) in enumerate(names, start=2):
        pointer = RecordBuilder(number, (219, 192, 18, 18), 360)
        pointer.text(13, 2, "A")
        pointer.integer(17, 4, number - 1)
        pointer.text(37, 28, kind)
        pointer.text(65, 4, code)
        pointer.text(69, 28, "MIXED BINARY AND ASCII")
        pointer.text(97, 4, "MBAA")
        records.append(pointer.done())
    text = RecordBuilder(len(names) + 2, (18, 192, 18, 18), 360)
    text.text(13, 2, "A")
    text.text(17, 40, f"PRODUCT:{title}"[:40])
    return b"".join([*records, text.done()])


def complex_integers(image: RadarImage, nominal: float) -> tuple[npt.NDArray[np.generic], float]:
    """Return I and Q as big-endian int16 (lines, samples, 2) and the scale they were made with.

    The scale is `nominal`, or less where the brightest value would not fit into 16 bits.
    """
    values = np.ascontiguousarray(image.values, np.complex64)
    parts = values.view(np.float32).reshape(*values.shape, 2)
    largest = float(np.abs(parts).max(initial=0))
    scale = min(nominal, 32_000 / largest) if largest else nominal
    return np.round(parts * scale).astype(">i2"), scale


def detected_scale(image: RadarImage, nominal: float) -> float:
    """Return `nominal`, or less where the brightest amplitude would not fit into 16 bits."""
    largest = float(np.max(np.abs(image.values), initial=0))
    return min(nominal, 65_000 / largest) if largest else nominal


def detected_integers(image: RadarImage, scale: float) -> npt.NDArray[np.generic]:
    """Return amplitude · scale as big-endian uint16; nonzero pixels stay nonzero."""
    values = np.asarray(image.values, np.float32)
    numbers = np.round(values * np.float32(scale))
    return np.where(values > 0, np.maximum(numbers, 1), 0).astype(">u2")


def ground_polynomial(
    image: RadarImage, time_s: float, ground: Array, sample: Array, degree: int
) -> Array:
    """Fit slant range (m) as a polynomial of `ground` (any variable) along the line at a time."""
    slant = image.geometry.range.slant_range(sample, np.full(len(sample), time_s))
    fit = np.polynomial.Polynomial.fit(ground, slant, degree).convert()
    return np.concatenate([fit.coef, np.zeros(degree + 1 - len(fit.coef))])
