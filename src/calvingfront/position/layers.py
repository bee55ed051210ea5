"""Read vector layers: fronts with their dates, flow lines, boxes, fjord walls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import shapely
from pyproj import CRS

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import Drawn, FlowLine

DIRECTION_ATTRIBUTE = "direction"  # of a flow line: "downstream" or "upstream"
LINES = ("LineString", "MultiLineString", "LinearRing")
POLYGONS = ("Polygon", "MultiPolygon")
SHOWN = 5
_DATE = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:\.0)?(?:[T ](.*))?")


@dataclass(frozen=True)
class Front:
    """One dated front line.

    date: in UTC, None where the layer has none; line: a (multi)line in the frame's CRS, None where
    the feature has none; error_m: as stated in the layer, None where it has none.
    """

    scene: str
    glacier: str
    date: pd.Timestamp | None
    line: Any | None
    error_m: float | None = None


def read_fronts(
    path: PathLike,
    date_column: str,
    layer: str | None = None,
    scene_column: str | None = None,
    glacier_column: str | None = None,
    glacier: str | None = None,
    error_column: str | None = None,
) -> tuple[list[Front], Frame]:
    """Read the fronts of one glacier, sorted by date; undated ones come last.

    With `scene_column`, features of one scene are pieces of one front. Without it, each feature is
    a front, named by its number. Dates may be date-times, or text or numbers with year, month and
    day in this order.
    Raises PositionError for a missing column, an unreadable date, several glaciers with none
    chosen, and a CRS that `Frame` refuses.
    """
    features = _read(path, layer, LINES)
    frame = Frame(_crs(features), path)
    for column in (date_column, scene_column, glacier_column, error_column):
        if column is not None and column not in features.columns:
            raise _no_column(path, column, features)
    if glacier is not None and glacier_column is None:
        raise PositionError(
            path, f"cannot be searched for {glacier}", "Name the column that holds the glacier."
        )
    if glacier_column is not None:
        features = _of_one_glacier(features, glacier_column, glacier, path)
    fronts = []
    names = features.index if scene_column is None else features[scene_column]
    groups: dict[str, list[int]] = {}
    for n, name in enumerate(names):
        groups.setdefault(str(name), []).append(n)
    for scene, members in groups.items():
        dates = {
            read_date(features[date_column].iloc[n], f"{path}, feature {features.index[n]}")
            for n in members
        }
        if len(dates) > 1:
            raise PositionError(
                path, f"has several dates for scene {scene}", "Correct the dates or the scene."
            )
        lines = [features.geometry.iloc[n] for n in members]
        parts = [line for line in lines if line is not None and line.length > 0]
        errors = [] if error_column is None else features[error_column].iloc[members].dropna()
        fronts.append(
            Front(
                scene,
                "" if glacier_column is None else str(features[glacier_column].iloc[members[0]]),
                dates.pop(),
                shapely.line_merge(shapely.force_2d(shapely.union_all(parts)))
                if len(parts) > 1
                else (shapely.force_2d(parts[0]) if parts else None),
                float(max(errors)) if len(errors) else None,
            )
        )
    fronts.sort(key=lambda front: (front.date is None, front.date or pd.Timestamp(0)))
    return fronts, frame


def read_date(value: Any, where: object) -> pd.Timestamp | None:
    """Read a date, text or number as a date-time in UTC without a zone; None if it is empty.

    Only the order year, month, day is accepted: 03/04/2015 is ambiguous.
    Raises PositionError for anything else.
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    text = str(value).strip()
    if not text:
        return None
    found = _DATE.fullmatch(text)
    try:
        if not found:
            raise ValueError
        year, _, month, day, clock = found.groups()
        stamp = pd.Timestamp(f"{year}-{month}-{day}" + (f"T{clock}" if clock else ""))
    except ValueError:
        raise PositionError(
            where, f"has an unreadable date ({text!r})", "Write dates as YYYY-MM-DD."
        ) from None
    return stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp


def read_flow_line(
    path: PathLike, frame: Frame, drawn: Drawn | None = None, layer: str | None = None
) -> FlowLine:
    """Read the one flow line of a layer into the frame's CRS.

    drawn: which way its vertices run. It may be omitted if the layer has the attribute `direction`;
    if both are given, they must agree.
    Raises PositionError otherwise, and unless the layer holds exactly one line.
    """
    features = _read(path, layer, LINES)
    if len(features) != 1:
        raise PositionError(
            path, f"holds {len(features)} lines", "Give a layer with one flow line."
        )
    told = None
    if DIRECTION_ATTRIBUTE in features.columns:
        told = str(features[DIRECTION_ATTRIBUTE].iloc[0]).strip().lower()
    if told is not None and told not in get_args(Drawn):
        raise PositionError(
            path,
            f"has the {DIRECTION_ATTRIBUTE} {told!r}",
            "Write 'downstream' or 'upstream', whichever way the line's vertices run.",
        )
    if drawn is None and told is None:
        raise PositionError(
            path,
            "does not say whether the flow line is drawn downstream or upstream",
            f"State it (--drawn), or add the attribute {DIRECTION_ATTRIBUTE} to the layer; without "
            "it, advance cannot be told from retreat.",
        )
    if drawn is not None and told is not None and drawn != told:
        raise PositionError(
            path,
            f"was given as drawn {drawn}, but its attribute says {told}",
            "Check the line and correct one of the two.",
        )
    way = drawn or ("upstream" if told == "upstream" else "downstream")
    (line,) = _into(features, frame, path)
    return FlowLine(frame, line, way, path)


def read_polygon(path: PathLike, frame: Frame, layer: str | None = None) -> Any:
    """Read the polygon of a layer into the frame's CRS. Raises PositionError unless it has one."""
    features = _read(path, layer, POLYGONS)
    if len(features) != 1:
        raise PositionError(path, f"holds {len(features)} polygons", "Give a layer with one box.")
    return _into(features, frame, path)[0]


def read_walls(path: PathLike, frame: Frame, layer: str | None = None) -> tuple[Any, Any]:
    """Read two fjord walls into the frame's CRS. Raises PositionError unless there are two."""
    features = _read(path, layer, LINES)
    if len(features) != 2:
        raise PositionError(
            path, f"holds {len(features)} lines", "Give a layer with the fjord's two walls."
        )
    one, other = _into(features, frame, path)
    return one, other


def _read(path: PathLike, layer: str | None, kinds: Sequence[str]) -> Any:
    """A layer as a GeoDataFrame; its geometries, where not missing, are of the given kinds."""
    import geopandas

    if not Path(path).exists():
        raise PositionError(path, "does not exist", "Correct the path.")
    try:
        layers = [str(name) for name in geopandas.list_layers(path)["name"]]
        if layer is None and len(layers) > 1:
            raise PositionError(
                path, f"has several layers ({', '.join(layers)})", "Name the one to read."
            )
        if layer is not None and layer not in layers:
            raise PositionError(
                path, f"has no layer {layer}", f"Choose one of: {', '.join(layers)}."
            )
        features = geopandas.read_file(path, layer=layer)
    except PositionError:
        raise
    except Exception as error:  # GDAL's drivers raise their own exceptions
        raise PositionError(
            path,
            f"is not a readable vector file ({error})",
            "Give GeoPackage, Shapefile or GeoJSON.",
        ) from None
    if not hasattr(features, "geometry") or len(features) == 0:
        raise PositionError(path, "holds no features", "Give a layer with geometry.")
    wrong = sorted(set(features.geom_type.dropna()) - set(kinds))
    if wrong:
        raise PositionError(
            path, f"holds {', '.join(wrong)}", f"Give a layer of {' or '.join(kinds[:2])}."
        )
    return features


def _crs(features: Any) -> CRS | None:
    return None if features.crs is None else CRS.from_user_input(features.crs)


def _into(features: Any, frame: Frame, path: PathLike) -> list[Any]:
    """The geometries of a layer in the frame's CRS."""
    crs = _crs(features)
    own = Frame(crs, path)  # refuses a box in degrees, as it refuses fronts in degrees
    geometries = features.geometry
    if geometries.isna().any() or geometries.is_empty.any():
        raise PositionError(path, "has a feature without geometry", "Remove it.")
    if own.crs != frame.crs:
        geometries = geometries.segmentize(250.0).to_crs(frame.crs)
    return list(geometries)


def _of_one_glacier(features: Any, column: str, glacier: str | None, path: PathLike) -> Any:
    names = features[column].astype(str)
    known = sorted(names.unique())
    listed = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    if glacier is None:
        if len(known) > 1:
            raise PositionError(
                path, f"holds {len(known)} glaciers ({listed})", "Name the one to measure."
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
