"""What a page keeps of lines and bands, and how it is packed."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from calvingfront.locating.degrees import WGS84, to_crs
from calvingfront.pages import lines
from calvingfront.pages.maps import maps_of
from calvingfront.pages.packing import packed, packed_pieces, unpacked
from front_examples import empty, front
from page_examples import fronts_through_time

WHOLE = st.integers(-(2**45), 2**45)


def test_numbers_are_packed_by_hand() -> None:
    """0 → 0, -1 → 1, 1 → 2, 64 → 128, which needs two bytes."""
    assert base64.b64decode(packed([0, -1, 1, 64])) == bytes([0, 1, 2, 0x80, 0x01])


@given(st.lists(WHOLE))
def test_packed_numbers_come_back(numbers: list[int]) -> None:
    assert unpacked(packed(numbers)) == numbers


def test_pieces_are_stored_as_differences() -> None:
    pieces = [np.array([[5, 7], [6, 5]]), np.array([[6, 6], [0, 0], [1, 1]])]
    assert unpacked(packed_pieces(pieces)) == [2, 2, 3, 5, 7, 1, -2, 0, 1, -6, -6, 1, 1]


def test_a_straight_line_keeps_its_ends_and_a_bend_keeps_its_corner() -> None:
    straight = np.column_stack([np.arange(50.0), np.zeros(50)])
    bent = np.concatenate([straight, np.column_stack([np.full(20, 49.0), np.arange(1.0, 21)])])
    (kept,) = lines.kept_vertices(front(lines=[straight]), 0.5)
    assert kept.tolist() == [0, 49]
    (kept,) = lines.kept_vertices(front(lines=[bent]), 0.5)
    assert kept.tolist() == [0, 49, 69]


def test_a_closed_line_and_a_repeated_vertex_keep_their_ends() -> None:
    ring = np.array([[0.0, 0], [100, 0], [100, 100], [100, 100], [0, 100], [0, 0]])
    (kept,) = lines.kept_vertices(front(lines=[ring]), 1.0)
    assert kept[0] == 0
    assert kept[-1] == 5
    assert {tuple(ring[i]) for i in kept} == {(0, 0), (100, 0), (100, 100), (0, 100)}


def test_a_change_of_the_bands_on_a_straight_line_is_kept() -> None:
    straight = np.column_stack([np.arange(0.0, 500, 10), np.zeros(50)])
    widths = np.full((50, 3), 20.0)
    widths[25, 2] = 90
    widths[:5] = np.nan
    (kept,) = lines.kept_vertices(front(lines=[straight], vertex_errors_m=[widths]), 2.0)
    assert set(kept.tolist()) == {0, 4, 5, 24, 25, 26, 49}


@pytest.mark.parametrize("tolerance", [1.5, 20.0])
def test_neither_line_nor_bands_move_by_more_than_the_tolerance(tolerance: float) -> None:
    for one in fronts_through_time(5):
        (kept,) = lines.kept_vertices(one, tolerance)
        assert len(kept) < len(one.lines[0])
        simple = shapely.LineString(one.lines[0][kept])
        assert simple.hausdorff_distance(shapely.LineString(one.lines[0])) <= tolerance
        along = np.r_[0, np.hypot(*np.diff(one.lines[0], axis=0).T).cumsum()]
        for widths in one.vertex_errors_m[0].T:
            moved = np.abs(np.interp(along, along[kept], widths[kept]) - widths)
            assert moved.max() <= tolerance * np.sqrt(2)  # it holds across the profile; slopes < 1


def test_the_deepest_zoom_is_a_quarter_of_the_finest_pixel_and_coarser_for_many_vertices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long = np.array([[0.0, 0.0], [30_000.0, 0.0], [60_000.0, 8000.0]])
    maps = maps_of([front(lines=[long], pixel_size_m=20.0)])
    assert lines.deepest_zoom(maps) == 20 / 4
    assert lines.deepest_zoom(maps_of([front(lines=[long], pixel_size_m=0.3)])) == lines.FINEST_M
    # 8 km of 125 m pixels would not fill a screen at 31 m per screen pixel.
    short = maps_of([front(lines=[long[:2] * (8 / 30, 1)], pixel_size_m=125.0)])
    assert lines.deepest_zoom(short) == 8000 / lines.SCREENS_PX
    assert lines.deepest_zoom(maps_of([empty("a")])) == 1.0
    monkeypatch.setattr(lines, "MOST_VERTICES", 3)
    assert lines.deepest_zoom(maps) == 5
    monkeypatch.setattr(lines, "MOST_VERTICES", 2)
    # The middle vertex is 4000 m · cos from the chord: it is left out at half of 10 240 m.
    assert lines.deepest_zoom(maps) == 5 * 2**11


def test_half_widths_are_stored_in_decimetres_with_0_for_unknown() -> None:
    text = lines.packed_widths([np.array([[0.0, 0.14, np.nan], [1.0, 2.0, 3.0]])])
    assert unpacked(text) == [1, 2, 1, 2, 0, 10, 19, 31]


def test_degrees_are_exact_to_a_centimetre_and_cut_at_the_antimeridian() -> None:
    line = np.array([[179.9, -75.0], [-179.9, -75.0]])
    count, *numbers = unpacked(
        str(lines.packed_degrees([to_crs(line, WGS84, "EPSG:3031")], "EPSG:3031"))
    )
    assert count == 2
    assert numbers[:2] == [2, 2]
    places = np.array(numbers[2:]).reshape(-1, 2).cumsum(axis=0) * 1e-7
    assert places[[0, 1, 2, 3], 0] == pytest.approx([179.9, 180, -180, -179.9], abs=2e-7)
    assert places[[0, 3], 1] == pytest.approx([-75, -75], abs=1e-7)


def test_a_line_over_the_pole_has_no_degrees() -> None:
    over = np.array([[-1000.0, 10.0], [1000.0, 10.0]])
    assert lines.packed_degrees([over], "EPSG:3031") is None
