"""Geometry of polylines: distance along them, even spacing, removal of loops.

A polyline is an array (n, 2), n > 0, of vertices in order: rows and columns, px. A closed one
lists its first vertex once, unless stated otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def distance_along(vertices: Floats | Pixels) -> Floats:
    """Distance of each vertex from the first along the line (n,); rows and columns come first."""
    steps = np.hypot(*np.diff(vertices[:, :2], axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def evenly_spaced(vertices: Floats, spacing: float = 1.0, least: int = 1) -> Floats:
    """Vertices at even distances along the line, near `spacing`, at least `least` steps."""
    along = distance_along(vertices)
    count = max(least, round(float(along[-1]) / spacing))
    places = np.linspace(0.0, along[-1], count + 1)
    return np.column_stack([np.interp(places, along, column) for column in vertices.T])


def joined(vertices: Floats) -> Floats:
    """A closed line with its first vertex once more at the end."""
    return np.vstack([vertices, vertices[:1]])


def untangled(vertices: Floats, closed: bool) -> Floats:
    """Cut off the loops where a line crosses itself; of a closed line the shorter part."""
    while True:
        points = joined(vertices) if closed else vertices
        crossing = _first_crossing(points)
        if crossing is None:
            return vertices
        i, j = crossing
        u, v, w = points[i + 1] - points[i], points[j + 1] - points[j], points[j] - points[i]
        share = (w[0] * v[1] - w[1] * v[0]) / (u[0] * v[1] - u[1] * v[0])
        at = points[i : i + 1] + share * u
        loop, rest = vertices[i + 1 : j + 1], (vertices[: i + 1], at, vertices[j + 1 :])
        most = closed and 2 * len(loop) > len(vertices)
        vertices = np.concatenate([at, loop] if most else rest)


def _first_crossing(points: Floats) -> tuple[int, int] | None:
    """The first two segments of a line that cross each other, by their first vertices."""
    if len(points) < 4:
        return None
    longest = float(np.diff(distance_along(points)).max())
    pairs = cKDTree((points[:-1] + points[1:]) / 2).query_pairs(longest, output_type="ndarray")

    def divides(i: npt.NDArray[np.intp], j: npt.NDArray[np.intp]) -> Bools:
        """Whether segment j begins and ends on different sides of segment i's straight line."""
        u, a, b = points[i + 1] - points[i], points[j] - points[i], points[j + 1] - points[i]
        turns = [u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0] for w in (a, b)]
        return np.asarray(turns[0] * turns[1] < 0)

    i, j = pairs.T
    crossings = pairs[divides(i, j) & divides(j, i)].tolist()
    return min(((i, j) for i, j in crossings), default=None)
