"""The facts and the traced line of one sample, to be judged by the card of `model_cards`."""

from __future__ import annotations

from typing import Any

import numpy as np

from calvingfront.fronts.subpixel import SubpixelLine
from calvingfront.locating.tracing import Traced
from model_cards import PIXEL, SIZE


def facts(**changes: Any) -> dict[str, Any]:
    usual = {
        "scene": "a", "glacier": "A", "mission": "ERS", "acquired": "2000-05-06", "orbit": None,
        "pixel_size_m": PIXEL, "content_height": SIZE, "content_width": SIZE,
        "source_pixel_size_x_m": 10.0, "source_pixel_size_y_m": 10.0, "step_x": 2.0, "step_y": 2.0,
        "crs": "EPSG:3031", "upper_left_x": -2.4e6, "upper_left_y": 1.3e6,
    }  # fmt: skip
    return usual | changes


def traced(*spreads: float) -> Traced:
    """A straight line of `len(spreads)` vertices in the middle of the sample; none without any."""
    probability = np.zeros((SIZE, SIZE))
    if not spreads:
        return Traced(probability, [], [])
    cols = 20.0 + np.arange(len(spreads))
    rows = np.full(len(spreads), 30.0)
    line = SubpixelLine(rows, cols, np.ones(len(spreads)), float(len(spreads) - 1), False)
    return Traced(probability, [line], [np.array(spreads)])
