"""Statistics of large images, a strip of rows at a time, so that no copy of the image is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
Data = Callable[[], Iterator[Numbers]]
STRIP_PX = 1 << 20
BINS = 1 << 16
MOST_SORTED = 1 << 20


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of rows, each of about a million pixels, that cover an image of this shape."""
    rows = max(1, STRIP_PX // max(1, shape[1]))
    for first in range(0, shape[0], rows):
        yield slice(first, min(first + rows, shape[0]))


def data_of(values: Values, valid: Mask) -> Data:
    """A function that yields the valid values, float64, strip by strip, without empty strips."""

    def data() -> Iterator[Numbers]:
        for rows in strips(values.shape):
            part = values[rows][valid[rows]]
            if part.size:
                yield part.astype(np.float64)

    return data


def percentiles(
    data: Data, percents: Sequence[float], scale: Callable[[Numbers], Numbers] | None = None
) -> list[float]:
    """The same numbers, to the last digit, as `np.percentile(scale(values), percents)`.

    data: yields all values, which are finite, each time it is called. scale: increasing, such as a
    logarithm.
    """
    count, low, high = 0, np.inf, -np.inf
    for part in data():
        count += part.size
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    positions = [percent / 100 * (count - 1) for percent in percents]
    ranks = sorted({min(int(place) + more, count - 1) for place in positions for more in (0, 1)})
    ranked = dict(zip(ranks, _ranked(data, ranks, low, high), strict=True))
    found = []
    for place in positions:
        first = int(place)
        pair = np.array([ranked[first], ranked[min(first + 1, count - 1)]])
        lower, upper = pair if scale is None else scale(pair)
        share, step = place - first, upper - lower
        # As numpy interpolates.
        found.append(float(upper - step * (1 - share) if share >= 0.5 else lower + step * share))
    return found


def _ranked(data: Data, ranks: Sequence[int], low: float, high: float) -> list[float]:
    """The values of ranks (from 0) among all data from low to high: a histogram, then its bins."""
    with np.errstate(over="ignore"):
        factor = np.float64(BINS) / (high - low) if high > low else np.inf
    if not np.isfinite(factor):
        return [low] * len(ranks)
    counts = np.zeros(BINS, dtype=np.int64)
    for part in data():
        counts += np.bincount(_bins(part, low, high, factor), minlength=BINS)
    before = np.concatenate([[0], np.cumsum(counts)])
    chosen = np.searchsorted(before, ranks, side="right") - 1
    found: dict[int, float] = {}
    for number in np.unique(chosen):
        inside = _in_bin(data, low, high, factor, int(number))
        wanted = [rank for rank, place in zip(ranks, chosen, strict=True) if place == number]
        local = [rank - int(before[number]) for rank in wanted]
        if counts[number] <= MOST_SORTED:
            values = np.sort(np.concatenate(list(inside())))
            answers = [float(values[rank]) for rank in local]
        else:
            ends = [(float(part.min()), float(part.max())) for part in inside()]
            answers = _ranked(inside, local, min(a for a, _ in ends), max(b for _, b in ends))
        found |= dict(zip(wanted, answers, strict=True))
    return [found[rank] for rank in ranks]


def _bins(part: Numbers, low: float, high: float, factor: float) -> npt.NDArray[np.int64]:
    return np.minimum(((np.clip(part, low, high) - low) * factor).astype(np.int64), BINS - 1)


def _in_bin(data: Data, low: float, high: float, factor: float, number: int) -> Data:
    def inside() -> Iterator[Numbers]:
        for part in data():
            chosen = part[_bins(part, low, high, factor) == number]
            if chosen.size:
                yield chosen

    return inside
