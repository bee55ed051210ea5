"""Scale pixel values of any type to 8 bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.pixels import Grey, Mask

LOW_PERCENT, HIGH_PERCENT = 1.0, 99.0


def to_8bit(values: npt.NDArray[Any], valid: Mask, where: object = "image") -> Grey:
    """Scale one scene to 8 bit on its valid area: 0 is no data, 1 to 255 are data.

    values: (height, width), any real type; 8-bit values are returned unchanged.
    valid:  (height, width); pixels that are not finite, and zeros of an unsigned image (the border
            of a detected image), also count as no data.
    If all values are positive, they are linear backscatter, amplitude or intensity, and are
    converted to decibels (amplitude and intensity then differ by a factor that the stretch
    removes). Otherwise they are decibels or an index already. The values are stretched linearly
    from the 1st to the 99th percentile of the valid pixels and clipped beyond.
    Raises SceneError if no pixel is valid or all valid values are equal.
    """
    if values.dtype == np.uint8:
        return np.asarray(values, dtype=np.uint8)
    if values.dtype.kind not in "uif":
        raise SceneError(where, f"has {values.dtype} values", "Give real numbers (intensity).")
    valid = valid & np.isfinite(values)
    if values.dtype.kind == "u":
        valid = valid & (values > 0)
    data = values[valid].astype(np.float64)
    if not data.size:
        raise SceneError(
            where, "has no valid pixel", "Exclude the scene, or correct its no-data value."
        )
    if data.min() > 0:
        data = 10 * np.log10(data)
    low, high = np.percentile(data, [LOW_PERCENT, HIGH_PERCENT])
    if not high > low:
        low, high = data.min(), data.max()
    if not high > low:
        raise SceneError(where, f"is constant ({values[valid][0]:g})", "Exclude the scene.")
    scaled = np.zeros(values.shape, dtype=np.uint8)
    scaled[valid] = 1 + np.rint(np.clip((data - low) / (high - low), 0, 1) * 254).astype(np.uint8)
    return scaled
