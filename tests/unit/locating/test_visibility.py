"""Lines in layover, in shadow and on filled heights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from calvingfront.errors import DamagedFileError
from calvingfront.locating.visibility import hidden_share


def test_vertices_in_layover_shadow_or_filled_terrain_are_counted(tmp_path: Path) -> None:
    codes = np.ones((10, 20), np.uint8)
    codes[:, 5:10], codes[:, 10:12], codes[:, 12:] = 2, 3, 0
    codes[:, 15] = 4
    path = tmp_path / "view.tif"
    profile = {"driver": "GTiff", "height": 10, "width": 20, "count": 1, "dtype": "uint8"}
    place = {"crs": "EPSG:3031", "transform": from_origin(1000, 500, 10, 10)}
    with rasterio.open(path, "w", **profile, **place) as raster:
        raster.write(codes, 1)
    x = 1000 + 10 * np.arange(20.0) + 5  # the centre of each column
    line = np.column_stack([x, np.full(20, 455.0)])
    assert hidden_share(path, [line]) == 8 / 20
    assert hidden_share(path, [line[:5], line[5:7]]) == 2 / 7
    assert hidden_share(path, [line[:5]]) == 0


def test_a_raster_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "view.tif"
    path.write_bytes(b"no raster")
    with pytest.raises(DamagedFileError, match=r"view\.tif.*`rm .*view\.tif`"):
        hidden_share(path, [np.zeros((2, 2))])
