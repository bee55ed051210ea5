"""Hermite interpolation beside SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import KroghInterpolator

from calvingfront.orbits.hermite import Hermite


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_it_is_the_polynomial_that_scipy_finds(count: int) -> None:
    rng = np.random.default_rng(count)
    nodes = np.sort(rng.uniform(-1, 1, count))
    values, slopes = rng.normal(size=(2, count, 3))
    both = np.stack([values, slopes], axis=1).reshape(-1, 3)
    truth = KroghInterpolator(np.repeat(nodes, 2), both)
    curve, at = Hermite(nodes, values, slopes), np.linspace(-1, 1, 33)
    found, slope = curve.with_slope(at)
    scale = np.abs(truth(at)).max()
    np.testing.assert_allclose(found, truth(at), atol=1e-12 * scale)
    np.testing.assert_allclose(slope, truth.derivative(at), atol=1e-11 * scale)
    np.testing.assert_array_equal(curve(at), found)
