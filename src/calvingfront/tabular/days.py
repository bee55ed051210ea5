"""The one reader of days: ISO 8601 and the few other notations that cannot be misread.

Read are a day, or a day and a time:

- 2007-03-04, 20070304, 2007/03/04, 2007.03.04 (year, month, day), 2007-3-4;
- 4 Mar 2007, 04-MAR-2007, March 4, 2007, 2007 Mar 4 (English names of months, four-digit years);
- any of them and, after T or a blank, 22:15, 22:15:00, 22:15:00.123 or 221500, with Z, UTC, GMT or
  an offset (+02:00, +0200, +02) if it is known. A time without one is taken as UTC.

Everything else is refused, above all what has two readings (04/03/2007, 04.03.2007, 070304) and
what is no day (2007, 2007-03, 12:30, today).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from numbers import Real
from typing import Any, TypeVar

from calvingfront.tabular.cells import Unreadable, clean

Moment = TypeVar("Moment", date, datetime)

FIRST_YEAR, LAST_YEAR = 1800, 2099  # of maps and images of calving fronts
REMEDY = "Write YYYY-MM-DD, such as 2007-03-04."
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH_NUMBERS = {name[:n]: k for k, name in enumerate(MONTHS, 1) for n in (3, len(name))}
_MONTH_NUMBERS["sept"] = 9
_MONTH = "(?P<name>" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")\.?"
_GAP = r"(?:\s+|-)"
_DAY_PATTERNS = (
    r"(?P<year>\d{4})(?P<sep>[-/])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})",
    r"(?P<year>\d{4})\.(?P<month>\d\d)\.(?P<day>\d\d)",
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:\.0)?",  # .0: of a column of decimal numbers
    rf"(?P<day>\d{{1,2}})\.?{_GAP}?{_MONTH}{_GAP}?(?P<year>\d{{4}})",
    rf"{_MONTH}{_GAP}(?P<day>\d{{1,2}})(?:,\s*|{_GAP})(?P<year>\d{{4}})",
    rf"(?P<year>\d{{4}}){_GAP}{_MONTH}{_GAP}(?P<day>\d{{1,2}})",
)
_TIME = (
    r"(?:(?:T|\s+)(?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)"
    r"(?:[.,](?P<fraction>\d+))?)?(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?"
)
_NOTATIONS = [re.compile(day + _TIME, re.ASCII | re.IGNORECASE) for day in _DAY_PATTERNS]
_FAULTS = (
    (r"", "is empty"),
    (r"\d{4}", "is a year, not a day"),
    (r"\d{4}[-/]\d{1,2}", "is a month, not a day"),
    (r"\d{4}-?\d{3}", "counts the days of a year"),
    (r"\d{4}-?W\d\d(-?\d)?", "counts weeks"),
    (r"\d{4}[.,]\d+", "is a year with decimals"),
    (r"\d{5}([.,]\d+)?", "looks like a spreadsheet's number of a day"),
    (r"\d{6}", "has a year of two digits"),
    (r"\d{1,2}([-/.])\d{1,2}\1\d\d", "has a year of two digits"),
    (r"\d{1,2}([-/. ])\d{1,2}\1\d{4}(\D.*)?", "may begin with the day or with the month"),
    (r"\d{8}", "does not begin with a year, a month and a day"),
    (r"\d{1,2}:\d\d(:\d\d)?.*", "is a time without a day"),
    (r"(today|now|yesterday|tomorrow)", "is not one fixed day"),
    (r"-?\d+([.,]\d+)?", "is a number, not a day"),
    (r".*[T\s]24:?00.*", "has hour 24, which is 00:00 of the next day"),
    (r".*\d[T\s]\d\d:?\d\d.*", "has a time that cannot be read"),
)


def read_day(text: str) -> str:
    """The UTC day YYYY-MM-DD of a text; of a time with an offset, the day in UTC.

    Raises Unreadable, which says why, for every notation but those of this module.
    """
    return _day(read_moment(text))


def read_moment(text: str) -> date | datetime:
    """A day, or a day and time: in UTC if the zone is known, else without one.

    Raises Unreadable as `read_day` does.
    """
    cleaned = clean(text)
    for notation in _NOTATIONS:
        found = notation.fullmatch(cleaned)
        if found:
            return _moment(cleaned, found)
    why = next(
        (why for pattern, why in _FAULTS if re.fullmatch(pattern, cleaned, re.ASCII | re.I)),
        "is no day that can be read",
    )
    raise Unreadable(f"{_shown(cleaned)} {why}", REMEDY)


def moment_of(value: Any) -> date | datetime | None:
    """A cell of a layer: text, a number such as 20070304, a date or a time; None if it is empty.

    Raises Unreadable for anything that is no day.
    """
    if isinstance(value, str):
        return read_moment(value) if clean(value) else None
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, datetime):  # and pandas' Timestamp
        moment = datetime(*value.timetuple()[:6], value.microsecond)
        if value.tzinfo is not None:
            moment = (moment - (value.utcoffset() or timedelta())).replace(tzinfo=UTC)
        return _checked(moment, str(value))
    if isinstance(value, date):
        return _checked(value, str(value))
    if type(value).__name__ == "datetime64":
        return moment_of(value.astype("datetime64[us]").item())
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if number != number:
            return None
        if number.is_integer() and 1e7 <= number < 1e8:
            return read_moment(str(int(number)))
        return read_moment(str(value).removesuffix(".0"))
    raise Unreadable(f"{_shown(str(value))} is no day that can be read", REMEDY)


def _day(moment: date | datetime) -> str:
    return (moment.date() if isinstance(moment, datetime) else moment).isoformat()


def _moment(text: str, found: re.Match[str]) -> date | datetime:
    part = found.groupdict()
    name = part.get("name")
    month = _MONTH_NUMBERS[name.lower()] if name else int(part["month"])
    try:
        day = date(int(part["year"]), month, int(part["day"]))
    except ValueError:
        raise Unreadable(f"{_shown(text)} is no day of the calendar", REMEDY) from None
    if part["hour"] is None:
        return _checked(day, text)
    try:
        micro = int((part["fraction"] or "").ljust(6, "0")[:6])
        hour, minute, second = (int(part[key] or 0) for key in ("hour", "minute", "second"))
        moment = datetime(day.year, day.month, day.day, hour, minute, second, micro)
    except ValueError:
        hour_24 = part["hour"] == "24" and part["minute"] == "00"
        why = "has hour 24, which is 00:00 of the next day" if hour_24 else "has no time of a clock"
        raise Unreadable(f"{_shown(text)} {why}", REMEDY) from None
    _checked(day, text)
    if part["zone"]:
        return (moment - _offset(part["zone"], text)).replace(tzinfo=UTC)
    return moment


def _offset(zone: str, text: str) -> timedelta:
    if zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise Unreadable(f"{_shown(text)} has an offset from UTC that no place has", REMEDY)
    size = timedelta(hours=hours, minutes=minutes)
    return -size if zone[0] == "-" else size


def _checked(moment: Moment, text: str) -> Moment:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        what = f"{_shown(text)} is not in the years {FIRST_YEAR} to {LAST_YEAR}"
        raise Unreadable(what, REMEDY)
    return moment


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
