"""Write series: MaQiT's columns, our own, and the fitted trend and season."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from calvingfront.files import PathLike, replacing
from calvingfront.position.season import Hemisphere, day_of
from calvingfront.position.series import usable
from calvingfront.position.trend import Estimate, Fit

# Column names as MaQiT v1.05 spells them.
MAQIT = (
    "Year",
    "Month",
    "Day",
    "Serial Date",
    "Terminus Position on flowline",
    "Terminus position relative to most recent observation (m)",
    "Terminus change (m)",
    "Rate of Terminus Change (m/yr)",
    "Terminus Width (m)",
    "Terminus path length (m)",
    "Mean distance between nodes (m)",
)
MAQIT_BOX = ("Box Width (m)", "Box Area (m^2)")
MATLAB_DAY_ZERO = 366  # MATLAB counts days from year 0, Python from year 1
MAQIT_DAYS_PER_YEAR = 365  # not 365.25: its rates divide by this

DECIMALS = {
    "decimal_year": 6,
    "position_m": 2,
    "area_km2": 6,
    "error_m": 2,
    "low_m": 2,
    "high_m": 2,
    "width_m": 2,
    "box_km2": 6,
    "terminus_width_m": 2,
    "path_length_m": 2,
    "node_distance_m": 3,
}
TREND = ("quantity", "start", "end", "estimate", "low", "high", "unit", "note")


def maqit_table(table: pd.DataFrame) -> pd.DataFrame:
    """A measured series (`series.measure`) in MaQiT's columns.

    Fronts without a position have no row, as in MaQiT; doubtful ones have one. "Box Area" is the
    area of the ice in the box; both box columns are written for boxes only. Change and rate are
    relative to the row above. MaQiT's own files name the method in a line above the header.
    Source: writeOutputData.m of MaQiT v1.05 (Lea 2018).
    """
    kept = usable(table, doubtful=True).sort_values("date", kind="stable")
    dates = pd.DatetimeIndex(kept["date"])
    position = kept["position_m"].to_numpy(float)
    midnight = dates.normalize()
    serial = np.array([date.toordinal() + MATLAB_DAY_ZERO for date in midnight], dtype=float)
    serial += (dates - midnight) / pd.Timedelta(days=1)
    change = np.diff(position, prepend=np.nan)
    days = np.diff(serial, prepend=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = change / (days / MAQIT_DAYS_PER_YEAR)
    rate[~np.isfinite(rate)] = np.nan  # two fronts at the same time have no rate
    columns = [
        dates.year,
        dates.month,
        dates.day,
        serial,
        position,
        position - position[-1] if len(position) else position,
        change,
        rate,
        kept["terminus_width_m"],
        kept["path_length_m"],
        kept["node_distance_m"],
    ]
    names = list(MAQIT)
    if kept["box_km2"].notna().any():
        columns += [kept["width_m"], kept["area_km2"] * 1e6]
        names += MAQIT_BOX
    return pd.DataFrame(
        {name: np.asarray(column) for name, column in zip(names, columns, strict=True)}
    )


def trend_table(
    fit: Fit | None,
    hemisphere: Hemisphere,
    periods: Sequence[tuple[float, float]] = (),
    fault: str = "",
) -> pd.DataFrame:
    """The results of a fit: rates, season, and the size and memory of the residuals.

    periods: (from, to) in decimal years, for rates besides those of the whole series and of the
    pieces between breaks. Without a fit, the table has one row, with `fault` as its note.
    """
    if fit is None:
        row = ("none", np.nan, np.nan, np.nan, np.nan, np.nan, "", fault)
        return pd.DataFrame([row], columns=list(TREND))
    first, last = float(fit.times[0]), float(fit.times[-1])
    notes = "; ".join(fit.notes)
    asked = [(first, last)]
    if fit.breaks:
        edges = [first, *fit.breaks, last]
        asked += list(pairwise(edges))
    rows: list[tuple[object, ...]] = []
    for start, end in [*asked, *periods]:
        rows.append(_row("rate", start, end, fit.rate(start, end), "m/yr", notes))
    if fit.harmonics:
        rows.append(_row("season, highest to lowest", first, last, fit.swing(), "m", notes))
        gap = fit.winter_minus_summer(hemisphere)
        months = "October to March" if hemisphere == "north" else "April to September"
        rows.append(_row("winter minus summer", first, last, gap, "m", f"winter: {months}"))
        peak = fit.furthest()
        rows.append(
            _row("season highest", first, last, peak, "part of the year", day_of(peak.value))
        )
    spread = f"{len(fit.times)} positions; intervals at {fit.level:.0%}"
    for name, value, unit in (
        ("residuals, standard deviation", fit.residual_m(), "m"),
        ("residuals, memory", fit.memory_days(), "days"),
    ):
        rows.append((name, first, last, value, np.nan, np.nan, unit, spread))
    return pd.DataFrame(rows, columns=list(TREND))


def write_positions(table: pd.DataFrame, path: PathLike) -> None:
    """Write a measured series as CSV; dates as YYYY-MM-DD, with the time unless midnight."""
    shown = table.round(DECIMALS)
    shown["date"] = [_written(date) for date in table["date"]]
    _write(shown, path)


def write_maqit(table: pd.DataFrame, path: PathLike) -> None:
    """Write a measured series in MaQiT's columns as CSV."""
    _write(maqit_table(table).round(4), path)


def write_trend(table: pd.DataFrame, path: PathLike) -> None:
    """Write the results of a fit as CSV."""
    _write(table.round({"start": 4, "end": 4, "estimate": 4, "low": 4, "high": 4}), path)


def _row(
    name: str, start: float, end: float, found: Estimate, unit: str, note: str
) -> tuple[object, ...]:
    return (name, start, end, found.value, found.low, found.high, unit, note)


def _written(date: pd.Timestamp) -> str:
    if pd.isna(date):
        return ""
    return f"{date:%Y-%m-%d}" if date == date.normalize() else f"{date:%Y-%m-%dT%H:%M:%SZ}"


def _write(table: pd.DataFrame, path: PathLike) -> None:
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)
