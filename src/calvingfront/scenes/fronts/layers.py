"""The layers of a vector file that may hold front lines."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.vectors import layers_with_kinds, read_raw

LINE_TYPES = {"LineString", "MultiLineString", "LinearRing"}
STYLE_TABLES = {"layer_styles", "qgis_projects"}
_NAMED = re.compile(r"(?i)(.*\.(?:gpkg|shp|geojson|json|kml|kmz|fgb|gdb|gml|gpx|sqlite)):([^/\\]+)")


def split_layer(text: str) -> tuple[str, str | None]:
    """The path and the layer of a cell, `FILE|layername=LAYER` as QGIS writes it or `FILE:LAYER`.

    Raises SceneError if the text asks for anything else, such as a part of a layer.
    """
    path, *options = text.split("|")
    layer = None
    for option in options:
        key, _, value = option.strip().partition("=")
        if key.lower() == "layername" and value:
            layer = value
        elif key.lower() not in {"layerid", "geometrytype"}:
            raise SceneError(
                text,
                f"asks for {option.strip()!r}, which is not understood",
                "Write FILE|layername=LAYER; save a part of a layer as a layer of its own.",
            )
    if options and layer is None:
        raise SceneError(text, "names no layer", "Write FILE|layername=LAYER.")
    named = _NAMED.fullmatch(path)
    if layer is None and named:
        return named[1], named[2]
    return path.strip(), layer


class Features(NamedTuple):
    """The content of a layer.

    geometry: (n,) of shapely, None where a feature has none; attributes: n values each; crs: as
    PROJ reads it, None if the file states none.
    """

    geometry: npt.NDArray[Any]
    attributes: dict[str, list[Any]]
    crs: str | None


def read_line_layers(path: PathLike, layer: str | None = None) -> list[tuple[str, Features]]:
    """Name and content of each layer that may hold the fronts, at least one.

    layer: only this one. Otherwise the file's only layer with geometry, whatever that is, or all
    its layers with lines; tables without geometry and tables of styles are no layers.
    Dates are text, as the file states them, and coordinates are two-dimensional.
    Raises SceneError if the file cannot be read or has no such layer.
    """
    if Path(path).suffix.lower() == ".shp" and not _attributes_of(Path(path)):
        raise SceneError(
            path, "has no .dbf beside it, the file of its attributes", "Copy all files of it."
        )
    try:
        kinds = dict(layers_with_kinds(path))
    except Exception as error:  # GDAL's drivers raise classes of their own
        raise _unreadable(path, error) from None
    shown = ", ".join(sorted(kinds)) or "none"
    if layer is not None:
        if layer not in kinds:
            raise SceneError(path, f"has no layer {layer!r}", f"Choose one of: {shown}.")
        if kinds[layer] is None:
            raise SceneError(path, f"layer {layer!r} is a table without geometry", "Name another.")
        return [(layer, _read(path, layer))]
    names = [n for n, kind in kinds.items() if kind is not None and n.lower() not in STYLE_TABLES]
    read = [(name, _read(path, name)) for name in names]
    if len(read) > 1:
        read = [(name, features) for name, features in read if _has_lines(features)]
    if not read:
        raise SceneError(path, f"has no layer with lines (its layers: {shown})", "Draw the front.")
    return read


def _attributes_of(path: Path) -> bool:
    """Whether the attributes of a Shapefile are there."""
    return any(path.with_suffix(suffix).is_file() for suffix in (".dbf", ".DBF"))


def type_of(geometry: Any) -> str:
    """The kind of a geometry; empty if there is none."""
    return "" if geometry is None else str(geometry.geom_type)


def _has_lines(features: Features) -> bool:
    return any(type_of(geometry) in LINE_TYPES for geometry in features.geometry)


def _read(path: PathLike, layer: str) -> Features:
    import shapely

    try:
        with warnings.catch_warnings(action="ignore"):  # of GDAL's, about what is checked here
            # A third of the time of GeoPandas, which a table with a file for each scene needs.
            meta, wkb, values = read_raw(path, layer, force_2d=True, datetime_as_string=True)
            geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    except Exception as error:
        raise _unreadable(path, error) from None
    attributes = {
        str(name): column.tolist() for name, column in zip(meta["fields"], values, strict=True)
    }
    return Features(np.asarray(geometry, dtype=object), attributes, meta["crs"] or None)


def _unreadable(path: PathLike, error: Exception) -> SceneError:
    reason = " ".join(str(error).split())
    return SceneError(
        path, f"cannot be read as a mask or as vectors ({reason})", "Give a mask or lines."
    )
