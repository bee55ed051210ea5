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
    """What is wrong with `map.crs`, `dem`, `vertical_datum` and `geoid` for the scenes' glaciers.

    scenes: with the column glacier; a table with faults will do.
    """
    source = source_of(config)
    if not source.products or source.map:  # the simulated world's are made by the workflow
        return []
    from calvingfront.sar.dem import check_datum, check_geoid, check_terrain
    from calvingfront.sar.grid import grid_over, to_wgs84
    from calvingfront.sar.heights.files import terrain_name

    chart = config["map"]
    if chart["crs"] is None or chart["dem"] is None:
        return []  # told with the configuration
    try:
        to_wgs84(chart["crs"])
    except CalvingFrontError as error:
        return [ConfigError("map.crs", f"{chart['crs']} {error.what}", error.remedy)]
    areas = {name: chart["areas"].get(name) for name in sorted(set(scenes["glacier"].dropna()))}
    faults: list[CalvingFrontError] = []
    for key, check in (("dem", check_terrain), ("geoid", check_geoid)):
        if chart[key] is None:
            continue
        name = terrain_name(chart[key])
        try:
            check(chart[key])
        except CalvingFrontError as error:
            faults.append(ConfigError(f"map.{key}", f"{name} {error.what}", error.remedy))
            continue
        for glacier, area in areas.items():
            if area is None:
                continue
            try:
                spacing_m = max(chart["spacing_m"].values())
                check(chart[key], grid_over(chart["crs"], tuple(area), spacing_m))
            except CalvingFrontError as error:
                where = f"map.{key} and map.areas.{glacier}"
                faults.append(ConfigError(where, f"{name} {error.what}", error.remedy))
    if not any(fault.where == "map.dem" for fault in faults):
        try:
            check_datum(chart["dem"], chart["vertical_datum"])
        except CalvingFrontError as error:
            what = f"is {chart['vertical_datum']}, but {error.where} {error.what}"
            faults.append(ConfigError("map.vertical_datum", what, error.remedy))
    return faults
