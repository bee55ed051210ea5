"""The text headers of Envisat's format: main and specific product header, data set descriptors.

Source of the layout: ESA PO-RS-MDA-GS-2009, volumes 5 and 8. Also used for ERS products that were
reprocessed into this format (.E1, .E2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from calvingfront.products.reading import (
    check_time,
    fault,
    file_size,
    parse_integer,
    parse_number,
    read_bytes,
)

MPH_BYTES = 1247
DSD_BYTES = 280
LARGEST_SPH_BYTES = 1 << 20  # real ones have some 6 kB
MOST_DATA_SETS = 200  # real ones have 18
MAGIC = b'PRODUCT="'
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_LINE = re.compile(r'^([A-Z0-9_]+)=(?:"([^"]*)"|([^<\s]*)(?:<[^>]*>)?)\s*$', re.MULTILINE)
_UTC = re.compile(r"(\d\d)-([A-Z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d)\.(\d{6})", re.ASCII)
_T = TypeVar("_T")


class HeaderFields:
    """KEY=value lines; quotes, units in angle brackets and outer spaces are stripped."""

    def __init__(self, raw: bytes, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        text = raw.decode("latin-1")
        self.values = {
            match[1]: (match[2] if match[2] is not None else match[3]).strip()
            for match in _LINE.finditer(text)
        }

    def text(self, key: str) -> str:
        """The value of a key."""
        if key not in self.values:
            raise fault(self.path, f"{self.name} {key}", "is missing")
        return self.values[key]

    def integer(self, key: str, low: int, high: int) -> int:
        """The value as an integer within [low, high]."""
        return parse_integer(self.text(key), self.path, f"{self.name} {key}", low, high)

    def number(self, key: str, low: float, high: float) -> float:
        """The value as a number within [low, high]."""
        return parse_number(self.text(key), self.path, f"{self.name} {key}", low, high)

    def utc(self, key: str) -> datetime:
        """The value as a time, written 03-JUL-2004 20:53:38.232230."""
        match = _UTC.fullmatch(self.text(key))
        try:
            if match is None:
                raise ValueError
            day, month, year, hour, minute, second, fraction = match.groups()
            date = (int(year), MONTHS.index(month) + 1, int(day))
            time = datetime(*date, int(hour), int(minute), int(second), int(fraction))
        except ValueError:
            what = f"{self.text(key)[:40]!r} is not a time"
            raise fault(self.path, f"{self.name} {key}", what) from None
        return check_time(time, self.path, f"{self.name} {key}")

    def choice(self, key: str, choices: Mapping[str, _T]) -> _T:
        """The choice named by the value."""
        text = self.text(key)
        if text not in choices:
            what = f"is {text[:40]!r}, not {' or '.join(choices)}"
            remedy = "Use a product of a supported kind."
            raise fault(self.path, f"{self.name} {key}", what, remedy)
        return choices[text]


@dataclass(frozen=True)
class DataSet:
    """Where the records of one kind lie in the file."""

    name: str
    offset_bytes: int
    records: int
    record_bytes: int


@dataclass(frozen=True)
class EnvisatHeader:
    """Both headers, and the data sets in the file by name (unused ones are left out)."""

    path: Path
    main: HeaderFields
    specific: HeaderFields
    data_sets: dict[str, DataSet]

    def data_set(self, name: str, record_bytes: tuple[int, ...] = (), most: int = 0) -> DataSet:
        """The data set with this name.

        record_bytes: supported record sizes; most: the largest number of records.
        """
        if name not in self.data_sets:
            raise fault(self.path, name, "is not in the product")
        found = self.data_sets[name]
        if record_bytes and found.record_bytes not in record_bytes:
            known = " or ".join(map(str, record_bytes))
            what = f"has records of {found.record_bytes} bytes; only {known} are supported"
            raise fault(self.path, name, what)
        if most and found.records > most:
            raise fault(self.path, name, f"has {found.records} records, more than {most}")
        return found

    def records(self, data_set: DataSet) -> list[bytes]:
        """The records of a (small) data set."""
        size = data_set.record_bytes
        raw = read_bytes(self.path, data_set.offset_bytes, data_set.records * size, data_set.name)
        return [raw[start : start + size] for start in range(0, len(raw), size)]


def read_header(path: Path) -> EnvisatHeader:
    """Read the text headers of a product in Envisat's format."""
    size = file_size(path)
    main = HeaderFields(read_bytes(path, 0, MPH_BYTES, "main product header"), path, "MPH")
    count = main.integer("NUM_DSD", 1, MOST_DATA_SETS)
    main.integer("DSD_SIZE", DSD_BYTES, DSD_BYTES)
    sph_bytes = main.integer("SPH_SIZE", count * DSD_BYTES, LARGEST_SPH_BYTES)
    sph = read_bytes(path, MPH_BYTES, sph_bytes, "specific product header")
    specific = HeaderFields(sph[: sph_bytes - count * DSD_BYTES], path, "SPH")
    data_sets: dict[str, DataSet] = {}
    for number in range(count):
        end = sph_bytes - (count - 1 - number) * DSD_BYTES
        name = f"data set descriptor {number + 1}"
        fields = HeaderFields(sph[end - DSD_BYTES : end], path, name)
        if not fields.values or fields.text("DS_TYPE") not in "AGM":
            continue  # spare, or a reference to another file
        records = fields.integer("NUM_DSR", 0, 10_000_000)
        if not records:
            continue
        # A product without its pixels can still be read: checks.py reports what is missing.
        image = fields.text("DS_TYPE") == "M"
        largest = 1 << 50 if image else size
        offset = fields.integer("DS_OFFSET", MPH_BYTES + sph_bytes, largest)
        record_bytes = fields.integer("DSR_SIZE", 1, 1 << 24)
        if not image and offset + records * record_bytes > size:
            end_byte = offset + records * record_bytes
            what = f"ends at byte {end_byte}, but the file at byte {size}"
            what += f": {end_byte - size} bytes are missing"
            raise fault(path, fields.text("DS_NAME"), what)
        data_sets[fields.text("DS_NAME")] = DataSet(
            fields.text("DS_NAME"), offset, records, record_bytes
        )
    return EnvisatHeader(path, main, specific, data_sets)
