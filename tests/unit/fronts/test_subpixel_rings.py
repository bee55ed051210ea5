"""Sub-pixel lines of fronts with rings and branches: nothing is lost, nothing drawn twice."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from calvingfront.fronts.subpixel import MARGIN, _finished, subpixel_lines
from drawn_fronts import arc, as_shape, drawn, errors, noisy, straight


@pytest.mark.parametrize("width", [2, 4, 6])
@pytest.mark.parametrize("radius", [6.0, 10.0, 20.0])
def test_a_ring_is_one_closed_line_all_the_way_round(width: float, radius: float) -> None:
    front = shapely.LinearRing(arc(radius, 0, 2 * np.pi, (31.7, 30.2)).coords[:-1])
    (line,) = subpixel_lines(noisy(drawn(front, width), 0.02), 0.5, 9)
    assert line.closed
    assert (line.rows[0], line.cols[0]) == (line.rows[-1], line.cols[-1])
    assert line.length == pytest.approx(2 * np.pi * radius, rel=0.02)
    assert errors(line, front).max() < 0.15
    assert as_shape(line).is_simple


def test_a_ring_with_a_gap_stays_open_and_whole() -> None:
    front = arc(14, 0.4, 2 * np.pi - 0.4, (31, 31))
    (line,) = subpixel_lines(drawn(front, 3), 0.5, 9)
    assert not line.closed
    assert line.length == pytest.approx(front.length, abs=3)


def test_a_small_hole_in_a_front_makes_no_ring_of_it() -> None:
    front = straight(0.0, 0.0)
    image = drawn(front, 6)
    image[31:33, 30:33] = 0
    (line,) = subpixel_lines(image, 0.5, 9)
    assert not line.closed
    assert line.length == pytest.approx(front.length, abs=6)


def test_a_blot_with_a_hole_at_its_edge_does_not_shrink_to_a_ring_around_nothing() -> None:
    rows = ("......", ".###..", ".#.##.", ".####.", ".####.", ".####.", "......")
    (line,) = subpixel_lines([[float(pixel == "#") for pixel in row] for row in rows], 0.5, 0)
    assert not line.closed
    assert line.length > 3


@pytest.mark.parametrize("start", [0.0, 1.0, 2.5, 4.0])
def test_a_ring_that_leaves_the_valid_pixels_is_opened_there_and_keeps_the_rest(
    start: float,
) -> None:
    """Wherever the list of its vertices begins."""
    angles = start + np.linspace(0, 2 * np.pi, 126, endpoint=False)
    vertices = np.column_stack([30 - 20 * np.cos(angles), 30 + 20 * np.sin(angles)])
    inside = np.zeros((60 + 2 * MARGIN, 60 + 2 * MARGIN), bool)
    inside[MARGIN:-MARGIN, MARGIN : MARGIN + 50] = True  # without the rightmost arc
    line = _finished(vertices, True, np.ones(inside.shape), inside)
    assert line is not None
    assert not line.closed
    assert line.length == pytest.approx(40 * np.pi - 20 * 2 * np.arccos(19.5 / 20), abs=2.5)
    assert line.cols.max() < 49.5
