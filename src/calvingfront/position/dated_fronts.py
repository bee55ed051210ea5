"""Read dated front lines with their errors, from files of this project or anyone else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.layers import LINES, crs_of, layers_of, read_layer
from calvingfront.position.line_error import NORMAL_90, LineError
from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import moment_of

SHOWN = 5
# Layers and columns of the files that `calvingfront locate` and the workflow write.
FRONTS, VERTICES = "fronts", "vertices"
OURS = {"scene", "glacier", "acquired", "acq_prec", "quality", "reason", "err90_m", "err_geo_m"}
HALF_WIDTH = "err90_m"


@dataclass(frozen=True)
class Front:
    """One dated front line.

    date: in UTC, None where the layer has none; line: a (multi)line in the frame's CRS, None where
    the feature has none; error: of the line, None where it is unknown.
    quality, remark: its quality (good, partial, doubtful, none) and the reason for it, as the file
    states them; "" where it does not.
    """

    scene: str
    glacier: str
    date: pd.Timestamp | None
    line: Any | None
    error: LineError | None = None
    quality: str = ""
    remark: str = ""


def read_fronts(
    path: PathLike,
    date_column: str | None = None,
    layer: str | None = None,
    scene_column: str | None = None,
    glacier_column: str | None = None,
    glacier: str | None = None,
    error_column: str | None = None,
    front_error_m: float | None = None,
    crs: str | None = None,
) -> tuple[list[Front], Frame]:
    """Read the fronts of one glacier, sorted by date; undated ones come last.

    Files of this project need no columns: date, scene, glacier, quality and errors are known. In
    others, `date_column` is needed. With `scene_column`, features of one scene are pieces of one
    front. Without it, each feature is a front, named by its number. Dates are
    read by `tabular.days`.
    Errors come from the vertices, else the fronts, of a file of this project; else from
    `error_column`, or `front_error_m` for all fronts (both standard errors, m); else none.
    crs: reproject the fronts to this CRS first.
    Raises PositionError for a missing column, an unreadable date, several glaciers with none
    chosen, errors given twice, and a CRS that `Frame` refuses.
    """
    if layer is None and {FRONTS, VERTICES} <= set(layers_of(path)):
        layer = FRONTS
    features = read_layer(path, layer, LINES)
    ours = set(features.columns) >= OURS
    if ours:
        date_column, scene_column = date_column or "acquired", scene_column or "scene"
        glacier_column = glacier_column or "glacier"
    if date_column is None:
        raise PositionError(
            path, "is not a file of this project", "Name the column of the dates (--date-column)."
        )
    for column in (date_column, scene_column, glacier_column, error_column):
        if column is not None and column not in features.columns:
            raise _no_column(path, column, features)
    if error_column is not None and front_error_m is not None:
        raise PositionError(
            path, "is given errors twice", "Give either --error-column or --front-error-m."
        )
    if front_error_m is not None and not (np.isfinite(front_error_m) and front_error_m > 0):
        raise PositionError(
            "--front-error-m", f"cannot be {front_error_m}", "Give a positive number of metres."
        )
    if glacier is not None and glacier_column is None:
        raise PositionError(
            path,
            f"cannot be searched for {glacier}",
            "Name the column that holds the glacier (--glacier-column).",
        )
    if glacier_column is not None:
        features = _of_one_glacier(features, glacier_column, glacier, path)
    features, frame = _on_a_map(features, crs, path)
    names = features.index if scene_column is None else features[scene_column]
    groups: dict[str, list[int]] = {}
    for n, name in enumerate(names):
        groups.setdefault(str(name), []).append(n)
    vertices = _half_widths(path) if ours and error_column is None and not front_error_m else {}
    fronts = []
    for scene, members in groups.items():
        dates = {
            read_date(features[date_column].iloc[n], f"{path}, feature {features.index[n]}")
            for n in members
        }
        if len(dates) > 1:
            raise PositionError(
                path, f"has several dates for scene {scene}", "Correct the dates or the scene."
            )
        rows = features.iloc[members]
        lines = [shapely.force_2d(line) for line in rows.geometry if line is not None]
        parts = [line for line in lines if line.length > 0]
        if ours and error_column is None and front_error_m is None:
            error = _own_error(rows.iloc[0], parts, vertices.get(scene), f"{path}, {scene}")
        else:
            error = _stated_error(rows, error_column, front_error_m)
        fronts.append(
            Front(
                scene,
                "" if glacier_column is None else str(rows[glacier_column].iloc[0]),
                dates.pop(),
                shapely.line_merge(shapely.union_all(parts))
                if len(parts) > 1
                else (parts[0] if parts else None),
                error,
                _text(rows["quality"].iloc[0]) if ours else "",
                _text(rows["reason"].iloc[0]) if ours else "",
            )
        )
    fronts.sort(key=lambda front: (front.date is None, front.date or pd.Timestamp(0)))
    return fronts, frame


def read_date(value: Any, where: object) -> pd.Timestamp | None:
    """Read a date, text or number as a date-time in UTC without a zone; None if it is empty.

    Raises PositionError unless it is in a notation that cannot be misread (`tabular.days`).
    """
    try:
        moment = moment_of(value)
    except Unreadable as error:
        what = f"has an unreadable date: {error.what}"
        raise PositionError(where, what, error.remedy) from None
    if moment is None:
        return None
    return pd.Timestamp(moment).tz_localize(None)


def _on_a_map(features: Any, crs: str | None, path: PathLike) -> tuple[Any, Frame]:
    """The features in the CRS asked for, or in their own; and its frame."""
    if crs is None:
        return features, Frame(crs_of(features), path)
    if crs_of(features) is None:
        raise PositionError(
            path,
            "has no coordinate reference system to reproject from",
            "Write its CRS into the file (a Shapefile needs its .prj).",
        )
    try:
        moved = features.to_crs(crs)
    except Exception as error:  # pyproj's exceptions, and an engineering CRS
        raise PositionError(
            path, f"cannot be reprojected to {crs} ({error})", "Give a code such as EPSG:3031."
        ) from None
    return moved, Frame(crs_of(moved), f"CRS {crs}")


def _half_widths(path: PathLike) -> dict[str, list[Any]]:
    """Half-widths of the 90 % band at the vertices of each piece, (n,) m, by scene."""
    if VERTICES not in layers_of(path):
        return {}
    table = read_layer(path, VERTICES, ("Point",), may_be_empty=True)  # no front was located
    if HALF_WIDTH not in table.columns or not table[HALF_WIDTH].notna().any():
        return {}
    table = table.sort_values(["scene", "part", "number"], kind="stable")
    return {
        str(scene): [part[HALF_WIDTH].to_numpy(float) for _, part in its.groupby("part")]
        for scene, its in table.groupby("scene")
        if its[HALF_WIDTH].notna().any()
    }


def _own_error(
    row: Any, parts: Sequence[Any], half_widths: list[Any] | None, where: str
) -> LineError | None:
    """The error of a front of this project: at its vertices, else one value for the line."""
    shift = 0.0 if pd.isna(row["err_geo_m"]) else float(row["err_geo_m"])
    pieces = [shapely.get_coordinates(p) for line in parts for p in shapely.get_parts(line)]
    if half_widths is not None:
        if [len(piece) for piece in pieces] != [len(values) for values in half_widths]:
            raise PositionError(
                where,
                "has a line whose vertices do not match the layer vertices",
                "Write the file again, or give --front-error-m.",
            )
        along = tuple(
            (piece, values / NORMAL_90) for piece, values in zip(pieces, half_widths, strict=True)
        )
        return LineError("vertices", pieces=along, shift_m=shift)
    if pd.isna(row[HALF_WIDTH]):
        return None
    return LineError("front", float(row[HALF_WIDTH]) / NORMAL_90, shift_m=shift)


def _stated_error(
    rows: Any, error_column: str | None, front_error_m: float | None
) -> LineError | None:
    """The error that the user states: one standard error for the whole line."""
    if front_error_m is not None:
        return LineError("--front-error-m", front_error_m)
    if error_column is None:
        return None
    errors = rows[error_column].dropna()
    return LineError(f"column {error_column}", float(max(errors))) if len(errors) else None


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _of_one_glacier(features: Any, column: str, glacier: str | None, path: PathLike) -> Any:
    names = features[column].astype(str)
    known = sorted(names.unique())
    listed = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    if glacier is None:
        if len(known) > 1:
            raise PositionError(
                path,
                f"holds {len(known)} glaciers ({listed})",
                "Name the one to measure (--glacier).",
            )
        return features
    chosen = features[names == glacier]
    if len(chosen) == 0:
        raise PositionError(path, f"has no front of {glacier}", f"Choose one of: {listed}.")
    return chosen


def _no_column(path: PathLike, column: str, features: Any) -> PositionError:
    others = ", ".join(str(name) for name in features.columns if name != features.geometry.name)
    remedy = f"Choose one of: {others}." if others else "Give a layer with attributes."
    return PositionError(path, f"has no column {column}", remedy)
