"""Voids of a terrain model: which are sea, what the others are filled with, and what is told."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from calvingfront.errors import GeocodingError
from calvingfront.sar.dem import heights_on_grid, read_heights
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.heights.voids import (
    DOUBTFUL_M,
    OPEN_SHORE_M,
    SHORE_M,
    close_voids,
)

GRID = MapGrid("EPSG:3031", -2_464_000.0, 1_434_000.0, 20.0, 200, 300)


def write(path: Path, values: Any, **options: Any) -> Path:
    values = np.asarray(values, np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float32", height=values.shape[0],
        width=values.shape[1], crs="EPSG:3031", nodata=options.get("nodata", -9999),
        transform=options.get("transform", from_origin(GRID.left, GRID.top, 20, 20)),
    ) as dataset:  # fmt: skip
        dataset.write(np.where(np.isnan(values), -9999, values), 1)
    return path


def slope(steep: float = 0.3) -> np.ndarray:
    """A plane above 500 m that rises to the east by `steep`, and half as much to the south."""
    row, column = np.mgrid[: GRID.height, : GRID.width]
    return np.asarray(500 + 20 * steep * (column + 0.5 * row), np.float32)


@pytest.mark.parametrize(("at_edge", "shore_m"), [(False, SHORE_M), (True, OPEN_SHORE_M)])
def test_a_void_is_sea_where_enough_of_its_border_is_a_shore(at_edge: bool, shore_m: float) -> None:
    def is_sea(share: float, height_m: float) -> bool:
        values = np.full((40, 40), 800.0, np.float32)
        rows = slice(0, 10) if at_edge else slice(10, 20)
        values[rows, 10:30] = np.nan
        low = slice(0, round(share * 40))
        values[10 if at_edge else 20, 10:30][low] = height_m
        return bool(close_voids(values, 20.0).sea.all(where=np.isnan(values)))

    assert is_sea(0.5, shore_m)
    assert not is_sea(0.5, shore_m + 1)
    # A gap on a mountain that touches the shore in one place is no sea.
    assert not is_sea(0.05, 0)


def test_a_plateau_with_a_void_at_the_edge_ends_in_a_cliff_and_one_within_is_filled(
    tmp_path: Path,
) -> None:
    values = np.full((GRID.height, GRID.width), 100.0)
    values[:50, 100:150] = np.nan
    heights = heights_on_grid(write(tmp_path / "edge.tif", values), GRID, "ellipsoid")
    assert (heights[:50, 100:150] == 0).all()
    values[:50] = 100
    values[100:150, 100:150] = np.nan
    heights = heights_on_grid(write(tmp_path / "within.tif", values), GRID, "ellipsoid")
    assert (heights == 100).all()


@pytest.mark.parametrize("place", [np.s_[50:90, 60:120], np.s_[:40, 60:120], np.s_[160:, 280:]])
def test_a_gap_in_a_slope_continues_the_slope(tmp_path: Path, place: Any) -> None:
    values = slope()
    values[place] = np.nan
    found = read_heights(write(tmp_path / "dem.tif", values), GRID, "ellipsoid")
    void = np.isnan(values)
    off = np.abs(found.metres - slope())
    assert (off[~void] == 0).all()
    assert found.doubtful is not None
    assert not found.doubtful[~void].any()
    assert (off[~found.doubtful] <= DOUBTFUL_M).all()
    if place != np.s_[160:, 280:]:  # a corner has ground on two sides only
        assert off[void].max() < 0.1


def test_what_was_filled_is_told_with_share_extent_and_shift(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = slope(0.5)
    values[50:90, 60:120] = np.nan
    values[150, 200] = np.nan
    found = read_heights(write(tmp_path / "dem.tif", values), GRID, "ellipsoid")
    (sentence,) = found.told
    assert "4 % of the map area had no height and was filled" in sentence
    assert "largest gap spans 1.2 × 0.8 km" in sentence
    # 400 m from the ground, whose slope is √0.3125: 224 m, or 527 m across the track at 23°.
    assert "wrong by up to 224 m, which shifts the image by 527 m at 23°" in sentence
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert found.doubtful is not None
    assert found.doubtful[70, 90]
    assert not found.doubtful[150, 200]


def test_a_gap_too_far_from_ground_is_refused_with_what_filling_would_mean(tmp_path: Path) -> None:
    coarse = MapGrid("EPSG:3031", GRID.left, GRID.top, 100.0, 200, 200)
    transform = from_origin(GRID.left, GRID.top, 100, 100)
    row, column = np.mgrid[:200, :200]
    for size, refused in ((90, False), (130, True)):
        values = 1000 + 10.0 * (row + column)
        values[30 : 30 + size, 30 : 30 + size] = np.nan
        dem = write(tmp_path / f"{size}.tif", values, transform=transform)
        if not refused:
            heights_on_grid(dem, coarse, "ellipsoid")
            continue
        what = r"no data on 42 % .* 13\.0 × 13\.0 km, up to 6\.5 km from .* shifts the image by"
        with pytest.raises(GeocodingError, match=what):
            heights_on_grid(dem, coarse, "ellipsoid")


def test_a_void_at_the_edge_of_the_area_is_judged_by_what_lies_beyond(tmp_path: Path) -> None:
    """In a plateau of 150 m: a gap if it is closed, a cliff if it is open to the model's end."""
    beyond = from_origin(GRID.left - 1000, GRID.top + 1000, 20, 20)
    values = np.full((GRID.height + 100, GRID.width + 100), 150.0)
    values[40:80, 150:200] = np.nan
    dem = write(tmp_path / "closed.tif", values, transform=beyond)
    assert (heights_on_grid(dem, GRID, "ellipsoid") == 150).all()
    geoid = write(tmp_path / "geoid.tif", np.full((GRID.height, GRID.width), -20.0))
    assert (heights_on_grid(dem, GRID, "geoid", geoid) == 130).all()
    assert (heights_on_grid(dem, GRID, "ellipsoid", geoid) == 150).all()
    values[:80, 150:200] = np.nan
    dem = write(tmp_path / "open.tif", values, transform=beyond)
    heights = heights_on_grid(dem, GRID, "ellipsoid")
    assert (heights[:30, 100:150] == 0).all()
    assert (heights_on_grid(dem, GRID, "ellipsoid", geoid)[:30, 100:150] == -20).all()
    assert (np.delete(heights, np.s_[100:150], axis=1) == 150).all()


def test_mountains_where_the_model_ends_do_not_hide_a_fjord(tmp_path: Path) -> None:
    """A terrain model that was cut to the map area: beyond its edge there is no void."""
    values = np.full((GRID.height, GRID.width), 700.0)
    values[:25, 95:135] = 20.0
    values[:20, 100:130] = np.nan
    heights = heights_on_grid(write(tmp_path / "dem.tif", values), GRID, "ellipsoid")
    assert (heights[:20, 100:130] == 0).all()


def test_a_hole_in_a_narrow_island_is_filled_from_what_is_left_of_it() -> None:
    values = np.full((60, 60), np.nan, np.float32)
    values[20:40, 20:40] = 40.0
    values[27:33, 27:33] = np.nan
    values[20:22, 20:40], values[38:40, 20:40] = 1.0, 1.0
    values[22:38, 20:22] = values[22:38, 38:40] = 70.0
    values[24:36, 24:36][values[24:36, 24:36] == 40] = 300.0
    values[55:58, 3:6] = 1.0  # another island
    found = close_voids(values, 10.0, posting_m=300.0)
    assert found.gap[27:33, 27:33].all()
    assert np.isfinite(found.filled).all()


def test_sea_where_the_model_ends_is_a_warning_even_at_the_geoid(tmp_path: Path) -> None:
    geoid = write(tmp_path / "geoid.tif", np.full((GRID.height, GRID.width), -20.0))
    dem = write(tmp_path / "dem.tif", np.full((GRID.height, 100), 20.0))
    (told,) = read_heights(dem, GRID, "geoid", geoid).warned
    assert told.startswith("66 % of the map area has no height and counts as sea")
    assert told.endswith("The terrain model does not cover the whole map area")
    values = np.full((GRID.height, GRID.width), 20.0)
    values[:, 100:] = np.nan
    assert read_heights(write(dem, values), GRID, "geoid", geoid).warned == []


def test_a_mask_in_the_file_marks_voids(tmp_path: Path) -> None:
    dem = write(tmp_path / "dem.tif", np.full((GRID.height, GRID.width), 10.0), nodata=None)
    mask = np.full((GRID.height, GRID.width), 255, np.uint8)
    mask[:, :50] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(dem, "r+") as dataset:
        dataset.write_mask(mask)
    heights = heights_on_grid(dem, GRID, "ellipsoid")
    assert (heights[:, :50] == 0).all()
    assert (heights[:, 50:] == 10).all()


def test_sea_without_a_geoid_and_sea_along_mountains_are_told(tmp_path: Path) -> None:
    values = np.full((GRID.height, GRID.width), 20.0)
    values[:, 150:] = np.nan
    dem = write(tmp_path / "flat.tif", values)
    assert "at 0 m, because map.geoid is not set" in read_heights(dem, GRID, "ellipsoid").told[0]
    values[100:, :150] = 1500.0
    geoid = write(tmp_path / "geoid.tif", np.full(values.shape, -20.0))
    told = read_heights(write(tmp_path / "high.tif", values), GRID, "geoid", geoid).told
    assert "at the height of the geoid" in told[0]
    assert "50 % of the ground along this sea lies more than 200 m above it" in told[1]


def test_gaps_are_filled_above_the_ellipsoid_whatever_the_heights_refer_to(tmp_path: Path) -> None:
    geoid = write(tmp_path / "geoid.tif", np.full((GRID.height, GRID.width), -20.0))
    values = slope()
    values[50:90, 60:120] = np.nan
    dem = write(tmp_path / "dem.tif", values)
    np.testing.assert_allclose(heights_on_grid(dem, GRID, "geoid", geoid), slope() - 20, atol=0.1)
    np.testing.assert_allclose(heights_on_grid(dem, GRID, "ellipsoid", geoid), slope(), atol=0.1)
