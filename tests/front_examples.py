"""Fronts to write and read, plain and hostile."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from calvingfront.locating.located_front import LocatedFront

LINE = np.array([[-2_400_000.0, 1_100_000.0], [-2_399_900.0, 1_100_033.3], [-2_399_800.0, 1.1e6]])
# Quotes of SQL and XML, emoji, right-to-left text, line breaks, a name of a device.
HOSTILE = [
    "a'b\"c; DROP TABLE fronts;--",
    "🧊 glacier &<>",
    "سلام\nΩ\t\\",
    "NUL",
    "x" * 20_000,
    "NA",
]


def front(scene: str = "a", **facts: Any) -> LocatedFront:
    """A front in Antarctica (EPSG:3031), with any other facts."""
    usual: dict[str, Any] = {
        "glacier": "DBE",
        "mission": "TSX",
        "acquired": "2011-03-04",
        "orbit": "65",
        "pixel_size_m": 7.0,
        "crs": "EPSG:3031",
        "lines": [LINE],
        "model": "Attention U-Net",
        "threshold": 0.47,
        "members": 5,
        "quality": "good",
    }
    return LocatedFront(scene=scene, **{**usual, **facts})


def empty(scene: str = "none", **facts: Any) -> LocatedFront:
    """A scene without a front."""
    usual = {"lines": [], "quality": "none", "reason": "no pixel exceeds the threshold"}
    return front(scene, **{**usual, **facts})


def on_image(scene: str = "image", **facts: Any) -> LocatedFront:
    """A front of an image without a map position."""
    line = np.array([[0.0, 0.0], [3.5, 7.0], [70.0, 0.1]])
    return front(scene, **{"crs": None, "lines": [line], **facts})


def widths(*metres: float) -> Any:
    """Half-widths (n, 3) of three bands from those (n,) of the narrowest."""
    return np.outer(metres, [1.0, 3.0, 4.0])


def full(scene: str = "full", **facts: Any) -> LocatedFront:
    """A front with every fact there can be, in two pieces."""
    usual: dict[str, Any] = {
        "acquired": "2012-02-29T06:07:08.123Z",
        "lines": [LINE, LINE + 500],
        "quality": "partial",
        "reason": "the eastern end lies in shadow",
        "error_m": 12.25,
        "err90_m": 31.5,
        "err_geo_m": 4.0,
        "err_method": "conformal",
        "err_calib": "elsewhere",
        "vertex_errors_m": [widths(1.0, 2.5, np.nan), widths(np.nan, 4.0, 5.0)],
        "author": "A. Person",
    }
    return front(scene, **{**usual, **facts})


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=30
)
_SIZE = st.none() | st.floats(0, 1e9, allow_nan=False).map(abs)
_PLACE = st.floats(-3e6, 3e6, allow_nan=False)
_TIMES = st.dates().map(str) | st.datetimes().map(lambda moment: moment.isoformat() + "Z")


@st.composite
def _line(draw: Any) -> Any:
    n = draw(st.integers(2, 5))
    return np.array(draw(st.lists(st.tuples(_PLACE, _PLACE), min_size=n, max_size=n)))


@st.composite
def any_front(draw: Any, scene: str) -> LocatedFront:
    """Any front that can be, on the map or not, with or without a line."""
    quality = draw(st.sampled_from(["good", "partial", "doubtful", "none", None]))
    lines = [] if quality == "none" else draw(st.lists(_line(), min_size=1, max_size=3))
    errors: list[Any] = []
    if draw(st.booleans()):
        errors = [widths(*[draw(st.just(np.nan) | st.floats(0, 99))] * len(x)) for x in lines]
    return LocatedFront(
        scene=scene,
        glacier=draw(_TEXT),
        mission=draw(st.sampled_from(["TSX", "S1", "", "Landsat 8", "ERS"])),
        acquired=draw(_TIMES),
        orbit=draw(st.none() | _TEXT),
        pixel_size_m=draw(st.none() | st.floats(0.5, 100)),
        crs=draw(st.sampled_from(["EPSG:3031", None])),
        lines=lines,
        model=draw(st.none() | _TEXT),
        threshold=draw(_SIZE),
        members=draw(st.none() | st.integers(1, 99)),
        quality=quality,
        reason=draw(_TEXT),
        error_m=draw(_SIZE),
        err90_m=draw(_SIZE),
        err_geo_m=draw(_SIZE),
        err_method=draw(st.none() | _TEXT),
        err_calib=draw(st.sampled_from([None, "trained", "elsewhere", "untested"])),
        vertex_errors_m=errors,
        author=draw(_TEXT),
    )
