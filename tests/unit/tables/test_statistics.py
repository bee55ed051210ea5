"""Intervals, tests and corrections against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from calvingfront.tables.statistics import (
    Array,
    bootstrap_interval,
    bootstrap_ratio,
    compare_methods,
    holm,
    mean_and_spread,
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


def none(bounds: tuple[float, float]) -> bool:
    return all(math.isnan(bound) for bound in bounds)


def test_equal_values_have_no_interval_rather_than_one_without_width() -> None:
    assert none(bootstrap_interval([0.5] * 4, 100, 1))
    assert none(bootstrap_interval([0.1 + 0.2, 0.3, 0.3, 0.3], 100, 1))  # but for rounding
    assert none(bootstrap_interval([0.0] * 9, 100, 1))
    assert none(bootstrap_ratio(np.full((2, 5), 6.0), np.full((2, 5), 3.0), 100, 1))


def test_fewer_than_four_images_have_no_interval() -> None:
    for few in ([], [0.5], [0.4, 0.5], [0.4, 0.5, 0.6]):
        assert none(bootstrap_interval(few, 100, 1))
    low, high = bootstrap_interval([0.4, 0.5, 0.6, 0.7], 1000, 1)
    assert 0.4 <= low < 0.55 < high <= 0.7


def test_images_without_a_value_do_not_count_among_the_four() -> None:
    values = [0.4, 0.5, 0.6, math.nan, math.nan]
    assert none(bootstrap_interval(values, 1000, 1))
    low, high = bootstrap_interval([*values, 0.7], 1000, 1)
    assert 0.4 <= low < 0.55 < high <= 0.7
    sums, counts = np.array([[8.0, 0, 0, 0, 0]]), np.array([[2.0, 0, 0, 0, 0]])
    assert none(bootstrap_ratio(sums, counts, 1000, 1))  # one image: always 4, or nothing
    some = np.array([[1.0, 2, 3, 4, 0], [1, 2, 3, 0, 0]])  # the other training drew three fronts
    assert none(bootstrap_ratio(some, (some > 0).astype(float), 1000, 1))
    assert not none(bootstrap_ratio(some[:1], (some[:1] > 0).astype(float), 1000, 1))
    assert none(bootstrap_ratio(np.zeros((0, 9)), np.zeros((0, 9)), 100, 1))


def test_holm_against_a_hand_worked_example() -> None:
    # Sorted: 0.005 · 4, 0.01 · 3, 0.03 · 2, 0.04 · 1, then never falling: 0.06 stays for 0.04.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_leaves_out_what_was_not_tested() -> None:
    adjusted = holm([0.01, math.nan, 0.04])
    assert adjusted[::2] == pytest.approx([0.02, 0.04])  # of two tests, not of three
    assert math.isnan(adjusted[1])


def test_a_difference_against_a_hand_worked_example() -> None:
    first = np.array([[3.0, 5.0], [5.0, 7.0]])  # means over images 4 and 6, over trainings 4 and 6
    second = np.array([[1.0, 4.0]])  # without chance
    found = compare_methods(first, second, (True, False))
    # Images: 3 and 2, variance 0.5, over 2 is 0.25; trainings: variance 2, over 2 is 1.
    # Degrees of freedom: 1.25² / (0.25² + 1²) = 1.4706.
    error, freedom = math.sqrt(1.25), 1.25**2 / 1.0625
    assert found.images == 2
    assert found.mean == pytest.approx(2.5)
    assert found.p_value == pytest.approx(2 * stats.t.sf(2.5 / error, freedom))
    margin = stats.t.ppf(0.975, freedom) * error
    assert (found.low, found.high) == pytest.approx((2.5 - margin, 2.5 + margin))


def test_without_chance_in_trainings_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((1, 20)), rng.random((1, 20))
    found = compare_methods(first, second, (False, False))
    assert found.p_value == pytest.approx(stats.ttest_rel(first[0], second[0]).pvalue)


def test_swapping_the_methods_turns_the_difference_round() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((3, 20)), rng.random((4, 20))
    there, back = compare_methods(first, second), compare_methods(second, first)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert there.p_value == pytest.approx(back.p_value)


@pytest.mark.filterwarnings("error")
def test_one_training_or_one_image_shows_nothing() -> None:
    rng = np.random.default_rng(0)
    for shapes in (((1, 20), (3, 20)), ((3, 20), (1, 20)), ((3, 1), (3, 1))):
        found = compare_methods(*(rng.random(shape) for shape in shapes))
        assert math.isfinite(found.mean)
        assert all(math.isnan(value) for value in (found.low, found.high, found.p_value))


def test_an_image_that_one_training_did_not_measure_is_left_out() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((3, 20)), rng.random((3, 20))
    whole = compare_methods(first[:, 1:], second[:, 1:])
    first[2, 0] = math.nan
    assert compare_methods(first, second) == whole
    assert whole.images == 19
    nothing = compare_methods(np.full((3, 4), math.nan), second[:, :4])
    assert nothing.images == 0
    assert math.isnan(nothing.mean)


def test_methods_that_never_differ_have_p_one() -> None:
    scores = np.array([[0.5, 0.6, 0.7]])
    same = compare_methods(np.repeat(scores, 3, axis=0), scores, (True, False))  # rounded means
    assert same.p_value == 1
    assert none((same.low, same.high))
    zero = compare_methods(np.zeros((2, 3)), np.zeros((2, 3)))
    assert (zero.mean, zero.p_value) == (0, 1)


def test_a_difference_that_does_not_vary_is_not_tested() -> None:
    """Two or three images that happen to differ alike would be as certain as can be."""
    scores = np.array([[0.5, 0.6, 0.7]])
    found = compare_methods(scores + 0.1, scores, (False, False))
    assert found.mean == pytest.approx(0.1)
    assert all(math.isnan(value) for value in found[2:])
    twice = compare_methods(np.repeat(scores, 2, axis=0) + 0.1, np.repeat(scores, 2, axis=0))
    assert all(math.isnan(value) for value in twice[2:])


def scores_by_chance(
    rng: np.random.Generator, trainings: int, seed_spread: float, better: float
) -> tuple[Array, Array]:
    """Dice of two methods on 45 images as in our runs: spreads in points.

    Images 17, the methods' own difference on an image 3, a training's on an image 1.8.
    """
    images = rng.normal(70, 17, 45)

    def method(mean: float) -> Array:
        own = images + mean + rng.normal(0, 3 / math.sqrt(2), 45)
        seeds = rng.normal(0, seed_spread, (trainings, 1))
        return np.asarray(own + seeds + rng.normal(0, 1.8, (trainings, 45)))

    return method(better), method(0.0)


@pytest.mark.parametrize("trainings", [3, 5, 10])
@pytest.mark.parametrize("seed_spread", [0.5, 0.8])
def test_equal_methods_are_called_different_in_one_case_of_twenty(
    trainings: int, seed_spread: float
) -> None:
    rng = np.random.default_rng(14)
    found = [
        compare_methods(*scores_by_chance(rng, trainings, seed_spread, 0.0)).p_value < 0.05
        for _ in range(1000)
    ]
    # 95 % of the shares of 1000 draws lie within 1.4 points of 5 %; the test errs below.
    assert 0.02 < np.mean(found) < 0.064


def test_a_test_over_images_alone_is_wrong_more_often() -> None:
    rng = np.random.default_rng(14)
    false_alarms = []
    for _ in range(200):
        first, second = scores_by_chance(rng, 3, 0.8, 0.0)
        false_alarms.append(stats.wilcoxon(first.mean(axis=0) - second.mean(axis=0)).pvalue < 0.05)
    assert np.mean(false_alarms) > 0.13


@pytest.mark.parametrize(("trainings", "better", "least"), [(3, 3.0, 0.8), (5, 2.0, 0.75)])
def test_a_better_method_is_found(trainings: int, better: float, least: float) -> None:
    rng = np.random.default_rng(14)
    found = [
        compare_methods(*scores_by_chance(rng, trainings, 0.65, better)).p_value < 0.05
        for _ in range(400)
    ]
    assert np.mean(found) > least


def test_the_interval_holds_the_difference_as_often_as_it_says() -> None:
    rng = np.random.default_rng(14)
    intervals = [compare_methods(*scores_by_chance(rng, 3, 0.65, 2.0)) for _ in range(1000)]
    assert 0.935 < np.mean([one.low < 2 < one.high for one in intervals]) < 0.985
