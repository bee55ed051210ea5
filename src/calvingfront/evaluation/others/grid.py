"""The grids of a scene and its sample, as the index of the data set describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from calvingfront.errors import SampleError
from calvingfront.samples.fronts import prepare_front
from calvingfront.samples.geometry import SquareGrid, square_grid
from calvingfront.samples.square import square_front
from calvingfront.scenes.pixels import Mask

NEEDED = (
    *("source_height", "source_width", "source_pixel_size_y_m", "source_pixel_size_x_m"),
    *("front_width_px", "variant"),
)


def check_index(index: pd.DataFrame) -> None:
    """Raise SampleError if the index of a data set does not describe the grids of its scenes."""
    lacking = [name for name in NEEDED if name not in index]
    if lacking:
        raise SampleError(
            "index.tsv", f"has no columns {', '.join(lacking)}", "Pack the samples again."
        )


def native_shape(facts: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of a scene's own image, px. facts: the scene's row of the index."""
    return int(facts["source_height"]), int(facts["source_width"])


def grid_of(facts: Mapping[str, Any], size: int) -> SquareGrid:
    """The pixels of a scene's sample of `size` × `size` px."""
    pixels = float(facts["source_pixel_size_y_m"]), float(facts["source_pixel_size_x_m"])
    return square_grid(*native_shape(facts), *pixels, size, str(facts["variant"]))


def on_sample(mask: Mask, facts: Mapping[str, Any], size: int) -> Mask:
    """Thin, widen and resize a front mask of a scene's own size, exactly as the true fronts are.

    Returns (size, size) bool, with lines of the data set's front width.
    """
    pixels = float(facts["source_pixel_size_y_m"]), float(facts["source_pixel_size_x_m"])
    width, variant = int(facts["front_width_px"]), str(facts["variant"])
    prepared = prepare_front(mask, *pixels, size, width, variant)
    return square_front(prepared, grid_of(facts, size), width, variant)
