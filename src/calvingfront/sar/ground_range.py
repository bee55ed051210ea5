"""Convert slant range back to the samples of a detected product in ground range."""

from __future__ import annotations

import numpy as np

from calvingfront.errors import GeocodingError
from calvingfront.radar.model import Array, GroundRange

MARGIN_M = 15_000.0  # the polynomials are used this far beyond the swath: high ground at its edges
TABLE = 513


def ground_range_sample(
    geometry: GroundRange, samples: int, slant_range_m: Array, time_s: Array
) -> Array:
    """Sample at which GroundRange.slant_range equals slant_range_m.

    slant_range_m, time_s: (n,); samples: number per line, bounds where the polynomials apply.
    Newton's method, started from a table; about 15 km beyond the swath it continues in a straight
    line with the last slope, so that a point outside stays outside.
    Raises GeocodingError if the slant range is not monotonic across the swath.
    """
    table, ranges = _monotonic_table(geometry, samples)
    low, high = table[0], table[-1]
    order = slice(None) if ranges[0] < ranges[-1] else slice(None, None, -1)
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


def _monotonic_table(geometry: GroundRange, samples: int) -> tuple[Array, Array]:
    """Samples and slant ranges (m) from the swath outwards, as far as they are monotonic."""
    margin = MARGIN_M / abs(geometry.spacing_m)
    table = np.linspace(-margin, samples + margin, TABLE)
    middle_s = float(np.median(geometry.times_s))
    ranges = geometry.slant_range(table, np.full(table.shape, middle_s))
    steps = np.diff(ranges)
    centre = TABLE // 2
    wrong = np.flatnonzero(steps * np.sign(steps[centre]) <= 0)
    first = int(np.max(wrong[wrong < centre], initial=-1)) + 1
    last = int(np.min(wrong[wrong >= centre], initial=TABLE - 1))
    if table[first] > 0 or table[last] < samples - 1:
        raise GeocodingError(
            "ground-range polynomial",
            "is not monotonic across the swath",
            "Check the product's ground-to-slant coefficients.",
        )
    return table[first : last + 1], ranges[first : last + 1]
