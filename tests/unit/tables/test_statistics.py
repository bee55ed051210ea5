"""Intervals, paired tests and corrections against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from calvingfront.tables.statistics import (
    bootstrap_interval,
    compare_pairs,
    holm,
    mean_and_spread,
    rank_biserial,
    signed_rank_p,
)


def test_spread_needs_two_values_and_divides_by_n_minus_one() -> None:
    assert mean_and_spread([1.0, 3.0]) == (2.0, pytest.approx(math.sqrt(2)))
    mean, spread = mean_and_spread([5.0])
    assert mean == 5
    assert math.isnan(spread)
    assert math.isnan(mean_and_spread([math.nan])[0])


def test_the_bootstrap_repeats_itself_and_brackets_the_mean() -> None:
    values = np.arange(50) / 50
    low, high = bootstrap_interval(values, 2000, seed=1)
    assert (low, high) == bootstrap_interval(values, 2000, seed=1)
    assert (low, high) != bootstrap_interval(values, 2000, seed=2)
    # Normal theory for comparison: 1.96 · σ / √n.
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(50), rel=0.08)
    assert low < values.mean() < high


def test_the_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    intervals = [bootstrap_interval(rng.normal(0, 1, 50), 500, seed) for seed in range(300)]
    covered = np.mean([low < 0 < high for low, high in intervals])
    assert 0.90 < covered < 0.985


def test_the_bootstrap_of_equal_values_has_no_width() -> None:
    assert bootstrap_interval([0.5, 0.5, 0.5], 100, 1) == (0.5, 0.5)
    assert all(math.isnan(bound) for bound in bootstrap_interval([], 100, 1))


def test_holm_against_a_hand_worked_example() -> None:
    # Sorted: 0.005 · 4, 0.01 · 3, 0.03 · 2, 0.04 · 1, then never falling: 0.06 stays for 0.04.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_rank_biserial_against_a_hand_worked_example() -> None:
    # |d| = 1, 2, 3, 4 have ranks 1 … 4; the negative one has rank 2: (8 − 2) / 10.
    assert rank_biserial([1, -2, 3, 4]) == pytest.approx(0.6)
    # Ties share the mean rank 1.5, the zero is dropped: (1.5 + 3 − 1.5) / 6.
    assert rank_biserial([1, -1, 5, 0]) == pytest.approx(0.5)
    assert rank_biserial([0.1, 0.2]) == 1
    assert rank_biserial([0, 0]) == 0


def test_the_wilcoxon_test_is_exact_for_few_images() -> None:
    # All five differences positive: p = 2 / 2⁵.
    result = compare_pairs([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])
    assert result.p_value == pytest.approx(0.0625)
    assert result.median_difference == 3
    assert result.images == 5


def test_the_p_value_agrees_with_scipys_exact_test_without_ties() -> None:
    rng = np.random.default_rng(5)
    for n in (6, 20, 50):
        difference = rng.normal(0.3, 1, n)
        expected = stats.wilcoxon(difference, method="exact").pvalue
        assert signed_rank_p(difference) == pytest.approx(expected, rel=1e-9)


def test_the_p_value_is_exact_with_ties_and_zeros() -> None:
    # Ranks 1.5, 1.5, 3 of which only one 1.5 is negative: W+ = 4.5; of the 8 signs, 4.5 twice and
    # 6 once reach that: p = 2 · 3 / 8.
    assert signed_rank_p([1, -1, 0, 2]) == pytest.approx(0.75)


def test_runs_that_never_differ_have_p_one_and_no_effect() -> None:
    result = compare_pairs([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    assert (result.p_value, result.rank_biserial, result.median_difference) == (1, 0, 0)


def test_swapping_the_runs_turns_the_effect_round() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random(20), rng.random(20)
    there, back = compare_pairs(first, second), compare_pairs(second, first)
    assert there.rank_biserial == pytest.approx(-back.rank_biserial)
    assert there.median_difference == pytest.approx(-back.median_difference)
    assert there.p_value == pytest.approx(back.p_value)


def test_a_missing_score_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        compare_pairs([0.5, math.nan], [0.4, 0.3])
