"""Sub-pixel front lines out of probability images whose fronts are known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from calvingfront.errors import SampleError
from calvingfront.fronts.polylines import untangled
from calvingfront.fronts.subpixel import SubpixelLine, resample, subpixel_lines

Floats = npt.NDArray[np.float64]
SHAPE = (64, 64)


def drawn(
    front: shapely.Geometry, width: float, kind: str = "box", shape: tuple[int, int] = SHAPE
) -> Floats:
    """The probability of a front: 1 within half a width of it (soft edge), or a Gaussian bell."""
    distance = shapely.distance(shapely.points(*np.indices(shape).astype(np.float64)), front)
    if kind == "box":
        return np.clip(width / 2 + 0.5 - distance, 0, 1)
    return np.asarray(np.exp(-0.5 * (distance / (width / 2.355)) ** 2))


def noisy(image: Floats, amount: float, seed: int = 1) -> Floats:
    noise = amount * np.random.default_rng(seed).standard_normal(image.shape)
    return np.clip(image + noise, 0, 1)


def points(line: SubpixelLine) -> Floats:
    return np.column_stack([line.rows, line.cols])


def as_shape(line: SubpixelLine) -> shapely.Geometry:
    return shapely.LineString(points(line))


def errors(line: SubpixelLine, front: shapely.Geometry, ends: int = 2) -> Floats:
    """Distances of the vertices from the front, without the `ends` px where it stops."""
    vertices = points(line) if line.closed else points(line)[ends : len(line.rows) - ends]
    return np.asarray(shapely.distance(shapely.points(vertices), front))


def straight(angle: float, offset: float, half: float = 22.0) -> shapely.Geometry:
    """A front through the middle of the image; its prolongation would be its own too."""
    centre, along = np.array([31.5, 31.5]), np.array([np.sin(angle), np.cos(angle)])
    centre = centre + offset * np.array([along[1], -along[0]])
    return shapely.LineString([centre - half * along, centre + half * along])


def arc(radius: float, start: float, stop: float, at: tuple[float, float]) -> shapely.Geometry:
    angles = np.linspace(start, stop, 400)
    return shapely.LineString(
        np.column_stack([at[0] - radius * np.cos(angles), at[1] + radius * np.sin(angles)])
    )


@pytest.mark.parametrize("kind", ["box", "gauss"])
@pytest.mark.parametrize("width", [2, 3, 4, 6])
@pytest.mark.parametrize(("angle", "offset"), [(0, 0.3), (0, -0.45), (0.4, 0.2), (0.785, 0.37)])
def test_a_straight_front_is_found_within_a_twentieth_of_a_pixel(
    kind: str, width: float, angle: float, offset: float
) -> None:
    front = straight(angle, offset)
    (line,) = subpixel_lines(drawn(front, width, kind), 0.5, 9)
    assert errors(line, front, ends=4).max() < 0.05
    assert line.length == pytest.approx(44, abs=width)
    assert not line.closed


@pytest.mark.parametrize("kind", ["box", "gauss"])
@pytest.mark.parametrize("width", [2, 4, 6])
def test_mild_noise_moves_a_front_by_less_than_a_fifth_of_a_pixel(kind: str, width: float) -> None:
    front = straight(0.4, 0.2)
    worst = []
    for seed in range(5):
        line = subpixel_lines(noisy(drawn(front, width, kind), 0.05, seed), 0.5, 9)[0]
        worst.append(errors(line, front, ends=4))
    assert np.concatenate(worst).max() < 0.2
    assert np.sqrt((np.concatenate(worst) ** 2).mean()) < 0.07


@pytest.mark.parametrize("width", [2, 4, 6])
@pytest.mark.parametrize("radius", [9.0, 14.0, 25.0])
def test_a_bow_is_followed_to_its_radius(width: float, radius: float) -> None:
    front = arc(radius, -1.2, 1.3, (31.5 + radius / 2, 31.2))
    (line,) = subpixel_lines(drawn(front, width), 0.5, 9)
    assert errors(line, front, ends=5).max() < 0.12
    assert line.length == pytest.approx(front.length, abs=width)


def test_a_winding_front_is_followed_through_every_bend() -> None:
    cols = np.linspace(6, 90, 500)
    front = shapely.LineString(np.column_stack([30 + 8 * np.sin(cols / 6), cols]))
    (line,) = subpixel_lines(noisy(drawn(front, 3, shape=(60, 96)), 0.03), 0.5, 9)
    assert errors(line, front).max() < 0.3
    assert as_shape(line).hausdorff_distance(front) < 1.5
    assert line.length == pytest.approx(front.length, rel=0.03)


@pytest.mark.parametrize(("degrees", "nearest"), [(90, 0.85), (120, 0.5), (150, 0.25)])
def test_a_corner_is_rounded_no_more_than_the_thick_front_asks(
    degrees: float, nearest: float
) -> None:
    corner, turn = np.array([30.3, 31.6]), np.radians(degrees)
    ends = [corner + 20 * np.array([np.cos(a), np.sin(a)]) for a in (0.3, 0.3 + turn)]
    front = shapely.LineString([ends[0], corner, ends[1]])
    for width in (2, 4):
        (line,) = subpixel_lines(drawn(front, width), 0.5, 9)
        assert as_shape(line).distance(shapely.Point(corner)) < nearest


@pytest.mark.parametrize("width", [2, 4, 6])
def test_a_front_ends_where_it_does_to_half_its_thickness_and_without_a_hook(width: float) -> None:
    front = straight(0.4, 0.2, half=18)
    (line,) = subpixel_lines(drawn(front, width), 0.5, 9)
    for end in front.coords:
        assert min(np.hypot(*(points(line)[[0, -1]] - end).T)) <= width / 2
    beyond = straight(0.4, 0.2, half=40)
    assert errors(line, beyond, ends=0).max() < 0.25  # blunt or round: no turn into a corner
    blunt = np.zeros(SHAPE)
    blunt[28:34, 8:56] = 1
    (line,) = subpixel_lines(blunt, 0.5, 9)
    assert np.abs(line.rows - 30.5).max() < 0.1


def test_vertices_come_in_order_from_end_to_end() -> None:
    front = arc(16, -2.3, 2.3, (31, 31))
    (line,) = subpixel_lines(drawn(front, 3), 0.5, 9)
    places = [front.project(shapely.Point(point)) for point in points(line)[2:-2]]
    assert np.all(np.diff(places) > 0) or np.all(np.diff(places) < 0)
    steps = np.hypot(*np.diff(points(line), axis=0).T)
    assert line.length == pytest.approx(steps.sum())
    assert 0.5 < steps.min() <= steps.max() < 1.5


def test_the_probability_along_the_line_is_the_image_s() -> None:
    image = noisy(drawn(straight(0.3, 0.1), 4, "gauss"), 0.02)
    (line,) = subpixel_lines(image, 0.5, 9)
    expected = ndimage.map_coordinates(image, [line.rows, line.cols], order=1)
    np.testing.assert_allclose(line.probability, expected, atol=1e-12)
    assert line.probability.shape == line.rows.shape == line.cols.shape
    assert np.median(line.probability) > 0.9


@pytest.mark.parametrize("gap", [5, 6, 9, 14])
def test_two_parallel_fronts_are_two_lines_that_leave_each_other_alone(gap: int) -> None:
    upper = shapely.LineString([(20.3, 5), (20.3, 58)])
    lower = shapely.LineString([(20.3 + gap, 12), (20.3 + gap, 50)])
    image = np.maximum(drawn(upper, 2), drawn(lower, 2))
    lines = subpixel_lines(image, 0.5, 9)
    assert len(lines) == 2
    assert lines[0].length > lines[1].length + 10  # the longest first
    for line, front in zip(lines, (upper, lower), strict=True):
        assert errors(line, front, ends=3).max() < 0.1


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


def test_of_a_ring_with_a_tail_the_longer_way_is_taken() -> None:
    ring = arc(12, 0, 2 * np.pi, (31, 30))
    for tail, closed in ((15, True), (100, False)):
        image = np.maximum(
            drawn(ring, 3, shape=(64, 160)),
            drawn(shapely.LineString([(31, 42), (31, 42 + tail)]), 3, shape=(64, 160)),
        )
        (line,) = subpixel_lines(image, 0.5, 9)
        assert line.closed is closed
        least = ring.length if closed else tail + ring.length / 2
        assert line.length > least - 4


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


def test_a_thin_diagonal_counts_its_diagonal_steps() -> None:
    """Its line is longer than the number of its pixels."""
    image = np.eye(40)
    image[:9] = image[31:] = 0
    (line,) = subpixel_lines(image, 0.5, 25)
    assert 25 < line.length < 34


def test_shorter_pieces_are_dropped() -> None:
    image = np.maximum(
        drawn(shapely.LineString([(15, 5), (15, 45)]), 2),
        drawn(shapely.LineString([(45, 5), (45, 15)]), 2),
    )
    assert len(subpixel_lines(image, 0.5, 0)) == 2
    (line,) = subpixel_lines(image, 0.5, 16)
    assert line.rows == pytest.approx(15, abs=0.1)
    assert len(subpixel_lines(image, 0.5, line.length)) == 1  # the limit itself stays
    assert subpixel_lines(image, 0.5, line.length + 0.01) == []


def test_a_piece_reaches_on_through_what_is_weaker_than_the_threshold() -> None:
    front = straight(0.2, 0.1)
    fading = np.ones(SHAPE)
    fading[:, 28:34] = 0.6  # 0.36 of what stands on either side
    image = 0.6 * drawn(front, 3) * fading
    assert [round(line.length / 22) for line in subpixel_lines(image, 0.5, 9)] == [2]
    assert [round(line.length / 22) for line in subpixel_lines(image, 0.5, 9, reach=1)] == [1, 1]
    weak = 0.4 * drawn(front, 3)  # above half the threshold, but nowhere above the threshold
    assert subpixel_lines(weak, 0.5, 9) == []
    assert subpixel_lines(0.5 * drawn(front, 3), 0.5, 9) == []  # as in a mask: above, not at


def test_where_nothing_exceeds_the_threshold_there_is_no_line() -> None:
    assert subpixel_lines(np.zeros((5, 7)), 0.0, 0) == []
    assert subpixel_lines(np.full((20, 30), 0.5), 0.5, 0) == []
    assert subpixel_lines(np.zeros((0, 0)), 0.5, 0) == []


@pytest.mark.parametrize("value", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.9])
def test_a_constant_image_shows_no_front(value: float, threshold: float) -> None:
    valid = np.zeros((20, 30), bool)
    valid[:12] = True
    assert subpixel_lines(np.full((20, 30), value), threshold, 0) == []
    assert subpixel_lines(np.full((20, 30), value), threshold, 0, valid) == []


def test_points_and_blots_do_not_crash_and_are_no_long_lines() -> None:
    image = np.zeros((30, 30))
    image[3, 4] = 1
    image[10:17, 10:17] = 1
    image[25, 20:22] = 1
    assert all(line.length < 8 for line in subpixel_lines(image, 0.5, 0))
    assert subpixel_lines(image, 0.5, 9) == []


def test_padding_carries_no_line() -> None:
    front = straight(0.5, 0.0, half=30)
    image = drawn(front, 3)
    valid = np.zeros(SHAPE, bool)
    valid[:37, :50] = True
    image[~valid] = 1  # whatever a network says there
    (line,) = subpixel_lines(image, 0.5, 9, valid)
    assert valid[np.rint(line.rows).astype(int), np.rint(line.cols).astype(int)].all()
    assert errors(line, front, ends=6).max() < 0.1
    image[~valid] = np.nan
    (same,) = subpixel_lines(image, 0.5, 9, valid)
    np.testing.assert_array_equal(points(same), points(line))
    assert subpixel_lines(image, 0.5, 9, np.zeros(SHAPE, bool)) == []


def test_a_front_that_leaves_the_image_stops_at_its_border() -> None:
    front = shapely.LineString([(-20, 10), (90, 50)])
    (line,) = subpixel_lines(drawn(front, 4), 0.5, 9)
    assert -0.5 <= line.rows.min() < 2
    assert 61 < line.rows.max() <= 63.5
    assert errors(line, front, ends=4).max() < 0.1


@pytest.mark.parametrize("fault", [np.nan, np.inf, -0.1, 1.1])
def test_values_that_are_no_probabilities_are_refused(fault: float) -> None:
    image = drawn(straight(0, 0), 3)
    image[3, 3] = fault
    with pytest.raises(SampleError, match="NaN or values outside"):
        subpixel_lines(image, 0.5, 9)


@pytest.mark.parametrize(
    "arguments",
    [(1.5, 9), (-0.1, 9), (np.nan, 9), (0.5, -1), (0.5, np.nan), (0.5, 9, None, 1.5)],
)
def test_arguments_without_sense_are_refused(arguments: Any) -> None:
    with pytest.raises(SampleError, match="are not valid"):
        subpixel_lines(np.zeros((5, 5)), *arguments)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SampleError, match="has shape"):
        subpixel_lines(np.zeros((2, 5, 5)), 0.5, 9)
    with pytest.raises(SampleError, match="has shape"):
        subpixel_lines(np.zeros((5, 5)), 0.5, 9, np.ones((5, 6), bool))


def test_the_same_image_gives_the_same_bits_and_stays_as_it_was() -> None:
    image = noisy(drawn(straight(0.7, 0.2), 3), 0.05).astype(np.float16)
    before = image.copy()
    (first,), (second,) = subpixel_lines(image, 0.5, 9), subpixel_lines(image, 0.5, 9)
    (double,) = subpixel_lines(image.astype(np.float64), 0.5, 9)
    for other in (second, double):
        np.testing.assert_array_equal(points(first), points(other))
    np.testing.assert_array_equal(image, before)
    assert first.rows.dtype == first.cols.dtype == first.probability.dtype == np.float64


def turned(array: Floats, quarter: int, mirrored: bool) -> Floats:
    array = np.rot90(array, quarter)
    return array[:, ::-1] if mirrored else array


def turned_back(vertices: Floats, quarter: int, mirrored: bool, shape: tuple[int, int]) -> Floats:
    """Pixel coordinates of a turned image in the image as it was, by its corner pixels."""
    grid = [turned(axis.astype(np.float64), quarter, mirrored) for axis in np.indices(shape)]
    origin = np.array([axis[0, 0] for axis in grid])
    down = np.array([axis[1, 0] - axis[0, 0] for axis in grid])
    right = np.array([axis[0, 1] - axis[0, 0] for axis in grid])
    return np.asarray(origin + vertices[:, :1] * down + vertices[:, 1:] * right)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    quarter=st.integers(0, 3),
    mirrored=st.booleans(),
    width=st.floats(2, 6),
    ring=st.booleans(),
)
def test_a_turned_or_mirrored_image_gives_the_turned_or_mirrored_line(
    seed: int, quarter: int, mirrored: bool, width: float, ring: bool
) -> None:
    rng = np.random.default_rng(seed)
    shape = (48, 57)
    bend = arc(rng.uniform(8, 16), 0, 2 * np.pi if ring else rng.uniform(1, 5), (24, 28))
    image = noisy(drawn(bend, width, shape=shape), 0.08, seed)
    valid = np.ones(shape, bool)
    valid[45:] = False
    lines = subpixel_lines(image, 0.5, 9, valid)
    others = subpixel_lines(
        turned(image, quarter, mirrored), 0.5, 9, turned(valid, quarter, mirrored)
    )
    assert len(lines) == len(others) >= 1
    for line, other in zip(lines, others, strict=True):
        back = turned_back(points(other), quarter, mirrored, shape)
        np.testing.assert_allclose(back, points(line), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    grain=st.floats(0.3, 4),
    threshold=st.sampled_from([0.0, 0.2, 0.5, 0.8]),
)
def test_whatever_the_image_lines_cross_nothing_and_stay_inside(
    seed: int, grain: float, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(3, 50, 2))
    field = ndimage.gaussian_filter(rng.standard_normal(shape), grain)
    image = np.clip(1 - 4 * np.abs(field) / np.abs(field).max(), 0, 1)
    valid = np.zeros(shape, bool)
    valid[: rng.integers(1, shape[0] + 1), : rng.integers(1, shape[1] + 1)] = True
    lines = subpixel_lines(image, threshold, 3, valid)
    assert [line.length for line in lines] == sorted((li.length for li in lines), reverse=True)
    for line in lines:
        assert as_shape(line).is_simple
        assert as_shape(line).length == pytest.approx(line.length)
        assert line.length >= 3
        assert ((line.probability >= 0) & (line.probability <= 1)).all()
        assert valid[np.rint(line.rows).astype(int), np.rint(line.cols).astype(int)].all()


@pytest.mark.parametrize("seed", [9, 34, 47, 136, 325, 364])
def test_blotches_whose_lines_would_cross_themselves_get_simple_lines(seed: int) -> None:
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((40, 40)), 1.5)
    image = np.clip(1 - 4 * np.abs(field) / np.abs(field).max(), 0, 1)
    for threshold in (0.1, 0.3):
        lines = subpixel_lines(image, threshold, 3)
        assert lines
        assert all(as_shape(line).is_simple for line in lines)


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
