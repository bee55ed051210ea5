"""CEOS imagery files: their layout, the prefixes of their lines, their pixels.

Source: as for `products.ceos.records`; the descriptor record is the same in all missions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calvingfront.errors import ProductError
from calvingfront.products.ceos.records import (
    DAMAGED,
    HEADER,
    LONGEST_RECORD,
    Record,
    file_size,
    read_part,
    read_record,
)
from calvingfront.radar.model import Pixels

MOST_LINES = 200_000
MOST_SAMPLES = 100_000

# Type code (byte 429 of the imagery descriptor) → sample type in the file.
_SAMPLE_TYPES: dict[str, np.dtype[np.generic]] = {
    "IU1": np.dtype("u1"),
    "IU2": np.dtype(">u2"),
    "CI*2": np.dtype("i1"),
    "CIS2": np.dtype("i1"),
    "CI*4": np.dtype(">i2"),
    "CIS4": np.dtype(">i2"),
    "C*8": np.dtype(">f4"),
}


@dataclass
class Imagery:
    """The layout of an imagery file from its descriptor record, checked against the file size.

    shape: lines, samples. first: byte (from 0) of the first line's record; stride: bytes of a
    line's record; prefix: bytes before its samples; sample_type: of one part (I or Q) or sample.
    """

    path: Path
    descriptor: Record
    shape: tuple[int, int]
    is_complex: bool
    first: int
    stride: int
    prefix: int
    sample_type: np.dtype[np.generic]

    @classmethod
    def open(cls, path: Path, *, whole: bool = True) -> Imagery:
        """Read the descriptor; with `whole`, refuse a file that is too short for its lines."""
        record = read_record(path, 0)
        lines = record.integer(237, 8, "lines", 1, MOST_LINES)
        samples = record.integer(249, 8, "samples per line", 1, MOST_SAMPLES)
        left = _border(record, 245, "left border")
        stride = record.integer(187, 6, "record length", 13, LONGEST_RECORD)
        suffix = _border(record, 289, "suffix bytes")
        code = record.text(429, 4, "sample type")
        if code not in _SAMPLE_TYPES:
            raise record.fault(429, "sample type", f"{code!r} is not supported")
        sample_type = _SAMPLE_TYPES[code]
        is_complex = code.startswith("C")
        width = sample_type.itemsize * (2 if is_complex else 1)
        if record.integer(225, 4, "bytes per sample", 1, 8) != width:
            what = f"does not match sample type {code} ({width} bytes)"
            raise record.fault(225, "bytes per sample", what)
        data = record.integer(281, 8, "bytes of samples", 1, LONGEST_RECORD)
        prefix = stride - data - suffix + left * width
        if prefix < HEADER.size or (left + samples) * width > data:
            raise record.fault(281, "bytes of samples", f"{data} does not match {samples} samples")
        layout = cls(
            path,
            record,
            (lines, samples),
            is_complex,
            len(record.content),
            stride,
            prefix,
            sample_type,
        )
        missing = layout.first + lines * stride - file_size(path)
        if whole and missing > 0:
            what = f"is {missing} bytes too short for its {lines} lines"
            raise ProductError(path, what, DAMAGED)
        return layout

    def line_integers(self, *positions: int) -> npt.NDArray[np.int64]:
        """Return the big-endian 4-byte integers at the positions (from 1) of each line's prefix.

        Shape (lines, positions). Only these bytes are read, through a memory map.
        """
        end = max(positions) + 3
        if end > self.prefix:
            what = f"has {self.prefix} bytes, too few for byte {end}"
            raise self.descriptor.fault(277, "prefix", what)
        rows = self._rows(0, self.shape[0])
        columns = [
            np.ascontiguousarray(rows[:, at - 1 : at + 3]).view(">i4")[:, 0] for at in positions
        ]
        return np.stack(columns, axis=1).astype(np.int64)

    def check_lines(self) -> None:
        """Compare the record headers of the first and last line with the descriptor."""
        for line in {0, self.shape[0] - 1}:
            at = self.first + line * self.stride
            header = read_part(self.path, at, HEADER.size)
            _, kind, _, _, _, length = HEADER.unpack(header.ljust(HEADER.size, b"\0"))
            if (kind, length) != (50, self.stride):
                what = f"the record of line {line} has type {kind} and {length} bytes"
                raise ProductError(f"{self.path}, byte {at}", what, DAMAGED)

    def _rows(self, first: int, count: int) -> npt.NDArray[np.uint8]:
        try:
            return np.memmap(
                self.path,
                np.uint8,
                "r",
                self.first + first * self.stride,
                (count, self.stride),
            )
        except (OSError, ValueError) as error:
            raise ProductError(
                self.path, f"lines {first} … {first + count - 1} cannot be read", DAMAGED
            ) from error

    def read(self, first: int, count: int) -> Pixels:
        """Return lines first … first + count − 1: (count, samples), complex64 or float32 DN."""
        lines, samples = self.shape
        if first < 0 or count < 1 or first + count > lines:
            what = f"has {lines} lines, so lines {first} … {first + count - 1} cannot be read"
            raise ProductError(self.path, what, "Request lines within the image")
        parts = samples * (2 if self.is_complex else 1)
        part = self._rows(first, count)[
            :, self.prefix : self.prefix + parts * self.sample_type.itemsize
        ]
        # The prefix need not be a multiple of the sample's size: a copy aligns the samples.
        values = np.ascontiguousarray(part).view(self.sample_type).astype(np.float32)
        return values.view(np.complex64) if self.is_complex else values


def _border(record: Record, at: int, field: str) -> int:
    return 0 if record.is_blank(at, 4, field) else record.integer(at, 4, field, 0, 9999)
