"""Boxes: which side is up-glacier, how wide and how long they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from position_world import FRAME, LEFT, LONG, WIDE, box, flow_line, line, polygon

from calvingfront.errors import PositionError
from calvingfront.position.box import fjord_box, rectilinear_box
from calvingfront.position.curvilinear import curvilinear_box


def middle_x(side: Any) -> float:
    return float(side.interpolate(0.5, normalized=True).x) - LEFT


@pytest.mark.parametrize(("named", "x"), [(4, 0), (2, LONG), (1, LONG / 2), (3, LONG / 2)])
def test_a_side_is_named_by_its_number(named: int, x: float) -> None:
    found = box(named)
    assert middle_x(found.upstream) == pytest.approx(x)
    opposite = {4: LONG, 2: 0, 1: LONG / 2, 3: LONG / 2}[named]
    assert middle_x(found.downstream) == pytest.approx(opposite)


def test_a_side_is_named_by_compass_point() -> None:
    """At this place the map's −x lies towards a bearing of 276°."""
    assert middle_x(box("W").upstream) == pytest.approx(0)
    assert middle_x(box("E").upstream) == pytest.approx(LONG)


def test_a_side_is_named_by_a_point_on_the_map() -> None:
    """Up-glacier is the side towards the point, seen from the middle of the box."""
    for x, expected in ((-9000, 0), (30_000, LONG)):
        found = box((LEFT + x, -2_275_000 + 1500))
        assert middle_x(found.upstream) == pytest.approx(expected)
    corner = (LEFT + LONG / 2 + 9000, -2_275_000 + WIDE / 2 + 9000)
    with pytest.raises(PositionError, match="no side that clearly lies towards the up-glacier"):
        box(corner)


def test_a_compass_point_between_two_sides_is_refused() -> None:
    square = polygon((0, 0), (4000, 0), (4000, 4000), (0, 4000))
    with pytest.raises(PositionError, match=r"no side that clearly lies towards NE .*bearings"):
        rectilinear_box(FRAME, square, "box", "NE")


def test_a_flow_line_tells_the_side() -> None:
    down = flow_line((-500, 1000), (11_000, 3000))
    assert middle_x(box(down).upstream) == pytest.approx(0)
    up = flow_line((-500, 1000), (11_000, 3000), drawn="upstream")
    assert middle_x(box(up).upstream) == pytest.approx(LONG)


@pytest.mark.parametrize(
    "points",
    [
        ((500, 2000), (11_000, 2000)),
        ((-500, 2000), (5000, 2000), (5000, 6000)),
        ((0, 9e3), (9, 9e3)),
    ],
)
def test_a_flow_line_that_does_not_pass_through_is_refused(points: Any) -> None:
    with pytest.raises(PositionError, match="not crossed from one side to the opposite"):
        box(flow_line(*points))


@pytest.mark.parametrize("given", [None, "up", True, 0, 5])
def test_a_side_is_never_guessed(given: Any) -> None:
    with pytest.raises(PositionError, match=r"up-glacier|no side [05]"):
        box(given)


def test_width_times_length_is_the_area_on_the_ground() -> None:
    found = box()
    assert found.axis_m == pytest.approx(FRAME.length_m(line((0, 0), (LONG, 0))), rel=1e-4)
    assert found.width_m == pytest.approx(FRAME.length_m(line((0, 0), (0, WIDE))), rel=1e-4)
    assert found.width_m == pytest.approx(WIDE / 1.0026, abs=2)


def test_the_width_of_a_slanting_box_is_that_across_its_walls() -> None:
    slanting = polygon((0, 0), (LONG, 0), (LONG + 1000, WIDE), (1000, WIDE))
    assert rectilinear_box(FRAME, slanting, "box", 4).width_m == pytest.approx(
        box().width_m, rel=1e-3
    )


def test_a_box_drawn_with_many_vertices_has_its_four_sides() -> None:
    fine = shapely.segmentize(polygon((0, 0), (LONG, 0), (LONG, WIDE), (0, WIDE)), 130)
    ring = np.roll(shapely.get_coordinates(fine)[:-1], 7, axis=0)  # first vertex: no corner
    for drawn in (shapely.Polygon(ring), shapely.Polygon(ring[::-1])):
        found = rectilinear_box(FRAME, drawn, "box", "W")
        assert middle_x(found.upstream) == pytest.approx(0)
        assert found.area_m2 == pytest.approx(box().area_m2, rel=1e-9)


def test_other_shapes_are_refused() -> None:
    five = polygon((0, 0), (5000, -3000), (LONG, 0), (LONG, WIDE), (0, WIDE))
    with pytest.raises(PositionError, match="5 corners"):
        rectilinear_box(FRAME, five, "box", 4)
    holed = polygon((0, 0), (9, 0), (9, 9), (0, 9)).difference(polygon((3, 3), (6, 3), (4, 6)))
    with pytest.raises(PositionError, match="without holes"):
        rectilinear_box(FRAME, holed, "box", 4)


def test_fjord_walls_close_to_a_box_whichever_way_they_are_drawn() -> None:
    lower, upper = line((0, 0), (5000, -300), (LONG, 0)), line((LONG, WIDE), (0, WIDE))
    down = flow_line((-500, 2000), (11_000, 2000))
    area = FRAME.area_m2(polygon((0, 0), (5000, -300), (LONG, 0), (LONG, WIDE), (0, WIDE)))
    for one in (lower, lower.reverse()):
        for walls in ((one, upper), (upper, one)):
            found = fjord_box(FRAME, walls, down, "walls")
            assert middle_x(found.upstream) == pytest.approx(0)
            assert found.area_m2 == pytest.approx(area, rel=1e-9)
            assert found.axis_m == pytest.approx(
                FRAME.length_m(line((0, 2e3), (LONG, 2e3))), rel=1e-6
            )
    up = flow_line((-500, 2000), (11_000, 2000), drawn="upstream")
    assert middle_x(fjord_box(FRAME, (lower, upper), up, "walls").upstream) == pytest.approx(LONG)


def test_a_wall_across_the_flow_is_refused() -> None:
    walls = line((0, 0), (LONG, 0)), line((2000, -1000), (2000, WIDE))
    with pytest.raises(PositionError, match="does not run along the flow line"):
        fjord_box(FRAME, walls, flow_line(), "walls")


def bend(radius: float) -> list[tuple[float, float]]:
    """5 km straight, a quarter turn to the left, 5 km straight."""
    turn = np.linspace(0, np.pi / 2, 91)
    arc = [(5000 + radius * np.sin(a), radius * (1 - np.cos(a))) for a in turn]
    return [(0.0, 0.0), *arc, (5000 + radius, radius + 5000)]


@pytest.mark.parametrize("drawn", ["downstream", "upstream"])
@pytest.mark.parametrize("mirror", [1, -1])
def test_a_curvilinear_box_has_the_stated_width_in_a_bend(drawn: str, mirror: int) -> None:
    points = [(x, mirror * y) for x, y in bend(3000)]
    line = flow_line(*points, drawn=drawn)
    found = curvilinear_box(line, 2000)
    assert found.axis_m == line.length_m
    assert found.width_m == pytest.approx(2000, rel=1e-3)  # Pappus
    start = shapely.Point(line.line.coords[0])
    assert found.upstream.interpolate(0.5, normalized=True).distance(start) < 1
    assert found.upstream.length == pytest.approx(2000 * 1.0026, abs=2)
    assert found.downstream.distance(shapely.Point(line.line.coords[-1])) < 1
    right, left = found.walls
    assert right.is_simple
    assert left.is_simple
    assert not right.intersects(left)


def test_a_fold_is_refused() -> None:
    hairpin = flow_line((0, 0), (5000, 0), (5000, 300), (0, 300))
    with pytest.raises(PositionError, match="bends too tightly"):
        curvilinear_box(hairpin, 2000)
    with pytest.raises(PositionError, match=r"width of -?\d|width of nan"):
        curvilinear_box(flow_line(), float("nan"))
