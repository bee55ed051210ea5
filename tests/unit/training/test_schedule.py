"""The learning rates: triangular cycles, and one cosine."""

from __future__ import annotations

import itertools

import pytest

from calvingfront.training.schedule import cosine, half_cycle_iterations, triangular

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


def test_a_cosine_rises_for_a_twentieth_and_ends_at_the_lowest_rate() -> None:
    rates = [cosine(k, 1000, LOWEST, HIGHEST) for k in range(1000)]
    assert (rates[0], rates[50], rates[999]) == pytest.approx((LOWEST, HIGHEST, LOWEST))
    assert rates[25] == pytest.approx((LOWEST + HIGHEST) / 2)
    assert rates[:51] == sorted(rates[:51])
    assert rates[50:] == sorted(rates[50:], reverse=True)
    middle = 50 + 949 / 3  # cos 60° = 1/2
    assert cosine(round(middle), 1000, 0.0, 1.0) == pytest.approx(0.75, abs=1e-3)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_a_cosine_of_a_few_iterations_stays_within_its_bounds(total: int) -> None:
    rates = [cosine(k, total, 1.0, 3.0) for k in range(total + 2)]
    assert all(1.0 <= rate <= 3.0 for rate in rates)
