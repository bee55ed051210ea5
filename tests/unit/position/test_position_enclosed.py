"""Positions by area: exact where they are defined, flagged with a reason where not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from position_world import (
    BOTTOM,
    FRAME,
    LEFT,
    LONG,
    WIDE,
    box,
    flow_line,
    line,
    polygon,
    raster_area,
    straight,
)

from calvingfront.position.curvilinear import curvilinear_box
from calvingfront.position.enclosed import box_position

BOX = box()
# Wanders over the lower wall and back: crosses it three times, and leaves a pocket of water.
WANDERING = line((6000, 4300), (6000, -200), (5000, -200), (5000, 800), (4000, 800), (4000, -300))


def test_a_straight_front_lies_where_it_is_drawn() -> None:
    found = box_position(straight(6000), BOX)
    assert found.flag == "ok"
    assert not found.reasons
    assert found.crossings == 2
    assert found.position_m == pytest.approx(
        FRAME.length_m(line((0, 2000), (6000, 2000))), rel=1e-4
    )
    area = FRAME.area_m2(polygon((0, 0), (6000, 0), (6000, WIDE), (0, WIDE)))
    assert found.area_m2 == pytest.approx(area, rel=1e-9)


@pytest.mark.parametrize("reversed_", [False, True])
def test_advance_is_positive_and_its_sign_comes_from_the_box(reversed_: bool) -> None:
    fronts = [straight(x) for x in (5000, 6000)]
    if reversed_:
        fronts = [front.reverse() for front in fronts]
    for given, sign in ((4, 1), (2, -1)):
        before, after = (box_position(front, box(given)).position_m for front in fronts)
        assert before is not None
        assert after is not None
        assert after - before == pytest.approx(sign * 1000 / 1.0026, abs=1)


def test_a_crooked_front_counts_by_its_area() -> None:
    crooked = line((5000, -100), (5000, 2000), (7000, 2000), (7000, 4100))
    found = box_position(crooked, BOX)
    assert found.flag == "ok"
    assert found.position_m == pytest.approx(6000 / 1.0026, abs=3)


def test_several_crossings_are_flagged_and_the_enclosed_ice_is_counted() -> None:
    """Ice: all up to 6000, less the strip from 4000 to 5000 that lies beyond the front again."""
    found = box_position(WANDERING, BOX)
    assert found.flag == "doubtful"
    assert "several crossings: it meets the walls 3 times and once" in found.reasons[0]
    ice = polygon(
        (0, 0), (4000, 0), (4000, 800), (5000, 800), (5000, 0), (6000, 0), (6000, WIDE), (0, WIDE)
    )
    assert found.area_m2 == pytest.approx(FRAME.area_m2(ice), rel=1e-9)


def meandering(random: np.random.Generator) -> Any:
    """Down from the upper wall, then back and forth over the lower one, up or down-glacier."""
    y = np.linspace(WIDE + 200, 800, 20)
    x = 5000 + np.cumsum(random.normal(0, 80, 20))
    count = 2 * int(random.integers(0, 4)) + 1
    steps = random.choice([-1, 1]) * random.uniform(150, 500, count)
    over = np.where(np.arange(count) % 2, 1, -1) * random.uniform(80, 600, count)
    return line(*zip([*x, *(x[-1] + np.cumsum(steps))], [*y, *over], strict=True))


def test_meandering_fronts_enclose_what_a_raster_of_cells_says() -> None:
    random = np.random.default_rng(5)
    flags = []
    for _ in range(30):
        front = meandering(random)
        found = box_position(front, BOX)
        flags.append(found.flag)
        scale = BOX.area_m2 / BOX.polygon.area
        flooded = raster_area(BOX.polygon, front, 10, (LEFT + 100, BOTTOM + 2000)) * scale
        assert found.area_m2 == pytest.approx(flooded, rel=2e-3)
    assert 5 < flags.count("ok") < 25
    assert flags.count("ok") + flags.count("doubtful") == 30


@pytest.mark.parametrize(
    ("front", "said"),
    [
        (straight(LONG + 500), "outside: it does not meet the box"),
        (straight(6000, top=2000), "partial: .*once and never; 1 end within"),
        (straight(6000, bottom=500, top=3500), "partial: .*never and never; 2 ends within"),
        (line((5000, -100), (5000, 900), (6000, 900), (6000, -100)), "partial: .*(twice|never)"),
        (
            line((6000, -100), (6000, 900), (LONG + 9, 2000), (6000, 4100)),
            "crosses the down-glacier",
        ),
        (line((6000, -100), (-9, 2000), (6000, 4100)), "crosses the up-glacier side"),
        (
            line((5000, -100), (5000, 4100), (6000, 4100), (6000, -100)),
            "partial: .*twice and twice; 0 ends within",
        ),
        (line((-9, 2000), (LONG + 9, 2100)), "crosses the up-glacier and the down-glacier side"),
    ],
)
def test_a_front_that_tells_no_position_is_flagged_with_the_reason(front: Any, said: str) -> None:
    found = box_position(front, BOX)
    assert found.flag == "no position"
    assert found.position_m is None
    assert found.area_m2 is None
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(*found.reasons)


def test_a_gap_is_closed_only_where_it_is_allowed_and_then_flagged() -> None:
    short = straight(6000, bottom=60, top=WIDE - 40)
    assert box_position(short, BOX).flag == "no position"
    assert box_position(short, BOX, reach_m=50).flag == "no position"
    found = box_position(short, BOX, reach_m=60)
    assert found.flag == "doubtful"
    assert sorted(found.reasons[0].split()) == sorted(
        ["closed:", "joined", "to", "the", "wall", "over", "60", "m", "and", "40", "m"]
    )
    assert found.position_m == pytest.approx(box_position(straight(6000), BOX).position_m, abs=0.01)


def test_pieces_with_a_gap_between_them_are_partial() -> None:
    pieces = shapely.union_all([straight(6000, top=1500), straight(6000, bottom=1700)])
    found = box_position(pieces, BOX)
    assert found.flag == "no position"
    assert "once and once; 2 ends within" in found.reasons[0]


def test_a_loose_piece_is_left_out_and_flagged() -> None:
    pieces = shapely.union_all([straight(6000), line((8000, 1000), (8000, 2000))])
    found = box_position(pieces, BOX)
    assert found.flag == "doubtful"
    assert "loose ends: 2" in found.reasons[0]
    assert found.position_m == box_position(straight(6000), BOX).position_m


def test_a_front_that_crosses_itself_is_flagged() -> None:
    looped = line(
        (6000, -100), (6000, 2500), (7000, 2500), (7000, 2000), (5500, 2000), (5500, 4100)
    )
    found = box_position(looped, BOX)
    assert found.flag == "doubtful"
    assert "crosses itself" in found.reasons[0]


def test_a_front_that_branches_has_no_two_sides() -> None:
    branching = shapely.union_all([straight(6000), line((6000, 2000), (7000, 4100))])
    assert box_position(branching, BOX).flag == "no position"


def test_a_front_that_runs_along_the_wall_meets_it_once() -> None:
    along = line((5000, 0), (6000, 0), (6000, 4100))
    found = box_position(along, BOX)
    assert found.position_m == pytest.approx(box_position(straight(6000), BOX).position_m)


def test_in_a_curvilinear_box_a_front_lies_where_it_meets_the_flow_line() -> None:
    turn = np.linspace(0, np.pi / 2, 91)
    arc = [(5000 + 3000 * np.sin(a), 3000 * (1 - np.cos(a))) for a in turn]
    bent = flow_line((0, 0), *arc, (8000, 8000))
    curved = curvilinear_box(bent, 2000)
    for place, front in (
        (3000, line((3000, -1200), (3000, 1200))),
        (
            5000 + 3000 * np.pi / 4,
            line(*[(5000 + r * np.sqrt(0.5), 3000 - r * np.sqrt(0.5)) for r in (1800, 4200)]),
        ),
        (5000 + 3000 * np.pi / 2 + 2000, line((6800, 5000), (9200, 5000))),
    ):
        found = box_position(front, curved)
        assert found.flag == "ok"
        assert found.position_m == pytest.approx(place / 1.0026, rel=1e-3)
