"""Flags of located fronts, and their reasons."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.uncertainty.quality import at_edge, judge, open_ends, widest_gap

INSIDE = np.zeros((100, 100), np.bool_)
INSIDE[:80] = True


def straight(start: float, end: float, row: float = 40.0) -> np.ndarray:
    cols = np.arange(start, end + 0.5)
    return np.column_stack([np.full(len(cols), row), cols])


def even(*spreads: float) -> list[np.ndarray]:
    """One piece of ten vertices for each spread, px."""
    return [np.full(10, spread) for spread in spreads]


def test_a_whole_line_with_the_usual_spread_is_good() -> None:
    quality = judge([straight(10, 80)], even(2.0), 2.0, INSIDE)
    assert (quality.name, quality.reasons) == ("good", ())


@pytest.mark.parametrize(
    ("lines", "options", "name", "reason"),
    [
        ([straight(10, 40), straight(60, 80)], {}, "partial", "broken: 29 % of its extent"),
        ([straight(1, 80)], {}, "partial", "ends at the edge of the image"),
        ([straight(10, 80, row=78.5)], {}, "partial", "ends at the edge of the image"),
        ([straight(10, 80)], {"hidden": 0.25}, "partial", "25 % of it lies in layover"),
        ([straight(10, 80)], {"spreads": even(4.0)}, "doubtful", "spread 2.0 times as widely"),
        ([straight(10, 80)], {"unlike": ["ERS is new"]}, "doubtful", "ERS is new"),
    ],
)
def test_a_front_is_flagged_with_its_reason(
    lines: list[np.ndarray], options: dict[str, object], name: str, reason: str
) -> None:
    usual: dict[str, object] = {"spreads": even(2.0), "usual_spread_px": 2.0, "inside": INSIDE}
    quality = judge(lines, **{**usual, **options})  # type: ignore[arg-type]
    assert quality.name == name
    assert any(reason in text for text in quality.reasons)


def test_all_reasons_are_given_and_the_worst_decides() -> None:
    quality = judge([straight(1, 80)], even(9.0), 2.0, INSIDE, unlike=["new"])
    assert quality.name == "doubtful"
    assert len(quality.reasons) == 3


def test_a_piece_that_is_only_guessed_does_not_hide_in_the_mean() -> None:
    pieces = [straight(10, 60), straight(61, 80)]
    sure, guessed = np.full(90, 1.8), np.full(30, 3.0)
    quality = judge(pieces, [sure, guessed], 2.0, INSIDE)
    assert quality.name == "doubtful"
    assert quality.reasons == (
        "along a piece, 25 % of the line, the predictions spread 1.5 times as widely as usual",
    )
    assert judge(pieces, [sure, np.full(30, 2.6)], 2.0, INSIDE).name == "good"  # 1.3 times
    both = judge(pieces, even(3.0, 4.0), 2.0, INSIDE)
    assert both.reasons == ("the predictions spread 1.8 times as widely as usual",)


def test_without_calibration_the_spread_is_not_judged() -> None:
    assert judge([straight(10, 80)], even(9.0), None, INSIDE).name == "good"


def test_gaps_join_the_nearest_ends_whatever_the_order_and_direction() -> None:
    pieces = [straight(0, 20), straight(30, 50), straight(60, 80)]
    expected = 20 / 80
    assert widest_gap(pieces) == pytest.approx(expected)
    assert widest_gap([pieces[2][::-1], pieces[0], pieces[1]]) == pytest.approx(expected)
    assert widest_gap(pieces[:1]) == 0


def ring(radius: float, row: float, col: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, round(2 * np.pi * radius) + 1)
    return np.column_stack([row + radius * np.sin(angles), col + radius * np.cos(angles)])


def test_lines_that_touch_leave_no_gap() -> None:
    branch = np.column_stack([np.arange(40.0, 60), np.full(20, 45.0)])
    assert widest_gap([straight(10, 80), branch]) == 0
    assert widest_gap([ring(10, 40, 30), straight(40, 70)]) == 0  # a tail on a ring
    assert widest_gap([ring(10, 40, 30), ring(10, 40, 51)]) == 0
    assert judge([straight(10, 80), branch], even(2, 2), 2.0, INSIDE).name == "good"


def test_gaps_beside_rings_and_branches_are_measured_from_what_is_nearest() -> None:
    ring_length = 2 * np.pi * 10
    gap = widest_gap([ring(10, 40, 30), straight(50, 70)])
    assert gap == pytest.approx(10 / (10 + 20 + ring_length), abs=0.01)
    two = [ring(10, 40, 30), ring(10, 40, 60)]
    assert widest_gap(two) == pytest.approx(10 / (10 + 2 * ring_length), abs=0.01)
    tails = [ring(8, 20 * k, 20) for k in (1, 2, 3)] + [straight(28, 40, 20 * k) for k in (1, 2, 3)]
    assert 0 < widest_gap(tails) < 0.5


def test_a_closed_line_has_no_ends() -> None:
    ring = np.array([[10.0, 10], [10, 20], [20, 20], [10, 10]])
    assert not len(open_ends(ring))
    assert at_edge(np.array([78.0, 50.0]), INSIDE)
    assert not at_edge(np.array([70.0, 50.0]), INSIDE)
