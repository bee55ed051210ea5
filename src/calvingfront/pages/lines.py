"""Lines as a page stores them: only the vertices that its deepest zoom can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from calvingfront.locating.degrees import WGS84, Floats, PoleError, cut_at_antimeridian, to_crs
from calvingfront.locating.located_front import LEVELS, LocatedFront
from calvingfront.pages.maps import Map
from calvingfront.pages.packing import packed_pieces

QUANTUM_M = 0.1
QUANTUM_DEGREES = 1e-7  # 1 cm
MOST_VERTICES = 250_000
FINEST_M = 0.2  # per screen pixel
PIXEL_PARTS = 4  # screen pixels for one pixel of the image at the deepest zoom
SCREENS_PX = 3200  # width or height of the fronts, at least, in screen pixels at the deepest zoom


def deepest_zoom(maps: Sequence[Map]) -> float:
    """Metres per screen pixel at the deepest zoom.

    A quarter of the finest image's pixel, or less where a map's fronts would not fill a screen
    several times; more where the lines would keep more than MOST_VERTICES vertices.
    """
    fronts = [front for where in maps for front in where.fronts]
    sizes = [f.pixel_size_m for f in fronts if f.pixel_size_m is not None]
    boxes = [box for where in maps if (box := where.box())]
    wide = min((max(b[2] - b[0], b[3] - b[1]) for b in boxes), default=SCREENS_PX)
    finest = min(min(sizes, default=4 * FINEST_M) / PIXEL_PARTS, wide / SCREENS_PX)
    finest = max(FINEST_M, finest)
    while sum(sum(map(len, kept_vertices(f, finest / 2))) for f in fronts) > MOST_VERTICES:
        finest *= 2
    return finest


def kept_vertices(front: LocatedFront, tolerance_m: float) -> list[Any]:
    """For each piece, the indices of the vertices that its page keeps.

    front: in metres. Neither its line nor, where known, the half-widths of its bands move by more
    than the tolerance.
    """
    # A vertex kept for the bands bends the simplified line, by no more than what it was off.
    tolerance = tolerance_m / 2 if front.vertex_errors_m else tolerance_m
    found = []
    for number, line in enumerate(front.lines):
        kept = set(_simplified(line, tolerance))
        if front.vertex_errors_m:
            along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
            for widths in front.vertex_errors_m[number].T:
                known = np.isfinite(widths)
                edges = np.flatnonzero(known[1:] != known[:-1])
                kept |= {*edges.tolist(), *(edges + 1).tolist()}
                profile = np.column_stack([along, np.where(known, widths, 0.0)])
                kept |= set(_simplified(profile, tolerance))
        found.append(np.array(sorted(kept)))
    return found


def _simplified(points: Floats, tolerance: float) -> list[int]:
    """Indices of the vertices that Douglas and Peucker's algorithm keeps."""
    kept = shapely.get_coordinates(
        shapely.simplify(shapely.LineString(points), tolerance, preserve_topology=False)
    )
    indices, at = [], 0
    for place in kept:
        while (points[at] != place).any():
            at += 1
        indices.append(at)
        at += 1
    indices[-1] = len(points) - 1
    return indices


def packed_line(pieces: Sequence[Floats], origin: Floats) -> str:
    """Pieces (n, 2) in metres, relative to an origin, in steps of QUANTUM_M."""
    return packed_pieces(
        [np.rint((piece - origin) / QUANTUM_M).astype(np.int64) for piece in pieces]
    )


def packed_widths(widths: Sequence[Floats]) -> str:
    """Half-widths (n, 3), m: 0 for unknown, else 1 and the number of QUANTUM_M."""
    assert all(each.shape[1] == len(LEVELS) for each in widths)
    return packed_pieces(
        [
            np.where(np.isfinite(each), np.rint(np.nan_to_num(each) / QUANTUM_M) + 1, 0).astype(
                np.int64
            )
            for each in widths
        ]
    )


def packed_degrees(pieces: Sequence[Floats], crs: str) -> str | None:
    """Pieces in a CRS as longitude and latitude, cut at ±180°; None where they pass a pole."""
    cut: list[Floats] = []
    for piece in pieces:
        degrees = to_crs(piece, crs, WGS84)
        try:
            cut += cut_at_antimeridian(degrees, np.zeros(len(degrees)))[0]
        except PoleError:
            return None
    return packed_pieces([np.rint(each / QUANTUM_DEGREES).astype(np.int64) for each in cut])
