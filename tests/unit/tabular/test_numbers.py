"""Numbers as people write them; nothing that Python alone takes for one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.numbers import number, pixel_size, positive, whole


@pytest.mark.parametrize(
    ("text", "value"),
    [("16.67", 16.67), (" 20\u00a0", 20.0), ("20.", 20.0), (".5", 0.5), ("+3", 3.0), ("2e1", 20.0)],
)
def test_a_positive_number_is_read(text: str, value: float) -> None:
    assert positive(text) == value
    assert pixel_size(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("16,67", "has a comma"), ("1.000,5", "has a comma"), ("1,000.5", "has a comma"),
        ("20 m", "has a unit"), ("20m", "has a unit"), ("0x10", "has a unit"),
        ("1_000", "is no number"), ("1 000", "is no number"), ("２０", "is no number"),
        ("٢٠", "is no number"), ("inf", "is no number"), ("nan", "is no number"),
        ("1e400", "is too large"), ("", "is no number"), ("0", "is not more than 0"),
        ("-3", "is not more than 0"), ("--3", "is no number"), ("True", "is no number"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        positive(text)
    assert why in caught.value.what


@pytest.mark.parametrize("text", ["1e-9", "0.09", "1001", "1e5"])
def test_a_pixel_that_no_image_of_a_front_has_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is no size of a pixel"):
        pixel_size(text)


def test_a_whole_number_may_end_in_zeros_of_a_spreadsheet() -> None:
    assert [whole(text) for text in ("7", "7.0", "007", "1000000")] == [7, 7, 7, 1_000_000]


@pytest.mark.parametrize("text", ["0", "7.5", "-7", "1e2", "7 m", "1000001", "9" * 30, "", "7,0"])
def test_other_numbers_are_not_whole(text: str) -> None:
    with pytest.raises(Unreadable):
        whole(text)


@given(st.text("0123456789.,eE+-_infa m\u00a0", max_size=8))
def test_any_text_is_the_number_it_shows_or_refused(text: str) -> None:
    try:
        value = number(text)
    except Unreadable:
        return
    assert math.isfinite(value)
    assert not set(text) & set("_nfam,")
