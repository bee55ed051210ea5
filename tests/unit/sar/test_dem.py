from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds, from_origin

from calvingfront.errors import GeocodingError
from calvingfront.sar.dem import heights_on_grid
from calvingfront.sar.grid import MapGrid

GRID = MapGrid("EPSG:3031", -2_500_000.0, 1_200_000.0, 20.0, 30, 40)


def write(path: Path, values, transform, crs="EPSG:3031", nodata=-9999.0) -> Path:
    values = np.asarray(values, dtype=np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype="float32",
        crs=crs,
        transform=transform,
        nodata=nodata,
    ) as dataset:
        dataset.write(values, 1)
    return path


def plane(path: Path, **changes) -> Path:
    """Heights 100 + 0.01 · (x − left) m at 50 m posting, on the map's CRS, wider than the grid."""
    x = -500 + 25 + 50.0 * np.arange(40)
    values = np.tile(100 + 0.01 * x, (40, 1))
    return write(path, values, from_origin(GRID.left - 500, GRID.top + 500, 50, 50), **changes)


def geoid(path: Path, height: float = -15.0) -> Path:
    """A constant geoid on geographic coordinates, around the grid."""
    longitude, latitude = GRID.to_geographic(*GRID.centre(np.array([15]), np.array([20])))
    box = longitude[0] - 2, latitude[0] - 1, longitude[0] + 2, latitude[0] + 1
    return write(path, np.full((20, 40), height), from_bounds(*box, 40, 20), crs="EPSG:4326")


def test_a_coarser_model_is_interpolated_linearly(tmp_path):
    heights = heights_on_grid(plane(tmp_path / "dem.tif"), GRID, "ellipsoid")
    assert heights.shape == (30, 40)
    expected = 100 + 0.01 * (10 + 20 * np.arange(40))
    np.testing.assert_allclose(heights, np.tile(expected, (30, 1)), atol=0.02)


def test_a_model_on_the_same_pixels_is_taken_as_it_is(tmp_path):
    values = np.random.default_rng(0).uniform(0, 900, (50, 60)).astype(np.float32)
    values[11:14, 11:14] = 1
    values[12, 12] = -9999  # a pond among ground of 1 m
    transform = from_origin(GRID.left - 200, GRID.top + 100, 20, 20)
    heights = heights_on_grid(write(tmp_path / "dem.tif", values, transform), GRID, "ellipsoid")
    expected = values[5:35, 10:50].copy()
    expected[7, 2] = 0
    np.testing.assert_array_equal(heights, expected)


def test_heights_above_the_geoid_become_ellipsoidal_and_the_sea_lies_on_it(tmp_path):
    x = -500 + 25 + 50.0 * np.arange(40)
    values = np.tile(100 + 0.01 * x, (40, 1))
    values[:, 20:] = -9999  # the sea, from 500 m on
    transform = from_origin(GRID.left - 500, GRID.top + 500, 50, 50)
    dem = write(tmp_path / "dem.tif", values, transform)
    heights = heights_on_grid(dem, GRID, "geoid", geoid(tmp_path / "geoid.tif"))
    np.testing.assert_allclose(heights[:, 2], 100 + 0.01 * 50 - 15, atol=0.02)
    np.testing.assert_allclose(heights[:, 30:], -15, atol=1e-4)
    # Ellipsoidal heights stay; the geoid serves the sea alone.
    heights = heights_on_grid(dem, GRID, "ellipsoid", geoid(tmp_path / "geoid.tif"))
    np.testing.assert_allclose(heights[:, 2], 100.5, atol=0.02)
    np.testing.assert_allclose(heights[:, 30:], -15, atol=1e-4)
    assert (heights_on_grid(dem, GRID, "ellipsoid")[:, 30:] == 0).all()


def test_heights_above_the_geoid_need_the_geoid(tmp_path):
    with pytest.raises(GeocodingError, match="no geoid is given"):
        heights_on_grid(plane(tmp_path / "dem.tif"), GRID, "geoid")
    with pytest.raises(GeocodingError, match="Write ellipsoid or geoid"):
        heights_on_grid(plane(tmp_path / "dem.tif"), GRID, "sea")  # type: ignore[arg-type]


def test_a_model_that_does_not_cover_the_map_prints_both_footprints(tmp_path):
    far = write(tmp_path / "far.tif", np.zeros((9, 9)), from_origin(0, 900, 100, 100))
    with pytest.raises(GeocodingError, match=r"far\.tif: covers left 0, bottom 0.*left -2\.5e\+06"):
        heights_on_grid(far, GRID, "ellipsoid")
    beside = from_origin(GRID.left - 450, GRID.top + 99, 50, 50)
    with pytest.raises(GeocodingError, match="Give a raster that overlaps"):
        heights_on_grid(
            write(tmp_path / "beside.tif", np.zeros((40, 9)), beside), GRID, "ellipsoid"
        )


def test_a_model_that_covers_a_part_is_read_and_the_rest_is_sea_or_filled_from_its_edge(tmp_path):
    beside = from_origin(GRID.left - 100, GRID.top + 99, 50, 50)
    coast = write(tmp_path / "coast.tif", np.full((40, 6), 30.0), beside)
    heights = heights_on_grid(coast, GRID, "ellipsoid")
    assert (heights[:, :9] == 30).all()  # 200 m of the grid, of 800 m
    assert (heights[:, 13:] == 0).all()
    inland = write(tmp_path / "inland.tif", np.full((40, 6), 900.0), beside)
    assert (heights_on_grid(inland, GRID, "ellipsoid") == 900).all()


def test_files_that_are_no_map_are_refused(tmp_path):
    with pytest.raises(GeocodingError, match="does not exist"):
        heights_on_grid(tmp_path / "absent.tif", GRID, "ellipsoid")
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(GeocodingError, match="cannot be opened"):
        heights_on_grid(tmp_path / "text.tif", GRID, "ellipsoid")
    without = write(tmp_path / "plain.tif", np.zeros((9, 9)), from_origin(0, 9, 1, 1), crs=None)
    with pytest.raises(GeocodingError, match="has no CRS"):
        heights_on_grid(without, GRID, "ellipsoid")
    holes = plane(tmp_path / "holes.tif")
    with rasterio.open(holes, "r+") as dataset:
        values = dataset.read(1)
        values[15:20] = -9999
        dataset.write(values, 1)
    with pytest.raises(GeocodingError, match="has gaps"):
        heights_on_grid(plane(tmp_path / "dem.tif"), GRID, "geoid", holes)


def test_real_antarctic_heights_reach_the_grid(shared_data):
    path = shared_data / "dem" / "dem_south_pole.tif"
    with rasterio.open(path) as dataset:
        values = dataset.read(1)
        row, column = dataset.height // 2, dataset.width // 2
        x, y = dataset.xy(row, column)
    grid = MapGrid("EPSG:3031", x - 100, y + 100, 200.0, 1, 1)  # its pixel is that posting
    heights = heights_on_grid(path, grid, "ellipsoid")
    assert heights[0, 0] == pytest.approx(float(values[row, column]), abs=0.01)
