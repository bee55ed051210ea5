"""Front lines as the files that others read: GeoPackage, GeoParquet, Shapefile.

Every file holds the attributes of `attributes.ATTRIBUTES`, one feature for each scene, ordered by
scene. The same fronts give the same bytes: no file holds the time of its writing.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio

from calvingfront.errors import SceneError
from calvingfront.files import PathLike, replacing
from calvingfront.locating.degrees import (
    crs_text,
    cut_at_antimeridian,
    is_geographic,
    same_crs,
    to_crs,
)
from calvingfront.locating.layers import (
    DESCRIPTIONS,
    FRONTS,
    IMAGE_FRONTS,
    IMAGE_VERTICES,
    NO_TIME,
    VERTICES,
    front_layer,
    shapefile_layer,
    style_table,
    vertex_layer,
)
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.reading import PARQUET, read_fronts

__all__ = [
    "LocatedFront", "read_fronts", "write_fronts", "write_geoparquet", "write_shapefile",
]  # fmt: skip

_BESIDE_SHP = (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".idm", ".ind", ".shp.xml")


def write_fronts(fronts: Iterable[LocatedFront], path: PathLike, crs: str | None = None) -> None:
    """Write fronts as a GeoPackage: layers `fronts` (MultiLineString) and `vertices` (Point).

    A front without a line has a NULL geometry, which QGIS lists and does not draw. Fronts without
    a map position stand in layers of their own, `fronts_image` and `vertices_image`, in m from
    the image's upper left corner, y up, with an engineering CRS. QGIS finds a style by date in
    `layer_styles`, and date-times (UTC, millisecond) for its temporal controller in `acquired`.
    crs: the layers' CRS (x east or longitude, y north or latitude; lines are cut at ±180°); None
    where all fronts share one.
    Raises SceneError where there is no front, a scene occurs twice, CRSs differ, or a line cannot
    be brought into `crs`.
    """
    path = _named(path, ".gpkg")
    placed = _placed(fronts, path, crs)
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise SceneError(
            path,
            f"is being edited by another program, or was when that crashed: {wal.name} lies beside",
            "Close it there; delete that file where no program has it open.",
        )
    layers = {
        FRONTS: [front for front in placed if front.crs is not None],
        IMAGE_FRONTS: [front for front in placed if front.crs is None],
    }
    with _folder_beside(path) as folder, _without_clock():
        new = folder / path.name
        for name, its_fronts in layers.items():
            if its_fronts:
                _add_layer(new, name, front_layer(its_fronts), "MultiLineString")
                vertices = VERTICES if name == FRONTS else IMAGE_VERTICES
                _add_layer(new, vertices, vertex_layer(its_fronts), "Point")
        styles = style_table([name for name, some in layers.items() if some], placed)
        _add_layer(new, "layer_styles", styles, None)
        os.replace(new, path)


def _add_layer(path: Path, name: str, layer: Any, geometry: str | None) -> None:
    # Milliseconds: the standard asks for them, and all date-times are of one length.
    options = {"DATETIME_PRECISION": "MILLISECOND"}
    options |= {"DESCRIPTION": DESCRIPTIONS[name]} if geometry else {"FID": "id"}
    pyogrio.write_dataframe(
        layer, path, layer=name, driver="GPKG", geometry_type=geometry, layer_options=options
    )


def write_geoparquet(
    fronts: Iterable[LocatedFront], path: PathLike, crs: str | None = None
) -> None:
    """Write fronts as GeoParquet 1.1: the layer `fronts` of `write_fronts`, without vertices.

    All have a map position, or none has (the engineering CRS of `write_fronts` then).
    Raises SceneError as `write_fronts` does, where both occur, and where pyarrow is missing.
    """
    path = _named(path, *PARQUET)
    layer = front_layer(_of_one_kind(_placed(fronts, path, crs), path))
    if find_spec("pyarrow") is None:
        raise SceneError(
            path,
            "cannot be written: GeoParquet needs pyarrow (55 MB), which is not installed",
            "Call pip install pyarrow, or write a GeoPackage.",
        )
    with replacing(path) as temporary:
        layer.to_parquet(temporary, index=False, compression="zstd", schema_version="1.1.0")


def write_shapefile(
    fronts: Iterable[LocatedFront], path: PathLike, crs: str | None = None
) -> list[str]:
    """Write the fronts that have a line as a Shapefile for MaQiT and users of TermPicks.

    MaQiT stops at a feature without a line (readGlacierData.m), so those are left out; the names
    of their scenes are returned. It joins the pieces of a line as they follow each other. Column
    `Date` is text, YYYY-MM-DD, which MaQiT 1.03 and later and TermPicks' readers take; `acquired`
    is ISO text, for a Shapefile knows no date-time. Columns are named as in a GeoPackage
    (numVertices: numVerts), with Year, Month and Day on top. Reals keep 15 decimals. The .shp
    appears last, so that a reader never meets half of the files.
    Raises SceneError as `write_geoparquet` does, where no front has a line, and where a text is
    longer than a Shapefile holds.
    """
    path = _named(path, ".shp")
    placed = _of_one_kind(_placed(fronts, path, crs), path)
    drawn = [front for front in placed if front.lines]
    if not drawn:
        raise SceneError(path, "would be empty: no front has a line", "Write a GeoPackage.")
    layer = shapefile_layer(drawn, path)
    with _folder_beside(path) as folder:
        new = folder / path.name
        options = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": NO_TIME[:10]}
        pyogrio.write_dataframe(layer, new, driver="ESRI Shapefile", layer_options=options)
        path.unlink(missing_ok=True)
        for suffix in _BESIDE_SHP:
            path.with_suffix(suffix).unlink(missing_ok=True)
        for part in sorted(folder.iterdir(), key=lambda part: part.suffix == ".shp"):
            os.replace(part, path.with_name(part.name))
    return [front.scene for front in placed if not front.lines]


def _named(path: PathLike, *suffixes: str) -> Path:
    """The path, which readers know the format by."""
    if Path(path).suffix not in suffixes:
        raise SceneError(path, "has no suffix of its format", f"Let it end in {suffixes[0]}.")
    return Path(path)


def _placed(fronts: Iterable[LocatedFront], path: PathLike, crs: str | None) -> list[LocatedFront]:
    """The fronts by scene, those with a map position in `crs`. Raises SceneError as above."""
    found = sorted(fronts, key=lambda front: front.scene)
    if not found:
        raise SceneError(
            path,
            "would hold no scene",
            "Give a front for each scene, with quality none where no line was found.",
        )
    twice = [scene for scene, count in Counter(f.scene for f in found).items() if count > 1]
    if twice:
        raise SceneError(
            path, f"would hold {twice[0]} twice", "Give one front with all lines of the scene."
        )
    theirs = sorted({front.crs for front in found if front.crs is not None})
    if crs is None:
        other = next((text for text in theirs if not same_crs(text, theirs[0])), None)
        if other is not None:
            example = [next(f.scene for f in found if f.crs == text) for text in (theirs[0], other)]
            raise SceneError(
                path,
                f"would mix CRSs: {example[0]} is in {theirs[0]}, {example[1]} in {other}",
                "Ask for one: crs='EPSG:3031' (Antarctica), 'EPSG:3413' (Greenland), 'EPSG:4326' "
                "(degrees).",
            )
        target = theirs[0] if theirs else None
    else:
        try:
            target = crs_text(crs)
        except ValueError as error:
            raise SceneError(path, f"crs: {error}", "Write a code such as EPSG:3031.") from None
    return [
        front if front.crs is None or target is None else _in_crs(front, front.crs, target)
        for front in found
    ]


def _in_crs(front: LocatedFront, source: str, target: str) -> LocatedFront:
    errors = front.vertex_errors_m or [np.full(len(line), np.nan) for line in front.lines]
    pieces, faults = [], []
    try:
        for line, error in zip(front.lines, errors, strict=True):
            moved = to_crs(line, source, target)
            more = cut_at_antimeridian(moved, error) if is_geographic(target) else None
            pieces += more[0] if more else [moved]
            faults += more[1] if more else [error]
    except ValueError as error:
        raise SceneError(
            front.scene, f"its line {error}", "Choose a CRS that covers it, such as EPSG:3031."
        ) from None
    known = faults if front.vertex_errors_m else ()
    return replace(front, crs=target, lines=pieces, vertex_errors_m=known)


def _of_one_kind(placed: Sequence[LocatedFront], path: PathLike) -> Sequence[LocatedFront]:
    on_map = [front.crs is not None for front in placed]
    if any(on_map) and not all(on_map):
        raise SceneError(
            path,
            f"would mix fronts on the map with those of images ({placed[on_map.index(False)].scene}"
            " has no map position)",
            "Write them to two files, or to a GeoPackage, which has layers.",
        )
    return placed


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A temporary folder on the file system of `path`, removed at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fronts.", suffix=".tmp") as folder:
        yield Path(folder)


@contextmanager
def _without_clock() -> Iterator[None]:
    """Let GDAL write NO_TIME instead of the present (`last_change`), or what the user has set."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before or NO_TIME})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
