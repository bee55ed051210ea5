"""Write series: MaQiT's columns, our own, and the fitted trend and season."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from calvingfront.files import PathLike, replacing
from calvingfront.position.analysis import Analysis
from calvingfront.position.season import Hemisphere, day_of
from calvingfront.position.series import usable
from calvingfront.position.trend import Estimate

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
    "first_m": 2,
    "last_m": 2,
    "width_m": 2,
    "box_km2": 6,
    "terminus_width_m": 2,
    "path_length_m": 2,
    "node_distance_m": 3,
}
TREND = (
    "quantity", "start", "end", "estimate", "low", "high", "unit", "fronts", "n", "note",
)  # fmt: skip


def maqit_table(table: pd.DataFrame) -> pd.DataFrame:
    """A measured series (`series.measure`) in MaQiT's columns.

    Fronts without a position have no row, as in MaQiT; flagged ones have one. "Box Area" is the
    area of the ice in the box; both box columns are written for boxes only. Change and rate are
    relative to the row above. MaQiT's own files name the method in a line above the header.
    Source: writeOutputData.m of MaQiT v1.05 (Lea 2018).
    """
    kept = usable(table, flagged=True).sort_values("date", kind="stable")
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


def trend_table(analyses: Sequence[Analysis], hemisphere: Hemisphere | None) -> pd.DataFrame:
    """The results of the fits: rates, season, and the size and memory of the residuals.

    Rates are given for the whole series, for the pieces between breaks, and for the periods asked
    for, each without and with flagged fronts; n counts the fronts used. Without a fit, there is one
    row, with the fault as its note.
    """
    rows: list[tuple[object, ...]] = []
    for analysis in analyses:
        which = "all" if len(analyses) == 1 else "without flagged"
        if analysis.flagged:
            which = "with flagged"
        rows += [(*row[:7], which, row[7], row[8]) for row in _rows(analysis, hemisphere)]
    return pd.DataFrame(rows, columns=list(TREND))


def _rows(analysis: Analysis, hemisphere: Hemisphere | None) -> list[tuple[object, ...]]:
    fit, count = analysis.fit, analysis.count
    nothing = np.nan
    rows: list[tuple[object, ...]] = []

    def row(
        name: str, start: float, end: float, found: Estimate, unit: str, note: str, n: int = count
    ) -> None:
        rows.append((name, start, end, found.value, found.low, found.high, unit, n, note))

    if fit is None:
        rows.append(
            ("none", nothing, nothing, nothing, nothing, nothing, "", count, analysis.fault)
        )
    else:
        first, last = float(fit.times[0]), float(fit.times[-1])
        notes = "; ".join(fit.notes)
        edges = [first, *fit.breaks, last]
        for start, end in [(first, last), *(pairwise(edges) if fit.breaks else ())]:
            row("rate", start, end, fit.rate(start, end), "m/yr", notes)
    for one in analysis.periods:
        row("rate", *one.period, one.rate, "m/yr", one.note, one.count)
    if fit is None:
        return rows
    if hemisphere is not None:
        row("season, highest to lowest", first, last, fit.swing(), "m", notes)
        gap = fit.winter_minus_summer(hemisphere)
        months = "October to March" if hemisphere == "north" else "April to September"
        row("winter minus summer", first, last, gap, "m", f"winter: {months}")
        peak = fit.furthest()
        row("season highest", first, last, peak, "part of the year", day_of(peak.value))
    spread = f"intervals at {fit.level:.0%}"
    if analysis.weighted:
        spread += "; beyond the errors of the positions"
    for name, value, unit in (
        ("residuals, standard deviation", fit.residual_m(), "m"),
        ("residuals, memory", fit.memory_days(), "days"),
    ):
        rows.append((name, first, last, value, nothing, nothing, unit, count, spread))
    return rows


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


def _written(date: pd.Timestamp) -> str:
    if pd.isna(date):
        return ""
    return f"{date:%Y-%m-%d}" if date == date.normalize() else f"{date:%Y-%m-%dT%H:%M:%SZ}"


def _write(table: pd.DataFrame, path: PathLike) -> None:
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)
