"""Trend and season, and whether their intervals hold what they promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from calvingfront.errors import PositionError
from calvingfront.position.analysis import analyse
from calvingfront.position.memory import _whiten
from calvingfront.position.tables import trend_table
from calvingfront.position.trend import YEAR, fit

Array = npt.NDArray[np.float64]
RATE, SWING, PEAK = -150.0, 300.0, 0.4
WORLDS = 400


def season(times: Array) -> Array:
    return SWING / 2 * np.cos(2 * np.pi * (times - PEAK))


def dates(random: np.random.Generator, years: float, count: int, summers: bool = False) -> Array:
    times = random.uniform(0, years, 4 * count)
    if summers:
        times = times[(times % 1 > 0.15) & (times % 1 < 0.8)]
    return np.asarray(2015 + np.sort(random.choice(times, count, replace=False)))


def residuals(random: np.random.Generator, times: Array, days: float, white: float) -> Array:
    """60 m of noise that remembers for so many days, a part of it white."""
    lags = np.abs(times[:, None] - times) * 365.25
    root = np.linalg.cholesky(np.exp(-lags / days) + 1e-9 * np.eye(len(times)))
    remembered = root @ random.standard_normal(len(times))
    fresh = random.standard_normal(len(times))
    return np.asarray(60 * (np.sqrt(1 - white) * remembered + np.sqrt(white) * fresh))


def world(seed: int, years: float = 6, count: int = 90, days: float = 45, **kind: Any) -> Any:
    random = np.random.default_rng(seed)
    times = dates(random, years, count, **kind)
    level = 4000 + RATE * (times - 2015)
    return times, level + season(times) + residuals(random, times, days, 0.2)


def plain_interval(times: Array, values: Array) -> tuple[float, float]:
    """The rate as least squares tells it that takes residuals for independent."""
    angle = 2 * np.pi * times
    design = np.column_stack(
        [np.ones_like(times), times - times.mean(), np.cos(angle), np.sin(angle)]
    )
    found, *_ = np.linalg.lstsq(design, values, rcond=None)
    left = values - design @ found
    variance = left @ left / (len(times) - 4) * np.linalg.inv(design.T @ design)[1, 1]
    reach = stats.t.ppf(0.975, len(times) - 4) * np.sqrt(variance)
    return float(found[1] - reach), float(found[1] + reach)


def likely(hits: int, worlds: int, chance: float = 0.95) -> bool:
    """Whether so many hits happen, at this chance, in 999 of 1000 experiments."""
    return bool(stats.binomtest(hits, worlds, chance).pvalue > 1e-3)


def test_the_intervals_hold_the_truth_in_95_of_100_worlds() -> None:
    """Fronts from spring to autumn only, residuals that last 45 days."""
    winter = (YEAR - 0.75) % 1 < 0.5
    shape = season(YEAR)
    difference = shape[winter].mean() - shape[~winter].mean()
    held = dict.fromkeys(("rate", "last year", "swing", "winter − summer", "peak"), 0)
    plainly = 0
    for seed in range(WORLDS):
        times, values = world(seed, summers=True)
        found = fit(times, values)
        for name, estimate, truth in (
            ("rate", found.rate(), RATE),
            ("last year", found.rate(times[-1] - 1, times[-1]), RATE),
            ("swing", found.swing(), SWING),
            ("winter − summer", found.winter_minus_summer("north"), difference),
            ("peak", found.furthest(), PEAK),
        ):
            held[name] += int(estimate.low <= truth <= estimate.high)
        low, high = plain_interval(times, values)
        plainly += low <= RATE <= high
    print(f"\nheld by 95 % intervals in {WORLDS} worlds:", held, "plain least squares:", plainly)
    for name, hits in held.items():
        assert likely(hits, WORLDS), f"{name}: {hits} of {WORLDS}"
    assert plainly < 0.75 * WORLDS  # the correction is no ornament


def test_two_rates_are_told_apart_by_intervals_that_hold() -> None:
    worlds, held = 100, np.zeros(2, int)
    for seed in range(worlds):
        times, values = world(1000 + seed, years=8, count=120)
        values = values + 400 * np.maximum(0, times - 2019)
        found = fit(times, values, breaks=[2019.0])
        for k, (period, truth) in enumerate((((None, 2019.0), -150), ((2019.0, None), 250))):
            estimate = found.rate(*period)
            held[k] += estimate.low <= truth <= estimate.high
    assert all(likely(int(hits), worlds) for hits in held), held


def test_without_noise_every_number_is_exact() -> None:
    times = np.linspace(2015, 2021, 100)
    values = 4000 + RATE * (times - 2015) + season(times)
    found = fit(times, values)
    rate = found.rate()
    assert rate.value == pytest.approx(RATE, abs=1e-6)
    assert rate.high - rate.low < 1e-6
    assert found.swing().value == pytest.approx(SWING, rel=1e-3)
    assert found.furthest().value == pytest.approx(PEAK, abs=0.004)
    curve, low, high = found.curve(times)
    assert curve == pytest.approx(values, abs=1e-6)
    assert (low <= curve + 1e-6).all()
    assert (high >= curve - 1e-6).all()
    trend, _, _ = found.curve(times, season=False)
    assert trend == pytest.approx(4000 + RATE * (times - 2015), abs=1e-6)


def test_a_season_of_two_harmonics_is_found() -> None:
    times = np.linspace(2015, 2021, 200)
    sawtooth = 100 * np.cos(2 * np.pi * times) + 50 * np.sin(4 * np.pi * times)
    values = RATE * times + sawtooth
    exact = fit(times, values, harmonics=2)
    fine = 100 * np.cos(2 * np.pi * YEAR) + 50 * np.sin(4 * np.pi * YEAR)
    assert exact.swing().value == pytest.approx(np.ptp(fine), rel=1e-3)
    assert exact.residual_m() < 1e-6
    assert fit(times, values, harmonics=1).residual_m() > 20


def test_winter_and_summer_change_places_with_the_hemisphere() -> None:
    times, values = world(3)
    found = fit(times, values)
    north, south = (found.winter_minus_summer(side) for side in ("north", "south"))  # type: ignore[arg-type]
    assert north.value == pytest.approx(-south.value, rel=0.02)
    assert north.value < 0  # highest in late May


def test_a_front_stated_to_be_uncertain_counts_less() -> None:
    times = np.linspace(2015, 2021, 120)
    values = 4000 + RATE * (times - 2015) + np.random.default_rng(1).normal(0, 5, 120)
    errors = np.full(120, 5.0)
    values[100:110] += 800  # ten bad fronts
    errors[100:110] = 500
    trusting = abs(fit(times, values, 0).rate().value - RATE)
    warned = abs(fit(times, values, 0, errors=errors).rate().value - RATE)
    assert warned < 0.2 * trusting


def test_the_order_of_the_fronts_does_not_matter() -> None:
    times, values = world(5)
    shuffled = np.random.default_rng(0).permutation(len(times))
    one, other = fit(times, values), fit(times[shuffled], values[shuffled])
    assert one.rate() == other.rate()
    assert one.swing() == other.swing()


def test_the_filter_whitens_as_the_whole_matrix_does() -> None:
    random = np.random.default_rng(2)
    times = np.sort(random.uniform(0, 3, 30))
    times[7] = times[6]  # two fronts of one moment
    noise = random.uniform(0.5, 2, 30)
    memory, share = np.array([0.05, 0.7]), np.array([0.2, 0.6])
    columns = random.standard_normal((30, 3))
    white, log_variance = _whiten(np.diff(times), columns, memory, 1 - share, share, noise)
    for k in range(2):
        lags = np.abs(times[:, None] - times)
        full = (1 - share[k]) * np.exp(-lags / memory[k]) + np.diag(share[k] + noise)
        assert white[:, k].T @ white[:, k] == pytest.approx(
            columns.T @ np.linalg.solve(full, columns)
        )
        assert log_variance[k] == pytest.approx(np.linalg.slogdet(full)[1])


def test_a_period_beyond_the_fronts_has_no_rate() -> None:
    found = fit(*world(1))
    for period in ((2014.0, 2016.0), (2016.0, 2030.0), (2017.0, 2017.0), (2018.0, 2017.0)):
        with pytest.raises(PositionError, match="has no rate"):
            found.rate(*period)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"harmonics": 3}, "3 harmonics"),
        ({"level": 95}, "level 95"),
        ({"breaks": [2014.0]}, "too few positions between two breaks"),
        ({"breaks": [2018.0, 2018.001]}, "too few positions between two breaks"),
        ({"errors": np.zeros(90)}, "errors that are not positive"),
    ],
)
def test_a_fit_without_sense_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PositionError, match=said):
        fit(*world(1), **change)


def test_a_series_that_is_too_short_is_refused() -> None:
    times, values = world(1)
    with pytest.raises(PositionError, match="7 positions for 4 coefficients"):
        fit(times[:7], values[:7])
    early = times < times[0] + 0.9
    with pytest.raises(PositionError, match="too short to separate"):
        fit(times[early], values[early])
    assert fit(times[early], values[early], harmonics=0).rate().high
    with pytest.raises(PositionError, match="non-finite dates or positions"):
        fit(times, np.where(times > 2018, np.nan, values))


def test_dark_months_and_a_bent_trend_are_noted() -> None:
    assert not fit(*world(1)).notes
    assert "no front in 4 months" in fit(*world(1, summers=True)).notes[0]
    times, values = world(1, years=12, count=200)
    bent = values + 3000 * np.tanh(times - 2021)
    assert "the trend bends" in fit(times, bent).notes[0]


def test_the_table_of_a_fit_names_every_number() -> None:
    times, values = world(1, years=8, count=120)
    series = pd.DataFrame(
        {"decimal_year": times, "position_m": values, "error_m": np.nan, "flag": "ok"}
    )
    one = analyse(series, False, breaks=[2019.0], periods=[(2016.0, 2017.9), (2016.5, 2017.4)])
    table = trend_table([one], "north")
    assert table["quantity"].tolist()[:5] == ["rate"] * 5
    assert table["start"].tolist()[3:5] == [2016.0, 2016.5]
    assert {"season, highest to lowest", "winter minus summer", "season highest"} < set(
        table["quantity"]
    )
    assert (table["low"].dropna() <= table["high"].dropna()).all()
    inside = int(((times >= 2016) & (times <= 2017.9)).sum())
    assert table["n"].tolist()[:5] == [120, 120, 120, inside, int(
        ((times >= 2016.5) & (times <= 2017.4)).sum()
    )]  # fmt: skip
    assert "this period only" in table["note"][3]
    assert table["note"][4] == "season from the whole series"
    none = trend_table([analyse(series[:5], False)], "north")
    assert "5 positions for 4 coefficients" in none["note"][0]
    assert list(none.columns) == list(table.columns)


def test_the_rate_of_a_period_comes_from_its_own_fronts() -> None:
    """The rate doubles in 2018; a straight trend would give one rate for all periods."""
    times = np.sort(np.random.default_rng(0).uniform(2015, 2021, 150))
    values = -100 * (times - 2015) - 100 * np.maximum(0, times - 2018) + season(times)
    series = pd.DataFrame(
        {"decimal_year": times, "position_m": values, "error_m": np.nan, "flag": "ok"}
    )
    found = analyse(series, False, periods=[(2015.0, 2018.0), (2018.0, 2021.0)]).periods
    assert [one.rate.value for one in found] == pytest.approx([-100, -200], abs=1e-3)
    assert sum(one.count for one in found) == 150


def test_the_rate_of_half_a_year_has_its_season_from_the_whole_series() -> None:
    """In these six months the season alone falls by 300 m; the trend is -150 m/yr."""
    held = 0
    for seed in range(40):
        times, values = world(3000 + seed, years=6, count=400)
        series = pd.DataFrame(
            {"decimal_year": times, "position_m": values, "error_m": np.nan, "flag": "ok"}
        )
        inside = times[(times >= 2017.4) & (times <= 2017.9)]
        period = (float(inside[0]), float(inside[-1]))
        (found,) = analyse(series, False, periods=[period]).periods
        held += found.rate.low <= RATE <= found.rate.high
    print(f"\nrate of half a year held in {held} of 40 worlds")
    assert likely(held, 40)


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ((2016.0, 2016.1), "usable fronts, but a rate needs 8"),
        ((2014.0, 2017.0), "has fronts from 2015"),
        ((2017.0, 2016.0), "ends before it starts"),
    ],
)
def test_a_period_with_too_few_fronts_is_refused(period: tuple[float, float], said: str) -> None:
    times, values = world(1)
    series = pd.DataFrame(
        {"decimal_year": times, "position_m": values, "error_m": np.nan, "flag": "ok"}
    )
    with pytest.raises(PositionError, match=f"--period {period[0]:g}:.*{said}"):
        analyse(series, False, periods=[period])


def test_positions_with_errors_of_all_sizes_are_weighted_and_the_intervals_hold() -> None:
    """Errors from 5 to 250 m on top of residuals that last; fronts from spring to autumn only."""
    worlds = 200
    held = dict.fromkeys(("rate", "swing"), 0)
    widths = np.zeros((worlds, 2))
    for seed in range(worlds):
        times, values = world(seed, summers=True)
        random = np.random.default_rng(10_000 + seed)
        errors = np.exp(random.uniform(np.log(5), np.log(250), len(times)))
        values = values + errors * random.standard_normal(len(times))
        found = fit(times, values, errors=errors)
        for name, estimate, truth in (
            ("rate", found.rate(), RATE),
            ("swing", found.swing(), SWING),
        ):
            held[name] += int(estimate.low <= truth <= estimate.high)
        for k, rate in enumerate((found.rate(), fit(times, values).rate())):
            widths[seed, k] = rate.high - rate.low
    narrower = float(np.median(widths[:, 0] / widths[:, 1]))
    print(f"\nheld in {worlds} worlds with errors:", held, f"; width {narrower:.2f} of unweighted")
    assert all(likely(hits, worlds) for hits in held.values()), held
    assert narrower < 0.9


def test_errors_stated_too_small_or_too_large_leave_the_intervals_honest() -> None:
    for factor in (0.2, 2.0):
        held = 0
        for seed in range(60):
            times, values = world(seed, years=6)
            random = np.random.default_rng(20_000 + seed)
            errors = random.uniform(20, 80, len(times))
            values = values + errors * random.standard_normal(len(times))
            rate = fit(times, values, errors=factor * errors).rate()
            held += rate.low <= RATE <= rate.high
        assert held >= 53, (factor, held)  # of 60; at 95 % fewer come once in a thousand times
