"""What the values of an image are: stated, or found by the statistics of speckle.

Speckle multiplies: where an image is linear (intensity or amplitude), bright areas scatter more
than dark ones, and values within a small window are skewed to the bright side. In decibels speckle
adds: it scatters alike everywhere, and is skewed to the dark side (the logarithm of a gamma
distribution). Neither depends on the unit, the number of looks or an offset.

Amplitude cannot be told from intensity in this way: the texture of ice and rock is skewed, too.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.strips import Mask, Values, data_of
from calvingfront.vocabulary.kinds import (
    AMPLITUDE,
    ASK,
    BYTES,
    DECIBELS,
    KINDS,
    LINEAR,
    MULTIPLICATIVE,
)

log = logging.getLogger(__name__)

WINDOW_PX = 7
MOST_WINDOW_ROWS = 256
FEWEST_WINDOWS = 8
# Of the median skewness of the windows: linear above, decibels below. Four looks give 0.8 in
# intensity, 0.2 in amplitude and -0.4 in decibels; sixteen looks 0.4, 0.1 and -0.2.
SKEW_LINEAR, SKEW_DECIBELS = 0.15, -0.06
SKEW_SMALL = 0.05  # a scene whose speckle is filtered away: the contrast decides
CERTAIN = 2.5  # standard errors
# Of the exponent b in scatter ~ mean ** b, between the dark and the bright quarter of the windows:
# 1 where speckle multiplies, 0 where it adds. It tells only if their means differ enough.
EXPONENT_LINEAR, CONTRAST_LINEAR = 0.75, 3.5
EXPONENT_DECIBELS, CONTRAST_DECIBELS = 0.25, 1.5
EXPONENT_OPPOSITE, CONTRAST_OPPOSITE = -1.0, 1.15  # bright areas that scatter less
# More windows than this have a negative mean, and the lowest of them lie this far below zero, as a
# share of the highest: subtracted noise leaves fewer and smaller ones in linear images.
BELOW_ZERO, FAR_BELOW = 0.05, 0.1
MOST_NEGATIVE = 0.3  # share of the pixels of an image stated to be linear: noise below zero


def kind_of(values: Values, valid: Mask, where: object) -> str:
    """The kind of an image's values by evidence alone.

    values: (height, width), real; valid: data, without fill values.
    Raises SceneError, which asks for the kind, if there is no or contradictory evidence.
    """
    if values.dtype == np.uint8:
        return BYTES
    integral, low, high = _range(values, valid)
    if integral and low >= 0 and 128 <= high <= 255:
        return BYTES
    if low == high:
        raise SceneError(where, f"is constant ({low:g})", "Exclude the scene.")
    seen = _windows(values, valid)
    if low < 0 and seen.below_zero:
        return DECIBELS
    kind = _by_skewness(seen) or _by_contrast(seen)
    if kind is None:
        raise SceneError(where, "may hold linear backscatter or decibels", ASK)
    if kind == LINEAR and low < 0:
        what = f"looks linear but has negative values (down to {low:g})"
        raise SceneError(where, what, ASK)
    return kind


def intensity_or_amplitude(values: Values, valid: Mask, where: object) -> str:
    """Which of the two an image is that nobody has stated to be either; the log says so.

    Whole numbers are amplitude, as the digital numbers of every mission's detected products are;
    fractions are intensity, as calibrated backscatter is in most programs.
    """
    integral, _, _ = _range(values, valid)
    kind, numbers = (AMPLITUDE, "whole numbers") if integral else (LINEAR, "fractions")
    log.warning(
        "%s: linear values that are %s are taken as %s; if they are not, %s",
        where, numbers, KINDS[LINEAR] if kind == LINEAR else AMPLITUDE, ASK[0].lower() + ASK[1:],
    )  # fmt: skip
    return kind


def check_kind(kind: str, values: Values, valid: Mask, where: object) -> None:
    """Raise SceneError if the values cannot be of the kind that was stated."""
    integral, low, high = _range(values, valid)
    if kind == BYTES and not (integral and low >= 0 and high <= 255):
        what = f"is stated to be {BYTES}, but has values from {low:g} to {high:g}"
        raise SceneError(where, what, ASK)
    if kind in MULTIPLICATIVE and low < 0:
        negative = count = 0
        for part in data_of(values, valid)():
            negative += int((part < 0).sum())
            count += part.size
        if negative > MOST_NEGATIVE * count:
            share = f"{100 * negative / count:.0f} %"
            raise SceneError(where, f"is stated to be {kind}, but {share} of it is negative", ASK)


class Windows(NamedTuple):
    """Statistics of small windows: how many, their skewness, and dark against bright ones."""

    number: int
    below_zero: bool
    skewness: float
    skewness_error: float
    contrast: float
    exponent: float


def _windows(values: Values, valid: Mask) -> Windows:
    """Statistics of windows that are all data; exact zeros count as none."""
    side = WINDOW_PX
    rows, columns = values.shape[0] // side, values.shape[1] // side * side
    step = max(1, rows // MOST_WINDOW_ROWS)
    means: list[npt.NDArray[Any]] = []
    scatters: list[npt.NDArray[Any]] = []
    skews: list[npt.NDArray[Any]] = []
    every: list[npt.NDArray[Any]] = []
    for row in range(0, rows, step):
        part = slice(row * side, (row + 1) * side)
        strip = values[part, :columns].astype(np.float64)
        whole = valid[part, :columns] & (strip != 0)
        windows = strip.reshape(side, -1, side).swapaxes(0, 1).reshape(-1, side * side)
        windows = windows[whole.reshape(side, -1, side).all(axis=(0, 2))]
        mean, scatter = windows.mean(axis=1), windows.std(axis=1)
        every.append(mean)
        kept = scatter > 1e-7 * np.abs(mean)
        mean, scatter, windows = mean[kept], scatter[kept], windows[kept]
        means.append(mean)
        scatters.append(scatter)
        skews.append((((windows - mean[:, None]) / scatter[:, None]) ** 3).mean(axis=1))
    if sum(map(len, means)) < FEWEST_WINDOWS:
        return Windows(0, _is_below_zero(values[valid]), 0.0, np.inf, 1.0, 0.0)
    mean, scatter, skew = (np.concatenate(each) for each in (means, scatters, skews))
    dark, bright = np.quantile(mean, [0.25, 0.75])
    low, high = float(np.median(mean[mean <= dark])), float(np.median(mean[mean >= bright]))
    calm, rough = np.median(scatter[mean <= dark]), np.median(scatter[mean >= bright])
    contrast = high / low if low > 0 else 1.0
    exponent = float(np.log(rough / calm) / np.log(contrast)) if contrast > 1 else 0.0
    error = 1.25 * float(skew.std()) / len(skew) ** 0.5  # of a median
    below = _is_below_zero(np.concatenate(every))
    return Windows(len(skew), below, float(np.median(skew)), error, contrast, exponent)


def _is_below_zero(means: npt.NDArray[Any]) -> bool:
    """Whether means (or the pixels of an image of few windows) are too negative for noise."""
    low, high = np.quantile(means, [BELOW_ZERO, 1 - BELOW_ZERO])
    return bool(low < 0 and -low > FAR_BELOW * high)


def _by_skewness(seen: Windows) -> str | None:
    if seen.skewness > max(SKEW_LINEAR, CERTAIN * seen.skewness_error):
        return LINEAR
    if seen.skewness < min(SKEW_DECIBELS, -CERTAIN * seen.skewness_error):
        return DECIBELS
    return None


def _by_contrast(seen: Windows) -> str | None:
    contrast, exponent = seen.contrast, seen.exponent
    if contrast >= CONTRAST_LINEAR and exponent >= EXPONENT_LINEAR:
        return LINEAR if seen.skewness > -SKEW_SMALL else None
    if (contrast >= CONTRAST_DECIBELS and exponent <= EXPONENT_DECIBELS) or (
        contrast >= CONTRAST_OPPOSITE and exponent <= EXPONENT_OPPOSITE
    ):
        return DECIBELS if seen.skewness < SKEW_SMALL else None
    return None


def _range(values: Values, valid: Mask) -> tuple[bool, float, float]:
    """Whether all data are whole numbers, and the lowest and the highest."""
    integral, low, high = True, np.inf, -np.inf
    for part in data_of(values, valid)():
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        if integral and values.dtype.kind == "f":
            integral = bool((part == np.rint(part)).all())
    return integral, low, high
