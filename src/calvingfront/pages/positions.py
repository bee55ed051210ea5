"""Positions of fronts through time, as a page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.position.measurement import DOUBTFUL, NO_POSITION, OK

COLUMNS = ("date", "value", "low", "high", "flag")
FLAGS = (OK, DOUBTFUL, NO_POSITION)
NEEDED = ("glacier", "date", "position_m", "flag")
# Pairs of columns with the ends of the error bars; the first pair that a table has is used.
BOUNDS = (("position_low_m", "position_high_m"), ("lower_m", "upper_m"))

Positions = Mapping[str, pd.DataFrame]


def read_positions(path: PathLike) -> dict[str, pd.DataFrame]:
    """Read positions.csv of `calvingfront position`; return the tables that a page takes.

    Keys are glaciers; each table has COLUMNS and `scene`. value: m down-glacier; low, high: ends of
    the error bar, m (position ± error_m where the table has no bounds), NaN where unknown.
    Raises PositionError where the table is unreadable, incomplete or contradictory.
    """
    path = Path(path)
    try:
        table = pd.read_csv(path, dtype={"scene": str, "glacier": str, "date": str})
    except (OSError, ValueError) as error:
        raise PositionError(
            path,
            f"is not a readable table ({error})",
            "Give positions.csv of calvingfront position.",
        ) from None
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise PositionError(
            path,
            f"has no column {', '.join(missing)}",
            "Give positions.csv of calvingfront position.",
        )
    found = pd.DataFrame({"date": table["date"], "flag": table["flag"]})
    found["scene"] = table["scene"] if "scene" in table.columns else None
    for name in ("position_m", "error_m", *(name for pair in BOUNDS for name in pair)):
        if name in table.columns:
            try:
                table[name] = table[name].astype(float)
            except ValueError as error:
                raise PositionError(path, f"{name}: {error}", "Write numbers, in metres.") from None
    found["value"] = table["position_m"]
    for low, high in BOUNDS:
        if low in table.columns and high in table.columns:
            found["low"], found["high"] = table[low], table[high]
            break
    else:
        errors = table["error_m"] if "error_m" in table.columns else np.nan
        found["low"], found["high"] = found["value"] - errors, found["value"] + errors
    glaciers = table["glacier"].fillna("")
    tables = {str(name): rows for name, rows in found.groupby(glaciers)}
    return {name: checked(rows, path) for name, rows in tables.items()}


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
        dates = pd.to_datetime(table["date"], utc=True, format="ISO8601")
    except ValueError as error:
        raise PositionError(where, f"date: {error}", "Write dates as YYYY-MM-DD.") from None
    table["moment"] = dates
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
