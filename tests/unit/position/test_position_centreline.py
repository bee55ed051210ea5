"""Positions on one flow line and on many."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from position_world import FRAME, flow_line, line, straight

from calvingfront.errors import PositionError
from calvingfront.position.centreline import (
    bundle,
    centreline_position,
    multi_centreline_position,
)
from calvingfront.position.flowline import FlowLine

FLOW = flow_line((0, 2000), (10_000, 2000))
ZIGZAG = line((6000, -100), (6000, 2500), (5000, 1500), (4000, 2500), (4000, 4100))


def test_a_position_is_the_distance_on_the_ground_from_the_start() -> None:
    found = centreline_position(straight(6000), FLOW)
    assert found.flag == "ok"
    true = FRAME.length_m(line((0, 2000), (6000, 2000)))
    assert found.position_m == pytest.approx(true, abs=0.01)
    assert found.first_m == found.last_m == found.position_m


def test_advance_is_positive_whichever_way_the_line_is_drawn() -> None:
    up = flow_line((10_000, 2000), (0, 2000), drawn="upstream")
    for front in (straight(6000), straight(7000)):
        there = centreline_position(front, FLOW).position_m
        assert centreline_position(front, up).position_m == pytest.approx(there, abs=1e-6)
    mistaken = flow_line((10_000, 2000), (0, 2000), drawn="downstream")
    before, after = (centreline_position(straight(x), mistaken).position_m for x in (6000, 7000))
    assert before is not None
    assert after is not None
    assert after < before


def test_three_crossings_are_flagged_and_the_ice_added_up() -> None:
    found = centreline_position(ZIGZAG, FLOW)
    assert found.flag == "doubtful"
    assert found.crossings == 3
    places = [FRAME.length_m(line((0, 2000), (x, 2000))) for x in (4000, 4500, 5500, 6000)]
    assert found.first_m == pytest.approx(places[0], abs=500 / 1.002)
    low, high = found.first_m, found.last_m
    assert low is not None
    assert high is not None
    assert low < (found.position_m or 0) < high


@pytest.mark.parametrize(
    ("front", "said"),
    [
        (straight(11_000), "no crossing"),
        (straight(6000, bottom=2100), "no crossing"),
        (line((6000, 0), (6000, 2500), (5000, 2500), (5000, 0)), "twice and returns"),
        (line((6000, 0), (6000, 2000), (7000, 2000), (7000, 4000)), "runs along"),
    ],
)
def test_a_front_that_tells_no_position_is_flagged(front: object, said: str) -> None:
    found = centreline_position(front, FLOW)
    assert found.flag == "no position"
    assert said in found.reasons[0]


def test_the_bundle_lies_evenly_beside_its_line() -> None:
    lines = bundle(FLOW, 2000, 5).lines
    distances = [one.distance(FLOW.line) / 1.0026 for one in lines]
    assert distances == pytest.approx([1000, 500, 0, 500, 1000], abs=1)


def test_the_median_over_the_bundle_is_the_middle_of_a_slanting_front() -> None:
    slanting = line((5000, 0), (7000, 4000))
    found = multi_centreline_position(slanting, bundle(FLOW, 2000, 9))
    assert found.flag == "ok"
    assert found.position_m == pytest.approx(6000 / 1.0026, abs=1)
    assert found.first_m == pytest.approx(6000 / 1.0026 - 500, abs=1)
    assert found.last_m == pytest.approx(6000 / 1.0026 + 500, abs=1)


def test_a_front_along_a_radius_of_a_bend_has_one_position_on_all_lines() -> None:
    turn = np.linspace(0, np.pi / 2, 91)
    bent = flow_line((0, 0), *[(5000 + 3000 * np.sin(a), 3000 - 3000 * np.cos(a)) for a in turn])
    radius = line(*[(5000 + r * np.sqrt(0.5), 3000 - r * np.sqrt(0.5)) for r in (1500, 4500)])
    found = multi_centreline_position(radius, bundle(bent, 2000, 9))
    assert found.position_m == pytest.approx((5000 + 3000 * np.pi / 4) / 1.0026, rel=1e-3)
    assert (found.last_m or 0) - (found.first_m or 0) < 30


def test_a_partial_front_is_doubtful_and_less_than_half_is_none() -> None:
    lines = bundle(FLOW, 2000, 5)  # at y = 1000, 1500 … 3000
    most = multi_centreline_position(straight(6000, top=2600), lines)
    assert most.flag == "doubtful"
    assert "4 of 5" in most.reasons[0]
    few = multi_centreline_position(straight(6000, top=1700), lines)
    assert few.flag == "no position"
    assert "2 of 5" in few.reasons[0]
    none = multi_centreline_position(straight(6000, top=500), lines)
    assert "no crossing" in none.reasons[0]


@pytest.mark.parametrize(("width", "count"), [(2000, 4), (2000, 1), (0, 5), (float("nan"), 5)])
def test_a_bundle_without_sense_is_refused(width: float, count: int) -> None:
    with pytest.raises(PositionError):
        bundle(FLOW, width, count)


def test_a_flow_line_in_pieces_or_loops_is_refused() -> None:
    pieces = shapely.union_all([line((0, 0), (1000, 0)), line((2000, 0), (3000, 0))])
    loop = line((0, 0), (2000, 0), (1000, 1000), (1000, -1000))
    for drawn, said in ((pieces, "not one line"), (loop, "crosses itself")):
        with pytest.raises(PositionError, match=said):
            FlowLine(FRAME, drawn, "downstream", "flow line")
    with pytest.raises(PositionError, match="unknown direction"):
        flow_line(drawn="down")
