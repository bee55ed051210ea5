"""The tiles of data sets whose names say where they lie."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from calvingfront.sar.grid import MapGrid
from calvingfront.sar.heights.raster import HeightRaster

# Copernicus_DSM_COG_10_S66_00_W062_00_DEM.tif: the south-west corner of a tile of 1°.
COPERNICUS = re.compile(
    r"^(?P<head>copernicus_dsm_.*?)(?P<lat>[ns]\d\d)_00_(?P<lon>[ew]\d{3})_00(?P<tail>.*)$",
    re.IGNORECASE,
)
LATTICE = 33


def missing_tiles(tiles: Sequence[HeightRaster], grid: MapGrid) -> list[str]:
    """Names of the tiles of 1° that the grid meets but the model lacks; none for other models."""
    matches = [COPERNICUS.match(tile.path.name) for tile in tiles]
    first = matches[0]
    if first is None or not all(matches):
        return []
    there = {f"{m['lat']}{m['lon']}".upper() for m in matches if m}
    row, column = np.meshgrid(
        np.linspace(0, grid.height - 1, LATTICE), np.linspace(0, grid.width - 1, LATTICE)
    )
    longitude, latitude = grid.to_geographic(*grid.centre(row.ravel(), column.ravel()))
    corners = {
        (math.floor(lat), math.floor((lon + 180) % 360 - 180))
        for lat, lon in zip(latitude.tolist(), longitude.tolist(), strict=True)
    }
    found = []
    for south, west in sorted(corners):
        lat = f"{'N' if south >= 0 else 'S'}{abs(south):02d}"
        lon = f"{'E' if west >= 0 else 'W'}{abs(west):03d}"
        if f"{lat}{lon}" not in there:
            found.append(f"{first['head']}{lat}_00_{lon}_00{first['tail']}")
    return found
