"""From backscatter to grey levels: proportional to intensity, as in CaFFe, or to decibels.

The images of CaFFe are intensities: in homogeneous windows their speckle has a skewness of 1.9 to
2.2 times its coefficient of variation, as a gamma distribution has (2); that of amplitudes would
have 1.2. Their scale is not published. A fixed mean fits them as well as any percentile does; that
of clipped levels changes least with the map's area and with a few bright targets. A limit to the
saturated share keeps the ice of a map that is mostly dark sea (docs/grey_levels.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.strips import Data, Mask, Values, data_of, percentiles, strips
from calvingfront.vocabulary.kinds import AMPLITUDE, DECIBELS, LINEAR, MULTIPLICATIVE

Numbers = npt.NDArray[np.float64]

MEAN_LEVEL = 1 / 3  # mean grey level of the data over the highest: 85, the median of CaFFe's images
MOST_CLIPPED_PERCENT = 10.0  # of the data; as many are in the median image of CaFFe
MOST_STEPS = 100  # Newton's steps on a broken line, which ends; lognormal images need five
LOW_PERCENT, HIGH_PERCENT = 1.0, 99.0
# Between these percentiles, decibels of a scene span 5 to 40: others have another unit.
LEAST_SPAN_DB, MOST_SPAN_DB = 2.0, 60.0
DECLARE = (
    "Declare the factor (gdal_edit.py -scale 0.01 FILE), give intensity, or set "
    "samples.grey_levels: dB"
)


class Scale(NamedTuple):
    """The values that become level 1 and 255, after `unit`: amplitude, linear or dB."""

    low: float
    high: float
    unit: str


def scale_to_grey(values: Values, valid: Mask, kind: str, grey: str, where: object) -> Scale:
    """The scale of an image's valid pixels; those of linear kinds are positive.

    kind: linear, amplitude or dB. grey: a key of `vocabulary.kinds.GREY_LEVELS`.
    Raises SceneError if no pixel is valid, all are equal, or decibels are needed but these are in
    another unit.
    """
    data = data_of(values, valid)
    if next(data(), None) is None:
        raise SceneError(where, "has no valid pixel", "Check the kind of its values.")
    if grey == DECIBELS:
        unit = LINEAR if kind in MULTIPLICATIVE else DECIBELS
        return Scale(*_span(data, kind in MULTIPLICATIVE, where), unit)
    if kind == DECIBELS:
        _check_decibels(data, where)
    else:
        _span(data, False, where)
    (bright,) = percentiles(data, [100 - MOST_CLIPPED_PERCENT])
    least = float(intensity_of(np.array([bright]), kind)[0])
    return Scale(0.0, max(mean_scale(data, kind), least), kind)


def to_levels(values: Numbers, scale: Scale, grey: str) -> Values:
    """Grey levels 1 to 255 of valid values."""
    if grey == LINEAR:
        levels = intensity_of(values, scale.unit) / scale.high
    else:
        decibels = 10 * np.log10(values) if scale.unit == LINEAR else values
        levels = (decibels - scale.low) / (scale.high - scale.low)
    return 1 + np.rint(np.clip(levels, 0, 1) * 254).astype(np.uint8)


def intensity_of(values: Numbers, kind: str) -> Numbers:
    """Intensity, of any unit, of values of a kind."""
    if kind == DECIBELS:
        return np.asarray(10 ** (values / 10))
    return values**2 if kind == AMPLITUDE else values


def mean_scale(data: Data, kind: str = LINEAR) -> float:
    """The intensity s for which the mean of min(intensity / s, 1) is MEAN_LEVEL.

    data: yields all values, positive if `kind` is linear or amplitude. However bright, a share p of
    targets changes s by no more than a factor of about 1 + 3 p.
    """
    count, total = 0, 0.0
    for part in data():
        count += part.size
        total += float(intensity_of(part, kind).sum())
    scale = total / count / MEAN_LEVEL
    for _ in range(MOST_STEPS):
        below, above = 0.0, 0
        for part in data():
            intensity = intensity_of(part, kind)
            clipped = intensity >= scale
            above += int(clipped.sum())
            below += float(intensity[~clipped].sum())
        # mean(min(I, s)) − s / 3 is concave in s: the steps come from above and never pass the root
        new = below / (MEAN_LEVEL * count - above)
        if not new < scale * (1 - 1e-9):
            break
        scale = new
    return scale


def _span(data: Data, logarithm: bool, where: object) -> tuple[float, float]:
    """The 1st and the 99th percentile, or the lowest and highest where these are equal."""

    def scale(part: Numbers) -> Numbers:
        return 10 * np.log10(part) if logarithm else part

    low, high = percentiles(data, [LOW_PERCENT, HIGH_PERCENT], scale)
    if not high > low:
        low, high = percentiles(data, [0, 100], scale)
    if not high > low:
        first = next(data())[0]
        raise SceneError(where, f"is constant ({first:g})", "Exclude the scene.")
    return low, high


def _check_decibels(data: Data, where: object) -> None:
    low, high = _span(data, False, where)
    if not LEAST_SPAN_DB <= high - low <= MOST_SPAN_DB:
        what = f"is no intensity in decibels: most of its values lie from {low:g} to {high:g}"
        raise SceneError(where, what, DECLARE)


def lit(valid: Mask, shadow: Mask) -> None:
    """Take radar shadow out of the valid pixels, in place, strip by strip."""
    for rows in strips(valid.shape):
        valid[rows] &= ~shadow[rows]
