"""The calving front through time: retreat, seasonal swing, calving events, changing shape."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

STEP_DAYS = 5
NODES = np.linspace(-1.8, 1.8, 121)  # lateral coordinate across the fjord; the walls are at ±1
# All lengths are fractions of the frame's long side.
RETREAT = 0.36  # over twenty years
FIRST_POSITION = 0.22  # of the front on the fjord's axis, from the frame's centre
SEASONAL_AMPLITUDE = 0.045  # half the distance between the end of winter and the end of summer


def day_number(day: date) -> int:
    """Days since the proleptic Gregorian ordinal 1 (datetime.date.toordinal)."""
    return day.toordinal()


def seasonal_swing(days: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Front position relative to the year's mean, −1 … 1, from ordinals of days.

    Antarctic winter is April to August: the front advances in those five months to +1 at
    the end of August, and falls back to −1 over the seven others.
    """
    starts = np.array([date(date.fromordinal(int(d)).year, 1, 1).toordinal() for d in days])
    year_day = (days - starts).astype(np.float64)
    april, september = 90.0, 243.0
    winter = -1.0 + 2.0 * (year_day - april) / (september - april)
    since_september = np.where(year_day >= september, year_day - september, year_day + 122.0)
    summer = 1.0 - 2.0 * since_september / (365.25 - (september - april))
    in_winter = (year_day >= april) & (year_day < september)
    swing: npt.NDArray[np.float64] = np.where(in_winter, winter, np.maximum(summer, -1.0))
    return swing


def simulate_history(
    first_year: int, last_year: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Simulate one glacier's front from 1 January of the first to 31 December of the last year.

    Returns the days (n,), ordinals, STEP_DAYS apart, and the positions (n, NODES.size) along
    the fjord, fractions of the frame's long side, seaward positive.
    """
    first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
    days = np.arange(first, last + STEP_DAYS, STEP_DAYS, dtype=np.int64)
    years = (days - first) / 365.25
    positions = np.zeros((days.size, NODES.size))
    positions += _trend(years, rng)[:, None]
    # the middle of the front swings more than its ends at the walls
    freedom = 0.55 + 0.45 * np.cos(np.clip(NODES, -1, 1) * np.pi / 2)
    positions += SEASONAL_AMPLITUDE * seasonal_swing(days)[:, None] * freedom
    positions += _events(days, first, rng) * freedom
    positions += _shape(years, rng)
    return days, positions.astype(np.float32)


def _trend(years: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Retreat in all years, fastest around one or two drawn years."""
    rate = np.full(years.size, 0.5)
    for _ in range(2):
        middle, length = rng.uniform(0.15, 0.85) * years[-1], rng.uniform(0.8, 2.0)
        rate += rng.uniform(0.5, 1.2) * np.exp(-0.5 * ((years - middle) / length) ** 2)
    lost = np.cumsum(rate) / rate.sum()
    position: npt.NDArray[np.float64] = FIRST_POSITION - RETREAT * min(1.0, years[-1] / 20.0) * lost
    return position


def _events(
    days: npt.NDArray[np.int64], first: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Calving events: part of the front is lost within days and regrows in about a year."""
    result = np.zeros((days.size, NODES.size))
    span = int(days[-1]) - first
    for _ in range(rng.poisson(3.0 * span / 365.25)):
        when = first + rng.integers(span)
        month = date.fromordinal(int(when)).month
        if 4 <= month <= 8 and rng.random() < 0.8:  # winter's mélange holds the front
            continue
        centre, width = rng.uniform(-1.0, 1.0), rng.uniform(0.15, 0.55)
        depth = rng.uniform(0.015, 0.07)
        patch = np.exp(-(np.abs((NODES - centre) / width) ** 3))
        age = (days - when) / 365.25
        course = np.where(age < 0, 0.0, np.exp(-np.maximum(age, 0.0) / 0.7))
        result -= depth * course[:, None] * patch
    return result


def _shape(years: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Slowly changing lateral shape: embayment, tilt and smaller lobes (red noise in time)."""
    result = np.zeros((years.size, NODES.size))
    inside = np.clip(NODES, -1.3, 1.3)
    embayment = 0.04 + 0.02 * _red_noise(years, 3.0, rng)
    result -= embayment[:, None] * (1.0 - inside**2)
    result += (0.022 * _red_noise(years, 2.0, rng))[:, None] * inside
    for mode in range(2, 11):
        amplitude = 0.02 / mode
        for phase in (0.0, np.pi / 2):
            course = amplitude * _red_noise(years, 2.5 / mode, rng)
            result += course[:, None] * np.sin(mode * np.pi / 2 * inside + phase)
    return result


def _red_noise(
    years: npt.NDArray[np.float64], memory_years: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """First-order autoregressive noise of unit variance, smoothed over a month."""
    step = STEP_DAYS / 365.25
    keep = np.exp(-step / memory_years)
    shocks = rng.standard_normal(years.size) * np.sqrt(1 - keep**2)
    values = np.empty(years.size)
    value = rng.standard_normal()
    for index, shock in enumerate(shocks):
        value = keep * value + shock
        values[index] = value
    smoothed: npt.NDArray[np.float64] = np.convolve(
        np.pad(values, 3, mode="edge"), np.full(7, 1 / 7), mode="valid"
    )
    return smoothed
