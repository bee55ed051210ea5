"""The writers of files of fronts, and what they have written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pytest

from calvingfront.locating.vectors import write_fronts, write_geoparquet, write_shapefile

WRITERS = [
    pytest.param(write_fronts, "fronts.gpkg", id="GeoPackage"),
    pytest.param(write_geoparquet, "fronts.parquet", id="GeoParquet"),
    pytest.param(write_shapefile, "fronts.shp", id="Shapefile"),
]
Writer = Callable[..., Any]


def need(name: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")


def written(folder: Path) -> dict[str, str]:
    """Every file of a folder and the hash of its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def layer(path: Path, name: str = "fronts") -> Any:
    return geopandas.read_file(path, layer=name)
