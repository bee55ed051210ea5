"""Trend, season and rates over periods of a measured series, without and with flagged fronts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calvingfront.errors import PositionError
from calvingfront.position.memory import Array
from calvingfront.position.series import usable
from calvingfront.position.trend import SPARE, Estimate, Fit, fit

Period = tuple[float, float]  # from, to, decimal years
COVERED = 0.8  # least share of a period that its fronts must span


@dataclass(frozen=True)
class PeriodRate:
    """The rate over a period, m/yr: from its `count` fronts, or from the whole series.

    note: how it was found.
    """

    period: Period
    count: int
    rate: Estimate
    note: str


@dataclass(frozen=True)
class Analysis:
    """The results for one choice of fronts.

    flagged: whether flagged fronts are among them; count: how many there are; fit: None if trend
    and season cannot be fitted; `fault` then says why. weighted: by the errors of all positions.
    """

    flagged: bool
    count: int
    fit: Fit | None
    fault: str
    weighted: bool
    periods: tuple[PeriodRate, ...]


def analyse(
    table: pd.DataFrame,
    flagged: bool,
    harmonics: int = 1,
    breaks: Sequence[float] = (),
    level: float = 0.95,
    periods: Sequence[Period] = (),
) -> Analysis:
    """Fit trend and season to a measured series, and the rate over each period.

    table: of `series.measure`. flagged: use flagged fronts, too. Positions are weighted by their
    errors if all fronts used have one. A period's rate comes from its own fronts only, by the same
    model without breaks. If they span less than a year, trend and season cannot be told apart: the
    whole series is then fitted, with breaks at both ends of the period.
    Raises PositionError for a period with too few fronts, or whose fronts cover too little of it. A
    series too short to fit is not an error: `fault` says what is missing.
    """
    kept = usable(table, flagged)
    times = kept["decimal_year"].to_numpy(float)
    values = kept["position_m"].to_numpy(float)
    stated = kept["error_m"].to_numpy(float)
    errors = stated if len(kept) and np.isfinite(stated).all() else None
    found, fault = None, ""
    try:
        found = fit(times, values, harmonics, breaks, errors, level)
    except PositionError as error:
        fault = str(error)
    series = (times, values, errors)
    rates = tuple(_rate_over(one, series, harmonics, breaks, level) for one in periods)
    return Analysis(flagged, len(kept), found, fault, errors is not None, rates)


def _rate_over(
    period: Period,
    series: tuple[Array, Array, Array | None],
    harmonics: int,
    breaks: Sequence[float],
    level: float,
) -> PeriodRate:
    times, values, errors = series
    start, end = period
    where = f"--period {start:g}:{end:g}"
    if not start < end:
        raise PositionError(where, "ends before it starts", "Write FROM:TO.")
    inside = (times >= start) & (times <= end)
    count, needed = int(inside.sum()), 2 + 2 * harmonics + SPARE
    if count < needed:
        simpler = ", or fit without a season (--harmonics 0)" if harmonics else ""
        raise PositionError(
            where,
            f"has {count} usable fronts, but a rate needs {needed}",
            f"Choose a longer period{simpler}.",
        )
    first, last = float(times[inside].min()), float(times[inside].max())
    if last - first < COVERED * (end - start):
        raise PositionError(
            where,
            f"has fronts from {first:.2f} to {last:.2f} only",
            "Choose a period that its fronts cover.",
        )
    try:
        if harmonics and last - first < 1:
            ends = [one for one in period if times.min() < one < times.max()]
            around = [one for one in breaks if not start <= one <= end]
            found = fit(times, values, harmonics, [*around, *ends], errors, level)
            rate = found.rate(max(start, float(times.min())), min(end, float(times.max())))
            return PeriodRate(period, count, rate, "season from the whole series")
        own = None if errors is None else errors[inside]
        rate = fit(times[inside], values[inside], harmonics, (), own, level).rate()
    except PositionError as error:
        raise PositionError(where, error.what, error.remedy) from None
    note = f"fronts of this period only, from {first:.2f} to {last:.2f}"
    return PeriodRate(period, count, rate, note)
