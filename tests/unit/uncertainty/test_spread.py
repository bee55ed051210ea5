"""The spread of an ensemble about a line."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.uncertainty.spread import OFFSETS, REACH, spread_along

SIZE = 64
COLS = np.arange(10.0, 54.0)


def ridge(row: float, width: float = 1.5) -> np.ndarray:
    """A member that sees a horizontal front."""
    rows = np.arange(SIZE)[:, None] - row
    return np.repeat(np.exp(-(rows**2) / (2 * width**2)), SIZE, axis=1).astype(np.float32)


def along(members: list[np.ndarray], row: float = 32.0) -> float:
    spread = spread_along(np.stack(members), np.full(len(COLS), row), COLS)
    assert spread == pytest.approx(np.full(len(COLS), spread[0]))
    return float(spread[0])


def test_members_that_agree_spread_by_the_width_of_the_front() -> None:
    narrow, wide = along([ridge(32, 1.0)]), along([ridge(32, 2.0)])
    assert 1.0 < narrow < wide < 3.5


def test_members_that_disagree_spread_by_their_distance() -> None:
    both = along([ridge(26, 1.0), ridge(38, 1.0)])
    assert both == pytest.approx(np.hypot(6, along([ridge(32, 1.0)])), rel=0.12)


def test_a_member_that_sees_nothing_says_anywhere() -> None:
    uniform = float(np.sqrt((OFFSETS**2).mean()))
    empty = np.zeros((SIZE, SIZE), np.float32)
    assert along([empty]) == pytest.approx(uniform)
    half = along([empty, ridge(32, 1.0)])
    expected = np.sqrt((uniform**2 + along([ridge(32, 1.0)]) ** 2) / 2)
    assert half == pytest.approx(expected, rel=1e-6)
    assert uniform < REACH


def test_a_line_beside_the_front_spreads_by_its_distance() -> None:
    assert along([ridge(32, 1.0)], 29.0) > 2.9


def test_the_spread_turns_with_the_image() -> None:
    rng = np.random.default_rng(2)
    members = rng.random((3, SIZE, SIZE)).astype(np.float32) * ridge(30)
    rows = 30 + 3 * np.sin(COLS / 9)
    upright = spread_along(members, rows, COLS)
    turned = spread_along(np.swapaxes(members, 1, 2), COLS, rows)
    np.testing.assert_allclose(upright, turned, rtol=1e-6)
