"""Layers of front lines, each with the name of its scene."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import geopandas
from shapely.geometry import LineString


def write_fronts(path: Path, scenes: Iterable[str], crs: str = "EPSG:3031") -> Path:
    """Write a line of 400 m for each scene, side by side."""
    names = list(scenes)
    lines = [
        LineString([(-2_400_000 + 50 * number, 1_300_000), (-2_400_000 + 50 * number, 1_300_400)])
        for number in range(len(names))
    ]
    geopandas.GeoDataFrame({"scene": names}, geometry=lines, crs=crs).to_file(path)
    return path
