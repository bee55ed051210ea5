"""Days as the attributes of a layer state them."""

from __future__ import annotations

import re

import pandas as pd

# Year first: nothing else is unmistakable.
_DAY = re.compile(r"((?:19|20)\d\d)([-/.]?)(\d\d)\2(\d\d)")
_TIME = re.compile(r"[T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?")


def day_of_value(text: str) -> str | None:
    """The day YYYY-MM-DD, in UTC, of an ISO 8601 day or time stamp, or of YYYYMMDD; else None."""
    found = _DAY.match(text)
    if found is None:
        return None
    year, _, month, day = found.groups()
    rest = text[found.end() :]
    if rest and not _TIME.fullmatch(rest):
        return None
    try:
        stamp = pd.Timestamp(f"{year}-{month}-{day}{rest.replace(' ', 'T', 1)}")
    except ValueError:
        return None
    if stamp.tzinfo is not None:
        stamp = stamp.tz_convert("UTC")
    return str(stamp.strftime("%Y-%m-%d"))
