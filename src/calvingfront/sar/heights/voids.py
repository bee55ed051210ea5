"""Voids of a terrain model: sea, or gaps inland."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from calvingfront.sar.kernels import Float32

# A void whose whole border lies higher than this is no sea: coasts have low ground somewhere.
# If the void reaches the edge of the area, the low ground may lie outside.
SHORE_M, OPEN_SHORE_M = 50.0, 200.0
EIGHT = np.ones((3, 3), dtype=np.uint8)


def inland_voids(heights: Float32) -> tuple[float, float]:
    """Share (0…1) of an area that is void but no sea, and the lowest ground around such a void, m.

    heights: above the sea (height, width), m, NaN in the voids. A void (8-connected) is sea if
    ground of at most SHORE_M borders it, or of at most OPEN_SHORE_M if the void reaches the edge of
    the area. If there is no ground at all, the share is 1.
    """
    gaps = np.isnan(heights)
    if not gaps.any():
        return 0.0, np.inf
    if gaps.all():
        return 1.0, np.nan
    labels, count = ndimage.label(gaps, EIGHT)
    lowest = np.full(count + 1, np.inf)
    rows, columns = np.nonzero(ndimage.binary_dilation(gaps, EIGHT) & ~gaps)
    padded = np.pad(labels, 1)
    for down in (0, 1, 2):
        for across in (0, 1, 2):
            beside = padded[rows + down, columns + across]
            np.minimum.at(lowest, beside, heights[rows, columns])
    shore = np.full(count + 1, SHORE_M)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        shore[edge] = OPEN_SHORE_M
    inland = lowest > shore
    inland[0] = False  # the ground itself
    if not inland.any():
        return 0.0, np.inf
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    return float(sizes[inland].sum() / gaps.size), float(lowest[inland].min())
