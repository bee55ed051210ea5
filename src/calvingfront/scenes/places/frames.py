"""Whole scenes on which a front line would be drawn too wide, and the map area to write instead.

A sample has `size` pixels whatever the extent of its scene, and a front is `width_px` of them wide.
CaFFe's images are 12 to 23 km long, so that 6 of 512 px are 1 to 4 % of the span of a front; on a
scene of 100 km they are 1.2 km, wider than many fjords.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import yaml

from calvingfront.errors import ConfigError
from calvingfront.sar.grid import Bounds

MOST_SHARE = 0.1  # of the span of the glacier's fronts
WIDEST_M = 1000.0  # where no front of the glacier is known
LEAST_GAIN = 2.0  # an area must shorten the extent so much, or it is the sample that is too small
MARGIN_M, MARGIN_SHARE, STEP_M = 2000.0, 0.5, 100.0  # of a proposed area, around the fronts


def frame_fault(
    scene: str,
    glacier: str,
    frame: Bounds,
    crs: str,
    size: int,
    width_px: int,
    fronts: Sequence[Bounds] = (),
) -> ConfigError | None:
    """Why a scene cannot be used as a whole, if so, with the line to write in the configuration.

    frame: left, bottom, right, top (m, in crs) of its map; fronts: of each known front of the
    glacier. size, width_px: of a sample and of a front on it.
    """
    extent_m = max(frame[2] - frame[0], frame[3] - frame[1])
    drawn_m = width_px * extent_m / size
    if fronts:
        span_m = float(np.median([math.hypot(f[2] - f[0], f[3] - f[1]) for f in fronts]))
        area = proposed_area(fronts)
        gain = extent_m / max(area[2] - area[0], area[3] - area[1])
        if drawn_m <= MOST_SHARE * span_m or gain < LEAST_GAIN:
            return None
        why = f"{100 * drawn_m / span_m:.0f} % of the {span_m / 1000:.3g} km that it spans"
        remedy = f"{_line(glacier, [int(edge) for edge in area])} (its fronts and what is around)"
    else:
        if drawn_m <= WIDEST_M:
            return None
        why = f"more than {WIDEST_M:g} m"
        words = "left {:.0f}, bottom {:.0f}, right {:.0f}, top {:.0f}".format(*frame)
        remedy = (
            f"{_line(glacier, ['LEFT', 'BOTTOM', 'RIGHT', 'TOP'])} with the edges (m, in {crs}) of "
            f"its front and a few km around, within the scene: {words}"
        )
    return ConfigError(
        "map.areas",
        f"has no area for {glacier or 'the glacier'}, and on the whole of {scene}, "
        f"{extent_m / 1000:.0f} km, a front of {width_px} of {size} px would be "
        f"{drawn_m:.0f} m wide: {why}",
        f"Write {remedy}",
    )


def proposed_area(fronts: Sequence[Bounds]) -> Bounds:
    """The area of a glacier's fronts with half their extent around, at least 2 km, in 100 m."""
    edges = np.array(fronts, dtype=np.float64)
    left, bottom = edges[:, :2].min(axis=0)
    right, top = edges[:, 2:].max(axis=0)
    margin = max(MARGIN_M, MARGIN_SHARE * max(right - left, top - bottom))
    low = (np.floor((edge - margin) / STEP_M) * STEP_M for edge in (left, bottom))
    high = (np.ceil((edge + margin) / STEP_M) * STEP_M for edge in (right, top))
    return (*map(float, low), *map(float, high))  # type: ignore[return-value]


def _line(glacier: str, edges: Sequence[object]) -> str:
    """The lines of the configuration as one, with the name as YAML needs it."""
    area = {"map": {"areas": {glacier or "GLACIER": list(edges)}}}
    text = yaml.safe_dump(area, default_flow_style=True, allow_unicode=True, width=1000)
    return text.strip()[1:-1]
