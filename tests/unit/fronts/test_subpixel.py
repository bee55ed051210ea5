"""Where sub-pixel front lines lie, on probability images whose fronts are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import ndimage

from calvingfront.fronts.subpixel import subpixel_lines
from drawn_fronts import SHAPE, arc, as_shape, drawn, errors, noisy, points, straight


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
