"""No data that no tag declares: fill values and constant borders."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.strips import Mask, Values, data_of, percentiles, strips

# Fill values in common use. Beyond ENORMOUS lie only others: float32's extremes, NetCDF's fill.
FILLS = {-9999.0, -99999.0, -999.0, -99.0, -32768.0, -32767.0, -2147483648.0, 9999.0, 99999.0, 1e20}
ENORMOUS = 1e30
SHORTEST_RUN_PX, RUN_SHARE = 8, 1 / 16
BYTE_RUN_PX, BYTE_RUN_SHARE = 12, 1 / 8
# A border's value is further from the data than this share of their range (1st to 99th percentile).
GAP = 0.02
# Of whole numbers, the border's is this many times as frequent as its neighbours.
ATOM = 4
MOST_BORDERS = 4
TAG = (
    "If it is no data, declare it: gdal_edit.py -a_nodata {value:g} FILE; if it is data, declare "
    "another value."
)


def drop_fills(values: Values, valid: Mask, where: object, declared: bool) -> list[float]:
    """Mark undeclared no data in `valid`, in place; return the values that were found.

    No data are values that are not finite or enormous; fill values in common use that lie further
    from all data than these spread; and the value of a constant border, that is one that the
    outermost data repeat along a side.
    declared: the file declares some no data. A border that equals the lowest or highest data may
    have been clipped there; it is then taken as data, and so is a border of 8-bit levels.
    Raises SceneError if it is unclear whether a border is data and nothing is declared.
    """
    found: list[float] = []
    if values.dtype == np.uint8:
        if not declared:
            _refuse_byte_border(values, valid, where)
        return found
    if values.dtype.kind == "f":
        for rows in strips(values.shape):
            with np.errstate(invalid="ignore"):
                valid[rows] &= np.abs(values[rows]) < ENORMOUS  # false for NaN
    while (fill := _outlying_fill(values, valid)) is not None:
        _drop(values, valid, fill)
        found.append(fill)
    kept: set[float] = set()
    for _ in range(MOST_BORDERS):
        borders = _repeated(values, valid, SHORTEST_RUN_PX, RUN_SHARE) - kept
        if not borders:
            break
        for border in sorted(borders):
            seeds = _judge(values, valid, border, where, declared)
            if seeds is None:
                kept.add(border)
                continue
            if seeds:
                _drop_connected(values, valid, border)
                kept.add(border)
            else:
                _drop(values, valid, border)
            found.append(border)
    return found


def _drop(values: Values, valid: Mask, fill: float) -> None:
    for rows in strips(values.shape):
        valid[rows] &= values[rows] != fill


def _drop_connected(values: Values, valid: Mask, fill: float) -> None:
    """Drop the pixels of this value that are connected, through it or no data, to the edge."""
    import cv2

    height, width = valid.shape
    passable = np.full((height + 2, width + 2), 1, dtype=np.uint8)  # a ring around the image
    for rows in strips(values.shape):
        inside = ~valid[rows] | (values[rows] == fill)
        passable[rows.start + 1 : rows.stop + 1, 1:-1] = inside
    cv2.floodFill(passable, None, (0, 0), 2)
    valid &= passable[1:-1, 1:-1] != 2


def _outlying_fill(values: Values, valid: Mask) -> float | None:
    """A fill value in common use that is the lowest or highest, and far from all others."""
    low, high = np.inf, -np.inf
    for part in data_of(values, valid)():
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    for fill in (low, high):
        if fill not in FILLS:
            continue
        others = _others(values, valid, fill)
        below, above, _ = _neighbours(values, valid, fill)
        gap = min(fill - below, above - fill)
        if np.isfinite(gap) and gap > others:
            return fill
    return None


def _others(values: Values, valid: Mask, fill: float) -> float:
    """The range of the other data, from the 1st to the 99th percentile; 0 if there are none."""

    def data() -> Iterator[npt.NDArray[np.float64]]:
        for part in data_of(values, valid)():
            rest = part[part != fill]
            if rest.size:
                yield rest

    if next(data(), None) is None:
        return 0.0
    low, high = percentiles(data, [1, 99])
    return high - low


def _neighbours(values: Values, valid: Mask, value: float) -> tuple[float, float, bool]:
    """The next lower and next higher value (infinite if none), and whether all are whole."""
    below, above, integral = -np.inf, np.inf, True
    for part in data_of(values, valid)():
        below = max(below, float(part[part < value].max(initial=-np.inf)))
        above = min(above, float(part[part > value].min(initial=np.inf)))
        if integral and values.dtype.kind == "f":
            integral = bool((part == np.rint(part)).all())
    return below, above, integral


def _counts(values: Values, valid: Mask, wanted: tuple[float, ...]) -> list[int]:
    counts = [0] * len(wanted)
    for part in data_of(values, valid)():
        counts = [n + int((part == value).sum()) for n, value in zip(counts, wanted, strict=True)]
    return counts


def _judge(
    values: Values, valid: Mask, border: float, where: object, declared: bool
) -> bool | None:
    """Whether only the connected part of a border is no data; None: it is data."""
    below, above, integral = _neighbours(values, valid, border)
    if below == -np.inf and above == np.inf:
        return None  # a constant image: told later
    gap = min(border - below, above - border)
    is_inside = np.isfinite(below) and np.isfinite(above)
    own, lower, upper = _counts(values, valid, (border, below, above))
    if integral and own < ATOM * max(lower, upper):
        return None
    if gap > GAP * _others(values, valid, border):
        return False
    if is_inside:
        return integral
    if border == 0 or border < 0 <= above < np.inf:  # the only value below zero
        return False
    if declared:
        return None
    what = f"has a constant border of {border:g}, which is also its {_end(below)} value"
    raise SceneError(where, what, TAG.format(value=border))


def _end(below: float) -> str:
    return "lowest" if below == -np.inf else "highest"


def _repeated(values: Values, valid: Mask, shortest: int, share: float) -> set[float]:
    """The values that the outermost data repeat along a side of the image."""
    found: set[float] = set()
    for profile in _profiles(values, valid):
        least = max(shortest, int(share * len(profile)))
        if len(profile) < least:
            continue
        starts = np.flatnonzero(np.r_[True, profile[1:] != profile[:-1]])
        lengths = np.diff(np.r_[starts, len(profile)])
        found |= {float(value) for value in profile[starts[lengths >= least]]}
    return found


def _profiles(values: Values, valid: Mask) -> Iterator[Values]:
    """The first data of each row and column from each of the four sides."""
    for turned in (False, True):
        firsts = []
        for rows in strips(valid.shape):
            part, numbers = valid[rows], values[rows]
            if turned:
                part, numbers = part[:, ::-1], numbers[:, ::-1]
            data = part.any(axis=1)
            firsts.append(numbers[data, part[data].argmax(axis=1)])
        yield np.concatenate(firsts)
    for turned in (False, True):
        first = np.full(valid.shape[1], -1)
        for rows in reversed(list(strips(valid.shape))) if turned else strips(valid.shape):
            part = valid[rows][::-1] if turned else valid[rows]
            new = part.any(axis=0) & (first < 0)
            place = part[:, new].argmax(axis=0)
            first[new] = rows.stop - 1 - place if turned else rows.start + place
            if (first >= 0).all():
                break
        seen = np.flatnonzero(first >= 0)
        yield values[first[seen], seen]


def _refuse_byte_border(values: Values, valid: Mask, where: object) -> None:
    """Refuse an 8-bit image with a constant border that is neither 0 nor its darkest level."""
    counts = np.zeros(256, dtype=np.int64)
    for part in data_of(values, valid)():
        counts += np.bincount(part.astype(np.uint8), minlength=256)
    levels = np.flatnonzero(counts[1:]) + 1
    if len(levels) < 3:
        return
    for border in sorted(_repeated(values, valid, BYTE_RUN_PX, BYTE_RUN_SHARE)):
        place = int(np.searchsorted(levels, border))
        if border == 0 or place == 0:
            continue
        beside = [counts[levels[place - 1]], counts[levels[min(place + 1, len(levels) - 1)]]]
        if place + 1 == len(levels):
            beside.pop()
        if counts[int(border)] >= ATOM * max(beside):
            what = f"has a constant border of {border:g}"
            raise SceneError(where, what, TAG.format(value=border))
