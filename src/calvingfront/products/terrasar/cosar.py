"""COSAR, the complex image file of TerraSAR-X and TanDEM-X, as a memory map.

A burst: one line of header, three of azimuth annotation, then a line for each azimuth sample,
which begins with the first and the last valid range sample (counted from 1). Every line has the
same length; numbers are big-endian. Version 1 holds pairs of int16, version 2 of float16.
Source: DLR TX-GS-DD-3307 (Level 1b Product Format Specification), section COSAR.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from calvingfront.products.pixels import RecordPixels, check_lines
from calvingfront.products.reading import LARGEST_IMAGE_SIDE, fault, file_size, read_bytes
from calvingfront.radar.model import Pixels

MAGIC = b"CSAR"
HEADER_BYTES = 48
ANNOTATION_LINES = 4
LEAD_BYTES = 8
SAMPLE_BYTES = 4
_DTYPES = {1: ">i2", 2: ">f2"}


@dataclass(frozen=True)
class CosarPixels:
    """The lines of a file with one burst; samples outside the valid range are 0.

    shape: from the annotation; the header must agree.
    """

    path: Path
    shape: tuple[int, int]
    is_complex: bool = True
    concurrent: ClassVar[bool] = True  # each call opens the file itself

    def read(self, first: int, count: int) -> Pixels:
        """Return lines first … first + count − 1: (count, samples), complex64.

        Raises ProductError for a damaged or missing file.
        """
        check_lines(self.path, first, count, self.shape)
        burst = read_burst(self.path)
        if burst.shape != self.shape:
            what = f"has {burst.shape} lines and samples, but the annotation says {self.shape}"
            raise fault(self.path, "COSAR header", what)
        records = burst.records()[first : first + count]
        values = burst.decode(records)
        valid = np.ascontiguousarray(records[:, :LEAD_BYTES]).view(">i4").astype(np.int64)
        number = np.arange(1, self.shape[1] + 1)
        values[(number < valid[:, :1]) | (number > valid[:, 1:])] = 0
        return values


def read_burst(path: Path) -> RecordPixels:
    """Read the header of a COSAR file and return the location of its lines.

    Raises ProductError for a damaged header or a file of several bursts (ScanSAR), whose overlap
    only the ground range product resolves.
    """
    raw = read_bytes(path, 0, HEADER_BYTES, "COSAR header")
    burst_bytes, _, samples, lines, _, record_bytes, total_lines = struct.unpack(">7I", raw[:28])
    if raw[28:32] != MAGIC:
        raise fault(path, "COSAR header", f"begins with {raw[28:32]!r} instead of {MAGIC!r}")
    version = struct.unpack(">I", raw[32:36])[0]
    if version not in _DTYPES:
        raise fault(path, "COSAR version", f"{version} is not supported, only 1 and 2")
    for field, value in (("range samples", samples), ("azimuth samples", lines)):
        if not 1 <= value <= LARGEST_IMAGE_SIDE:
            raise fault(path, f"COSAR {field}", f"{value} lies outside 1 … {LARGEST_IMAGE_SIDE}")
    expected = (
        ("bytes of a line", record_bytes, LEAD_BYTES + SAMPLE_BYTES * samples),
        ("lines", total_lines, lines + ANNOTATION_LINES),
        ("bytes of the burst", burst_bytes, record_bytes * total_lines),
    )
    for field, value, wanted in expected:
        if value != wanted:
            what = f"{value} does not match {lines} lines of {samples} samples ({wanted})"
            raise fault(path, f"COSAR {field}", what)
    size = file_size(path)
    # RecordPixels reports a shorter file, with the missing bytes.
    if size > burst_bytes:
        what = f"has {size - burst_bytes} bytes after the first burst"
        remedy = "Order the scene as MGD: several bursts (ScanSAR) are not supported."
        raise fault(path, "COSAR bursts", what, remedy)
    return RecordPixels(
        path,
        ANNOTATION_LINES * record_bytes,
        record_bytes,
        LEAD_BYTES,
        (lines, samples),
        _DTYPES[version],
        True,
    )
