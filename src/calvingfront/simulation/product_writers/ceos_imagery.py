"""The lines of CEOS imagery files: their prefixes and numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calvingfront.files import replacing
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.ceos_records import Code, RecordBuilder

LINES_AT_ONCE = 512


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
