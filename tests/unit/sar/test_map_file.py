from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from calvingfront.sar.coverage import scene_grid
from calvingfront.sar.geocode import geocode_file
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.map_file import write_map
from calvingfront.scenes.rasters import read_image
from calvingfront.scenes.scaling import to_8bit
from radar_scenes import make_image, make_scene

GRID = MapGrid("EPSG:3031", -2_500_000.0, 1_200_000.0, 20.0, 600, 700)


def test_a_map_holds_values_codes_place_and_facts(tmp_path):
    random = np.random.default_rng(0)
    backscatter = random.exponential(1.0, (600, 700)).astype(np.float32)
    backscatter[:50] = np.nan
    view = np.where(np.isnan(backscatter), 0, random.integers(1, 4, (600, 700))).astype(np.uint8)
    facts = {"mission": "ERS", "product": "a.E1", "beam": ""}
    write_map(tmp_path / "map.tif", tmp_path / "view.tif", GRID, backscatter, view, "sigma0", facts)
    values, valid, crs, transform = read_image(tmp_path / "map.tif")
    np.testing.assert_array_equal(values, backscatter)
    np.testing.assert_array_equal(valid, ~np.isnan(backscatter))
    assert crs.to_epsg() == 3031
    assert transform == from_origin(-2_500_000, 1_200_000, 20, 20)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        tags = dataset.tags()
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1)
        # The mean of four, of intensities.
        quarter = dataset.read(1, out_shape=(300, 350))
    four = backscatter[100:102, 100:102].mean()
    assert quarter[50, 50] == pytest.approx(four, rel=1e-5)
    assert tags["PRODUCT_MISSION"] == "ERS"
    assert tags["BACKSCATTER"] == "sigma0, linear"
    assert "PRODUCT_BEAM" not in tags
    with rasterio.open(tmp_path / "view.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), view)
        assert dataset.nodata == 0
        assert "2 layover" in dataset.tags()["CODES"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["map.tif", "view.tif"]


def test_files_in_maps_out(tmp_path):
    scene = make_scene("ERS", shape=(150, 200))
    intensity = np.ones(scene.shape)
    intensity[:, 100:] = 10
    image = make_image(scene, intensity)
    write_intensity(image, tmp_path / "intensity.tif")
    grid = scene_grid(image, "EPSG:3031", 40.0)
    left, _, _, top = grid.bounds
    with rasterio.open(
        tmp_path / "dem.tif",
        "w",
        driver="GTiff",
        height=grid.height // 5 + 3,
        width=grid.width // 5 + 3,
        count=1,
        dtype="int16",
        crs="EPSG:3031",
        transform=from_origin(left - 200, top + 200, 200, 200),
    ) as dataset:
        dataset.write(np.full((dataset.height, dataset.width), 30, np.int16), 1)
    geocode_file(
        tmp_path / "intensity.tif",
        dem=tmp_path / "dem.tif",
        output=tmp_path / "map.tif",
        view=tmp_path / "view.tif",
        crs="EPSG:3031",
        spacing_m=40.0,
        vertical_datum="ellipsoid",
        threads=2,
    )
    values, valid, _, transform = read_image(tmp_path / "map.tif")
    assert (transform.c, transform.f) == (left, top)
    # 150 lines of 20 m by 200 samples of 21.9 m on the ground; 1.027 map metres to the metre there.
    assert valid.sum() == pytest.approx(150 * 20 * 200 * 21.9 * 1.027**2 / 40**2, rel=0.02)
    assert set(np.unique(np.round(values[valid]))) >= {1.0, 10.0}
    scaled = to_8bit(values, valid, kind="linear", grey="dB")
    assert (scaled[~valid] == 0).all()
    assert scaled[valid].min() == 1
    assert scaled[valid].max() == 255
