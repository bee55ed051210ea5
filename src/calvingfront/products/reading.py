"""Read headers that may be damaged: each fault raises a ProductError with file and field.

Lengths and counts are checked against bounds before use: a flipped bit must not cost gigabytes.
"""

from __future__ import annotations

import math
import os
import re
import struct
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calvingfront.errors import ProductError
from calvingfront.files import PathLike

DAMAGED = "Fetch the file again: it is damaged or truncated."
LARGEST_IMAGE_SIDE = 200_000  # lines or samples; the longest strips have about 100 000 lines
EARLIEST, LATEST = datetime(1978, 1, 1), datetime(2100, 1, 1)  # Seasat flew in 1978

_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?Z?", re.ASCII)


def fault(path: PathLike, field: str, what: str, remedy: str = DAMAGED) -> ProductError:
    """Return the error for a field in a file."""
    return ProductError(f"{os.fspath(path)}, {field}", what, remedy)


def file_size(path: PathLike, field: str = "file") -> int:
    """Return the size of a file in bytes; raise ProductError if there is no file."""
    try:
        if not Path(path).is_file():
            raise fault(path, field, "does not exist", "Give the path of a file.")
        return Path(path).stat().st_size
    except (OSError, ValueError) as error:
        remedy = "Check the path and its permissions."
        raise fault(path, field, f"cannot be opened ({error})", remedy) from error


def read_bytes(path: PathLike, offset: int, count: int, field: str) -> bytes:
    """Read `count` bytes from `offset`; raise ProductError if the file is too short."""
    size = file_size(path, field)
    if offset < 0 or count < 0 or offset + count > size:
        missing = offset + count - size
        what = f"needs bytes {offset}…{offset + count}, but the file ends at {size}"
        raise fault(path, field, f"{what} ({missing} bytes are missing)")
    try:
        with Path(path).open("rb") as file:
            file.seek(offset)
            content = file.read(count)
    except OSError as error:
        raise fault(path, field, f"cannot be read ({error})") from error
    if len(content) != count:
        raise fault(path, field, f"{len(content)} bytes were read instead of {count}")
    return content


def parse_number(
    text: str,
    path: PathLike,
    field: str,
    low: float = -math.inf,
    high: float = math.inf,
) -> float:
    """A finite number within [low, high]."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise fault(path, field, f"{_short(text)} is not a finite number")
    if not low <= value <= high:
        raise fault(path, field, f"{value:g} lies outside {low:g} … {high:g}")
    return value


def parse_integer(text: str, path: PathLike, field: str, low: int, high: int) -> int:
    """An integer within [low, high]."""
    stripped = text.strip()
    if not re.fullmatch(r"[+-]?\d{1,20}", stripped, re.ASCII):
        raise fault(path, field, f"{_short(text)} is not an integer")
    value = int(stripped)
    if not low <= value <= high:
        raise fault(path, field, f"{value} lies outside {low} … {high}")
    return value


def parse_utc(text: str, path: PathLike, field: str) -> datetime:
    """A time such as 2008-03-10T13:32:20.083162Z (UTC), to the microsecond, without time zone."""
    match = _UTC.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        fraction = float(f"0.{match[2] or 0}")
        time = datetime.fromisoformat(match[1]) + timedelta(microseconds=round(fraction * 1e6))
    except (ValueError, OverflowError):
        raise fault(path, field, f"{_short(text)} is not a UTC time") from None
    return check_time(time, path, field)


def check_time(time: datetime, path: PathLike, field: str) -> datetime:
    """Refuse a time outside EARLIEST … LATEST."""
    if not EARLIEST <= time <= LATEST:
        what = f"the time {time.isoformat()} lies outside {EARLIEST:%Y-%m-%d} … {LATEST:%Y-%m-%d}"
        raise fault(path, field, what)
    return time


def mjd2000(raw: bytes, path: PathLike, field: str) -> datetime:
    """Envisat's MJD2000: days since 2000-01-01 (signed), seconds and microseconds, 12 bytes."""
    days, seconds, microseconds = struct.unpack(">iII", raw)
    if abs(days) > 40_000 or seconds > 86_400 or microseconds > 1_000_000:
        what = f"{days} days, {seconds} s, {microseconds} µs since 2000 is not a valid time"
        raise fault(path, field, what)
    time = datetime(2000, 1, 1) + timedelta(days=days, seconds=seconds, microseconds=microseconds)
    return check_time(time, path, field)


def finite(
    values: npt.ArrayLike,
    path: PathLike,
    field: str,
    low: float = -1e300,
    high: float = 1e300,
) -> npt.NDArray[np.float64]:
    """Return the values as float64; raise ProductError unless all are within [low, high]."""
    with np.errstate(invalid="ignore"):  # signalling NaNs of damaged float32 fields
        array = np.asarray(values).astype(np.float64)
    good = np.isfinite(array) & (array >= low) & (array <= high)
    if not good.all():
        value = array[~good].flat[0]
        raise fault(path, field, f"{value:g} lies outside {low:g} … {high:g}")
    return array


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "…")
