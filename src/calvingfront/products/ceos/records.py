"""CEOS superstructure: records of a leader, fields by position, the files of a product.

A CEOS file is a chain of records; each begins with 12 bytes: its number (big-endian, 4 bytes), four
type bytes and its length (4 bytes, header included). Fields are ASCII at fixed positions, counted
from 1 as in the format documents. Lengths and counts in a file are checked against a bound and
against the file size before they are used.

Sources: CEOS SAR CCT format (EPO/ER-IS-EPO-GS-5902.1 for ERS; RSI-GS-026 for RADARSAT-1; ALOS
PALSAR level 1.1/1.5 product format description by JAXA).
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from calvingfront.errors import ProductError
from calvingfront.radar.model import Side

LARGEST_LEADER = 32 * 2**20  # bytes; the largest real one (ALOS-2) has 1.6 MB
MOST_RECORDS = 200
LONGEST_RECORD = 2**21
LARGEST_NUMBER = 1e30  # its square does not overflow
DAMAGED = "Fetch the product again: the file seems damaged"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?")
HEADER = struct.Struct(">IBBBBI")


@dataclass(frozen=True)
class Record:
    """One record: path of its file, its four type bytes, its whole content (header included)."""

    path: Path
    code: tuple[int, int, int, int]
    content: bytes

    def fault(self, at: int, field: str, what: str) -> ProductError:
        """Return the error that names the file, the record, the byte and the field."""
        code = "-".join(map(str, self.code))
        return ProductError(f"{self.path}, record {code}, byte {at}, {field}", what, DAMAGED)

    def text(self, at: int, length: int, field: str) -> str:
        """Return the ASCII text of `length` bytes from byte `at` (from 1), without its blanks."""
        if at + length - 1 > len(self.content):
            raise self.fault(at, field, f"the record ends after {len(self.content)} bytes")
        raw = self.content[at - 1 : at - 1 + length]
        return raw.decode("ascii", errors="replace").strip(" \0")

    def number(self, at: int, length: int, field: str, low: float, high: float) -> float:
        """Return the number in an ASCII field; ProductError unless it lies in low … high."""
        text = self.text(at, length, field).upper().replace("D", "E")
        if not _NUMBER.fullmatch(text):
            raise self.fault(at, field, f"{text!r} is not a number")
        value = float(text)
        if not low <= value <= high:
            raise self.fault(at, field, f"{value:g} is outside {low:g} … {high:g}")
        return value

    def integer(self, at: int, length: int, field: str, low: int, high: int) -> int:
        """Return the integer in an ASCII field; ProductError unless it lies in low … high."""
        value = self.number(at, length, field, low, high)
        if value != int(value):
            raise self.fault(at, field, f"{value:g} is not an integer")
        return int(value)

    def numbers(self, at: int, length: int, count: int, field: str) -> list[float]:
        """Return `count` consecutive numbers, each up to LARGEST_NUMBER."""
        return [
            self.number(
                at + k * length, length, f"{field} {k + 1}", -LARGEST_NUMBER, LARGEST_NUMBER
            )
            for k in range(count)
        ]

    def is_blank(self, at: int, length: int, field: str) -> bool:
        """Whether a field is blank."""
        return not self.text(at, length, field)


def read_part(path: Path, offset: int, count: int) -> bytes:
    """Return up to `count` bytes of a file; ProductError if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(count)
    except OSError as error:
        raise ProductError(
            path, f"cannot be read ({error.strerror})", "Check the path and its permissions"
        ) from error


def read_record(path: Path, offset: int, longest: int = LONGEST_RECORD) -> Record:
    """Return the record that begins at `offset` (from 0)."""
    header = read_part(path, offset, HEADER.size)
    if len(header) < HEADER.size:
        missing = f"ends inside a record header at byte {offset + len(header)}"
        raise ProductError(path, missing, DAMAGED)
    _, *code, length = HEADER.unpack(header)
    if not HEADER.size <= length <= longest:
        raise ProductError(path, f"has a record of {length} bytes at byte {offset}", DAMAGED)
    content = read_part(path, offset, length)
    if len(content) < length:
        missing = f"ends {length - len(content)} bytes short of the end of the record at {offset}"
        raise ProductError(path, missing, DAMAGED)
    return Record(path, (code[0], code[1], code[2], code[3]), content)


@dataclass(frozen=True)
class Leader:
    """The records of a leader file."""

    path: Path
    records: tuple[Record, ...]

    @classmethod
    def open(cls, path: Path) -> Leader:
        """Read every record of the leader at `path`."""
        size = file_size(path)
        if size > LARGEST_LEADER:
            raise ProductError(path, f"has {size} bytes, too many for a leader file", DAMAGED)
        records: list[Record] = []
        offset = 0
        while offset < size:
            if len(records) == MOST_RECORDS:
                raise ProductError(path, f"has more than {MOST_RECORDS} records", DAMAGED)
            record = read_record(path, offset, LARGEST_LEADER)
            records.append(record)
            offset += len(record.content)
        return cls(path, tuple(records))

    def all_of(self, kind: int) -> list[Record]:
        """Return the records whose second type byte is `kind` (10 summary, 30 orbit, …)."""
        return [record for record in self.records[1:] if record.code[1] == kind]

    def one(self, kind: int, name: str) -> Record:
        """Return the first record of a kind; ProductError if there is none."""
        found = self.all_of(kind)
        if not found:
            raise ProductError(self.path, f"has no {name} record (type {kind})", DAMAGED)
        return found[0]

    @property
    def summary(self) -> Record:
        """The data set summary record."""
        return self.one(10, "data set summary")


def file_size(path: Path) -> int:
    """Return the size of a file in bytes; ProductError if there is no file."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise ProductError(
            path, f"cannot be read ({error.strerror})", "Check the path and its permissions"
        ) from error


def scene_time(record: Record) -> datetime:
    """Return the scene centre time (byte 69 of the summary: YYYYMMDDhhmmssttt), UTC."""
    text = record.text(69, 32, "scene centre time")
    if not re.fullmatch(r"\d{14,23}", text):
        raise record.fault(69, "scene centre time", f"{text!r} is not a date and time")
    return civil_time(record, 69, text[:14], "%Y%m%d%H%M%S", text[14:])


def civil_time(record: Record, at: int, text: str, form: str, fraction: str = "") -> datetime:
    """Parse a time with strptime's `form` and the digits of a fraction of a second."""
    try:
        whole = datetime.strptime(text, form)
        return whole + timedelta(seconds=float(f"0.{fraction or 0}"))
    except (ValueError, OverflowError) as error:
        raise record.fault(at, "time", f"{text!r} is not a date and time") from error


def look_side(summary: Record) -> Side:
    """Return the look side from the clock angle of the antenna (byte 477): +90 right, −90 left."""
    angle = summary.number(477, 8, "clock angle", -180, 180)
    if not math.isclose(abs(angle), 90, abs_tol=30):
        raise summary.fault(477, "clock angle", f"{angle:g}° is neither right- nor left-looking")
    return "right" if angle > 0 else "left"
