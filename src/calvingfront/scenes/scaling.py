"""Scale pixel values of any type to 8 bit."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.fills import drop_fills
from calvingfront.scenes.imagery.kinds import check_kind, kind_of
from calvingfront.scenes.imagery.strips import data_of, percentiles, strips
from calvingfront.scenes.pixels import Grey, Mask
from calvingfront.vocabulary.kinds import BYTES, MULTIPLICATIVE

log = logging.getLogger(__name__)

LOW_PERCENT, HIGH_PERCENT = 1.0, 99.0


def to_8bit(
    values: npt.NDArray[Any],
    valid: Mask,
    where: object = "image",
    kind: str | None = None,
    declared: bool = False,
) -> Grey:
    """Scale one scene to 8 bit on its valid area: 0 is no data, 1 to 255 are data.

    values: (height, width), any real type. valid: (height, width), false where the file declares
    no data; what else is found to be none is marked in it (see `drop_fills`).
    declared: whether the file declares any no data.
    kind: of the values (see `vocabulary.kinds`); None: found by evidence. Linear values (amplitude
    and intensity) are converted to decibels, which then differ by a factor that the stretch
    removes; of these zeros and negative values are no data. The values are stretched linearly from
    the 1st to the 99th percentile of the valid pixels and clipped beyond. Grey levels of 8 bit stay
    as they are, 0 where they are no data.
    Raises SceneError if the kind is unknown or wrong, no pixel is valid, or all are equal.
    """
    if values.dtype.kind not in "uif":
        raise SceneError(where, f"has {values.dtype} values", "Give real numbers (intensity).")
    if values.dtype.kind == "u" and values.dtype != np.uint8:
        for rows in strips(values.shape):
            valid[rows] &= values[rows] > 0
    fills = drop_fills(values, valid, where, declared)
    if not valid.any():
        raise SceneError(
            where, "has no valid pixel", "Exclude the scene, or correct its no-data value."
        )
    found = kind
    if found is None:
        found = kind_of(values, valid, where)
    else:
        check_kind(found, values, valid, where)
    log.info(
        "%s: values are %s (%s), %.1f %% no data%s", where, found,
        "stated" if kind else "by evidence", 100 * (1 - valid.mean()),
        "".join(f", undeclared {fill:g}" for fill in fills),
    )  # fmt: skip
    if found == BYTES:
        return np.where(valid, values, 0).astype(np.uint8)
    if found in MULTIPLICATIVE:
        for rows in strips(values.shape):
            valid[rows] &= values[rows] > 0
    return _stretched(values, valid, found in MULTIPLICATIVE, where)


def _stretched(values: npt.NDArray[Any], valid: Mask, multiplicative: bool, where: object) -> Grey:
    def scale(data: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return 10 * np.log10(data) if multiplicative else data

    data = data_of(values, valid)
    if next(data(), None) is None:
        raise SceneError(where, "has no valid pixel", "Check the kind of its values.")
    low, high = percentiles(data, [LOW_PERCENT, HIGH_PERCENT], scale)
    if not high > low:
        low, high = percentiles(data, [0, 100], scale)
    if not high > low:
        first = next(data())[0]
        raise SceneError(where, f"is constant ({first:g})", "Exclude the scene.")
    scaled = np.zeros(values.shape, dtype=np.uint8)
    for rows in strips(values.shape):
        inside = valid[rows]
        levels = (scale(values[rows][inside].astype(np.float64)) - low) / (high - low)
        scaled[rows][inside] = 1 + np.rint(np.clip(levels, 0, 1) * 254).astype(np.uint8)
    return scaled
