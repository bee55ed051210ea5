"""Measure all fronts by one method: the tidy table of positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from calvingfront.position.box import Box
from calvingfront.position.centreline import (
    Bundle,
    centreline_position,
    multi_centreline_position,
)
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.enclosed import box_position
from calvingfront.position.flowline import FlowLine
from calvingfront.position.layers import Front
from calvingfront.position.measurement import DOUBTFUL, OK, Measurement, missing
from calvingfront.position.season import decimal_years, hemisphere_of, season_of

Target = Box | FlowLine | Bundle


def measure(
    fronts: Sequence[Front], target: Target, method: str, frame: Frame, reach_m: float = 0.0
) -> pd.DataFrame:
    """Measure every front in a box, on a flow line or on a bundle of flow lines.

    Returns one row for each front, in the order given, with the columns
    scene, glacier:   as named in the layer.
    date:             date-time in UTC; decimal_year; season ("winter", "summer").
    method:           as given. position_m: metres down-glacier, empty without a position.
    area_km2:         ice in the box on the ellipsoid; empty for methods without a box.
    flag, reason:     "ok", "doubtful" or "no position", and why.
    error_m:          as stated in the layer.
    crossings, low_m, high_m: as in `Measurement`.
    width_m, box_km2: mean width and area of the box, or width of the bundle; else empty.
    terminus_width_m, path_length_m, node_distance_m: of the whole front line, on the ellipsoid:
        straight from end to end; along it; and along it, divided by its number of vertices.
    """
    one = _method(target, reach_m)
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
                "area_km2": None if found.area_m2 is None else found.area_m2 / 1e6,
                "flag": found.flag,
                "reason": "; ".join(found.reasons),
                "error_m": front.error_m,
                "crossings": found.crossings,
                "low_m": found.low_m,
                "high_m": found.high_m,
                "width_m": width,
                "box_km2": area,
                **_shape(front.line, frame),
            }
        )
    table = pd.DataFrame(rows)
    numbers = ["position_m", "area_km2", "error_m", "low_m", "high_m", "width_m", "box_km2"]
    table[numbers] = table[numbers].astype(float)
    table["date"] = pd.to_datetime(table["date"])
    dated = table["date"].notna()
    years = np.full(len(table), np.nan)
    years[dated] = decimal_years(table.loc[dated, "date"])
    table.insert(3, "decimal_year", years)
    hemisphere = hemisphere_of(latitude_of(target))
    seasons = [season_of(d.month, hemisphere) if not pd.isna(d) else "" for d in table["date"]]
    table.insert(4, "season", seasons)
    return table


def latitude_of(target: Target) -> float:
    """Latitude of the middle of a box or flow line, degrees."""
    if isinstance(target, Box):
        return target.frame.latitude(target.polygon)
    line = target.main if isinstance(target, Bundle) else target
    return line.frame.latitude(line.line)


def usable(table: pd.DataFrame, doubtful: bool) -> pd.DataFrame:
    """The rows flagged "ok", and on request those flagged "doubtful"."""
    kept: pd.DataFrame = table[table["flag"].isin([OK, DOUBTFUL] if doubtful else [OK])]
    return kept


def _method(target: Target, reach_m: float) -> Callable[[Any], Measurement]:
    if isinstance(target, Box):
        return lambda line: box_position(line, target, reach_m)
    if isinstance(target, Bundle):
        return lambda line: multi_centreline_position(line, target)
    return lambda line: centreline_position(line, target)


def _size(target: Target) -> tuple[float | None, float | None]:
    if isinstance(target, Box):
        return target.width_m, target.area_m2 / 1e6
    return (target.width_m if isinstance(target, Bundle) else None), None


def _measured(front: Front, one: Callable[[Any], Measurement]) -> Measurement:
    if front.date is None:
        return missing("no date")
    if front.line is None:
        return missing("no line")
    return one(front.line)


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
