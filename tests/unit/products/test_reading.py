"""Fields of damaged headers: numbers, times and XML."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import ProductError
from calvingfront.products.annotated_orbit import annotated_orbit
from calvingfront.products.reading import (
    finite,
    mjd2000,
    parse_integer,
    parse_number,
    parse_utc,
    read_bytes,
)
from calvingfront.products.xml_reading import XmlFields


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1e999", "12a", "0x1", "5", "-5"])
def test_what_is_no_number_within_the_bounds_is_refused(text: str) -> None:
    with pytest.raises(ProductError, match="file, field"):
        parse_number(text, "file", "field", -1, 1)


@pytest.mark.parametrize("text", ["", "1.5", "1_0", "9" * 5000, "٣", "101", "-1", "+ 3"])
def test_what_is_no_whole_number_within_the_bounds_is_refused(text: str) -> None:
    with pytest.raises(ProductError, match="file, field"):
        parse_integer(text, "file", "field", 0, 100)


def test_numbers_are_read_with_sign_and_spaces() -> None:
    assert parse_integer(" +0007 ", "file", "field", 0, 100) == 7
    assert parse_number(" -5.0E-1", "file", "field", -1, 1) == -0.5


def test_times_are_read_to_the_microsecond() -> None:
    expected = datetime(2008, 3, 10, 13, 32, 20, 83162)
    for text in (
        "2008-03-10T13:32:20.083162Z",
        "2008-03-10T13:32:20.083162",
        " 2008-03-10T13:32:20.0831622Z",
    ):
        assert parse_utc(text, "file", "field") == expected
    assert parse_utc("2008-03-10T13:31:36.999999999", "file", "field") == datetime(
        2008, 3, 10, 13, 31, 37
    )


@pytest.mark.parametrize(
    "text",
    ["", "2008-03-10", "2008-13-10T13:32:20", "0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ProductError, match="time"):
        parse_utc(text, "file", "field")


def test_envisats_days_count_from_2000_and_may_be_negative() -> None:
    raw = struct.pack(">iII", 1645, 75218, 232230)
    assert mjd2000(raw, "file", "field") == datetime(2004, 7, 3, 20, 53, 38, 232230)
    raw = struct.pack(">iII", -1473, 9825, 0)
    assert mjd2000(raw, "file", "field") == datetime(1995, 12, 20, 2, 43, 45)
    for wrong in ((2**31 - 1, 0, 0), (0, 2**32 - 1, 0), (0, 0, 2**32 - 1), (-9000, 0, 0)):
        with pytest.raises(ProductError):
            mjd2000(struct.pack(">iII", *wrong), "file", "field")


def test_bytes_beyond_the_end_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"12345")
    assert read_bytes(path, 1, 3, "field") == b"234"
    with pytest.raises(ProductError, match=r"95 bytes are missing"):
        read_bytes(path, 0, 100, "field")
    for offset, count in ((-1, 2), (0, -1), (1 << 62, 1)):
        with pytest.raises(ProductError):
            read_bytes(path, offset, count, "field")


def test_a_value_out_of_bounds_is_shown() -> None:
    with pytest.raises(ProductError, match="nan lies outside"):
        finite(np.array([0.0, np.nan], np.float32), "file", "field")
    with pytest.raises(ProductError, match="7 lies outside 0 … 5"):
        finite([1, 7], "file", "field", 0, 5)


def test_an_orbit_needs_two_vectors_with_rising_times() -> None:
    times = [datetime(2000, 1, 1, 0, 0, second) for second in (3, 2)]
    states = np.ones((2, 3))
    with pytest.raises(ProductError, match="do not increase"):
        annotated_orbit(times, states, states, "file", "orbit")
    with pytest.raises(ProductError, match="needs two"):
        annotated_orbit(times[:1], states[:1], states[:1], "file", "orbit")
    orbit = annotated_orbit(times[::-1], states, 2 * states, "file", "orbit")
    assert orbit.times_s.tolist() == [0.0, 1.0]
    assert (orbit.velocities_m_s == 2).all()


@pytest.mark.parametrize(
    "content",
    [
        b"<a",
        b"",
        b"\xff\xfe<\0a\0/\0>\0",
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>",
        b"<?xml version='1.0' encoding='cp037'?>" + "<!DOCTYPE a><a/>".encode("cp037"),
        b"<a>\0</a>",
        b" " * ((32 << 20) + 1),
    ],
)
def test_what_is_no_plain_xml_is_refused(content: bytes) -> None:
    with pytest.raises(ProductError, match=r"a\.xml, XML"):
        XmlFields.parse(content, "a.xml")


def test_deep_and_long_xml_takes_no_time_and_no_stack() -> None:
    deep = XmlFields.parse(b"<a>" * 100_000 + b"</a>" * 100_000, "a.xml")
    with pytest.raises(ProductError, match="instead of 0 to 0"):
        deep.every("a", 0, 0)


def test_fields_name_their_place() -> None:
    root = XmlFields.parse(b"<a><b><c>1 2 x</c><c/></b></a>", "a.xml")
    with pytest.raises(ProductError, match=r"a\.xml, a/b/d: is missing"):
        root.number("b/d")
    with pytest.raises(ProductError, match="text among its numbers"):
        root.numbers("b/c")
    with pytest.raises(ProductError, match=r"a/b/c\[2\].*is empty"):
        root.every("b/c", 1, 2)[1].text()
    with pytest.raises(ProductError, match="2 times instead of 3 to 4"):
        root.every("b/c", 3, 4)


def test_latin_1_annotations_are_read() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><a>Köln</a>'
    assert XmlFields.parse(text.encode("latin-1"), "a.xml").text() == "Köln"


@pytest.mark.parametrize("exponents", ["0 0", "0 2", "1 2", "0 x"])
def test_a_polynomial_needs_each_exponent_once(exponents: str) -> None:
    terms = "".join(f"<coefficient exponent='{e}'>1</coefficient>" for e in exponents.split())
    with pytest.raises(ProductError, match="exponent"):
        XmlFields.parse(f"<a>{terms}</a>".encode(), "a.xml").polynomial()
