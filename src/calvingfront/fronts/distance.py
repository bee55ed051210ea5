"""Distance to the front, for the loss, the metrics and Figure 2; weight map for the last two.

The loss has its own weight map, on tensors, in `losses.bce`.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def distance_to_front(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Measure the Euclidean distance of every pixel to the nearest front pixel.

    mask: (h, w), front = non-zero. Returns (h, w) float32, px, 0 on the front; infinite everywhere
    if the mask has no front. Uses the precise transform, because cv2's 5×5 approximation errs by
    up to 5 px. The same mask gives bit-identical results, in any thread.
    """
    background = (mask == 0).astype(np.uint8)
    if background.all():
        return np.full(mask.shape, np.inf, np.float32)
    # Intel's routine, which cv2 uses for small images and in a single thread, rounds differently
    # depending on the mask's memory address. The switch affects only the calling thread.
    intel = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        distance = cv2.distanceTransform(background, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    finally:
        cv2.ipp.setUseIPP(intel)
    return np.asarray(distance, dtype=np.float32)


def weight_map(
    distance: npt.NDArray[np.float32], mask: npt.NDArray[np.uint8], w: float
) -> npt.NDArray[np.float32]:
    """Compute W̃_w = 2 (σ(EDT / w) − ½) + y = tanh(EDT / 2w) + y.

    1 on the front, near 0 just beside it, approaching 1 far away; 1 everywhere for an empty mask.
    w: px, positive. Source: Holzmann et al. (2021), eq. 2.
    """
    weights = np.tanh(distance / np.float32(2 * w)) + (mask > 0)
    return np.asarray(weights, dtype=np.float32)
