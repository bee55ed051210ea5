"""Write the vertices of fronts as points, whose number must not cost memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyogrio.raw

from calvingfront.locating.degrees import parsed
from calvingfront.locating.layers import ERRORS, IMAGE_CRS, pieces_of
from calvingfront.locating.located_front import LocatedFront

# Vertices written at once: 200 bytes each in memory. Later batches take twice as long, because
# GDAL then enters each point into the spatial index by itself.
BATCH = 250_000
_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("place", "<f8", 2)])  # WKB, 21 bytes


def write_vertices(
    fronts: Sequence[LocatedFront], path: Path, layer: str, options: Mapping[str, str]
) -> None:
    """Add a layer of points to a GeoPackage: scene, part and number (from 1), and ERRORS.

    These are NULL where unknown. All fronts share one CRS or have none. options: of the layer.
    """
    crs = parsed(fronts[0].crs or IMAGE_CRS)
    code = crs.to_epsg()
    for number, batch in enumerate(_batches(fronts)):
        columns = vertex_columns(batch)
        pyogrio.raw.write(
            path,
            _points(columns.pop("place")),
            [*columns.values()],
            [*columns],
            layer=layer,
            driver="GPKG",
            geometry_type="Point",
            crs=f"EPSG:{code}" if code else crs.to_wkt("WKT1_GDAL"),
            append=number > 0,
            layer_options=dict(options),
        )


def vertex_columns(fronts: Sequence[LocatedFront]) -> dict[str, npt.NDArray[np.generic]]:
    """The columns of the vertices (n,), and place (n, 2): x, y; ERRORS are NaN where unknown."""
    pieces = [(front, k, line) for front in fronts for k, line in enumerate(pieces_of(front))]
    lengths = [len(line) for _, _, line in pieces]
    errors = [
        front.vertex_errors_m[k]
        if front.vertex_errors_m
        else np.full((len(line), len(ERRORS)), np.nan)
        for front, k, line in pieces
    ]
    widths = np.concatenate([np.empty((0, len(ERRORS))), *errors])
    numbers = [np.arange(1, length + 1) for length in lengths]
    return {
        "scene": np.repeat(np.array([f.scene for f, _, _ in pieces], dtype=object), lengths),
        "part": np.repeat(np.array([k + 1 for _, k, _ in pieces], np.int32), lengths),
        "number": np.concatenate([np.empty(0), *numbers]).astype(np.int32),
        **dict(zip(ERRORS, np.ascontiguousarray(widths.T), strict=True)),
        "place": np.concatenate([np.empty((0, 2)), *(line for _, _, line in pieces)]),
    }


def _points(places: npt.NDArray[np.generic]) -> npt.NDArray[np.object_]:
    """WKB of each point."""
    table = np.empty(len(places), _POINT)
    table["order"], table["kind"], table["place"] = 1, 1, places  # little-endian, Point
    raw, size = table.tobytes(), _POINT.itemsize
    points = np.empty(len(places), dtype=object)
    points[:] = [raw[start : start + size] for start in range(0, len(raw), size)]
    return points


def _batches(fronts: Sequence[LocatedFront]) -> Iterator[list[LocatedFront]]:
    """The fronts in groups of about BATCH vertices; at least one group."""
    batch: list[LocatedFront] = []
    count = 0
    for front in fronts:
        batch.append(front)
        count += sum(map(len, front.lines))
        if count >= BATCH:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch
