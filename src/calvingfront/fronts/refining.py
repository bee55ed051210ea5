"""Move the vertices of a line to the centre of a front in a probability image, and smooth them.

A line is an array (n, 2) of vertices in order: rows and columns, px.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.linalg import solveh_banded

from calvingfront.fronts.polylines import evenly_spaced, joined, normals, untangled

Floats = npt.NDArray[np.float64]

PROFILE = np.arange(-4.0, 4.1, 0.5)  # px from the line along its normal
SMOOTHING = 5.0  # px: undulations of this wavelength keep half of their amplitude
ROUNDS = 3  # of centring and smoothing; further rounds change almost nothing
OVERLAP = 8  # vertices by which a closed line overlaps


def refined(image: Floats, vertices: Floats, closed: bool = False) -> Floats:
    """Alternately move the vertices to the centre of the front and smooth them."""
    for _ in range(ROUNDS):
        if closed:
            vertices = evenly_spaced(joined(vertices), least=4)[:-1]
            around = np.arange(-OVERLAP, len(vertices) + OVERLAP) % len(vertices)
            vertices = _smoothed(_centred(image, vertices[around]))[OVERLAP:-OVERLAP]
        else:
            vertices = _smoothed(_centred(image, evenly_spaced(vertices, least=2)))
    return untangled(vertices, closed)


def _centred(image: Floats, vertices: Floats) -> Floats:
    """Vertices moved to the centroid of the squared probability across the line.

    Profiles are kept from rising away from the line: a second rise belongs to another front.
    Squared, because the centroid of the plain probability lay slightly farther from the true front.
    """
    across = normals(vertices)
    points = vertices[:, None] + PROFILE[None, :, None] * across[:, None]
    profile = ndimage.map_coordinates(image, np.moveaxis(points, 2, 0), order=1)
    middle = len(PROFILE) // 2
    profile[:, middle:] = np.minimum.accumulate(profile[:, middle:], axis=1)
    profile[:, middle::-1] = np.minimum.accumulate(profile[:, middle::-1], axis=1)
    mass = profile**2
    offset: Floats = (mass @ PROFILE) / np.maximum(mass.sum(axis=1), 1e-12)
    return np.asarray(vertices + offset[:, None] * across)


def _smoothed(vertices: Floats) -> Floats:
    """Smooth (n, 2), n ≥ 3; squared second differences are penalised by (`SMOOTHING` / 2π)⁴."""
    stiffness = (SMOOTHING / (2 * np.pi)) ** 4
    bands = np.zeros((3, len(vertices)))  # the diagonal of the matrix and the two below it
    bands[0] = 1 + stiffness * np.convolve(np.ones(len(vertices) - 2), (1, 4, 1))
    bands[1, :-1] = -2 * stiffness * np.convolve(np.ones(len(vertices) - 2), (1, 1))
    bands[2, :-2] = stiffness
    return np.asarray(solveh_banded(bands, vertices, lower=True))


def lengthened(image: Floats, vertices: Floats, level: float, half: float) -> Floats:
    """Extend the line straight beyond its first vertex, to `half` / 2 before the piece ends.

    A front drawn `half` px wide on either side of its line also extends `half` px beyond the ends
    of the line. Predicted fronts fade earlier, hence `half` / 2.
    """
    direction = vertices[0] - vertices[min(3, len(vertices) - 1)]
    direction /= max(float(np.hypot(*direction)), 1e-12)
    steps = np.arange(0.0, 4 * half + 2, 0.05)
    ahead = vertices[0] + steps[:, None] * direction
    below = np.flatnonzero(ndimage.map_coordinates(image, ahead.T, order=1) <= level)
    reach = (steps[below[0]] if below.size else steps[-1]) - half / 2
    return np.vstack([vertices[0] + reach * direction, vertices]) if reach > 0 else vertices
