"""Flag positions that lie farther from the fronts around them than errors and season explain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import theilslopes

from calvingfront.position.measurement import NO_POSITION, OUTLIER
from calvingfront.position.trend import design_of

Array = npt.NDArray[np.float64]

AROUND = 3  # fronts before and after that a front is compared with
LEAST = 10  # positions needed
LIMIT = 4.5  # in robust standard deviations
LEAST_SPREAD_M = 5.0  # no series of fronts scatters less
ROUNDS = 20


def flag_outliers(table: pd.DataFrame, harmonics: int = 1) -> pd.DataFrame:
    """Flag outliers in a measured series; return a copy in which they have reasons.

    Trend and season are removed by a robust fit (Huber weights). A position is compared with the
    medians of up to three positions before and three after it. It is an outlier if it lies outside
    the range of the two by more than LIMIT standard deviations. The standard deviation combines
    that of all positions around their neighbours (from their median, so that outliers do not raise
    it), more across gaps in the series, with the position's own error where it exceeds the usual.
    Where the positions around it change steeply, it may lie farther away.
    A step from one level to another is no outlier: it agrees with one side. Nothing is removed.
    Series of fewer than 10 positions are left as they are.
    """
    flagged = table.copy()
    placed = table[table["flag"] != NO_POSITION].sort_values("decimal_year", kind="stable")
    if len(placed) < LEAST:
        return flagged
    times = placed["decimal_year"].to_numpy(float)
    values = placed["position_m"].to_numpy(float)
    errors = placed["error_m"].to_numpy(float)
    season = harmonics if times[-1] - times[0] >= 1 and len(times) >= 2 * LEAST else 0
    left = values - _robust_fit(design_of(times, float(times.mean()), (), season), values)
    off, limits = apart(times, left, errors if np.isfinite(errors).all() else None)
    for row, distance, limit in zip(placed.index, off, limits, strict=True):
        if distance > limit:
            reason = f"outlier: {distance:.0f} m from the fronts around it (limit {limit:.0f} m)"
            before = str(flagged.loc[row, "reason"])
            flagged.loc[row, "flag"] = OUTLIER
            flagged.loc[row, "reason"] = f"{before}; {reason}" if before else reason
    return flagged


def apart(times: Array, values: Array, errors: Array | None = None) -> tuple[Array, Array]:
    """How far each value lies outside those around it in time, and the limit for an outlier.

    times: (n,) rising; values: (n,); errors: (n,) or None. Returns two arrays (n,).
    """
    off, local, gaps, slopes = _against_neighbours(times, values)
    spread = max(1.4826 * float(np.median(np.abs(local))), LEAST_SPREAD_M)
    stretch = np.sqrt(np.maximum(1.0, gaps / max(float(np.median(gaps)), 1e-9)))
    allowed = (spread * stretch) ** 2
    if errors is not None:
        allowed = allowed + np.maximum(0.0, errors**2 - float(np.median(errors**2)))
    return off, LIMIT * np.sqrt(allowed) + slopes * gaps


def _robust_fit(design: Array, values: Array) -> Array:
    """Fitted values of a linear model, by least squares with Huber's weights."""
    weights = np.ones(len(values))
    fitted = values
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        found = np.linalg.lstsq(design * root[:, None], values * root)[0]
        fitted = design @ found
        left = np.abs(values - fitted)
        scale = 1.4826 * float(np.median(left)) or 1.0
        weights = np.minimum(1.0, 1.345 * scale / np.maximum(left, 1e-12))
    return np.asarray(fitted)


def _against_neighbours(times: Array, left: Array) -> tuple[Array, Array, Array, Array]:
    """How far each residual lies outside the medians before and after it, and from all neighbours.

    Returns four arrays (n,): the distance outside the range of both medians, the difference from
    the median of all neighbours, the mean distance in time to them, years, and how steeply they
    change (Theil and Sen's slope, per year).
    """
    count = len(left)
    off, local, gaps, slopes = (np.zeros(count) for _ in range(4))
    for n in range(count):
        before, after = left[max(0, n - AROUND) : n], left[n + 1 : n + 1 + AROUND]
        sides = [float(np.median(side)) for side in (before, after) if len(side)]
        off[n] = max(0.0, min(sides) - left[n], left[n] - max(sides))
        local[n] = left[n] - np.median(np.concatenate([before, after]))
        around = np.concatenate([times[max(0, n - AROUND) : n], times[n + 1 : n + 1 + AROUND]])
        gaps[n] = float(np.abs(around - times[n]).mean())
        if np.ptp(around) > 0:
            slopes[n] = abs(theilslopes(np.concatenate([before, after]), around).slope)
    return off, local, gaps, slopes
