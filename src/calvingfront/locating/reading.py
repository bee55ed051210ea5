"""Read fronts from the files that `vectors` writes and from the tables of other data sets."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import geopandas
import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.vectors import layers_with_kinds, read_layer
from calvingfront.locating.attributes import ATTRIBUTES, DAY, LATER
from calvingfront.locating.foreign_tables import cell, fronts_of_others, pieces
from calvingfront.locating.layers import (
    ERRORS,
    FRONTS,
    IMAGE_FRONTS,
    IMAGE_VERTICES,
    VERTICES,
    flipped,
)
from calvingfront.locating.located_front import Floats, LocatedFront, time_text

PARQUET = (".parquet", ".geoparquet")
# A table with these columns was written by `vectors`.
OURS = {"scene", "acquired", "acq_prec", "quality", "pixel_m"}


def read_fronts(
    path: PathLike,
    layer: str | None = None,
    glacier: str | None = None,
    skip_undated: bool = False,
) -> list[LocatedFront]:
    """Read fronts, ordered by scene, from a file of this project or of another data set.

    Fronts read from a file of `vectors` equal those written, with two exceptions: only GeoPackages
    keep the errors of vertices, and Shapefiles drop fronts without a line and round reals to 15
    decimals.

    A table of another data set needs a CRS, lines, a column for the glacier, and a day in `Date`
    (YYYY-MM-DD, YYYY/MM/DD, YYYYMMDD, or a date) or in Year, Month and Day. Its scenes are named
    GLACIER_DAY, with _2, _3 … for repetitions. They keep Satellite, image id and Author; QualFlag
    goes into `reason`; model and quality are None (quality is none without a line).
    layer:   the table to read, where such a file has several.
    glacier: the column that names the glacier, where there are several.
    skip_undated: skip rows without a readable date (TermPicks has some) and log their number.
    Raises SceneError where the file is unreadable, or its contents are incomplete or ambiguous.
    """
    path = Path(path)
    if not path.exists():
        raise SceneError(path, "does not exist", "Correct the path.")
    if path.suffix in PARQUET:
        if find_spec("pyarrow") is None:
            raise SceneError(path, "cannot be read without pyarrow", "Run pip install pyarrow.")
        tables = {FRONTS: _read(path, None)}
    else:
        names = _layers(path)
        ours = [name for name in (FRONTS, IMAGE_FRONTS) if name in names and layer is None]
        if not ours and layer is None and len(names) != 1:
            raise SceneError(
                path, f"has the layers {', '.join(names) or '(none)'}", "Choose one: layer=…"
            )
        tables = {name: _read(path, name) for name in ours or [layer or names[0]]}
    fronts: list[LocatedFront] = []
    try:
        for name, table in tables.items():
            if set(table.columns) >= OURS:
                vertices = VERTICES if name == FRONTS else IMAGE_VERTICES
                has_vertices = path.suffix not in PARQUET and vertices in _layers(path)
                fronts += _ours(table, _read(path, vertices) if has_vertices else None, path)
            else:
                fronts += fronts_of_others(table, path, glacier, skip_undated)
    except SceneError as error:  # a front's error names the scene, not the file
        if error.where.startswith(str(path)):
            raise
        raise SceneError(f"{path}, {error.where}", error.what, error.remedy) from None
    return sorted(fronts, key=lambda front: front.scene)


def _layers(path: Path) -> list[str]:
    try:
        found = layers_with_kinds(path)
    except Exception as error:  # GDAL's drivers raise various classes
        raise SceneError(
            path, f"is not a readable vector file ({error})", "Give a vector file with lines."
        ) from None
    return [name for name, geometry in found if geometry is not None]


def _read(path: Path, layer: str | None) -> Any:
    try:
        if path.suffix in PARQUET:
            return geopandas.read_parquet(path)
        return read_layer(path, layer)
    except Exception as error:
        raise SceneError(path, f"is unreadable ({error})", "Write the file again.") from None


def _ours(table: Any, vertices: Any, path: Path) -> list[LocatedFront]:
    """The fronts of a table of `vectors`, with errors from its vertex layer, if there is one."""
    if table.crs is None:
        raise SceneError(path, "has lost its CRS", "Restore it (a Shapefile needs its .prj).")
    crs = None if table.crs.is_engineering else table.crs.to_wkt()
    table = table.rename(columns={c.short: c.name for c in ATTRIBUTES if c.short})
    table = table.assign(**{name: None for name in LATER if name not in table.columns})
    missing = [column.name for column in ATTRIBUTES if column.name not in table.columns]
    if missing:
        raise SceneError(path, f"has no column {', '.join(missing)}", "Write the file again.")
    errors = _vertex_errors(vertices)
    return [_front(row, crs, errors, path) for row in table.to_dict("records")]


def _front(
    row: dict[str, Any], crs: str | None, errors: dict[str, list[Floats]], path: Path
) -> LocatedFront:
    known = {name: cell(value) for name, value in row.items() if name != "geometry"}
    where = f"{path}, {known['scene']}"
    lines = pieces(row["geometry"], where)
    its_errors = errors.get(known["scene"], [])
    if its_errors and [len(e) for e in its_errors] != [len(line) for line in lines]:
        raise SceneError(
            where,
            "has a line whose vertices do not match the vertex layer",
            "Delete the vertex layer, or write the file again.",
        )
    acquired = known["Date" if known["acq_prec"] == DAY else "acquired"] or ""
    return LocatedFront(
        scene=known["scene"],
        glacier=known["glacier"] or "",
        mission=known["mission"] or "",
        acquired=acquired if isinstance(acquired, str) else time_text(acquired),
        orbit=known["ImageID"],
        pixel_size_m=known["pixel_m"],
        crs=crs,
        lines=flipped(lines) if crs is None else lines,
        model=known["model"],
        threshold=known["threshold"],
        members=known["members"],
        quality=known["quality"],
        reason=known["reason"] or "",
        error_m=known["error_m"],
        err90_m=known["err90_m"],
        err_geo_m=known["err_geo_m"],
        err_method=known["err_method"],
        err_calib=known["err_calib"],
        vertex_errors_m=its_errors,
        author=known["Author"] or "",
    )


def _vertex_errors(vertices: Any) -> dict[str, list[Floats]]:
    """The vertex errors of each piece, for each scene where any is known."""
    columns = list(ERRORS)
    if vertices is None or not set(columns) <= set(vertices.columns):
        return {}
    vertices = vertices.sort_values(["scene", "part", "number"], kind="stable")
    return {
        str(scene): [group[columns].to_numpy(np.float64) for _, group in its.groupby("part")]
        for scene, its in vertices.groupby("scene")
        if its[columns].notna().any(axis=None)
    }
