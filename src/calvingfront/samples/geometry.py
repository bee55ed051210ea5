"""Where the pixels of a square sample lie in its scene and on the map.

A sample covers the scene from its upper-left corner; what the scene does not fill is padding at the
bottom and on the right. Rows and columns count pixel centres: centre (0, 0) of the sample lies half
a sample pixel inside the scene's outer corner, which is the point (`upper_left_x`, `upper_left_y`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SampleError

Floats = npt.NDArray[np.float64]
VARIANTS = ("paper", "released")


@dataclass(frozen=True)
class SquareGrid:
    """The square pixels onto which a scene is resized.

    pixel_size_m:   side of a sample pixel, m.
    step_y, step_x: scene pixels per sample pixel, down and across.
    content_height, content_width: sample pixels that lie on the scene; the rest is padding.
    enlarged:       the scene's long side has fewer pixels than the sample.
    """

    size: int
    pixel_size_m: float
    step_y: float
    step_x: float
    content_height: int
    content_width: int
    enlarged: bool


def square_grid(
    height: int,
    width: int,
    pixel_size_y_m: float,
    pixel_size_x_m: float,
    size: int,
    variant: str = "paper",
) -> SquareGrid:
    """The grid of `size` × `size` square pixels that holds the longer extent of a scene.

    height, width: the scene's pixels; they need not be square.
    variant: `paper` scales both axes alike (pad, then resize); `released` resizes first and
    truncates the short side to whole pixels, which stretches it by less than a pixel.
    """
    if variant not in VARIANTS:
        raise SampleError("samples.variant", f"{variant!r} is unknown", "Write paper or released.")
    if min(height, width, size) < 1 or not min(pixel_size_y_m, pixel_size_x_m) > 0:
        raise SampleError(
            "sample grid",
            f"{height} × {width} px of {pixel_size_y_m} × {pixel_size_x_m} m cannot be resized",
            "Give a positive pixel size for each scene.",
        )
    if pixel_size_y_m == pixel_size_x_m:  # exact, whatever the pixel size's digits
        extents = (float(height), float(width))
        steps = (max(extents) / size, max(extents) / size)
    else:
        extents = (height * pixel_size_y_m, width * pixel_size_x_m)
        steps = (max(extents) / size / pixel_size_y_m, max(extents) / size / pixel_size_x_m)
    pixel_size_m = max(height * pixel_size_y_m, width * pixel_size_x_m) / size
    if variant == "released":
        contents = [int(size * extent / max(extents) + 1e-9) for extent in extents]
        contents = [max(1, content) for content in contents]
        steps = (height / contents[0], width / contents[1])
    else:
        pixels = zip((height, width), steps, strict=True)
        # A sample pixel belongs to the scene when its centre does.
        contents = [min(size, max(1, math.ceil(n / step - 0.5 - 1e-9))) for n, step in pixels]
    return SquareGrid(
        size, pixel_size_m, steps[0], steps[1], contents[0], contents[1], max(height, width) < size
    )


def sample_to_scene(meta: Mapping[str, Any], rows: Any, cols: Any) -> tuple[Floats, Floats]:
    """Convert rows and columns (pixel centres) of a sample to those of its scene."""
    y = (np.asarray(rows, dtype=np.float64) + 0.5) * meta["step_y"] - 0.5
    x = (np.asarray(cols, dtype=np.float64) + 0.5) * meta["step_x"] - 0.5
    return y, x


def scene_to_sample(meta: Mapping[str, Any], rows: Any, cols: Any) -> tuple[Floats, Floats]:
    """Convert rows and columns (pixel centres) of a scene to those of its sample."""
    y = (np.asarray(rows, dtype=np.float64) + 0.5) / meta["step_y"] - 0.5
    x = (np.asarray(cols, dtype=np.float64) + 0.5) / meta["step_x"] - 0.5
    return y, x


def sample_to_map(meta: Mapping[str, Any], rows: Any, cols: Any) -> tuple[Floats, Floats]:
    """Map coordinates x, y (m, in the CRS `meta["crs"]`) of sample pixel centres.

    Raises SampleError if the scene has no known corner.
    """
    left, top = _corner(meta)
    y, x = sample_to_scene(meta, rows, cols)
    return (
        left + (x + 0.5) * meta["source_pixel_size_x_m"],
        top - (y + 0.5) * meta["source_pixel_size_y_m"],
    )


def map_to_sample(meta: Mapping[str, Any], x: Any, y: Any) -> tuple[Floats, Floats]:
    """Rows and columns (pixel centres) of a sample at map coordinates x, y (m)."""
    left, top = _corner(meta)
    rows = (top - np.asarray(y, dtype=np.float64)) / meta["source_pixel_size_y_m"] - 0.5
    cols = (np.asarray(x, dtype=np.float64) - left) / meta["source_pixel_size_x_m"] - 0.5
    return scene_to_sample(meta, rows, cols)


def _corner(meta: Mapping[str, Any]) -> tuple[float, float]:
    corner = meta.get("upper_left_x"), meta.get("upper_left_y")
    if any(value is None or math.isnan(value) for value in corner):
        raise SampleError(
            meta.get("scene", "sample"),
            "has no known position on the map",
            "Give upper_left_x, upper_left_y and crs of its scene, or stay in pixels and metres.",
        )
    return float(meta["upper_left_x"]), float(meta["upper_left_y"])
