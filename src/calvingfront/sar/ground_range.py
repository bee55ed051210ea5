"""From slant range back to the samples of a detected product in ground range."""

from __future__ import annotations

import numpy as np

from calvingfront.errors import GeocodingError
from calvingfront.products.model import Array, GroundRange

MARGIN = 0.05  # of the swath: the polynomials are trusted this far beyond it


def ground_range_sample(
    geometry: GroundRange, samples: int, slant_range_m: Array, time_s: Array
) -> Array:
    """Sample at which GroundRange.slant_range equals slant_range_m: its inverse in the sample.

    slant_range_m, time_s: (n,); samples: of a line, they bound where the polynomials hold. Newton's
    method from a table; beyond the margin the last slope goes on in a straight line, so that a
    point outside the swath stays outside.
    Raises GeocodingError where the slant range does not rise or fall throughout the swath.
    """
    low, high = -MARGIN * samples, (1 + MARGIN) * samples
    table = np.linspace(low, high, 257)
    middle_s = float(np.median(geometry.times_s))
    ranges = geometry.slant_range(table, np.full(table.shape, middle_s))
    steps = np.diff(ranges)
    if not (bool((steps > 0).all()) or bool((steps < 0).all())):
        raise GeocodingError(
            "ground-range polynomial",
            "does not rise with the ground range throughout the swath",
            "Check the product's ground-to-slant coefficients.",
        )
    order = slice(None) if steps[0] > 0 else slice(None, None, -1)
    sample = np.interp(slant_range_m, ranges[order], table[order])
    for _ in range(6):
        slope = geometry.slant_range(sample + 0.5, time_s) - geometry.slant_range(
            sample - 0.5, time_s
        )
        miss = slant_range_m - geometry.slant_range(sample, time_s)
        moved = np.clip(sample + miss / slope, low, high)
        change = float(np.max(np.abs(moved - sample), initial=0.0))
        sample = moved
        if change < 1e-9 * samples:
            break
    slope = geometry.slant_range(sample + 0.5, time_s) - geometry.slant_range(sample - 0.5, time_s)
    beyond = (slant_range_m - geometry.slant_range(sample, time_s)) / slope
    return np.asarray(sample + np.where((sample <= low) | (sample >= high), beyond, 0.0))
