"""From backscatter to the integers that a product stores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.errors import ProductError
from calvingfront.radar.model import Pixels
from calvingfront.simulation.imaging.radar_image import RadarImage

PEAK_SIGNED = 30_000  # of 32 767: rounding and rotated phases stay inside
PEAK_UNSIGNED = 60_000  # of 65 535


def require_beta0(image: RadarImage, layout: str) -> None:
    """Refuse an image whose squared values are not β0, which the layout's calibration gives."""
    if image.backscatter != "beta0":
        what = f"contains {image.backscatter}, but the calibration of {layout} gives beta0"
        raise ProductError(f"simulated {image.mission} image", what, "Render beta0.")


def choose_gain(values: Pixels) -> float:
    """Return backscatter per squared digital number, so that the peak fills the integers."""
    if np.iscomplexobj(values):
        peak = float(max(np.abs(values.real).max(), np.abs(values.imag).max()))
        return (peak / PEAK_SIGNED) ** 2 if peak else 1.0
    peak = float(values.max())
    return (peak / PEAK_UNSIGNED) ** 2 if peak else 1.0


def complex_numbers(values: Pixels, gain: float) -> npt.NDArray[np.int16]:
    """Round to pairs of integers: (lines, samples, 2), real part first.

    Nonzero pixels stay nonzero: 0 means no data.
    """
    scaled = np.asarray(values, dtype=np.complex64) / np.float32(np.sqrt(gain))
    pairs = np.stack([np.rint(scaled.real), np.rint(scaled.imag)], axis=-1).astype(np.int16)
    lost = (values != 0) & ~pairs.any(axis=-1)
    pairs[lost, 0] = 1
    return pairs


def amplitude_numbers(values: Pixels, gain: float) -> npt.NDArray[np.uint16]:
    """Round to amplitudes: (lines, samples); nonzero pixels stay nonzero."""
    numbers = np.rint(np.asarray(values, dtype=np.float32) / np.float32(np.sqrt(gain)))
    return np.where(values > 0, np.maximum(numbers, 1), 0).astype(np.uint16)
