"""Zero-Doppler times of the lines of an ERS CEOS image, finer than 1 ms (6.7 m) where possible.

The leader gives the times of the first, the centre and the last line, each rounded to 1 ms
separately. Real leaders contain more precise times:

- The ERS-1 leader of ESRIN's PGS-ERS processor (1995-12-20) has its first state vector at
  02:43:20.055413 and its last 15.814016 s later. The annotated line times are 20.055 and 35.869,
  and by the pulse rate the lines take 15.8140145 s. So the vectors span the image, to 1 µs. The
  corners, annotated to 0.1 m, agree (2.74 m from the rounded time, 0.02 m from the vector's).
- The ERS-2 leader (2002-07-27) has vectors to 1 ms that begin elsewhere, and corners to 0.001°.

Therefore the vectors' times are used if they span the image, otherwise the three annotated times
together. The centre is line (lines − 1)/2: the middle vector of the ERS-1 leader is at 27.962421,
the annotated centre at 27.962. This does not show whether times are rounded or truncated, nor could
any comparison among the three times. But the ERS-2 leader gives the step of its vectors, 4.1669 s,
as 4.167, which is rounded; the times are assumed to be rounded too.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array, AzimuthTime

ROUNDING_S = 0.5e-3
SPAN_S = 10e-6  # tolerance between pulse rate and vectors, whose times are given to 1 µs


def azimuth_time(
    annotated_s: npt.ArrayLike, vectors_s: Array, lines: int, interval_s: float | None
) -> tuple[AzimuthTime, tuple[str, ...]]:
    """Return the best estimate of the line times, and notes if the annotation contradicts itself.

    annotated_s: (3,) times of the first, the centre and the last line (centre NaN: not given);
    vectors_s: (n,) times of the state vectors, increasing, on the same clock; interval_s: exact
    time between two lines, or None if only the annotated times give it (at least two lines then).
    """
    stated = np.asarray(annotated_s, dtype=np.float64)
    first, last = float(vectors_s[0]), float(vectors_s[-1])
    nearest = max(abs(first - stated[0]), abs(last - stated[2])) < 2 * ROUNDING_S
    if nearest and interval_s is None:
        return AzimuthTime(first, (last - first) / (lines - 1)), ()
    if interval_s is None:
        return _least_squares(stated, lines)
    if nearest and abs(last - first - (lines - 1) * interval_s) < SPAN_S:
        return AzimuthTime(first, interval_s), ()
    return _within_all(stated, lines, interval_s)


def _within_all(
    stated: Array, lines: int, interval_s: float
) -> tuple[AzimuthTime, tuple[str, ...]]:
    """Take the middle of the interval that the three rounded times leave for the first line."""
    each = stated - np.array([0.0, 0.5, 1.0]) * (lines - 1) * interval_s
    low, high = np.nanmax(each) - ROUNDING_S, np.nanmin(each) + ROUNDING_S
    if low > high + SPAN_S:
        what = f"pulse rate and annotated line times disagree by {1e3 * (low - high):.1f} ms"
        return AzimuthTime(float(stated[0]), interval_s), (f"{what}: the first line's is used",)
    return AzimuthTime(float(low + high) / 2, interval_s), ()


def _least_squares(stated: Array, lines: int) -> tuple[AzimuthTime, tuple[str, ...]]:
    """Fit first time and interval to the three times.

    The fit moves the first and last time by a third of the centre's offset from their mean. It is
    also the mean of all pairs of times that round to the three.
    """
    interval = float(stated[2] - stated[0]) / (lines - 1)
    off = float(stated[1] - (stated[0] + stated[2]) / 2)
    if math.isnan(off):
        return AzimuthTime(float(stated[0]), interval), ()
    if abs(off) > 2 * ROUNDING_S + SPAN_S:
        what = f"the centre line's time is {1e3 * off:.1f} ms off the mean of the others"
        return AzimuthTime(float(stated[0]), interval), (f"{what}, which are used",)
    return AzimuthTime(float(stated[0]) + off / 3, interval), ()
