"""What a front may hold, and the attributes it fills."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import calvingfront
from calvingfront.errors import SceneError
from calvingfront.locating.attributes import ATTRIBUTES, attributes_of, decimal_year, moment_of
from calvingfront.locating.located_front import canonical_time
from front_examples import LINE, empty, front, full, on_image, widths


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2011-03-04", "2011-03-04"),
        ("2011-03-04T00:00:00Z", "2011-03-04T00:00:00Z"),
        ("2011-03-04 05:06", "2011-03-04T05:06:00Z"),
        ("2011-03-04T23:30:00-01:00", "2011-03-05T00:30:00Z"),
        ("2011-03-04T05:06:07.8", "2011-03-04T05:06:07.800Z"),
        ("2011-03-04T05:06:07.999600Z", "2011-03-04T05:06:08Z"),
        ("2011-12-31T23:59:59,9999Z", "2012-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_kept_as_utc_to_the_millisecond_and_a_day_as_a_day(
    written: str, kept: str
) -> None:
    assert front(acquired=written).acquired == kept


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_kept_to_half_a_millisecond(moment: datetime) -> None:
    try:
        text = canonical_time(moment.isoformat())
    except OverflowError:
        assert moment.year == 9999
        return
    assert abs(moment_of(text) - moment) <= timedelta(microseconds=500)
    assert canonical_time(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "2011", "2011-03", "20110304", "2011-02-30", "2011-03-04T25:00", "04.03.2011", None,
     "2011-W01-1", "2011-03-04T12", "２011-03-04"],
)  # fmt: skip
def test_what_is_neither_a_day_nor_a_time_is_refused(text: Any) -> None:
    with pytest.raises(
        SceneError, match=r"^a: acquired .* is neither a day nor a date-time\. Write"
    ):
        front(acquired=text)


def test_a_time_past_the_year_9999_is_refused_and_not_an_overflow() -> None:
    with pytest.raises(SceneError, match="neither a day nor a date-time"):
        front(acquired="9999-12-31T23:59:59.9999Z")


@pytest.mark.parametrize(
    ("acquired", "year"),
    [
        ("2020-01-01", 2020.0),
        ("2020-07-02", 2020.5),  # 183 of 366 days
        ("2021-07-02T12:00:00Z", 2021.5),  # 182.5 of 365
        ("2000-12-31", 2000 + 365 / 366),  # a leap year
        ("1900-12-31", 1900 + 364 / 365),  # none
        ("2019-12-31T23:59:59.999Z", 2020 - 0.001 / (365 * 86400)),
    ],
)
def test_the_decimal_year_is_exact_leap_years_too(acquired: str, year: float) -> None:
    assert decimal_year(acquired) == pytest.approx(year, abs=1e-12)


@given(st.dates(), st.dates())
def test_decimal_years_have_the_order_of_days(one: Any, other: Any) -> None:
    assert (decimal_year(str(one)) < decimal_year(str(other))) == (one < other)
    assert math.floor(decimal_year(str(one))) == one.year


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"scene": ""}, "scene: '' is not a name"),
        ({"quality": "fine"}, "quality 'fine' is unknown. Write good, partial, doubtful, none"),
        ({"quality": "none"}, "quality is 'none', but the number of lines is 1"),
        ({"lines": []}, "quality is 'good', but the number of lines is 0"),
        (
            {"lines": [LINE[:1]]},
            r"lines contains an array of shape \(1, 2\). Give arrays of shape \(n, 2\)",
        ),
        ({"lines": [LINE.T]}, r"lines contains an array of shape \(2, 3\)"),
        ({"lines": [LINE * np.nan]}, "lines contains NaN or infinite coordinates"),
        ({"crs": "EPSG:1"}, r"crs 'EPSG:1' is not a CRS \("),
        ({"crs": "+proj=geocent"}, "crs .* is neither a map projection nor longitude and latitude"),
        ({"crs": "EPSG:4326"}, "lines reaches 2.4e.06, 1.1.*e.06, which are not degrees"),
        ({"pixel_size_m": 0.0}, "pixel_size_m cannot be 0"),
        ({"pixel_size_m": float("nan")}, "pixel_size_m cannot be nan"),
        ({"members": 2.5}, "members cannot be 2.5"),
        ({"members": 0}, "members cannot be 0"),
        ({"error_m": -1.0}, "error_m cannot be -1.0"),
        ({"reason": "a\0b"}, "reason 'a.x00b' is not text"),
        ({"glacier": "\ud800"}, "glacier .* is not text"),
        ({"glacier": 12}, "glacier 12 is not text"),
        ({"vertex_errors_m": [np.zeros(3)]}, "vertex_errors_m does not match the lines"),
        ({"vertex_errors_m": [widths(1, -1, np.nan)]}, "vertex_errors_m contains negative"),
    ],
)
def test_a_front_that_contradicts_itself_is_refused_with_scene_field_and_remedy(
    facts: dict[str, Any], message: str
) -> None:
    with pytest.raises(SceneError, match=message) as caught:
        front(**{"scene": "a", **facts})
    assert caught.value.where in ("a", "scene")
    assert caught.value.remedy


def test_a_front_holds_its_own_coordinates() -> None:
    """What is done to the array afterwards does not reach it."""
    line = LINE.copy()
    held = front(lines=[line])
    line[:] = 0
    np.testing.assert_array_equal(held.lines[0], LINE)
    with pytest.raises(ValueError, match="read-only"):
        held.lines[0][0, 0] = 1


def test_errors_of_vertices_of_which_none_is_known_are_none() -> None:
    assert front(vertex_errors_m=[np.full((3, 3), np.nan)]) == front()


def test_fronts_are_equal_when_every_field_is() -> None:
    assert full() == full()
    assert front(crs="EPSG:3031") == front(crs="epsg:3031")
    other: dict[str, Any] = {
        "scene": "x", "glacier": "x", "mission": "x", "acquired": "2012-02-29", "orbit": None,
        "pixel_size_m": 8, "crs": "EPSG:3413", "lines": [LINE, LINE + 500.1], "model": None,
        "threshold": 0.5, "members": 4, "quality": "good", "reason": "x", "error_m": None,
        "err90_m": 1, "err_geo_m": 1, "err_method": None, "err_calib": None,
        "vertex_errors_m": (), "author": "x",
    }  # fmt: skip
    assert set(other) == set(full().__dataclass_fields__)
    for name, value in other.items():
        assert replace(full(), **{name: value}) != full(), name
    assert full() != "full"


def test_every_attribute_is_filled_or_null_where_its_meaning_says_so() -> None:
    assert list(attributes_of(full(), 1.0)) == [attribute.name for attribute in ATTRIBUTES]
    bare = empty(glacier="", mission="", orbit=None, pixel_size_m=None, model=None,
                 threshold=None, members=None, reason="", author="")  # fmt: skip
    unjudged = front(quality=None)
    for attribute in ATTRIBUTES:
        assert attribute.meaning
        assert attributes_of(full(), 1.0)[attribute.name] is not None, attribute.name
        nulls = [attributes_of(f, None)[attribute.name] is None for f in (bare, unjudged)]
        assert any(nulls) == bool(attribute.null), attribute.name


def test_names_of_a_shapefile_have_ten_characters_at_most_and_differ() -> None:
    names = [(attribute.short or attribute.name).lower() for attribute in ATTRIBUTES]
    assert max(map(len, names)) <= 10
    assert len(set(names)) == len(names)
    assert not set(names) & {"year", "month", "day"}


def test_attributes_by_hand() -> None:
    found = attributes_of(full(), 321.5)
    assert found["acquired"] == datetime(2012, 2, 29, 6, 7, 8, 123000, tzinfo=UTC)
    assert (found["acq_prec"], found["Date"]) == ("time", "2012-02-29")
    assert (found["Satellite"], found["ImageID"], found["numVertices"]) == ("TerraSAR-X", "65", 6)
    assert (found["length_m"], found["version"]) == (321.5, calvingfront.__version__)
    assert attributes_of(front(), 1.0)["acq_prec"] == "day"
    assert attributes_of(front(mission="Landsat 8"), 1.0)["Satellite"] == "Landsat 8"


@pytest.mark.parametrize(
    ("quality", "model", "flag", "partial"),
    [
        ("good", "U-Net", 10, False),
        ("doubtful", "U-Net", 11, False),
        ("partial", "U-Net", 14, True),
        ("good", None, 0, False),
        ("partial", None, 4, True),
        (None, None, None, None),
    ],
)
def test_flags_are_those_of_calfin_and_termpicks(
    quality: str | None, model: str | None, flag: int | None, partial: bool | None
) -> None:
    found = attributes_of(front(quality=quality, model=model), 1.0)
    assert (found["QualFlag"], found["partial"]) == (flag, partial)
    assert attributes_of(empty(), None)["QualFlag"] is None


def test_a_front_of_an_image_may_have_any_metres() -> None:
    assert on_image(lines=[LINE * 1e3]).crs is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("pixel_size_m", value) for value in ("20", [1], np.array([1, 2]), 1j)),
        *(("members", value) for value in ("5", [1], 2.5)),
        ("threshold", "x"), ("error_m", "a"),
        *(("lines", value) for value in (None, 5, "abc", [None], [[[1, 2], [3]]])),
        ("lines", [[["a", "b"], ["c", "d"]]]),
        *(("vertex_errors_m", value) for value in (None, 5, [["a"]], [[[1, 2], [1]]])),
        *(("crs", value) for value in ("nonsense", 5, b"x", [1], "", "EPSG:4978")),
        *(("glacier", value) for value in (None, 5, ["x"])), ("author", None), ("reason", None),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(SceneError, match=f"^a: {name} "):
        front(**{name: value})
