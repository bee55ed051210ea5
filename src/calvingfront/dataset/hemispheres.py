"""The hemisphere of each scene, from its place on the map or from what is known of its glacier."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd

from calvingfront.errors import SampleError
from calvingfront.vocabulary.glaciers import NORTH, SOUTH


def hemispheres(index: pd.DataFrame, of_glaciers: Mapping[str, str]) -> list[str | None]:
    """Find the hemisphere of each row of an index: north, south, or None if it is unknown.

    The latitude of the scene's centre decides if its CRS and corner are known, else `of_glaciers`.
    The equator counts as north. Raises SampleError if a CRS cannot be read.
    """
    return [
        _on_the_map(facts) or of_glaciers.get(str(facts["glacier"]))
        for facts in index.to_dict("records")
    ]


def _on_the_map(facts: Mapping[Any, Any]) -> str | None:
    """The hemisphere of a scene with a known place on the map."""
    corner = facts["upper_left_x"], facts["upper_left_y"]
    if pd.isna(facts["crs"]) or any(pd.isna(value) for value in corner):
        return None
    x = corner[0] + facts["source_width"] * facts["source_pixel_size_x_m"] / 2
    y = corner[1] - facts["source_height"] * facts["source_pixel_size_y_m"] / 2
    try:
        latitude = _to_degrees(str(facts["crs"])).transform(x, y)[1]
    except Exception as error:  # pyproj has several
        raise SampleError(
            facts["scene"], f"has the CRS {facts['crs']!r}, which cannot be read ({error})",
            "Correct the CRS of its source, as in EPSG:3031.",
        ) from None  # fmt: skip
    if not math.isfinite(latitude):
        return None
    return SOUTH if latitude < 0 else NORTH


@cache
def _to_degrees(crs: str) -> Any:
    from pyproj import Transformer  # only if a scene has a place on the map

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
