"""Which of the annotated state vectors are used for an image, and whether they can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.errors import OrbitError
from calvingfront.radar.model import Array, StateVectors

MOST_VECTORS = 24
LEAST_VECTORS = 8  # if there are as many
BESIDE = 4  # vectors used before and after the image
EXTENSION_S = 5.0  # how far the image may reach beyond the vectors


def choose_vectors(times_s: Array, start_s: float, stop_s: float) -> npt.NDArray[np.intp]:
    """Indices of the vectors during the image, and of four before and after it.

    More than 24 are thinned evenly, their ends kept: the image always lies within those chosen, if
    it lies within all. Near an end of the vectors, more of the other side make up eight.
    """
    last = len(times_s) - 1
    low = int(np.searchsorted(times_s, start_s, "right")) - BESIDE
    high = int(np.searchsorted(times_s, stop_s, "left")) + BESIDE - 1
    low, high = max(0, min(low, last)), max(0, min(high, last))
    low = max(0, min(low, high - LEAST_VECTORS + 1))
    high = min(last, max(high, low + LEAST_VECTORS - 1))
    count = min(MOST_VECTORS, high - low + 1)
    return np.unique(np.linspace(low, high, count).round().astype(np.intp))


def check_vectors(vectors: StateVectors, start_s: float, stop_s: float) -> None:
    """Raise OrbitError for too few vectors, bad numbers, or an image that they do not cover."""
    times = vectors.times_s
    where = f"state vectors ({vectors.source})"
    if len(times) < 2:
        raise OrbitError(
            where, f"are too few ({len(times)})", "Give at least two, or an orbit file."
        )
    numbers = (times, vectors.positions_m, vectors.velocities_m_s)
    if not all(np.isfinite(values).all() for values in numbers) or (np.diff(times) <= 0).any():
        raise OrbitError(
            where,
            "have times that do not increase, or values that are NaN or infinite",
            "Fetch the product or orbit file again.",
        )
    covered = times[0] - EXTENSION_S <= start_s and stop_s <= times[-1] + EXTENSION_S
    if not covered:  # NaN neither
        raise OrbitError(
            where,
            f"cover {times[0]:.1f} to {times[-1]:.1f} s after {vectors.epoch.isoformat()}, but the "
            f"scene needs {start_s:.1f} to {stop_s:.1f} s",
            "Give an orbit file that covers the scene.",
        )
