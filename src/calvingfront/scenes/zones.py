"""The zones of a scene: which pixels are rock, glacier or ocean."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.errors import RasterioError

from calvingfront.errors import CalvingFrontError, ConfigError, SceneError
from calvingfront.scenes.fronts.mask_grid import Grid, grid_of, placement
from calvingfront.scenes.pixels import Grey
from calvingfront.scenes.rasters import read_mask
from calvingfront.scenes.scene_table import with_front
from calvingfront.vocabulary.auxiliary import (
    GLACIER,
    KNOWN_ZONES,
    OCEAN,
    ROCK,
    UNKNOWN,
    learns_zones,
)

if TYPE_CHECKING:
    import pandas as pd

THREADS = 4
# The two notations of CaFFe's masks, the published one and that of copies of it.
NOTATIONS = (
    {0: UNKNOWN, 64: ROCK, 127: GLACIER, 254: OCEAN},
    {1: UNKNOWN, 2: ROCK, 3: GLACIER, 4: OCEAN},
)
OCEAN_IN_COPIES = 4
REMEDY = (
    "Write 0, 64, 127, 254, or 1, 2, 3, 4, for no data, rock, glacier, ocean and mélange; resize a "
    "mask of zones by its nearest pixels only."
)


def read_zones(path: str | Path, image: str | Path) -> Grey:
    """Read a mask of zones onto its image's grid: `UNKNOWN`, `ROCK`, `GLACIER` or `OCEAN`.

    Where the mask does not reach, or has no data, the zone is unknown. Returns (h, w) uint8.
    Raises SceneError if it cannot be read, has other values than NOTATIONS, or another grid.
    """
    values, valid, crs, transform = read_mask(path)
    levels = [float(level) for level in np.unique(values[valid])]
    notation = next((each for each in NOTATIONS if set(levels) <= set(each)), None)
    if notation is None:
        told = ", ".join(f"{level:g}" for level in levels[:8])
        more = " …" if len(levels) > 8 else ""
        raise SceneError(path, f"is no mask of zones: it has the values {told}{more}", REMEDY)
    if notation is NOTATIONS[1] and OCEAN_IN_COPIES not in levels:
        # 1, 2, 3 are rock, glacier, ocean elsewhere. With a front there is an ocean.
        told = ", ".join(f"{level:g}" for level in levels)
        raise SceneError(path, f"has the values {told}, but no {OCEAN_IN_COPIES} for ocean", REMEDY)
    try:
        grid = grid_of(image)
    except RasterioError as error:
        raise SceneError(image, f"cannot be read ({error})", "Fetch or convert the file.") from None
    own = Grid(values.shape, crs, transform)
    if not (own.placed and grid.placed) and own.shape != grid.shape:
        raise SceneError(
            path,
            f"is {own.shape[0]} × {own.shape[1]} px, but its image is {grid.shape[0]} × "
            f"{grid.shape[1]}",
            "Draw the zones on the image's own grid.",
        )
    place = placement(own, grid, path)
    zones: Grey = np.zeros(grid.shape, np.uint8)
    for level, zone in notation.items():
        if zone in KNOWN_ZONES:
            zones[place.onto((values == level) & valid, grid.shape)] = zone
    return zones


def zone_faults(config: Mapping[str, Any], scenes: pd.DataFrame) -> list[CalvingFrontError]:
    """What is wrong with the masks of zones, if networks learn them; every mask is read.

    scenes: from `list_scenes`.
    """
    if not learns_zones(config):
        return []
    labelled = with_front(scenes)
    zones: dict[str, str] = scenes.attrs.get("zones", {})
    pairs = [
        (zones[scene], image)
        for scene, image in zip(labelled["scene"], labelled["image"], strict=True)
        if scene in zones
    ]
    if not pairs and len(labelled):
        return [
            ConfigError(
                "networks.auxiliary",
                "contains zones, but no scene with a front has any",
                "Fill in the column zones of the table, or take zones out",
            )
        ]
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(_fault, pairs)
    return [fault for fault in found if fault is not None]


def _fault(pair: tuple[str, str]) -> CalvingFrontError | None:
    try:
        read_zones(*pair)
    except CalvingFrontError as error:
        return error
    return None
