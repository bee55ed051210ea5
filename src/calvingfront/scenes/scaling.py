"""Scale pixel values of any type to 8 bit."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.fills import drop_fills
from calvingfront.scenes.imagery.grey_levels import scale_to_grey, to_levels
from calvingfront.scenes.imagery.kinds import check_kind, intensity_or_amplitude, kind_of
from calvingfront.scenes.imagery.strips import strips
from calvingfront.scenes.pixels import Grey, Mask
from calvingfront.vocabulary.kinds import BYTES, LINEAR, MULTIPLICATIVE

log = logging.getLogger(__name__)


def to_8bit(
    values: npt.NDArray[Any],
    valid: Mask,
    where: object = "image",
    kind: str | None = None,
    declared: bool = False,
    grey: str = LINEAR,
) -> Grey:
    """Scale one scene to 8 bit on its valid area: 0 is no data, 1 to 255 are data.

    values: (height, width), any real type. valid: (height, width), false where the file declares
    no data; what else is found to be none is marked in it (see `drop_fills`).
    declared: whether the file declares any no data.
    kind: of the values (see `vocabulary.kinds`); None: found by evidence.
    grey: a key of `vocabulary.kinds.GREY_LEVELS`. linear: proportional to intensity and clipped at
    255, with a mean of 85, or less where more than a tenth would be clipped. dB: decibels,
    stretched from the 1st to the 99th percentile of the valid pixels and clipped beyond.
    Zeros and negative values of linear kinds are no data. Grey levels of 8 bit stay as they are, 0
    where they are no data.
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
        if found == LINEAR == grey:  # the decibels of both differ by a factor only
            found = intensity_or_amplitude(values, valid, where)
    else:
        check_kind(found, values, valid, where)
    log.info(
        "%s: values are %s (%s), %.1f %% no data%s%s", where, found,
        "stated" if kind else "by evidence", 100 * (1 - valid.mean()),
        "".join(f", undeclared {fill:g}" for fill in fills),
        "" if found == BYTES else f"; grey levels are {grey}",
    )  # fmt: skip
    if found == BYTES:
        return np.where(valid, values, 0).astype(np.uint8)
    if found in MULTIPLICATIVE:
        for rows in strips(values.shape):
            valid[rows] &= values[rows] > 0
    scale = scale_to_grey(values, valid, found, grey, where)
    scaled = np.zeros(values.shape, dtype=np.uint8)
    for rows in strips(values.shape):
        inside = valid[rows]
        scaled[rows][inside] = to_levels(values[rows][inside].astype(np.float64), scale, grey)
    return scaled
