"""Measure all fronts by one method: the tidy table of positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from calvingfront.errors import PositionError
from calvingfront.position.box import Box
from calvingfront.position.centreline import (
    Bundle,
    centreline_position,
    multi_centreline_position,
)
from calvingfront.position.dated_fronts import Front
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.enclosed import box_position
from calvingfront.position.flowline import FlowLine
from calvingfront.position.line_error import CORRELATION_M, NORMAL_90, LineError
from calvingfront.position.measurement import NO_POSITION, OK, Measurement, missing
from calvingfront.position.season import decimal_years, hemisphere_of, season_of


@dataclass(frozen=True)
class Nowhere:
    """In place of a box or flow line where there is none; `reason` is given for every front."""

    reason: str


Target = Box | FlowLine | Bundle | Nowhere
DOUBTS = ("doubtful", "partial")  # qualities of a file that make a position doubtful
NUMBERS = (
    "position_m", "low_m", "high_m", "error_m", "area_km2", "first_m", "last_m", "width_m",
    "box_km2",
)  # fmt: skip


def measure(
    fronts: Sequence[Front],
    target: Target,
    method: str,
    frame: Frame,
    reach_m: float = 0.0,
    correlation_m: float = CORRELATION_M,
) -> pd.DataFrame:
    """Measure every front in a box, on a flow line or on a bundle of flow lines.

    correlation_m: length over which errors of a line are correlated, m (see `line_error`).
    Returns one row for each front, in the order given, with the columns
    scene, glacier:   as named in the layer.
    date:             date-time in UTC; decimal_year; season ("winter", "summer"; "" between the
                      tropics).
    method:           as given. position_m: metres down-glacier, empty without a position.
    low_m, high_m:    90 % interval of the position; error_m: its standard error; all empty where
                      the error of the line is unknown. error_source: where that error comes from.
    area_km2:         ice in the box on the ellipsoid; empty for methods without a box.
    flag, reason:     "ok", "doubtful" or "no position", and why. quality: as the file states it.
    crossings, first_m, last_m: as in `Measurement`.
    width_m, box_km2: mean width and area of the box, or width of the bundle; else empty.
    terminus_width_m, path_length_m, node_distance_m: of the whole front line, on the ellipsoid:
        straight from end to end; along it; and along it, divided by its number of vertices.
    """
    one = _method(target, reach_m, correlation_m)
    width, area = _size(target)
    rows = []
    for front in fronts:
        found = _measured(front, one)
        rows.append(
            {
                "scene": front.scene,
                "glacier": front.glacier,
                "date": front.date,
                "method": method,
                "position_m": found.position_m,
                "low_m": _beside(found, -NORMAL_90),
                "high_m": _beside(found, NORMAL_90),
                "error_m": found.error_m,
                "error_source": ""
                if found.error_m is None or not front.error
                else front.error.source,
                "area_km2": None if found.area_m2 is None else found.area_m2 / 1e6,
                "flag": found.flag,
                "reason": "; ".join(found.reasons),
                "quality": front.quality,
                "crossings": found.crossings,
                "first_m": found.first_m,
                "last_m": found.last_m,
                "width_m": width,
                "box_km2": area,
                **_shape(front.line, frame),
            }
        )
    table = pd.DataFrame(rows)
    table[list(NUMBERS)] = table[list(NUMBERS)].astype(float)
    table["date"] = pd.to_datetime(table["date"])
    dated = table["date"].notna()
    years = np.full(len(table), np.nan)
    years[dated] = decimal_years(table.loc[dated, "date"])
    table.insert(3, "decimal_year", years)
    table.insert(4, "season", _seasons(table["date"], latitude_of(target)))
    return table


def latitude_of(target: Target) -> float:
    """Latitude of the middle of a box or flow line, degrees; NaN without one."""
    if isinstance(target, Nowhere):
        return float("nan")
    if isinstance(target, Box):
        return target.frame.latitude(target.polygon)
    line = target.main if isinstance(target, Bundle) else target
    return line.frame.latitude(line.line)


def usable(table: pd.DataFrame, flagged: bool) -> pd.DataFrame:
    """The rows flagged "ok", and on request all others that have a position."""
    kept: pd.DataFrame = table[(table["flag"] != NO_POSITION) if flagged else (table["flag"] == OK)]
    return kept


def _method(
    target: Target, reach_m: float, correlation_m: float
) -> Callable[[Any, LineError | None], Measurement]:
    def one(line: Any, error: LineError | None) -> Measurement:
        if error is not None:
            error = error.correlated_over(correlation_m)
        if isinstance(target, Box):
            return box_position(line, target, reach_m, error)
        if isinstance(target, Nowhere):
            return missing(target.reason)
        if isinstance(target, Bundle):
            return multi_centreline_position(line, target, error)
        return centreline_position(line, target, error)

    return one


def _size(target: Target) -> tuple[float | None, float | None]:
    if isinstance(target, Box):
        return target.width_m, target.area_m2 / 1e6
    return (target.width_m if isinstance(target, Bundle) else None), None


def _measured(front: Front, one: Callable[[Any, LineError | None], Measurement]) -> Measurement:
    """Measure a front; the doubts that its file states are added to the reasons."""
    if front.date is None:
        return missing("no date")
    if front.line is None:
        return missing(f"no line: {front.remark}" if front.remark else "no line")
    found = one(front.line, front.error)
    if front.quality not in DOUBTS:
        return found
    stated = f"{front.quality} in the file" + (f": {front.remark}" if front.remark else "")
    return replace(found, reasons=(stated, *found.reasons))


def _beside(found: Measurement, errors: float) -> float | None:
    """The position plus a number of standard errors; None where either is missing."""
    if found.position_m is None or found.error_m is None:
        return None
    return found.position_m + errors * found.error_m


def _seasons(dates: Any, latitude: float) -> list[str]:
    if np.isnan(latitude):
        return [""] * len(dates)
    try:
        hemisphere = hemisphere_of(latitude)
    except PositionError:
        return [""] * len(dates)
    return ["" if pd.isna(date) else season_of(date.month, hemisphere) for date in dates]


def _shape(line: Any | None, frame: Frame) -> dict[str, float]:
    """Width, path length and mean distance between vertices of a whole front line, m."""
    if line is None:
        return dict.fromkeys(("terminus_width_m", "path_length_m", "node_distance_m"), np.nan)
    length = frame.length_m(line)
    tips = [
        shapely.get_coordinates(part)[end] for part in shapely.get_parts(line) for end in (0, -1)
    ]
    # With several pieces, between the two ends furthest apart.
    widths = [
        frame.length_m(shapely.LineString([a, b]))
        for number, a in enumerate(tips)
        for b in tips[number + 1 :]
    ]
    return {
        "terminus_width_m": max(widths),
        "path_length_m": length,
        "node_distance_m": length / len(shapely.get_coordinates(line)),
    }
