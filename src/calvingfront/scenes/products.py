"""Radar products, listed: a table of level-1 products with their front lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.scenes.rasters import is_raster
from calvingfront.scenes.user_table import Fault, day_of, existing, list_table

REQUIRED = ("scene", "glacier", "product", "front")
OPTIONAL = ("mission", "acquired", "polarisation", "orbit_file", "quality")


def list_products(
    table: str | Path | None, spacing_m: Mapping[str, float], exclude: Collection[str] = ()
) -> pd.DataFrame:
    """The scene table of a user's table of products (CSV or TSV).

    spacing_m: of the map, for each mission. Mission and day are read from the products where the
    table leaves them empty. More columns than a scene table has: polarisation, orbit_file (paths
    start at the table's folder; missing where empty). `image` is the product.
    Raises Faults with everything that is wrong.
    """
    make_row = partial(_row, spacing_m=spacing_m)
    return list_table(table, "source.products.table", REQUIRED, OPTIONAL, exclude, make_row)


def _row(
    cell: dict[str, str], folder: Path, fault: Fault, spacing_m: Mapping[str, float]
) -> dict[str, Any]:
    product, front = (existing(cell, key, folder, fault) for key in ("product", "front"))
    if front is not None and is_raster(front):
        fault(
            f"front {front.name} is an image",
            "Give it as lines (GeoPackage, Shapefile, GeoJSON): the map grid is yet to come.",
        )
    mission, acquired = cell.get("mission", ""), cell.get("acquired", "")
    if product is not None and not (mission and acquired):
        from calvingfront.products.registry import open_product  # only where cells are empty

        opened = open_product(product, cell.get("polarisation") or None)
        mission = mission or opened.mission
        acquired = acquired or opened.acquired.date().isoformat()
    if mission and mission not in spacing_m:
        known = ", ".join(spacing_m)
        fault(f"has the mission {mission!r}", f"Write one of {known}, or leave it empty.")
    orbit_file = None
    if cell.get("orbit_file"):
        orbit_file = existing(cell, "orbit_file", folder, fault)
    return {
        "mission": mission,
        "acquired": day_of(acquired, fault) if acquired else acquired,
        "image": str(folder / cell["product"]),
        "front": str(folder / cell["front"]),
        "pixel_size_x_m": spacing_m.get(mission),
        "pixel_size_y_m": spacing_m.get(mission),
        "polarisation": cell.get("polarisation") or None,
        "orbit_file": None if orbit_file is None else str(orbit_file),
    }
