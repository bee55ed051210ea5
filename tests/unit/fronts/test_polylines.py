"""Loops that are cut off a line, and vertices at even distances."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from calvingfront.errors import SampleError
from calvingfront.fronts.polylines import untangled
from calvingfront.fronts.subpixel import resample, subpixel_lines
from drawn_fronts import arc, as_shape, drawn, points, straight


def test_loops_are_cut_off_where_a_line_crosses_itself() -> None:
    line = np.array([[0, 0], [0, 4], [3, 4], [3, 2], [-3, 2], [-3, 6]], dtype=np.float64)
    np.testing.assert_allclose(
        untangled(line, closed=False), [[0, 0], [0, 2], [-3, 2], [-3, 6]], atol=1e-12
    )
    simple = line[:3]
    np.testing.assert_array_equal(untangled(simple, closed=False), simple)


def test_of_a_closed_line_the_longer_part_stays() -> None:
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.column_stack([10 * np.sin(angles), 10 * np.cos(angles)])
    for at in ([20, 21], [0, 1], [39, 0], [38, 39]):  # a small loop, wherever the list begins
        turned_ring = ring.copy()
        turned_ring[at] = turned_ring[at[::-1]]
        whole = np.vstack([turned_ring, turned_ring[:1]])
        assert not shapely.LineString(whole).is_simple
        simple = untangled(turned_ring, closed=True)
        closed = shapely.LineString(np.vstack([simple, simple[:1]]))
        assert closed.is_simple
        assert closed.length > 0.9 * 20 * np.pi
    eight = np.column_stack([np.sin(2 * angles + 0.3), 3 * np.cos(angles + 0.15) + 0.5])
    assert shapely.LinearRing(untangled(eight, closed=True)).is_simple


def test_resampling_puts_vertices_at_even_distances_and_keeps_the_ends() -> None:
    (line,) = subpixel_lines(drawn(arc(18, -1.3, 1.4, (40, 31)), 3), 0.5, 9)
    for spacing in (0.3, 1.0, 2.5):
        even = resample(line, spacing)
        steps = np.hypot(*np.diff(points(even), axis=0).T)
        assert steps == pytest.approx(spacing, rel=0.06)
        assert np.ptp(steps) < 0.02 * spacing
        np.testing.assert_allclose(points(even)[[0, -1]], points(line)[[0, -1]])
        assert even.length == pytest.approx(line.length, rel=0.01)
        assert even.length == pytest.approx(steps.sum())
        assert shapely.distance(shapely.points(points(even)), as_shape(line)).max() < 1e-9
        assert even.probability.shape == even.rows.shape
    one = resample(line, 1000)
    assert len(one.rows) == 2


def test_a_resampled_ring_stays_a_ring() -> None:
    ring = shapely.LinearRing(arc(10, 0, 2 * np.pi, (31, 31)).coords[:-1])
    (line,) = subpixel_lines(drawn(ring, 3), 0.5, 9)
    for spacing in (2.0, 1000.0):
        even = resample(line, spacing)
        assert even.closed
        assert (even.rows[0], even.cols[0]) == (even.rows[-1], even.cols[-1])
        assert len(even.rows) >= 4


@pytest.mark.parametrize("spacing", [0.0, -1.0, np.nan, np.inf])
def test_a_spacing_that_is_no_distance_is_refused(spacing: float) -> None:
    (line,) = subpixel_lines(drawn(straight(0, 0), 3), 0.5, 9)
    with pytest.raises(SampleError, match="is not a finite, positive distance"):
        resample(line, spacing)
