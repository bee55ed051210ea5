"""Bands on new glaciers, where errors are larger for the same spread than on known ones."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.uncertainty.calibration import calibrate

LEVELS = (50, 90, 95)
Scene = tuple[np.ndarray, np.ndarray]


def glacier(rng: np.random.Generator, scenes: int, times: float) -> list[Scene]:
    """Scenes of a glacier. times: its errors, for the same spread; they vary between glaciers."""
    own = times * np.exp(rng.normal(0, 0.5))
    made = []
    for _ in range(scenes):
        n = int(rng.integers(20, 40))
        spread = np.exp(rng.normal(0, 0.4, n))
        distance = np.abs(rng.normal(size=n)) * np.exp(rng.normal(0, 0.3)) * own * spread
        made.append((distance, spread))
    return made


def factors(glaciers: list[list[Scene]], left_out: bool = True) -> tuple[float, ...]:
    """Chosen by leaving glaciers out, or single scenes."""
    scenes = [scene for its in glaciers for scene in its]
    groups = [k for k, its in enumerate(glaciers) for _ in its] if left_out else None
    return calibrate(*zip(*scenes, strict=True), LEVELS, groups).factors


def coverage(given: tuple[float, ...], new: list[Scene]) -> list[float]:
    return [float(np.mean([(d <= f * s).mean() for d, s in new])) for f in given]


@pytest.mark.parametrize("number", [2, 3])
def test_bands_of_glaciers_left_out_cover_new_glaciers_and_those_of_known_ones_do_not(
    number: int,
) -> None:
    """In the mean over many worlds: with few glaciers, chance within one world remains."""
    rng = np.random.default_rng(7)
    known, elsewhere, single = [], [], []
    for _ in range(100):
        own = factors([glacier(rng, 6, 1.0)], left_out=False)
        others = [glacier(rng, int(rng.integers(4, 10)), 1.7) for _ in range(number)]
        new = [glacier(rng, 4, 1.7) for _ in range(3)]
        for given, found in (
            (own, known),
            (factors(others), elsewhere),
            (factors(others, left_out=False), single),
        ):
            found.append(np.mean([coverage(given, each) for each in new], axis=0))
    np.testing.assert_allclose(np.mean(elsewhere, axis=0), [0.5, 0.9, 0.95], atol=0.04)
    assert np.mean(known, axis=0)[1] < 0.8
    # Leaving out scenes instead of glaciers covers new glaciers too little.
    assert np.mean(single, axis=0)[1] < np.mean(elsewhere, axis=0)[1] - 0.02


def test_glaciers_count_alike_however_many_scenes_they_have() -> None:
    ones = np.ones(10)
    many, few = [(ones, ones)] * 30, [(3 * ones, ones)] * 3
    both = [*many, *few]
    made = calibrate(*zip(*both, strict=True), (75,), ["A"] * 30 + ["B"] * 3)
    assert made.factors == (3.0,)
    assert made.expected == pytest.approx(2.0)
    assert made.scenes == 33
    # A lies within the band of B, B outside that of A.
    assert made.reached == (50.0,)


def test_each_scene_as_its_own_group_is_no_group_at_all() -> None:
    rng = np.random.default_rng(9)
    scenes = glacier(rng, 9, 1.0)
    distances, spreads = zip(*scenes, strict=True)
    assert calibrate(distances, spreads, LEVELS, range(9)) == calibrate(distances, spreads, LEVELS)
