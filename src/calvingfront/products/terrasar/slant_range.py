"""Invert TerraSAR-X's slant-to-ground polynomial: geocoding needs ground-to-slant."""

from __future__ import annotations

import numpy as np

from calvingfront.products.reading import fault, finite
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import SPEED_OF_LIGHT, Array

DEGREE = 8  # leaves a residual below a millimetre on swaths of 100 km
NODES = 257
LARGEST_RESIDUAL_M = 0.01
STEEPEST = 1e10  # m of ground range per s of two-way time: 67 times half the speed of light


def invert_ground_range(
    projection: XmlFields, first_time_s: float, swath_m: float
) -> tuple[float, Array]:
    """Return origin (m) and coefficients (DEGREE + 1,) of slant range (m) by ground range.

    projection: <slantToGroundRangeProjection>, ground range (m) as a polynomial of the two-way
    time after its reference point (s). Ground range 0 of the result is at first_time_s.
    Raises ProductError if ground range does not increase with slant range.
    """
    reference = projection.number("referencePoint", 1e-3, 2e-2)
    coefficients = projection.polynomial()
    # A swath lasts less than a millisecond: high coefficients are huge, but their effect is not.
    spans = 1e-3 ** np.arange(coefficients.size)
    finite(coefficients * spans, projection.path, projection.at, -1e9, 1e9)
    forward = np.polynomial.Polynomial(coefficients)
    slope = forward.deriv()
    start = forward(first_time_s - reference)
    ground = np.linspace(0.0, swath_m, NODES)
    after = _solve(projection, forward, slope, start + ground, first_time_s - reference)
    slant = 0.5 * SPEED_OF_LIGHT * (reference + after)
    origin = swath_m / 2
    half = max(swath_m / 2, 1e-9)
    scaled = np.polynomial.polynomial.polyfit((ground - origin) / half, slant, DEGREE)
    result = scaled / half ** np.arange(DEGREE + 1)
    residual = np.polynomial.polynomial.polyval(ground - origin, result) - slant
    if not np.abs(residual).max() < LARGEST_RESIDUAL_M:
        what = f"cannot be inverted: the residual is {np.abs(residual).max():g} m"
        raise fault(projection.path, projection.at, what)
    return origin, result


def _solve(
    projection: XmlFields,
    forward: np.polynomial.Polynomial,
    slope: np.polynomial.Polynomial,
    ground: Array,
    first: float,
) -> Array:
    """Newton's method for forward(x) = ground, from the linear solution."""
    x = np.full(ground.shape, first)
    for _ in range(30):
        steep = slope(x)
        # Ground range grows faster with two-way time than slant range does (c / 2).
        if not ((steep > 0.4 * SPEED_OF_LIGHT) & (steep < STEEPEST)).all():
            raise fault(projection.path, projection.at, "does not increase with slant range")
        step = (forward(x) - ground) / steep
        x = x - step
        if np.abs(step).max() * SPEED_OF_LIGHT < 1e-6:
            return x
    raise fault(projection.path, projection.at, "cannot be inverted")
