"""When the lines of an ERS CEOS image were at zero Doppler, finer than 1 ms (6.7 m) where possible.

The leader annotates the times of the first, the centre and the last line, each rounded to 1 ms by
itself. What else tells them was looked for in real leaders:

- The ERS-1 leader of ESRIN's PGS-ERS processor (1995-12-20) has its first state vector at
  02:43:20.055413 and its last 15.814016 s later; the annotated lines are at 20.055 and 35.869, and
  its lines last 15.8140145 s by the pulse rate. The vectors span the image, to 1 µs; the corners,
  annotated to 0.1 m, say the same (2.74 m from the rounded time, 0.02 m from the vector's).
- The ERS-2 leader (2002-07-27) has vectors to 1 ms that begin elsewhere, and corners to 0.001°.

So the vectors' times are taken where they span the image, else the three times together. (centre)
is line (lines − 1)/2, by the vector at the middle of the ERS-1 leader: 27.962421 for 27.962. It
does not tell rounding from cutting, which no comparison of the three times among themselves could;
the step that the ERS-2 leader's vectors have, 4.1669 s, is given as 4.167, which is rounded, and so
the times are taken to be.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array, AzimuthTime

ROUNDING_S = 0.5e-3
SPAN_S = 10e-6  # between pulse rate and vectors: their first time and their step have 1 µs


def azimuth_time(
    annotated_s: npt.ArrayLike, vectors_s: Array, lines: int, interval_s: float | None
) -> tuple[AzimuthTime, tuple[str, ...]]:
    """Return the best time of the lines, and notes where the annotation contradicts itself.

    annotated_s: (3,) times of the first, the centre and the last line (centre NaN: not given);
    vectors_s: (n,) times of the state vectors, rising, on the same clock; interval_s: exact time
    between two lines, None where only the annotated times tell it (at least two lines then).
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
    """Take the middle of what is left to the first line's time when all three were rounded."""
    each = stated - np.array([0.0, 0.5, 1.0]) * (lines - 1) * interval_s
    low, high = np.nanmax(each) - ROUNDING_S, np.nanmin(each) + ROUNDING_S
    if low > high + SPAN_S:
        what = f"pulse rate and annotated line times disagree by {1e3 * (low - high):.1f} ms"
        return AzimuthTime(float(stated[0]), interval_s), (f"{what}: the first line's is taken",)
    return AzimuthTime(float(low + high) / 2, interval_s), ()


def _least_squares(stated: Array, lines: int) -> tuple[AzimuthTime, tuple[str, ...]]:
    """Fit first time and interval to the three times.

    The fit moves first and last time by a third of what the centre is off their mean. It is also
    the mean of all pairs of times that would be rounded to the three.
    """
    interval = float(stated[2] - stated[0]) / (lines - 1)
    off = float(stated[1] - (stated[0] + stated[2]) / 2)
    if math.isnan(off):
        return AzimuthTime(float(stated[0]), interval), ()
    if abs(off) > 2 * ROUNDING_S + SPAN_S:
        what = f"the centre line's time is {1e3 * off:.1f} ms off the middle of the others"
        return AzimuthTime(float(stated[0]), interval), (f"{what}, which are taken",)
    return AzimuthTime(float(stated[0]) + off / 3, interval), ()
