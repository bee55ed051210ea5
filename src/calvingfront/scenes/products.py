"""List the user's radar products: a table of level-1 products, with front lines if known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.sar.heights.files import terrain_files
from calvingfront.scenes.fronts.listing import Fronts, front_of
from calvingfront.scenes.places.areas import map_crs_faults
from calvingfront.scenes.rasters import is_raster
from calvingfront.scenes.user_table import Fault, day_of, existing, list_table

REQUIRED = ("scene", "glacier", "product")
OPTIONAL = ("front", "mission", "acquired", "polarisation", "orbit_file", "quality")


def from_config(config: Mapping[str, Any]) -> pd.DataFrame:
    """The scene table of `source.products`."""
    source = config["source"]
    table, spacing_m = source["products"]["table"], config["map"]["spacing_m"]
    return list_products(table, spacing_m, source["exclude"] or {}, config["results"])


def faults(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    """What is missing or wrong in `source.products` and `map`."""
    if config["source"]["products"]["table"] is None:
        yield ConfigError(
            "source.products.table",
            "is not set, but source.kind is products",
            "Write the CSV or TSV that lists the products, and their fronts if known",
        )
    yield from map_faults(config["map"], "source.kind is products")


def map_faults(chart: Mapping[str, Any], because: str) -> Iterator[ConfigError]:
    """What is missing or wrong in `map`, with its defaults filled in, to geocode products.

    because: why it is needed, for messages.
    """
    if chart["crs"] is None:
        yield ConfigError("map.crs", f"is not set, but {because}", "Write a CRS, such as EPSG:3031")
    yield from map_crs_faults(chart)
    if chart["geoid"] is not None and not Path(chart["geoid"]).is_file():
        yield ConfigError("map.geoid", f"{chart['geoid']} does not exist", "Correct the path")
    if chart["dem"] is not None:
        try:
            terrain_files(chart["dem"])
        except CalvingFrontError as error:
            yield ConfigError("map.dem", f"{error.where} {error.what}", error.remedy)
    if chart["dem"] is None:
        yield ConfigError(
            "map.dem",
            f"is not set, but {because}",
            "Write the path of a raster of terrain heights, or of a folder of tiles",
        )
    if chart["vertical_datum"] == "geoid" and chart["geoid"] is None:
        yield ConfigError(
            "map.geoid",
            "is not set, but map.vertical_datum is geoid",
            "Write a raster of the geoid's height above the ellipsoid (e.g. of EGM2008)",
        )


def list_products(
    table: str | Path | None,
    spacing_m: Mapping[str, float],
    exclude: Collection[str] = (),
    results: str | Path | None = None,
) -> pd.DataFrame:
    """The scene table of a user's table of products.

    spacing_m: of the map, for each mission. If the table leaves mission or day empty, they are read
    from the product. polarisation and orbit_file are missing if empty; paths are relative to the
    table's folder. `image` is the product, a folder above it, or its archive. results: the folder
    that remembers what the headers in archives say.
    Raises Faults with all faults.
    """
    fronts = Fronts()
    make_row = partial(_row, spacing_m=spacing_m, fronts=fronts, results=results)
    scenes = list_table(table, "source.products.table", REQUIRED, OPTIONAL, exclude, make_row)
    scenes.attrs["notes"] = [*scenes.attrs["notes"], *fronts.notes()]
    return scenes


def _row(
    cell: dict[str, str],
    folder: Path,
    fault: Fault,
    spacing_m: Mapping[str, float],
    fronts: Fronts,
    results: str | Path | None,
) -> dict[str, Any]:
    product = existing(cell, "product", folder, fault, or_folder=True)
    front, layer = front_of(cell, folder, fault)
    if front is not None and is_raster(front):
        fault(
            f"front {front.name} is an image",
            "Give it as lines (GeoPackage, Shapefile, GeoJSON): the map grid does not exist yet.",
        )
        front = None
    mission, acquired = cell.get("mission", ""), cell.get("acquired", "")
    if product is not None and not (mission and acquired):
        from calvingfront.products.delivery.headers import headers_of  # only where cells are empty

        said = headers_of(results).of(product, cell.get("polarisation") or None)
        mission, acquired = mission or said.mission, acquired or said.acquired
    if mission and mission not in spacing_m:
        known = ", ".join(spacing_m)
        fault(f"has the unknown mission {mission!r}", f"Write one of {known}, or leave it empty.")
    orbit_file = None
    if cell.get("orbit_file"):
        orbit_file = existing(cell, "orbit_file", folder, fault)
    acquired = day_of(acquired, fault) if acquired else acquired
    if front is not None and acquired:
        fronts.check(front, layer, cell | {"acquired": acquired}, fault)
    return {
        "mission": mission,
        "acquired": acquired,
        "image": str(folder / cell["product"]),
        "front": str(folder / cell["front"]) if cell["front"] else None,
        "pixel_size_x_m": spacing_m.get(mission),
        "pixel_size_y_m": spacing_m.get(mission),
        "polarisation": cell.get("polarisation") or None,
        "orbit_file": None if orbit_file is None else str(orbit_file),
    }
