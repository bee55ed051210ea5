"""Speckle filter: the median over a fixed area on the ground."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.pixels import Grey, read_grey, write_png

# 50 m / 16.6666 m is three pixels, not four: pixel sizes are written with a few digits only.
ROUNDING = 1e-4


def kernel_side(area_m2: float, pixel_size_m: float) -> int:
    """Odd side, px, of the window that spans sqrt(`area_m2`): 1 means no filter.

    2500 m² at 5, 10, 20, 50 m → 11, 5, 3, 1.
    """
    if not pixel_size_m > 0 or area_m2 < 0:
        raise SceneError(
            "median filter",
            f"cannot cover {area_m2} m² with pixels of {pixel_size_m} m",
            "Give a positive pixel size and samples.median_area_m2 of zero or more.",
        )
    side = max(1, math.ceil(math.sqrt(area_m2) / pixel_size_m - ROUNDING))
    return side + 1 - side % 2


def median_filter(image: Grey, side_y: int, side_x: int) -> Grey:
    """The median in a window of `side_y` × `side_x` px; the border repeats the edge pixels.

    OpenCV's median takes square windows only; for pixels so far from square that the two sides
    differ, scikit-image's takes rectangles (ten times slower, and 0.7 s to import).
    """
    if side_y == side_x == 1:
        return image
    if side_y == side_x:
        return np.asarray(cv2.medianBlur(image, side_y), dtype=np.uint8)
    from skimage.filters.rank import median as rectangular_median

    border_y, border_x = side_y // 2, side_x // 2
    padded = np.pad(image, ((border_y, border_y), (border_x, border_x)), mode="edge")
    median: Any = rectangular_median
    filtered = median(padded, np.ones((side_y, side_x), dtype=np.uint8))
    height, width = image.shape
    inside = filtered[border_y : border_y + height, border_x : border_x + width]
    return np.ascontiguousarray(inside, dtype=np.uint8)


def filter_image(image: Grey, pixel_size_x_m: float, pixel_size_y_m: float, area_m2: float) -> Grey:
    """The median over `area_m2` on the ground."""
    sides = kernel_side(area_m2, pixel_size_y_m), kernel_side(area_m2, pixel_size_x_m)
    return median_filter(image, *sides)


def filter_file(
    image: PathLike,
    pixel_size_x_m: float,
    pixel_size_y_m: float,
    area_m2: float,
    output: PathLike,
    made: bool = False,
) -> None:
    """Filter the 8-bit image of one scene and write it as PNG. made: as in `pixels.read_grey`."""
    grey = read_grey(image, made)
    write_png(output, filter_image(grey, pixel_size_x_m, pixel_size_y_m, area_m2))
