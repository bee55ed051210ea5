"""The one reader of days: what cannot be misread is read, everything else is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import moment_of, read_day, read_moment


@pytest.mark.parametrize(
    "text",
    [
        "2007-03-04", "20070304", "2007/03/04", "2007.03.04", "2007-3-4", "2007/3/4", "20070304.0",
        "4 Mar 2007", "04 March 2007", "4. March 2007", "04-MAR-2007", "04mar2007", "Mar 4, 2007",
        "March 4 2007", "2007 Mar 4", "2007-Mar-04", " 2007-03-04\u00a0", "\ufeff2007-03-04\u200b",
        "2007-03-04T22:15", "2007-03-04 22:15:00", "2007-03-04T22:15:00.123456789",
        "2007-03-04T22:15:00,5", "2007-03-04T22:15:00Z", "20070304T221500", "20070304T221500Z",
        "2007-03-04 22:15:00 UTC", "2007-03-04T22:15:00+00:00", "2007-03-04 22:15:00 GMT",
        "04-MAR-2007 12:34:56.789", "2007-03-05T01:15+03:00", "2007-03-03T22:15:00-0300",
        "2007-03-05T13:59+14",
    ],
)  # fmt: skip
def test_a_day_that_cannot_be_misread_is_read(text: str) -> None:
    assert read_day(text) == "2007-03-04"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2007-03-04T22:15:00-03:00", "2007-03-05"),
        ("2007-04-03T01:30:00+02:00", "2007-04-02"),
        ("2008-01-01T00:30:00+01:00", "2007-12-31"),
        ("2008-02-29T23:59:59Z", "2008-02-29"),
    ],
)
def test_a_local_time_is_brought_to_the_day_of_utc(text: str, day: str) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("04/03/2007", "may begin with the day or with the month"),
        ("13/03/2007", "may begin with the day or with the month"),
        ("04.03.2007", "may begin with the day or with the month"),
        ("04-03-2007", "may begin with the day or with the month"),
        ("04/03/2007 12:30", "may begin with the day or with the month"),
        ("070304", "year of two digits"), ("04-03-07", "year of two digits"),
        ("4.3.07", "year of two digits"), ("2007", "is a year, not a day"),
        ("2007-03", "is a month, not a day"), ("2007/3", "is a month"),
        ("2007063", "counts the days of a year"), ("2007-063", "counts the days of a year"),
        ("2007-W10-7", "counts weeks"), ("2007.17", "is a year with decimals"),
        ("2007,17", "is a year with decimals"), ("39145", "spreadsheet's number of a day"),
        ("39145.93", "spreadsheet's number of a day"), ("today", "is not one fixed day"),
        ("now", "is not one fixed day"), ("12:30", "is a time without a day"),
        ("10", "is a number, not a day"), ("1", "is a number"), ("1172966400", "is a number"),
        ("2007-02-30", "is no day of the calendar"), ("2007-13-01", "is no day of the calendar"),
        ("20071301", "is no day of the calendar"), ("2007-00-10", "is no day of the calendar"),
        ("29 Feb 2007", "is no day of the calendar"), ("1007-03-04", "is not in the years"),
        ("2107-03-04", "is not in the years"), ("12031207", "is not in the years"),
        ("2007-03-04 24:00", "has hour 24"), ("2007-03-04T25:00", "has no time of a clock"),
        ("2007-03-04T23:59:60", "has no time of a clock"),
        ("2007-03-04T22:15+25:00", "an offset from UTC that no place has"),
        ("2007-03-04T22:15 CET", "a time that cannot be read"),
        ("2007-03-04 10:15 PM", "a time that cannot be read"), ("", "is empty"),
        ("20070304_2215", "is no day that can be read"), ("March", "is no day that can be read"),
        ("NaT", "is no day that can be read"), ("4 Mär 2007", "is no day that can be read"),
        ("4 Mar 07", "is no day that can be read"), ("٢٠٠٧-٠٣-٠٤", "is no day that can be read"),
        ("２００７-０３-０４", "is no day that can be read"),
        ("2007-03/04", "is no day that can be read"), ("4, Mar 2007", "is no day that"),
        ("=\"2007-03-04\"", "is no day"),
        ("2007-03-04+02:00", "is no day"), ("2007-03-04, 2007-04-03", "is no day"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_day(text)
    assert why in caught.value.what
    assert caught.value.remedy == "Write YYYY-MM-DD, such as 2007-03-04."


@given(st.datetimes(datetime(1850, 1, 2), datetime(2099, 12, 30)), st.integers(-56, 56))
def test_a_written_moment_is_read_back(moment: datetime, quarters: int) -> None:
    offset = timedelta(minutes=15 * quarters)
    local = moment + offset
    sign, minutes = "-" if quarters < 0 else "+", abs(15 * quarters)
    text = f"{local.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    assert read_moment(text) == moment.replace(tzinfo=UTC)
    assert read_day(text) == moment.date().isoformat()
    assert read_moment(moment.isoformat()) == moment
    assert read_moment(moment.strftime("%d %B %Y")) == moment.date()


@given(st.text("0123456789-/.:T Zmar+", max_size=14))
def test_any_text_is_a_day_that_it_contains_or_refused(text: str) -> None:
    try:
        moment = read_moment(text)
    except Unreadable:
        return
    assert str(moment.year) in text
    assert 1800 <= moment.year <= 2099


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (20070304, "2007-03-04"), (np.int64(20070304), "2007-03-04"), (20070304.0, "2007-03-04"),
        (date(2007, 3, 4), "2007-03-04"), (datetime(2007, 3, 4, 23, 59), "2007-03-04"),
        (pd.Timestamp("2007-03-04T23:00-03:00"), "2007-03-05"),
        (pd.Timestamp("2007-03-04"), "2007-03-04"),
        (np.datetime64("2007-03-04T22:15:00", "ms"), "2007-03-04"),
        (None, None), (float("nan"), None), (np.float32("nan"), None), (pd.NaT, None),
        (pd.NA, None), (np.datetime64("NaT"), None), ("", None), (" \u00a0", None),
    ],
)  # fmt: skip
def test_a_cell_of_a_layer_may_be_a_number_or_a_date(value: Any, day: str | None) -> None:
    moment = moment_of(value)
    assert (None if moment is None else moment.isoformat()[:10]) == day


@pytest.mark.parametrize(
    "value",
    [2007, 39145, 2007.17, 39145.5, True, 0, -20070304, 200703041.0, float("inf"), "NaT", "None",
     [2007, 3, 4], {"year": 2007}, np.array([1, 2]), np.bool_(True), pd.Timestamp("1700-01-01")],
)  # fmt: skip
def test_a_cell_of_a_layer_that_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(Unreadable):
        moment_of(value)


def test_a_time_without_a_zone_stays_without_one() -> None:
    assert moment_of("2007-03-04T22:15") == datetime(2007, 3, 4, 22, 15)
    assert moment_of("2007-03-04") == date(2007, 3, 4)
