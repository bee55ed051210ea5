"""Products without a map area, before the first job: is a front of a whole scene too wide?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.check.passed import Passed, signature
from calvingfront.errors import CalvingFrontError
from calvingfront.locating.model.choice import sample_settings
from calvingfront.scenes.places.frames import frame_fault
from calvingfront.scenes.scene_table import records
from calvingfront.scenes.sources import source_of

if TYPE_CHECKING:
    import pandas as pd

    from calvingfront.sar.grid import Bounds

THREADS = 8  # most of the time is spent waiting for files
KEYS = ("scene", "glacier", "image", "mission", "acquired", "polarisation", "front", "orbit_file")


def frame_faults(config: Mapping[str, Any], scenes: pd.DataFrame) -> list[CalvingFrontError]:
    """A fault for each glacier without an area whose scenes are too large, with an area to write.

    Products that cannot be opened are left to the other checks and to their own jobs.
    """
    chart = config["map"]
    if not source_of(config).products or chart["crs"] is None:
        return []
    rows = [row for row in records(scenes) if row["glacier"] not in chart["areas"]]
    passed = Passed(Path(config["results"]) / "check" / "frames.json")
    # How a scene's sample is made: by whether it has a front.
    made = {True: config["samples"]}
    if any(row["front"] is None for row in rows):
        made[False] = sample_settings(config)
    settings = [chart["crs"], list(made.values())]
    keys = [
        passed.key([row[key] for key in KEYS], *map(signature, _files(row)), settings)
        for row in rows
    ]
    if all(key in passed for key in keys):
        return []
    with ThreadPoolExecutor(THREADS) as pool:
        frames = list(pool.map(lambda row: _frame(row, config), rows))
    fronts = _fronts(rows, chart["crs"])
    faults: dict[str, CalvingFrontError] = {}
    for row, frame in zip(rows, frames, strict=True):
        if frame is None or row["glacier"] in faults:
            continue
        sample = made[row["front"] is not None]
        fault = frame_fault(
            row["scene"], row["glacier"], frame, chart["crs"],
            sample["size"], sample["front_width_px"], fronts.get(row["glacier"], ()),
        )  # fmt: skip
        if fault is not None:
            faults[row["glacier"]] = fault
    passed.keep([key for row, key in zip(rows, keys, strict=True) if row["glacier"] not in faults])
    return list(faults.values())


def _files(row: Mapping[str, Any]) -> list[str]:
    from calvingfront.scenes.fronts.layers import split_layer

    return [row["image"], *([] if row["front"] is None else [split_layer(row["front"])[0]])]


def _frame(row: Mapping[str, Any], config: Mapping[str, Any]) -> Bounds | None:
    from calvingfront.orbits.orbit_files import with_orbit_file
    from calvingfront.products.delivery.unpacking import unpacked_headers
    from calvingfront.products.registry import open_product
    from calvingfront.sar.coverage import footprint

    try:
        with unpacked_headers(row["image"], Path(config["results"]) / "check") as place:
            product = open_product(place, row["polarisation"])
        if row["orbit_file"] is not None:
            product = with_orbit_file(product, row["orbit_file"])
        return footprint(product, config["map"]["crs"])
    except CalvingFrontError:
        return None


def _fronts(rows: Sequence[Mapping[str, Any]], crs: str) -> dict[str, list[Bounds]]:
    """Glacier → left, bottom, right, top of each of its fronts on the map."""
    import shapely

    from calvingfront.scenes.fronts.layers import split_layer
    from calvingfront.scenes.fronts.matching import FrontFile
    from calvingfront.scenes.fronts.placing import lines_in

    found: dict[str, list[Bounds]] = defaultdict(list)
    files: dict[tuple[str, str | None], FrontFile] = {}
    for row in rows:
        if row["front"] is None:
            continue
        key = split_layer(row["front"])
        try:
            if key not in files:
                files[key] = FrontFile(*key)
            own, layer = files[key].own(row["scene"], row["glacier"], row["acquired"])
            lines = lines_in(own.lines, layer.crs, crs, key[0])
        except CalvingFrontError:  # told by the check of the table
            continue
        left, bottom, right, top = map(float, shapely.total_bounds(lines))
        found[row["glacier"]].append((left, bottom, right, top))
    return found
