"""The times of CEOS image lines, from the prefixes of the lines."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.records import DAMAGED
from calvingfront.radar.model import AzimuthTime, StateVectors

TIME_AT = (37, 41, 45)  # year, day of the year, millisecond of the day
WORST_RESIDUAL_S = 0.0025


def fit_line_times(imagery: Imagery, orbit: StateVectors) -> AzimuthTime | None:
    """Fit a straight line through the times of all lines, each rounded to 1 ms.

    The fit is about √n times more precise than a single time. Returns None if all lines carry the
    same time (as the Alaska SAR Facility wrote them) or if there is only one line. Raises
    ProductError if the times are invalid, far from the orbit's or unevenly spaced.
    """
    years, days, milliseconds = imagery.line_integers(*TIME_AT).T
    where = f"{imagery.path}, line times (bytes 37–48)"
    known = np.unique(years)
    if len(known) > 2 or known[0] < 1978 or known[-1] > 2100:
        raise ProductError(where, f"contain the years {known[0]} … {known[-1]}", DAMAGED)
    if days.min() < 1 or days.max() > 366 or milliseconds.min() < 0:
        raise ProductError(where, "contain days or milliseconds out of range", DAMAGED)
    if milliseconds.max() > 86_401_000:
        raise ProductError(where, "exceed the 86,401,000 ms of a day", DAMAGED)
    starts = {int(year): (datetime(int(year), 1, 1) - orbit.epoch).days for year in known}
    offsets = np.where(years == known[0], starts[int(known[0])], starts[int(known[-1])])
    times = (offsets + days - 1) * 86_400.0 + milliseconds / 1e3
    if np.ptp(times) == 0:
        return None
    line = np.arange(len(times)) - (len(times) - 1) / 2
    interval = float(line @ (times - times.mean()) / (line @ line))
    worst = float(np.abs(times - times.mean() - interval * line).max())
    if worst > WORST_RESIDUAL_S or not 1e-5 < abs(interval) < 0.05:
        what = f"deviate from steps of {1e3 * interval:.4f} ms by up to {1e3 * worst:.1f} ms"
        raise ProductError(where, what, DAMAGED)
    first = float(times.mean() + interval * line[0])
    if not orbit.times_s[0] - 86_400 < first < orbit.times_s[-1] + 86_400:
        raise ProductError(where, "are more than a day from the state vectors", DAMAGED)
    return AzimuthTime(first, interval)
