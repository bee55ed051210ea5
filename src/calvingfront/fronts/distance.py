"""Distance to the front, for loss, metrics and Figure 2, and the weight map of the latter two.

The loss has its weight map in `training.losses`, on tensors.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def distance_to_front(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Measure the Euclidean distance of every pixel to the nearest front pixel.

    mask: (h, w), front = non-zero. Returns (h, w) float32, px, 0 on the front; infinite everywhere
    where the mask has no front. cv2's 5×5 approximation is up to 5 px wrong, so the precise
    transform is used. The same mask gives the same bits, in any thread.
    """
    background = (mask == 0).astype(np.uint8)
    if background.all():
        return np.full(mask.shape, np.inf, np.float32)
    # Intel's routine, which cv2 takes for small images and in one thread, rounds by where in
    # memory the mask lies. The switch is the calling thread's own.
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

    1 on the front, 0 just beside it, towards 1 far away; 1 everywhere for an empty mask.
    w: px, positive. Source: Holzmann et al. (2021), eq. 2.
    """
    weights = np.tanh(distance / np.float32(2 * w)) + (mask > 0)
    return np.asarray(weights, dtype=np.float32)
