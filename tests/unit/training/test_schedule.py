"""The triangular cyclic learning rate."""

from __future__ import annotations

import itertools

import pytest

from calvingfront.training.schedule import half_cycle_iterations, triangular

LOWEST, HIGHEST, HALF = 1e-5, 1e-3, 1382


@pytest.mark.parametrize(
    ("iteration", "rate"),
    [
        (0, 1e-5),
        (HALF // 2, 5.05e-4),
        (HALF, 1e-3),
        (HALF + HALF // 2, 5.05e-4),
        (2 * HALF, 1e-5),
        (3 * HALF, 1e-3),
        (200 * HALF, 1e-5),
    ],
)
def test_rate_rises_and_falls_between_its_bounds(iteration: int, rate: float) -> None:
    assert triangular(iteration, HALF, LOWEST, HIGHEST) == pytest.approx(rate, rel=1e-12)


def test_rate_moves_by_equal_steps_and_never_leaves_its_bounds() -> None:
    rates = [triangular(k, 10, 1.0, 3.0) for k in range(41)]
    steps = {round(abs(b - a), 12) for a, b in itertools.pairwise(rates)}
    assert steps == {0.2}
    assert (min(rates), max(rates)) == (1.0, 3.0)
    assert rates[:20] == pytest.approx(rates[20:40])


def test_the_papers_half_cycle_is_1382_iterations() -> None:
    assert half_cycle_iterations(6, 8 * 144, 5) == 1382


def test_a_half_cycle_is_never_empty() -> None:
    assert half_cycle_iterations(1, 1, 5) == 1
    assert triangular(1, 1, 1.0, 3.0) == 3.0
