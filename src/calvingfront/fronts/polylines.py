"""Geometry of polylines: distance along them, even spacing, removal of loops.

A polyline is an array (n, 2) of vertices in order: rows and columns, px.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

TANGENT = 1.5  # vertices: σ of the Gaussian along the line that smooths its direction


def distance_along(vertices: Floats | Pixels) -> Floats:
    """Distance (n,) of each vertex from the first along the line; further columns are ignored."""
    steps = np.hypot(*np.diff(vertices[:, :2], axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def evenly_spaced(vertices: Floats, spacing: float = 1.0, least: int = 1) -> Floats:
    """Resample a line in equal steps of about `spacing`, at least `least` of them.

    Columns after rows and columns are interpolated too.
    """
    along = distance_along(vertices)
    count = max(least, round(float(along[-1]) / spacing))
    places = np.linspace(0.0, along[-1], count + 1)
    return np.column_stack([np.interp(places, along, column) for column in vertices.T])


def normals(vertices: Floats) -> Floats:
    """Unit normals (n, 2) of a line with evenly spaced vertices; its direction is smoothed first.

    The smoothing (`TANGENT`) keeps neighbouring normals from crossing where single vertices jump.
    """
    smooth = ndimage.gaussian_filter1d(vertices, TANGENT, axis=0, mode="nearest")
    tangents = np.gradient(smooth, axis=0)
    tangents /= np.maximum(np.hypot(*tangents.T), 1e-12)[:, None]
    return np.column_stack([-tangents[:, 1], tangents[:, 0]])


def joined(vertices: Floats) -> Floats:
    """A closed line with its first vertex repeated at the end."""
    return np.vstack([vertices, vertices[:1]])


def nearest_on(vertices: Floats, point: Floats) -> Floats:
    """The place on a line (n, 2), n > 1, that is nearest to a point (2,)."""
    starts, steps = vertices[:-1], np.diff(vertices, axis=0)
    squares = np.maximum((steps**2).sum(axis=1), 1e-12)
    shares = np.clip(((point - starts) * steps).sum(axis=1) / squares, 0, 1)
    places = starts + shares[:, None] * steps
    return np.asarray(places[np.argmin(((places - point) ** 2).sum(axis=1))])


def untangled(vertices: Floats, closed: bool) -> Floats:
    """Cut off the loops where a line crosses itself; of a closed one, the part with fewer vertices.

    closed: the last vertex is joined to the first, which is not repeated.
    """
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
    """The first pair of segments that cross each other, as the indices of their first vertices."""
    if len(points) < 4:
        return None
    longest = float(np.diff(distance_along(points)).max())
    pairs = cKDTree((points[:-1] + points[1:]) / 2).query_pairs(longest, output_type="ndarray")

    def divides(i: npt.NDArray[np.intp], j: npt.NDArray[np.intp]) -> Bools:
        """Whether segment j starts and ends on opposite sides of the line through segment i."""
        u, a, b = points[i + 1] - points[i], points[j] - points[i], points[j + 1] - points[i]
        turns = [u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0] for w in (a, b)]
        return np.asarray(turns[0] * turns[1] < 0)

    i, j = pairs.T
    crossings = pairs[divides(i, j) & divides(j, i)].tolist()
    return min(((i, j) for i, j in crossings), default=None)
