"""How widely the predictions of an ensemble spread about a front line, along its normals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calvingfront.fronts.polylines import normals

Floats = npt.NDArray[np.float64]

REACH, STEP = 12.0, 0.5  # px: how far the normals are followed, and in what steps
ANYWHERE = 0.01  # probability added everywhere: a member that sees no front says: anywhere
SMOOTHING = 4.0  # px: σ of the Gaussian along the line
OFFSETS = np.arange(-REACH, REACH + STEP / 2, STEP)


def spread_along(members: npt.NDArray[np.floating], rows: Floats, cols: Floats) -> Floats:
    """Root mean square distance (n,), px, at which the members see the front from each vertex.

    members: (k, s, s), 0…1: the probability of each network in each orientation. rows, cols: (n,)
    vertices of a line about 1 px apart. Each member's probabilities along the normal, normalised,
    are its distribution of the front's position; their mean is that of the ensemble. So the value
    contains the width of the predicted fronts, the disagreement of the members, and those that
    see no front at all, which may be anywhere within REACH.
    """
    vertices = np.column_stack([rows, cols])
    points = vertices[:, None] + OFFSETS[None, :, None] * normals(vertices)[:, None]
    density = np.zeros(points.shape[:2])
    for member in members:
        profile = ndimage.map_coordinates(
            np.asarray(member, np.float32), np.moveaxis(points, 2, 0), order=1
        )
        profile = profile + ANYWHERE
        density += profile / profile.sum(axis=1, keepdims=True)
    density /= len(members)
    variance = density @ OFFSETS**2
    smooth = ndimage.gaussian_filter1d(variance, SMOOTHING, mode="nearest")
    return np.asarray(np.sqrt(smooth), np.float64)
