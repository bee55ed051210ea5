"""Front masks: thinning to one pixel and dilation to a stated width."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.samples.geometry import square_grid
from calvingfront.scenes.pixels import Mask, read_front, write_png

# Weight of each neighbour in the 8-bit code of a neighbourhood: north is bit 0, then clockwise.
NEIGHBOUR_CODE = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], dtype=np.float32)


def thin(mask: Mask) -> Mask:
    """Reduce lines to a width of one pixel, 8-connected; a line that is so already is unchanged.

    Parallel thinning with two sub-iterations, each a look-up of the 3 × 3 neighbourhood, until
    nothing changes. The number of pieces is preserved, and the ends of lines move by at most half
    their width. Of a line two pixels wide, the upper or left one remains: the even rectangle of
    `dilate` then reaches further down and right, so that the two shifts of half a pixel cancel.
    Source: Guo & Hall (1989), Communications of the ACM 32(3), algorithm A1, mirrored so that
    the first sub-iteration takes from the south and east.
    """
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


def thin_thick(mask: Mask) -> Mask:
    """Thin the pieces of a front that are more than one pixel wide; leave the others as they are.

    A piece (8-connected) is wide if most of its pixels lie in 2 × 2 pixels of front. `thin` would
    take the corners of stairs from a line that is one pixel wide.
    """
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return mask.copy()
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    pixels = mask[box]
    block = pixels[:-1, :-1] & pixels[1:, :-1] & pixels[:-1, 1:] & pixels[1:, 1:]
    in_block = np.zeros_like(pixels)
    for down in (0, 1):
        for across in (0, 1):
            in_block[down : down + block.shape[0], across : across + block.shape[1]] |= block
    count, pieces = cv2.connectedComponents(pixels.astype(np.uint8), connectivity=8)
    area = np.bincount(pieces.ravel(), minlength=count)
    wide = 2 * np.bincount(pieces[in_block], minlength=count) > area
    thick = wide[pieces] & pixels
    thinned = mask.copy()
    thinned[box] = (pixels & ~thick) | thin(thick)
    return thinned


@cache
def _deletion_tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """For both sub-iterations: 1 where a pixel with this neighbourhood code may be deleted."""
    codes = np.arange(256)
    n, ne, e, se, s, sw, w, nw = (((codes >> bit) & 1).astype(bool) for bit in range(8))
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
    removable = (pieces == 1) & (neighbours >= 2) & (neighbours <= 3)
    south_east = removable & ~((s | se | ~ne) & e)
    north_west = removable & ~((n | nw | ~sw) & w)
    return south_east.astype(np.uint8), north_west.astype(np.uint8)


def dilate(mask: Mask, side_y: int, side_x: int) -> Mask:
    """Widen the front by a rectangle of `side_y` × `side_x` px.

    With an even side the front cannot stay centred: OpenCV anchors the rectangle at side // 2, so
    that it reaches one pixel further down or right than up or left (a shift of half a pixel).
    """
    rectangle = np.ones((side_y, side_x), dtype=np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), rectangle), dtype=np.bool_)


def dilation_sides(
    height: int, width: int, pixel_size_y_m: float, pixel_size_x_m: float, size: int, width_px: int
) -> tuple[int, int]:
    """Sides (down, across), px, of the rectangle that is `width_px` wide after the resize.

    For square pixels int(long side / size · width_px): 4581, 2291, 1146, 458 px at 512 and 6 px
    → 53, 26, 13, 5.
    """
    grid = square_grid(height, width, pixel_size_y_m, pixel_size_x_m, size)
    sides = [max(1, int(step * width_px + 1e-9)) for step in (grid.step_y, grid.step_x)]
    return sides[0], sides[1]


def prepare_front(
    mask: Mask,
    pixel_size_y_m: float,
    pixel_size_x_m: float,
    size: int,
    width_px: int,
    variant: str = "paper",
) -> Mask:
    """The front on its scene's own grid, ready for the resize to `size`.

    Thinned; then dilated where the scene will shrink (or keep its size), so that nearest-neighbour
    sampling does not break the line. A scene that will be enlarged stays thin: `square` dilates it
    after the resize. The `released` variant dilates every scene here, and only lines wider than a
    pixel are thinned: those of the authors are one pixel wide, and they do not thin them.
    """
    height, width = mask.shape
    thinned = thin_thick(mask) if variant == "released" else thin(mask)
    enlarged = square_grid(height, width, pixel_size_y_m, pixel_size_x_m, size).enlarged
    if enlarged and variant != "released":
        return thinned
    return dilate(
        thinned,
        *dilation_sides(height, width, pixel_size_y_m, pixel_size_x_m, size, width_px),
    )


def dilate_file(
    front: PathLike,
    pixel_size_x_m: float,
    pixel_size_y_m: float,
    size: int,
    front_width_px: int,
    output: PathLike,
    variant: str = "paper",
    made: bool = False,
) -> None:
    """Prepare the front mask of one scene for the resize (`prepare_front`); write it as 0/255.

    made: as in `pixels.read_grey`.
    """
    mask = read_front(front, made)
    if not mask.any():
        raise SceneError(
            front, "has no front", "Exclude the scene in source.exclude with a reason."
        )
    prepared = prepare_front(mask, pixel_size_y_m, pixel_size_x_m, size, front_width_px, variant)
    write_png(output, prepared.astype(np.uint8) * np.uint8(255))
