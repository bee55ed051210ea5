"""Tables of fronts and vertices, ready to be written to files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.vectors import NO_TIME
from calvingfront.locating.attributes import ATTRIBUTES, attributes_of, moment_of
from calvingfront.locating.bands import band_around
from calvingfront.locating.degrees import length_m
from calvingfront.locating.located_front import LEVELS, Floats, LocatedFront
from calvingfront.locating.style import STYLE_NAME, style_of

FRONTS, VERTICES, BANDS = "fronts", "vertices", "bands"
IMAGE_FRONTS, IMAGE_VERTICES, IMAGE_BANDS = "fronts_image", "vertices_image", "bands_image"
# Columns of a vertex: half-widths of the bands.
ERRORS = tuple(f"err{level}_m" for level in LEVELS)
DESCRIPTIONS = {
    FRONTS: "Calving fronts, one feature for each scene; NULL geometry where no front was found",
    VERTICES: "Vertices of the lines in fronts; part and number count from 1",
    BANDS: "Bands around the lines in fronts that contain the front along `level` per cent of the "
    "line",
    IMAGE_FRONTS: "Calving fronts of images without a map position: x, y in m from the image's "
    "upper left corner, y up (negative in the image)",
    IMAGE_VERTICES: "Vertices of the lines in fronts_image; part and number count from 1",
    IMAGE_BANDS: "Bands around the lines in fronts_image, as in bands",
}
# GIS programs draw y upwards, so y in an image is 0 at its upper edge and negative below.
IMAGE_CRS = (
    'ENGCRS["Image, m from its upper left corner, y up",EDATUM["upper left corner of the image"],'
    'CS[Cartesian,2],AXIS["x",east,ORDER[1],LENGTHUNIT["metre",1]],'
    'AXIS["y",north,ORDER[2],LENGTHUNIT["metre",1]]]'
)
SHAPEFILE_BYTES = 254
DTYPES: dict[str, Any] = {
    "text": object,
    "time": "datetime64[ms, UTC]",
    "real": "float64",
    "integer": "Int32",
    "boolean": "boolean",
}


def front_layer(fronts: Sequence[LocatedFront]) -> Any:
    """A GeoDataFrame of MultiLineStrings with ATTRIBUTES; all fronts share one CRS or have none."""
    rows = [attributes_of(front, length_m(front.lines, front.crs)) for front in fronts]
    columns = pd.DataFrame(rows, dtype=object).astype(
        {column.name: DTYPES[column.kind] for column in ATTRIBUTES}
    )
    shapes = [shapely.MultiLineString(pieces_of(f)) if f.lines else None for f in fronts]
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=fronts[0].crs or IMAGE_CRS)


def band_layer(fronts: Sequence[LocatedFront]) -> Any:
    """A GeoDataFrame of polygons: for each front with known errors, one band per level."""
    rows, bands = [], []
    for front in fronts:
        if not front.vertex_errors_m:
            continue
        for k, level in enumerate(LEVELS):
            widths = [errors[:, k] for errors in front.vertex_errors_m]
            band = band_around(pieces_of(front), widths, front.crs)
            if not band.is_empty:
                facts = (front.scene, front.glacier or None, moment_of(front.acquired), level)
                rows.append(facts)
                bands.append(band)
    columns = pd.DataFrame(rows, columns=["scene", "glacier", "acquired", "level"])
    columns = columns.astype(
        {"scene": object, "glacier": object, "acquired": DTYPES["time"], "level": "int32"}
    )
    return geopandas.GeoDataFrame(columns, geometry=bands, crs=fronts[0].crs or IMAGE_CRS)


def pieces_of(front: LocatedFront) -> list[Floats]:
    """The lines of a front as they are drawn: with y up, also in an image."""
    return list(front.lines) if front.crs is not None else flipped(front.lines)


def flipped(lines: Sequence[Floats]) -> list[Floats]:
    """Lines of an image with y reversed; reversing twice restores every bit."""
    return [np.column_stack([line[:, 0], 0.0 - line[:, 1]]) for line in lines]


def style_table(layers: Sequence[str], fronts: Sequence[LocatedFront]) -> pd.DataFrame:
    """The table `layer_styles`, in which QGIS looks for a layer's style.

    Source: QgsOgrProviderMetadata::saveStyle and loadStyle of QGIS.
    """
    row = {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": "",
        "f_geometry_column": "geom",
        "styleName": STYLE_NAME,
        "styleQML": style_of(fronts),
        "styleSLD": "",
        "useAsDefault": True,
        "description": "fronts coloured by date",
        "owner": "",
        "ui": None,
        "update_time": pd.Timestamp(NO_TIME).as_unit("ms"),
    }
    return pd.DataFrame([{**row, "f_table_name": name} for name in layers])


def shapefile_layer(fronts: Sequence[LocatedFront], path: PathLike) -> Any:
    """`front_layer` with the columns of a Shapefile, plus Year, Month and Day.

    Raises SceneError where a text is longer than 254 bytes of UTF-8, or has leading or trailing
    white space, which a Shapefile drops.
    """
    layer = front_layer(fronts)
    layer["acquired"] = [front.acquired for front in fronts]  # Shapefiles have no date-time type
    layer["partial"] = layer["partial"].astype("Int32")
    for name, part in (("Year", slice(0, 4)), ("Month", slice(5, 7)), ("Day", slice(8, 10))):
        layer[name] = layer["Date"].str[part].astype("int32")
    for column in ATTRIBUTES:
        if column.kind != "text":
            continue
        for scene, text in zip(layer["scene"], layer[column.name], strict=True):
            size = len((text or "").encode("utf-8"))
            if size > SHAPEFILE_BYTES or (text or "").strip() != (text or ""):
                fault = f"{size} bytes" if size > SHAPEFILE_BYTES else "outer white space"
                raise SceneError(
                    path,
                    f"cannot store {column.name} of scene {scene[:40]!r}: it has {fault}",
                    f"Use at most {SHAPEFILE_BYTES} bytes and no leading or trailing white space, "
                    "or write a GeoPackage.",
                )
    names = {column.name: column.short or column.name for column in ATTRIBUTES}
    return layer.rename(columns=names)
