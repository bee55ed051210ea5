"""Write a COSAR file: one burst of pairs of int16 (version 1)."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from calvingfront.products.terrasar.cosar import (
    ANNOTATION_LINES,
    HEADER_BYTES,
    LEAD_BYTES,
    MAGIC,
    SAMPLE_BYTES,
)
from calvingfront.radar.model import Pixels
from calvingfront.simulation.product_writers.digital_numbers import complex_numbers

LINES_AT_ONCE = 512


def write_cosar(path: Path, values: Pixels, gain: float) -> None:
    """Write lines × samples of complex values, each divided by √gain and rounded."""
    lines, samples = values.shape
    record_bytes = LEAD_BYTES + SAMPLE_BYTES * samples
    total = lines + ANNOTATION_LINES
    header = struct.pack(">7I", record_bytes * total, 0, samples, lines, 0, record_bytes, total)
    header += MAGIC + struct.pack(">IId", 1, 1, 0.0)
    # Three lines of azimuth annotation: index and first and last valid line of each sample.
    columns = np.stack([np.arange(1, samples + 1), np.ones(samples), np.full(samples, lines)])
    annotation = np.zeros((ANNOTATION_LINES - 1, samples + 2), ">i4")
    annotation[:, 2:] = columns
    with path.open("wb") as file:
        file.write(header.ljust(max(record_bytes, HEADER_BYTES), b"\0"))
        file.write(annotation.tobytes())
        for first in range(0, lines, LINES_AT_ONCE):
            pairs = complex_numbers(values[first : first + LINES_AT_ONCE], gain)
            block = np.empty((len(pairs), record_bytes), np.uint8)
            block[:, :LEAD_BYTES] = np.frombuffer(struct.pack(">2i", 1, samples), np.uint8)
            block[:, LEAD_BYTES:] = pairs.astype(">i2").reshape(len(pairs), -1).view(np.uint8)
            file.write(block.tobytes())
