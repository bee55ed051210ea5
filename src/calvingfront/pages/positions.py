"""Positions of fronts through time, as a page shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.position.measurement import DOUBTFUL, NO_POSITION, OK
from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import moment_of

COLUMNS = ("date", "value", "low", "high", "flag")
OUTLIER = "outlier"
FLAGS = (OK, DOUBTFUL, OUTLIER, NO_POSITION)
NEEDED = ("glacier", "date", "position_m", "flag")
# Only tables with this column have intervals in low_m and high_m; in others these columns hold the
# places where the front meets its flow lines.
HAS_INTERVALS = "first_m"
REMEDY = "Give positions.csv of calvingfront position."

Positions = Mapping[str, pd.DataFrame]


def read_positions(paths: PathLike | Sequence[PathLike]) -> dict[str, pd.DataFrame]:
    """Read tables of `calvingfront position`; return the tables that a page takes.

    Keys are glaciers; each table has COLUMNS and `scene`. value: m down-glacier; low, high: ends of
    the error bar, m (the 90 % interval, or else position ± error_m), NaN where unknown; `attrs`
    say in "bars" which.
    Raises PositionError where a table is unreadable, incomplete or contradictory, or two tables are
    about one glacier.
    """
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    found: dict[str, pd.DataFrame] = {}
    for path in map(Path, several):
        for glacier, table in _read(path).items():
            if glacier in found:
                raise PositionError(
                    path, f"repeats the glacier {glacier!r}", "Give one table for each glacier."
                )
            found[glacier] = table
    return found


def _read(path: Path) -> dict[str, pd.DataFrame]:
    try:
        table = pd.read_csv(path, dtype={"scene": str, "glacier": str, "date": str})
    except (OSError, ValueError) as error:
        raise PositionError(path, f"is not a readable table ({error})", REMEDY) from None
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise PositionError(path, f"has no column {', '.join(missing)}", REMEDY)
    for name in {"position_m", "error_m", "low_m", "high_m"} & set(table.columns):
        try:
            table[name] = table[name].astype(float)
        except ValueError as error:
            raise PositionError(path, f"{name}: {error}", "Write numbers, in metres.") from None
    found = pd.DataFrame({"date": table["date"], "flag": table["flag"]})
    found["scene"] = table["scene"] if "scene" in table.columns else None
    found["value"] = table["position_m"]
    if {HAS_INTERVALS, "low_m", "high_m"} <= set(table.columns):
        found["low"], found["high"], bars = table["low_m"], table["high_m"], "90 % interval"
    else:
        errors = table["error_m"] if "error_m" in table.columns else np.nan
        found["low"], found["high"] = found["value"] - errors, found["value"] + errors
        bars = "stated error"
    tables = {}
    for glacier, rows in found.groupby(table["glacier"].fillna("")):
        tables[str(glacier)] = checked(rows, path)
        tables[str(glacier)].attrs["bars"] = bars
    return tables


def checked(table: pd.DataFrame, where: object) -> pd.DataFrame:
    """A table of positions, with its columns checked and rows without a date left out.

    Raises PositionError for missing columns, unreadable dates, unknown flags, infinite values, and
    error bars that do not contain their position.
    """
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise PositionError(where, f"has no column {', '.join(missing)}", "Add it.")
    table = table.assign(scene=table["scene"] if "scene" in table.columns else None)
    undated = table["date"].isna() | (table["date"].astype(str).str.strip() == "")
    table = table[~undated].copy()
    try:
        moments = pd.Series([moment_of(value) for value in table["date"]], dtype=object)
    except Unreadable as error:
        raise PositionError(where, f"date: {error.what}", error.remedy) from None
    table["moment"] = pd.to_datetime(moments, utc=True).to_numpy()
    strange = sorted({str(flag) for flag in table["flag"]} - set(FLAGS))
    if strange:
        raise PositionError(
            where, f"flag {strange[0]!r} is unknown", f"Write one of: {', '.join(FLAGS)}."
        )
    numbers = table[["value", "low", "high"]].astype(float)
    if np.isinf(numbers.to_numpy()).any():
        raise PositionError(where, "has infinite positions", "Leave them empty.")
    table[["value", "low", "high"]] = numbers
    wrong = (numbers["low"] > numbers["value"]) | (numbers["high"] < numbers["value"])
    if wrong.any():
        row = table["date"].to_numpy()[wrong.to_numpy().argmax()]
        raise PositionError(
            where,
            f"has an error bar on {row} that does not contain its position",
            "Write low ≤ value ≤ high, in metres.",
        )
    return table.sort_values("moment", kind="stable")
