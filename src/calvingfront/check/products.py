"""The headers of the radar products, before the first job: polarisation, mission, day, place.

Whether a whole scene is too large for its samples is checked in frames.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.check.passed import Passed, signature
from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.scenes.scene_table import records, with_front
from calvingfront.scenes.sources import listed_in, source_of

if TYPE_CHECKING:
    import pandas as pd

THREADS = 8  # most of the time is spent waiting for files


def product_faults(config: Mapping[str, Any], scenes: pd.DataFrame) -> list[CalvingFrontError]:
    """What the header of each product with a front says against its line or the map.

    A product without a front is left to its own job, which stops no other. Those that passed are
    remembered in the results folder until product, terrain model or settings change.
    """
    chart = config["map"]
    if not source_of(config).products or chart["crs"] is None or chart["dem"] is None:
        return []
    passed = Passed(Path(config["results"]) / "check" / "passed.json")
    around = [chart["crs"], _signature_of(chart["dem"]), _signature_of(chart["geoid"])]
    rows: dict[str, Any] = {}
    for row in records(with_front(scenes)):
        own = [*(row[key] for key in KEYS), row["orbit_file"] and signature(row["orbit_file"])]
        rows[passed.key(own, signature(row["image"]), around, _map_of(row, chart))] = row
    new = {key: row for key, row in rows.items() if key not in passed}
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(lambda row: _faults_of(row, config), new.values()))
    passed.keep([key for key, faults in zip(new, results, strict=True) if not faults])
    return [fault for faults in results for fault in faults]


def _signature_of(terrain: Any) -> list[Any]:
    """The signature of every file of a terrain model or geoid."""
    from calvingfront.sar.heights.files import terrain_files

    if terrain is None:
        return []
    with suppress(CalvingFrontError):  # told with the configuration
        return [signature(file) for file in terrain_files(terrain)]
    return []


KEYS = ("scene", "image", "mission", "acquired", "polarisation", "orbit_file")


def _map_of(row: Mapping[str, Any], chart: Mapping[str, Any]) -> list[Any]:
    return [chart["spacing_m"].get(row["mission"]), chart["areas"].get(row["glacier"])]


def _faults_of(row: Mapping[str, Any], config: Mapping[str, Any]) -> list[CalvingFrontError]:
    from calvingfront.products.delivery.unpacking import unpacked_headers
    from calvingfront.products.registry import open_product

    where = f"{Path(listed_in(config)).name} ({row['scene']})"
    try:
        with unpacked_headers(row["image"], Path(config["results"]) / "check") as place:
            product = open_product(place, row["polarisation"])
    except CalvingFrontError as error:
        return [error]
    faults: list[CalvingFrontError] = []
    day = product.acquired.date().isoformat()
    if product.mission != row["mission"]:
        what = f"says mission {row['mission']}, but the product was acquired by {product.mission}"
        faults.append(SceneError(where, what, "Correct the cell, or leave it empty"))
    if day != row["acquired"]:
        what = f"says {row['acquired']}, but the product was acquired on {day} (UTC)"
        faults.append(SceneError(where, what, "Correct the cell, or leave it empty"))
    return faults or _faults_of_place(product, row, config)


def _faults_of_place(
    product: Any, row: Mapping[str, Any], config: Mapping[str, Any]
) -> list[CalvingFrontError]:
    """Whether orbit file and scene agree, the scene meets its area, and the terrain covers that."""
    from calvingfront.orbits.orbit_files import with_orbit_file
    from calvingfront.sar.coverage import scene_grid
    from calvingfront.sar.dem import check_geoid, check_terrain

    chart = config["map"]
    spacing_m, area = _map_of(row, chart)
    bounds = None if area is None else tuple(area)
    if row["orbit_file"] is not None:
        try:
            product = with_orbit_file(product, row["orbit_file"])
        except CalvingFrontError as error:
            return [error]
    try:
        grid = scene_grid(product, chart["crs"], spacing_m, bounds, str(row["image"]))
        if area is None:  # areas are checked once, not per scene
            check_terrain(chart["dem"], grid)
            if chart["geoid"] is not None:
                check_geoid(chart["geoid"], grid)
    except CalvingFrontError as error:
        where = f"{Path(listed_in(config)).name} ({row['scene']})"
        return [SceneError(where, f"{error.where} {error.what}", error.remedy)]
    return []
