"""Front masks: thinning to one pixel and dilation to a stated width."""

from __future__ import annotations

import cv2
import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.fronts.thinning import thin
from calvingfront.samples.geometry import square_grid
from calvingfront.scenes.pixels import Mask, read_front, write_png


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
    """The front on its scene's own grid, ready for the sample (`square.square_front`).

    Thinned; `square` draws it as wide as it is to be. The `released` variant dilates it here, and
    thins only lines wider than a pixel: those of the authors are one pixel wide, and they do not
    thin them.
    """
    if variant != "released":
        return thin(mask)
    height, width = mask.shape
    sides = dilation_sides(height, width, pixel_size_y_m, pixel_size_x_m, size, width_px)
    return dilate(thin_thick(mask), *sides)


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
