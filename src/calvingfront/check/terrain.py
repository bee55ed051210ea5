"""The terrain model and the geoid, before the first job: they open, have a CRS, cover the areas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.scenes.sources import source_of

if TYPE_CHECKING:
    import pandas as pd

Config = Mapping[str, Any]


def terrain_faults(config: Config, scenes: pd.DataFrame) -> list[CalvingFrontError]:
    """What is wrong with `map.crs`, `map.dem` and `map.geoid` for the glaciers of the scenes.

    scenes: with the column glacier; a table with faults will do.
    """
    source = source_of(config)
    if not source.products or source.map:  # the simulated world's are made by the workflow
        return []
    from calvingfront.sar.dem import check_terrain
    from calvingfront.sar.grid import grid_over, to_wgs84

    chart = config["map"]
    if chart["crs"] is None or chart["dem"] is None:
        return []  # told with the configuration
    try:
        to_wgs84(chart["crs"])
    except CalvingFrontError as error:
        return [ConfigError("map.crs", f"{chart['crs']} {error.what}", error.remedy)]
    faults: list[CalvingFrontError] = []
    glaciers = set(scenes["glacier"].dropna())
    for key in ("dem", "geoid"):
        if chart[key] is None:
            continue
        areas: dict[str, Any] = {name: chart["areas"].get(name) for name in sorted(glaciers)}
        try:
            check_terrain(chart[key], None)
        except CalvingFrontError as error:
            faults.append(ConfigError(f"map.{key}", f"{chart[key]} {error.what}", error.remedy))
            continue
        for glacier, area in areas.items():
            if area is None:
                continue
            try:
                spacing_m = max(chart["spacing_m"].values())
                check_terrain(chart[key], grid_over(chart["crs"], tuple(area), spacing_m))
            except CalvingFrontError as error:
                where = f"map.{key} and map.areas.{glacier}"
                faults.append(ConfigError(where, f"{chart[key]} {error.what}", error.remedy))
    return faults
