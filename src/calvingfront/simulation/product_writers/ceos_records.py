"""Building blocks of CEOS files: records with ASCII fields, imagery files, volume directories.

Positions count from 1, as in the format documents. See `products.ceos.records` for sources.
"""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.files import replacing
from calvingfront.products.ceos.orbit import MOST_VECTORS, hour_angle_deg, to_inertial
from calvingfront.radar.model import SPEED_OF_LIGHT, Array, RadarGeometry, StateVectors
from calvingfront.simulation.imaging.radar_image import RadarImage

Code = tuple[int, int, int, int]
DESCRIPTOR_LENGTH = 720
SUMMARY_LENGTH = 4096


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


def ground_polynomial(
    image: RadarImage, time_s: float, ground: Array, sample: Array, degree: int
) -> Array:
    """Fit slant range (m) as a polynomial of `ground` (any variable) along the line at a time."""
    slant = image.geometry.range.slant_range(sample, np.full(len(sample), time_s))
    fit = np.polynomial.Polynomial.fit(ground, slant, degree).convert()
    return np.concatenate([fit.coef, np.zeros(degree + 1 - len(fit.coef))])
