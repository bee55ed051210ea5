"""Lengths, other CRSs, 180° and the poles, against numbers known otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from calvingfront.locating.degrees import (
    PoleError,
    box,
    crs_text,
    cut_at_antimeridian,
    length_m,
    same_crs,
    steps,
    to_crs,
)

POLAR = ("EPSG:3031", "EPSG:3413")


def nothing(line: np.ndarray) -> np.ndarray:
    return np.full(len(line), np.nan)


def test_a_degree_of_latitude_has_its_length_on_the_ellipsoid() -> None:
    """At the equator 110 574.4 m, at the pole 111 693.9 m (WGS 84)."""
    assert length_m([np.array([[10.0, 0], [10, 1]])], "EPSG:4326") == pytest.approx(
        110574.4, abs=0.1
    )
    assert length_m([np.array([[10.0, -89], [10, -90]])], "EPSG:4326") == pytest.approx(
        111693.9, abs=0.1
    )


def test_the_length_is_that_on_the_ground_and_not_on_the_map() -> None:
    """EPSG:3031 is true at 71° S; at 90° S it shrinks by 0.9728."""
    line = np.array([[0.0, -100.0], [0.0, 100.0]])
    assert length_m([line], "EPSG:3031") == pytest.approx(200 / 0.97276901, rel=1e-6)
    assert length_m([line, line], "EPSG:3031") == pytest.approx(400 / 0.97276901, rel=1e-6)


def test_without_a_map_position_the_length_is_the_images_and_without_a_line_there_is_none() -> None:
    assert length_m([np.array([[0.0, 0], [3, 4], [3, 5]])], None) == 6
    assert length_m([], None) is None
    assert length_m([], "EPSG:3031") is None


def test_x_is_east_and_longitude_whatever_the_axes_of_the_crs() -> None:
    """EPSG:4326 names latitude first."""
    place = to_crs(np.array([[1e6, 0.0], [0.0, 1e6]]), "EPSG:3031", "EPSG:4326")
    np.testing.assert_allclose(place[:, 0], [90, 0], atol=1e-12)
    assert (place[:, 1] < -80).all()
    np.testing.assert_allclose(
        to_crs(place, "EPSG:4326", "EPSG:3031"), [[1e6, 0], [0, 1e6]], atol=1e-6
    )


def test_the_same_crs_leaves_every_bit() -> None:
    line = np.array([[1 / 3, 2 / 3], [1.0, 2.0]])
    assert to_crs(line, "EPSG:3031", "EPSG:3031") is line


@pytest.mark.parametrize(
    ("place", "crs"),
    [([0.0, 0.0], "EPSG:3413"), ([-2.4e6, 1.1e6], "EPSG:3413"), ([100.0, 0.0], "EPSG:3857")],
)
def test_a_map_of_the_other_hemisphere_is_refused(place: list[float], crs: str) -> None:
    line = np.array(place) + np.array([[1.0, 0.0], [100.0, 0.0]])
    with pytest.raises(ValueError, match=f"lies where {crs} stretches it by a factor of"):
        to_crs(line, "EPSG:3031", crs)


def test_a_point_without_a_place_on_a_map_is_refused() -> None:
    """The gnomonic map around 10° E, 70° S knows half of the Earth."""
    with pytest.raises(ValueError, match="has points that have no position in"):
        to_crs(np.array([[0.0, 80], [1.0, 80]]), "EPSG:4326", "+proj=gnom +lat_0=-70 +lon_0=10")


@pytest.mark.parametrize("text", ["EPSG:3031", "EPSG:3413", "EPSG:4326", "EPSG:32622"])
def test_a_crs_is_named_by_its_code_where_it_has_one(text: str) -> None:
    for written in (text, text.lower(), CRS(text).to_wkt(), CRS(text).to_json()):
        assert crs_text(written) == text


def test_a_crs_without_a_code_stays_itself() -> None:
    own = "+proj=laea +lat_0=-70 +lon_0=10 +datum=WGS84"
    assert crs_text(own).startswith("PROJCRS[")
    assert same_crs(crs_text(own), own)
    assert not same_crs(own, "EPSG:3031")
    assert not same_crs(None, "EPSG:3031")
    assert same_crs(None, None)


def test_a_line_across_180_degrees_is_cut_there() -> None:
    line = np.array([[179.0, -70.0], [179.5, -70.0], [-179.5, -71.0], [-179.0, -71.0]])
    pieces, errors = cut_at_antimeridian(line, np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(pieces[0], [[179, -70], [179.5, -70], [180, -70.5]])
    np.testing.assert_allclose(pieces[1], [[-180, -70.5], [-179.5, -71], [-179, -71]])
    np.testing.assert_array_equal(errors[0], [1, 2, np.nan])
    np.testing.assert_array_equal(errors[1], [np.nan, 3, 4])


@pytest.mark.parametrize(
    ("longitudes", "pieces"),
    [
        ([179, 180, -179], [[179, 180], [-180, -179]]),
        ([179, -180, -179], [[179, 180], [-180, -179]]),
        ([180, -179], [[-180, -179]]),
        ([179, -180], [[179, 180]]),
        ([-179, 180, 179], [[-179, -180], [180, 179]]),
        ([180, -180, -179], [[-180, -180, -179]]),
        ([179, -179, 179], [[179, 180], [-180, -179, -180], [180, 179]]),
        ([10, 20], [[10, 20]]),
    ],
)
def test_vertices_on_180_degrees_leave_no_piece_of_one_point(
    longitudes: list[float], pieces: list[list[float]]
) -> None:
    line = np.column_stack([longitudes, np.linspace(-70, -71, len(longitudes))]).astype(float)
    found, errors = cut_at_antimeridian(line, np.arange(len(line), dtype=float))
    assert [piece[:, 0].tolist() for piece in found] == pieces
    assert [len(e) for e in errors] == [len(piece) for piece in found]


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-89, 89)), min_size=2, max_size=9))
def test_a_cut_line_crosses_nowhere_and_is_as_long_as_before(places: list) -> None:
    line = np.array(places)
    try:
        pieces, _ = cut_at_antimeridian(line, nothing(line))
    except PoleError:
        assert np.abs(steps(line[:, 0])).max() > 90
        return
    assert all((np.abs(np.diff(piece[:, 0])) <= 180).all() for piece in pieces)
    assert all((np.abs(piece[:, 0]) <= 180).all() for piece in pieces)
    walked = sum(np.abs(np.diff(piece[:, 0])).sum() for piece in pieces)
    assert walked == pytest.approx(np.abs(steps(line[:, 0])).sum(), abs=1e-6)


@pytest.mark.parametrize("crs", POLAR)
@pytest.mark.parametrize("far", [1.0, 100.0])
def test_a_line_past_a_pole_is_no_line_in_degrees(crs: str, far: float) -> None:
    for line in ([[-far, 0.1], [far, 0.1]], [[-far, 0], [0, 0], [far, 1]]):
        degrees = to_crs(np.array(line, float), crs, "EPSG:4326")
        with pytest.raises(PoleError, match="passes over or near a pole"):
            cut_at_antimeridian(degrees, nothing(degrees))
        south, north = box([degrees])[1::2]
        assert max(abs(south), abs(north)) == 90
        assert box([degrees])[::2] == (-180, 180)


def test_boxes_by_hand() -> None:
    def line(*longitudes: float) -> np.ndarray:
        return np.column_stack([longitudes, np.linspace(-70, -71, len(longitudes))])

    assert box([line(10, 20)]) == (10, -71, 20, -70)
    assert box([line(20, 10), line(-30, -40)]) == (-40, -71, 20, -70)
    assert box([line(179, -179)]) == (179, -71, -179, -70)
    assert box([line(179, 180), line(-180, -179)]) == (179, -71, -179, -70)
    assert box([line(-180, -179)]) == (-180, -71, -179, -70)
    assert box([line(179, 180)]) == (179, -71, 180, -70)
    assert box([line(-170, -150), line(150, 170), line(100, 110)]) == (100, -71, -150, -70)
    assert box([line(0, 80, 160, -120, -40, 0)]) == (-180, -71, 180, -70)
    assert box([line(-10, 10), line(350 - 360, 5)]) == (-10, -71, 10, -70)
    # Of the arcs from 170 over 180 to -100 and from -110 to -90, neither ends the box too early.
    assert box([line(170, -130, -100), line(-110, -90)]) == (170, -71, -90, -70)


@given(
    st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-60, 60), st.floats(-80, 80)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_a_box_holds_every_vertex_and_no_more_than_it_must(arcs: list) -> None:
    lines = []
    for start, width, latitude in arcs:
        end = (start + width + 180) % 360 - 180
        lines.append(np.array([[start, latitude], [end, latitude + 1]]))
    west, south, east, north = box(lines)
    span = (east - west) % 360 if (west, east) != (-180.0, 180.0) else 360
    for line in lines:
        assert (line[:, 1] >= south).all()
        assert (line[:, 1] <= north).all()
        assert (((line[:, 0] - west + 1e-9) % 360) <= span + 2e-9).all()
    edges = {x % 360 for line in lines for x in line[:, 0]}
    assert span == 360 or {west % 360, east % 360} <= edges
