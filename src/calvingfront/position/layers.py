"""Read vector layers: flow lines, boxes, fjord walls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pyproj import CRS

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.geofiles import vectors as vector_files
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import Drawn, FlowLine
from calvingfront.position.upglacier import Point, way_of

DIRECTION_ATTRIBUTE = "direction"  # of a flow line: "downstream" or "upstream"
LINES = ("LineString", "MultiLineString", "LinearRing")
POLYGONS = ("Polygon", "MultiPolygon")


def read_flow_line(
    path: PathLike,
    frame: Frame,
    drawn: Drawn | None = None,
    layer: str | None = None,
    upglacier: Point | None = None,
) -> FlowLine:
    """Read the one flow line of a layer into the frame's CRS.

    drawn: which way its vertices run. It may be omitted if the layer has the attribute `direction`,
    or if `upglacier`, a point up-glacier, is given. What is given must agree.
    Raises PositionError otherwise, and unless the layer holds exactly one line.
    """
    features = read_layer(path, layer, LINES)
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
    (line,) = _into(features, frame, path)
    seen = None if upglacier is None else way_of(line, upglacier, path)
    if drawn is None and told is None and seen is None:
        raise PositionError(
            path,
            "does not say whether the flow line is drawn downstream or upstream",
            f"State it (--drawn, or --upglacier X Y), or add the attribute {DIRECTION_ATTRIBUTE} "
            "to the layer; without it, advance cannot be told from retreat.",
        )
    if drawn is not None and told is not None and drawn != told:
        raise PositionError(
            path,
            f"was given as drawn {drawn}, but its attribute says {told}",
            "Check the line and correct one of the two.",
        )
    way = drawn or (seen if told is None else "upstream" if told == "upstream" else "downstream")
    assert way is not None
    if seen is not None and seen != way:
        raise PositionError(
            path,
            f"is drawn {way}, but its end, not its start, is nearer to the up-glacier point"
            if way == "downstream"
            else f"is drawn {way}, but its start, not its end, is nearer to the up-glacier point",
            "Check the line and the point, and correct one of the two.",
        )
    return FlowLine(frame, line, way, path)


def read_polygon(path: PathLike, frame: Frame, layer: str | None = None) -> Any:
    """Read the polygon of a layer into the frame's CRS. Raises PositionError unless it has one."""
    features = read_layer(path, layer, POLYGONS)
    if len(features) != 1:
        raise PositionError(path, f"holds {len(features)} polygons", "Give a layer with one box.")
    return _into(features, frame, path)[0]


def read_walls(path: PathLike, frame: Frame, layer: str | None = None) -> tuple[Any, Any]:
    """Read two fjord walls into the frame's CRS. Raises PositionError unless there are two."""
    features = read_layer(path, layer, LINES)
    if len(features) != 2:
        raise PositionError(
            path, f"holds {len(features)} lines", "Give a layer with the fjord's two walls."
        )
    one, other = _into(features, frame, path)
    return one, other


def layers_of(path: PathLike) -> list[str]:
    """Names of the layers of a vector file. Raises PositionError if it cannot be read."""
    if not Path(path).exists():
        raise PositionError(path, "does not exist", "Correct the path.")
    try:
        return [name for name, _ in vector_files.layers_with_kinds(path)]
    except Exception as error:  # GDAL's drivers raise their own exceptions
        raise _unreadable(path, error) from None


def read_layer(
    path: PathLike, layer: str | None, kinds: Sequence[str], may_be_empty: bool = False
) -> Any:
    """A layer as a GeoDataFrame; its geometries, where not missing, are of the given kinds."""
    layers = layers_of(path)
    if layer is None and len(layers) > 1:
        raise PositionError(
            path, f"has several layers ({', '.join(layers)})", "Name the one to read, FILE:LAYER."
        )
    if layer is not None and layer not in layers:
        raise PositionError(path, f"has no layer {layer}", f"Choose one of: {', '.join(layers)}.")
    try:
        features = vector_files.read_layer(path, layer)
    except Exception as error:  # GDAL's drivers raise their own exceptions
        raise _unreadable(path, error) from None
    if not hasattr(features, "geometry") or (len(features) == 0 and not may_be_empty):
        raise PositionError(path, "holds no features", "Give a layer with geometry.")
    wrong = sorted(set(features.geom_type.dropna()) - set(kinds))
    if wrong:
        raise PositionError(
            path, f"holds {', '.join(wrong)}", f"Give a layer of {' or '.join(kinds[:2])}."
        )
    return features


def _unreadable(path: PathLike, error: Exception) -> PositionError:
    return PositionError(
        path, f"is not a readable vector file ({error})", "Give GeoPackage, Shapefile or GeoJSON."
    )


def crs_of(features: Any) -> CRS | None:
    """The CRS of a GeoDataFrame, if it has one."""
    return None if features.crs is None else CRS.from_user_input(features.crs)


def _into(features: Any, frame: Frame, path: PathLike) -> list[Any]:
    """The geometries of a layer in the frame's CRS."""
    crs = crs_of(features)
    own = Frame(crs, path)  # refuses a box in degrees, as it refuses fronts in degrees
    geometries = features.geometry
    if geometries.isna().any() or geometries.is_empty.any():
        raise PositionError(path, "has a feature without geometry", "Remove it.")
    if own.crs != frame.crs:
        geometries = geometries.segmentize(250.0).to_crs(frame.crs)
    return list(geometries)
