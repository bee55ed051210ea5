"""Write front lines as GeoPackage, GeoParquet or Shapefile.

Every file has the attributes of `attributes.ATTRIBUTES` and one feature for each scene, ordered by
scene. The same fronts give the same bytes: no file records when it was written.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio

from calvingfront.errors import DiskError, SceneError
from calvingfront.files import PathLike, folder_beside, replacing
from calvingfront.geofiles.vectors import NO_TIME, without_clock
from calvingfront.geofiles.whole_vectors import geopackage_fault, shapefile_fault, telling_gdal
from calvingfront.locating.degrees import (
    crs_text,
    cut_at_antimeridian,
    is_geographic,
    same_crs,
    to_crs,
)
from calvingfront.locating.layers import (
    BANDS,
    DESCRIPTIONS,
    FRONTS,
    IMAGE_BANDS,
    IMAGE_FRONTS,
    IMAGE_VERTICES,
    VERTICES,
    band_layer,
    front_layer,
    shapefile_layer,
    style_table,
)
from calvingfront.locating.located_front import LEVELS, LocatedFront
from calvingfront.locating.outputs.vertices import write_vertices
from calvingfront.locating.reading import PARQUET, read_fronts

__all__ = [
    "LocatedFront", "read_fronts", "write_fronts", "write_geoparquet", "write_shapefile",
]  # fmt: skip

_BESIDE_SHP = (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".idm", ".ind", ".shp.xml")
# The standard requires milliseconds; they also give all date-times the same length.
LAYER_OPTIONS = {"DATETIME_PRECISION": "MILLISECOND"}


def write_fronts(fronts: Iterable[LocatedFront], path: PathLike, crs: str | None = None) -> None:
    """Write fronts as a GeoPackage: layers `fronts` (MultiLineString), `vertices` (Point), `bands`.

    `bands` (MultiPolygon) has a polygon for each front with known errors and each of LEVELS.
    A front without a line has a NULL geometry, which QGIS lists but does not draw. Fronts without
    a map position have separate layers, `fronts_image` and so on, in m from the image's upper left
    corner, y up, with an engineering CRS. For QGIS, `layer_styles` contains a style by date, and
    `acquired` the date-times (UTC, milliseconds) for the temporal controller.
    crs: the CRS of the layers (x east or longitude, y north or latitude; in degrees, lines are cut
    at ±180°). None keeps the CRS that all fronts share.
    Raises SceneError where there is no front, a scene appears twice, CRSs differ, a line cannot be
    transformed to `crs`, or another program is editing the file.
    """
    path = _named(path, ".gpkg")
    placed = _placed(fronts, path, crs)
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise SceneError(
            path,
            f"is open in another program, or was when that crashed: {wal.name} exists",
            f"Close it there. If no program has it open, delete {wal.name}.",
        )
    layers = {
        FRONTS: [front for front in placed if front.crs is not None],
        IMAGE_FRONTS: [front for front in placed if front.crs is None],
    }
    with folder_beside(path) as folder, telling_gdal(path), without_clock():
        new = folder / path.name
        for name, its_fronts in layers.items():
            if its_fronts:
                _add_layer(new, name, front_layer(its_fronts), "MultiLineString")
                placed_layer = name == FRONTS
                vertices = VERTICES if placed_layer else IMAGE_VERTICES
                options = LAYER_OPTIONS | {"DESCRIPTION": DESCRIPTIONS[vertices]}
                write_vertices(its_fronts, new, vertices, options)
                bands = BANDS if placed_layer else IMAGE_BANDS
                _add_layer(new, bands, band_layer(its_fronts), "MultiPolygon")
        styles = style_table([name for name, some in layers.items() if some], placed)
        _add_layer(new, "layer_styles", styles, None)
        _check_whole(path, geopackage_fault(new))
        os.replace(new, path)


def _add_layer(path: Path, name: str, layer: Any, geometry: str | None) -> None:
    options = {"DESCRIPTION": DESCRIPTIONS[name]} if geometry else {"FID": "id"}
    pyogrio.write_dataframe(
        layer,
        path,
        layer=name,
        driver="GPKG",
        geometry_type=geometry,
        layer_options=LAYER_OPTIONS | options,
        # Of 1.4, GDAL warns up to 3.6 (QGIS 3.22): "may only be partially supported".
        dataset_options={"VERSION": "1.3"},
    )


def write_geoparquet(
    fronts: Iterable[LocatedFront], path: PathLike, crs: str | None = None
) -> None:
    """Write fronts as GeoParquet 1.1: the layer `fronts` of `write_fronts`, without vertices.

    Either all fronts have a map position or none has; then the CRS is the engineering CRS of
    `write_fronts`.
    Raises SceneError as `write_fronts` does, and where the two kinds are mixed or pyarrow is
    missing.
    """
    path = _named(path, *PARQUET)
    layer = front_layer(_of_one_kind(_placed(fronts, path, crs), path))
    if find_spec("pyarrow") is None:
        raise SceneError(
            path,
            "cannot be written: GeoParquet needs pyarrow (55 MB), which is not installed",
            "Run pip install pyarrow, or write a GeoPackage.",
        )
    with replacing(path) as temporary:
        layer.to_parquet(temporary, index=False, compression="zstd", schema_version="1.1.0")


def write_shapefile(
    fronts: Iterable[LocatedFront], path: PathLike, crs: str | None = None
) -> list[str]:
    """Write the fronts that have a line as a Shapefile for MaQiT and users of TermPicks.

    MaQiT stops at a feature without a line (readGlacierData.m), so those are left out, and the
    names of their scenes are returned. MaQiT joins the pieces of a line in the order of the file.
    Column `Date` is text, YYYY-MM-DD, which MaQiT 1.03 and later and TermPicks' readers accept.
    `acquired` is ISO text, because a Shapefile has no date-times. Columns are named as in a
    GeoPackage (except numVertices: numVerts), with Year, Month and Day added. Reals keep 15
    decimals. The .shp is moved into place last, so that a reader never finds an incomplete set of
    files.
    Raises SceneError where fronts cannot be written together (as in `write_geoparquet`), no front
    has a line, or a text does not fit into a Shapefile.
    """
    path = _named(path, ".shp")
    placed = _of_one_kind(_placed(fronts, path, crs), path)
    drawn = [front for front in placed if front.lines]
    if not drawn:
        raise SceneError(path, "would be empty: no front has a line", "Write a GeoPackage.")
    layer = shapefile_layer(drawn, path)
    with folder_beside(path) as folder, telling_gdal(path):
        new = folder / path.name
        options = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": NO_TIME[:10]}
        pyogrio.write_dataframe(layer, new, driver="ESRI Shapefile", layer_options=options)
        _check_whole(path, shapefile_fault(new, len(layer)))
        path.unlink(missing_ok=True)
        for suffix in _BESIDE_SHP:
            path.with_suffix(suffix).unlink(missing_ok=True)
        for part in sorted(folder.iterdir(), key=lambda part: part.suffix == ".shp"):
            os.replace(part, path.with_name(part.name))
    return [front.scene for front in placed if not front.lines]


def _named(path: PathLike, *suffixes: str) -> Path:
    """The path, if it has one of the suffixes by which readers recognise the format."""
    if Path(path).suffix not in suffixes:
        raise SceneError(path, f"does not end in {suffixes[0]}", "Correct the suffix.")
    return Path(path)


def _placed(fronts: Iterable[LocatedFront], path: PathLike, crs: str | None) -> list[LocatedFront]:
    """The fronts, sorted by scene and transformed to `crs`. Raises SceneError as `write_fronts`."""
    found = sorted(fronts, key=lambda front: front.scene)
    if not found:
        raise SceneError(
            path,
            "would have no scene",
            "Give a front for each scene, with quality none where no line was found.",
        )
    twice = [scene for scene, count in Counter(f.scene for f in found).items() if count > 1]
    if twice:
        raise SceneError(
            path,
            f"would have scene {twice[0]} twice",
            "Put all lines of the scene into one front.",
        )
    theirs = sorted({front.crs for front in found if front.crs is not None})
    if crs is None:
        other = next((text for text in theirs if not same_crs(text, theirs[0])), None)
        if other is not None:
            example = [next(f.scene for f in found if f.crs == text) for text in (theirs[0], other)]
            raise SceneError(
                path,
                f"would mix CRSs: {example[0]} is in {theirs[0]}, {example[1]} in {other}",
                "Choose one: crs='EPSG:3031' (Antarctica), 'EPSG:3413' (Greenland), 'EPSG:4326' "
                "(degrees).",
            )
        target = theirs[0] if theirs else None
    else:
        try:
            target = crs_text(crs)
        except ValueError as error:
            raise SceneError(path, f"crs: {error}", "Give a code such as EPSG:3031.") from None
    return [
        front if front.crs is None or target is None else _in_crs(front, front.crs, target)
        for front in found
    ]


def _in_crs(front: LocatedFront, source: str, target: str) -> LocatedFront:
    errors = front.vertex_errors_m or [
        np.full((len(line), len(LEVELS)), np.nan) for line in front.lines
    ]
    pieces, faults = [], []
    try:
        for line, error in zip(front.lines, errors, strict=True):
            moved = to_crs(line, source, target)
            more = cut_at_antimeridian(moved, error) if is_geographic(target) else None
            pieces += more[0] if more else [moved]
            faults += more[1] if more else [error]
    except ValueError as error:
        raise SceneError(
            front.scene,
            f"its line {error}",
            "Choose a CRS that covers it, such as EPSG:3031 (Antarctica) or EPSG:3413 (Greenland).",
        ) from None
    known = faults if front.vertex_errors_m else ()
    return replace(front, crs=target, lines=pieces, vertex_errors_m=known)


def _of_one_kind(placed: Sequence[LocatedFront], path: PathLike) -> Sequence[LocatedFront]:
    on_map = [front.crs is not None for front in placed]
    if any(on_map) and not all(on_map):
        raise SceneError(
            path,
            "would mix fronts with and without a map position "
            f"({placed[on_map.index(False)].scene} has none)",
            "Write them to two files, or to a GeoPackage, which has layers for both.",
        )
    return placed


def _check_whole(path: Path, fault: str) -> None:
    """Raise DiskError, so that the former file stays, unless the new one is whole."""
    if fault:
        raise DiskError.of(path, OSError(fault))
