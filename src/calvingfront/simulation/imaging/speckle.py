"""Speckle of multilooked intensity, slightly correlated by the processing."""

from __future__ import annotations

import cv2
import numpy as np

from calvingfront.simulation.world.noise import Field

# Processing weights the spectrum, which correlates neighbours: real CaFFe images at native
# resolution have a lag-one correlation of 0.3 to 0.4 on homogeneous ice.
KERNEL = np.array([0.13, 0.74, 0.13], np.float32)


def draw_speckle(shape: tuple[int, int], looks: float, rng: np.random.Generator) -> Field:
    """Multiplicative speckle: mean 1, equivalent number of looks mean²/variance = `looks`.

    Independent Gamma values of fewer looks, smoothed by KERNEL in both directions: smoothing
    multiplies the looks by 1 / (Σ k²)².
    """
    independent = looks * float(np.sum(KERNEL**2)) ** 2
    raw = rng.standard_gamma(independent, shape, dtype=np.float32)
    smooth = cv2.sepFilter2D(raw, cv2.CV_32F, KERNEL, KERNEL, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth / np.float32(independent), dtype=np.float32)
