"""Percentiles without a sorted copy are those of numpy, to the last digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calvingfront.scenes.imagery import strips


def decibels(values: Any) -> Any:
    return 10 * np.log10(values)


@pytest.mark.parametrize("most_sorted", [1 << 20, 3])
@pytest.mark.parametrize("seed", range(25))
def test_percentiles_are_numpys_to_the_last_digit(
    seed: int, most_sorted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "STRIP_PX", 64)
    monkeypatch.setattr(strips, "MOST_SORTED", most_sorted)
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, 40, 2))
    values = random.choice(
        [random.exponential(1, shape), random.lognormal(0, 20, shape), np.full(shape, 3.5)]
    )
    if seed % 3 == 0:
        values = np.rint(values).clip(1)
    values = values.astype(random.choice([np.float32, np.float64]))
    valid = random.random(shape) < 0.8
    valid.flat[0] = True
    data = strips.data_of(values, valid)
    percents = [0, 1, 37, 50, 99, 100]
    plain = values[valid].astype(np.float64)
    assert strips.percentiles(data, percents) == np.percentile(plain, percents).tolist()
    expected = np.percentile(decibels(plain), percents).tolist()
    assert strips.percentiles(data, percents, decibels) == expected


def test_strips_cover_an_image_once() -> None:
    for shape in [(1, 1), (1000, 3), (3, 5_000_000), (3000, 700)]:
        rows = [row for part in strips.strips(shape) for row in range(part.start, part.stop)]
        assert rows == list(range(shape[0]))
