"""Thinning front masks to lines one pixel wide, the same in all orientations of the image."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.fronts.symmetry import own_orientations, turned, turned_back

Mask = npt.NDArray[np.bool_]

# Weight of each neighbour in the 8-bit code of a neighbourhood: north is bit 0, then clockwise.
NEIGHBOUR_CODE = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], dtype=np.float32)


def thin(mask: Mask) -> Mask:
    """Reduce lines to a width of one pixel, 8-connected; a line that is so already is unchanged.

    Parallel thinning with two sub-iterations, each a look-up of the 3 × 3 neighbourhood, until
    nothing changes. The number of pieces is preserved, and the ends of lines move by at most half
    their width.

    A mask turned by a quarter or mirrored gives the line turned or mirrored, because it is thinned
    in its own orientation (`symmetry`). Where a line is two pixels wide, either may remain. Of a
    mask that is its own mirror image both remain, if no single pixel is in their middle.
    Source: Guo & Hall (1989), Communications of the ACM 32(3), algorithm A1, mirrored so that
    the first sub-iteration takes from the south and east.
    """
    codes = own_orientations(mask)
    lines = [turned_back(thin_as_it_lies(turned(mask, code)), code) for code in codes]
    every = np.logical_or.reduce(lines)
    return every if np.array_equal(every, lines[0]) else _thinned_evenly(every, codes)


def _thinned_evenly(mask: Mask, codes: list[int]) -> Mask:
    """Thin a mask that has the symmetry of `codes` further, and keep its symmetry.

    All mirror images of a pixel are deleted, or none of them is.
    """
    height, width = turned(mask, codes[0]).shape
    number = turned_back(np.arange(height * width).reshape(height, width), codes[0])
    images = np.stack([turned(number, code) for code in codes]).reshape(len(codes), -1)
    pixels = np.pad(turned(mask, codes[0]).astype(np.uint8), 1)
    orbits = {tuple(sorted(set(images[:, k].tolist()))) for k in np.flatnonzero(pixels[1:-1, 1:-1])}
    weights = NEIGHBOUR_CODE.astype(np.int64)
    removable = _removable()
    for orbit in sorted(orbits):
        places = [(k // width + 1, k % width + 1) for k in orbit]
        for count, (r, c) in enumerate(places):
            code = int((pixels[r - 1 : r + 2, c - 1 : c + 2] * weights).sum())
            if not removable[code]:
                for place in places[:count]:
                    pixels[place] = 1
                break
            pixels[r, c] = 0
    return turned_back(pixels[1:-1, 1:-1].astype(np.bool_), codes[0])


def pieces_of(mask: Mask) -> list[tuple[tuple[slice, slice], Mask]]:
    """The 8-connected pieces of a mask: for each its bounding box and the piece in it."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return []
    top, left = int(rows[0]), int(cols[0])
    pixels = mask[top : rows[-1] + 1, left : cols[-1] + 1].astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, width, height = (int(value) for value in stats[label, :4])
        piece = labels[y : y + height, x : x + width] == label
        found.append((np.s_[top + y : top + y + height, left + x : left + x + width], piece))
    return found


def thin_as_it_lies(mask: Mask) -> Mask:
    """Thin a mask without regard to its orientation: of two pixels the upper or left one stays."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return mask.copy()
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    pixels = np.pad(mask[box].astype(np.uint8), 1)
    changed = True
    while changed:
        changed = False
        for table in _deletion_tables():
            codes = cv2.filter2D(pixels, cv2.CV_8U, NEIGHBOUR_CODE, borderType=cv2.BORDER_CONSTANT)
            delete = (pixels & np.asarray(cv2.LUT(codes, table), np.uint8)).astype(bool)
            if delete.any():
                pixels[delete] = 0
                changed = True
    thinned = np.zeros_like(mask)
    thinned[box] = pixels[1:-1, 1:-1].astype(bool)
    return thinned


def _bits() -> list[Mask]:
    """Of every neighbourhood code, whether n, ne, e, se, s, sw, w, nw is front."""
    return [((np.arange(256) >> bit) & 1).astype(np.bool_) for bit in range(8)]


@cache
def _removable() -> Mask:
    """Whether a pixel with this neighbourhood code is inessential: no cut, and no end of a line."""
    n, ne, e, se, s, sw, w, nw = _bits()
    # One 8-connected piece of front around the pixel: deleting it cuts nothing.
    pieces = (
        (~n & (ne | e)).astype(int)
        + (~e & (se | s)).astype(int)
        + (~s & (sw | w)).astype(int)
        + (~w & (nw | n)).astype(int)
    )
    pairs_1 = (nw | n).astype(int) + (ne | e) + (se | s) + (sw | w)
    pairs_2 = (n | ne).astype(int) + (e | se) + (s | sw) + (w | nw)
    neighbours = np.minimum(pairs_1, pairs_2)
    return np.asarray((pieces == 1) & (neighbours >= 2) & (neighbours <= 3))


@cache
def _deletion_tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """For both sub-iterations: 1 where a pixel with this neighbourhood code may be deleted."""
    n, ne, e, se, s, sw, w, nw = _bits()
    south_east = _removable() & ~((s | se | ~ne) & e)
    north_west = _removable() & ~((n | nw | ~sw) & w)
    return south_east.astype(np.uint8), north_west.astype(np.uint8)
