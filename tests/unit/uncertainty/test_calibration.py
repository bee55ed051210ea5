"""Factors that turn spreads into bands."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from calvingfront.errors import ModelError
from calvingfront.uncertainty.calibration import calibrate

LEVELS = (50, 90, 95)


def scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Distances and spreads of a line whose errors are smooth along it and vary between scenes."""
    n = int(rng.integers(60, 200))
    spread = np.exp(rng.normal(0, 0.4, n))
    smooth = gaussian_filter1d(rng.normal(size=n), 8)
    distance = np.abs(smooth / smooth.std()) * np.exp(rng.normal(0, 0.5)) * spread
    return distance, spread


@pytest.mark.parametrize("number", [8, 40])
def test_bands_cover_new_scenes_at_their_level_in_the_mean(number: int) -> None:
    """Over many worlds; within one world, chance in its few validation scenes remains."""
    rng = np.random.default_rng(3)
    within = []
    for _ in range(60):
        made = calibrate(*zip(*[scene(rng) for _ in range(number)], strict=True), LEVELS)
        new = [scene(rng) for _ in range(20)]
        within.append([np.mean([(d <= f * s).mean() for d, s in new]) for f in made.factors])
    np.testing.assert_allclose(np.mean(within, axis=0), [0.5, 0.9, 0.95], atol=0.03)


def test_a_plain_quantile_covers_too_little_where_scenes_are_few() -> None:
    """Which is why each scene is left out in turn."""
    rng = np.random.default_rng(4)
    plain, left_out = [], []
    for _ in range(100):
        known = [scene(rng) for _ in range(5)]
        ratios = np.concatenate([d / s for d, s in known])
        weights = np.concatenate([np.full(len(d), 1 / len(d)) for d, _ in known])
        order = np.argsort(ratios)
        share = np.cumsum(weights[order]) / weights.sum()
        factor = ratios[order][np.searchsorted(share, 0.9)]
        made = calibrate(*zip(*known, strict=True), (90,))
        d, s = scene(rng)
        plain.append((d <= factor * s).mean())
        left_out.append((d <= made.factors[0] * s).mean())
    assert np.mean(plain) < 0.88
    assert 0.88 < np.mean(left_out) < 0.93


def test_a_constant_ratio_is_the_factor_and_its_scale_does_not_matter() -> None:
    spreads = [np.array([1.0, 2.0, 4.0]), np.array([3.0, 3.0]), np.array([0.5])]
    made = calibrate([2.5 * s for s in spreads], spreads, LEVELS)
    assert made.factors == pytest.approx((2.5, 2.5, 2.5))
    assert made.reached == (100.0, 100.0, 100.0)
    assert made.expected == pytest.approx(2.5)
    assert made.scenes == 3


def test_scenes_count_alike_however_long_their_lines() -> None:
    short, long = [np.full(10, 3.0)] * 3, [np.full(1000, 1.0)]
    distances = [*short, *long]
    made = calibrate(distances, [np.ones(len(d)) for d in distances], (50,))
    assert made.factors == (3.0,)


def test_too_few_scenes_are_refused() -> None:
    one = np.ones(5)
    with pytest.raises(ModelError, match="has 2 scenes with a line"):
        calibrate([one, one], [one, one], LEVELS)


def test_what_too_few_scenes_cannot_reach_is_told() -> None:
    """Of three scenes, one is four times as far off: the others' bands never contain it."""
    spreads = [np.ones(10)] * 3
    distances = [np.full(10, away) for away in (1.0, 1.1, 4.0)]
    made = calibrate(distances, spreads, (50, 90))
    assert made.falls_short == ((90, pytest.approx(66.67)),)
    assert calibrate(spreads, spreads, (50, 90)).falls_short == ()
