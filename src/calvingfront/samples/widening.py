"""Drawing a front of a stated width on the pixels of a square sample."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.fronts.symmetry import own_orientations, turned_back
from calvingfront.fronts.thinning import pieces_of, thin
from calvingfront.samples.geometry import SquareGrid
from calvingfront.scenes.pixels import Mask

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_PARTED = 4  # sample px that may be taken off the end of a piece
EQUAL = 1e-6  # scene px: distances that differ by less are equal


def widened(line: Mask, grid: SquareGrid, width_px: int) -> Mask:
    """Draw a line on the pixels of `grid`, `width_px` wide; (size, size) bool, nothing in padding.

    line: (h, w), of the scene, one pixel wide (`thin`).
    A sample pixel is front if its centre lies in the rectangle around the centre of a pixel of the
    line, or of a place between two of them. Its sides are those of `drawn_side`: never less than a
    sample pixel, so that no line has gaps. A front of one pixel is then thinned again, and pieces
    that came to touch each other are parted (`parted`).

    Where the width is even and the line runs exactly through pixel centres, the front can only be
    as wide if it reaches further to one side. The side is chosen in the line's own orientation
    (`fronts.symmetry`), so that a line turned or mirrored gives the front turned or mirrored. A
    line that is its own mirror image has no side to choose: there the front is a pixel narrower,
    or, instead of one, two pixels wide.
    """
    square = np.zeros((grid.size, grid.size), dtype=np.bool_)
    content = square[: grid.content_height, : grid.content_width]
    sides = _sides(line)
    content[:] = _drawn(line, grid, width_px, sides)
    if width_px == 1:
        content[:] = thin(content)
        pieces = _pieces(line)
        if len(_pieces(content)) < len(pieces):
            content[:] = parted([thin(_drawn(piece, grid, 1, sides)) for piece in pieces])
    return square


def _drawn(line: Mask, grid: SquareGrid, width_px: int, sides: tuple[int, int]) -> Mask:
    """The line on the content of the sample, (content_height, content_width)."""
    steps = grid.step_y, grid.step_x
    content = grid.content_height, grid.content_width
    fine = max(math.ceil(1 / step - EQUAL) for step in steps)
    (top, bottom), (left, right) = (
        _reached(places / fine, step, count, drawn_side(step, width_px) / 2, side, width_px == 1)
        for places, step, count, side in zip(
            places_along(line, fine), steps, content, sides, strict=True
        )
    )
    corners = np.zeros((content[0] + 1, content[1] + 1), dtype=np.int32)
    for rows, cols, sign in (
        (top, left, 1),
        (bottom, right, 1),
        (top, right, -1),
        (bottom, left, -1),
    ):
        np.add.at(corners, (rows, cols), sign)
    return np.asarray(corners.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0)


def _pieces(mask: Mask) -> list[Mask]:
    """The 8-connected pieces of a mask, each in a mask of its shape."""
    found = []
    for box, piece in pieces_of(mask):
        found.append(np.zeros_like(mask))
        found[-1][box] = piece
    return found


def parted(pieces: list[Mask]) -> Mask:
    """Join pieces (h, w), one pixel wide, in one mask; ends that touch another piece are taken off.

    Pieces that run beside each other within a pixel, and single pixels, cannot be parted: if pieces
    still touch after `MOST_PARTED` pixels, all stay as they are, and some become one.
    """
    around = np.ones((3, 3), np.uint8)
    joined = np.asarray(np.any(pieces, axis=0))
    parts = [piece.astype(np.uint8) for piece in pieces]
    for _ in range(MOST_PARTED):
        near = np.sum([cv2.dilate(piece, around) for piece in parts], axis=0)
        ends = []
        for piece in parts:
            itself = cv2.filter2D(piece, -1, around, borderType=cv2.BORDER_CONSTANT)
            end = (piece > 0) & (itself <= 2) & (near > 1)
            ends.append(end if end.sum() < piece.sum() else np.zeros_like(end))
        if not np.any(ends):
            break
        for piece, end in zip(parts, ends, strict=True):
            piece[end] = 0
    apart = np.asarray(np.any(parts, axis=0))
    return apart if len(pieces_of(apart)) == len(pieces) else joined


def drawn_side(step: float, width_px: int) -> float:
    """Side of the rectangle that draws a line, in scene px. step: scene px per sample px.

    Whole pixels of a scene that shrinks, as in the paper: 4581, 2291, 1146 px at 512 and 6 px
    → 53, 26, 13.
    """
    if step < 1:  # enlarged: there is no whole number of scene pixels
        return width_px * step
    return max(step, int(step * width_px + 1e-9))


def places_along(line: Mask, fine: int) -> tuple[Ints, Ints]:
    """Rows and columns (n,) along a line, from pixel centre to pixel centre, in 1 / `fine` px."""
    rows, cols = (axis * fine for axis in np.nonzero(line))
    if fine == 1:
        return rows, cols
    all_rows, all_cols = [rows], [cols]
    down, right = line[:-1] & line[1:], line[:, :-1] & line[:, 1:]
    falling = line[:-1, :-1] & line[1:, 1:] & ~line[:-1, 1:] & ~line[1:, :-1]
    rising = line[:-1, 1:] & line[1:, :-1] & ~line[:-1, :-1] & ~line[1:, 1:]
    for links, r, c in ((down, 1, 0), (right, 0, 1), (falling, 1, 1), (rising, 1, -1)):
        rows, cols = np.nonzero(links)
        cols = cols + (c < 0)  # a rising link starts at its right pixel
        for step in range(1, fine):
            all_rows.append(rows * fine + r * step)
            all_cols.append(cols * fine + c * step)
    return np.concatenate(all_rows), np.concatenate(all_cols)


def _sides(line: Mask) -> tuple[int, int]:
    """To which side (down, right) an even width reaches further: 1, −1, or 0 for neither."""
    corner = np.array([[False, False], [False, True]])
    places = {
        tuple((2 * np.argwhere(turned_back(corner, code))[0] - 1).tolist())
        for code in own_orientations(line)
    }
    down, right = ({place[axis] for place in places} for axis in (0, 1))
    return tuple(side.pop() if len(side) == 1 else 0 for side in (down, right))  # type: ignore[return-value]


def _reached(
    places: Floats, step: float, count: int, reach: float, side: int, both: bool
) -> tuple[Ints, Ints]:
    """For each place, the first and the last + 1 sample pixel whose centre is within `reach`.

    places, step, reach: scene px, along an axis. side: where a centre exactly at `reach` counts (1:
    beyond the place, −1: before it); 0: nowhere, or on both sides.
    """
    before, beyond = side < 0 or (both and not side), side > 0 or (both and not side)
    centres = (np.arange(count) + 0.5) * step - 0.5
    first = np.searchsorted(centres, places - reach + (-EQUAL if before else EQUAL))
    stop = np.searchsorted(centres, places + reach + (EQUAL if beyond else -EQUAL))
    return first, np.maximum(stop, first)
