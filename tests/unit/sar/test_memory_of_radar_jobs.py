"""The memory that the rules ask for follows the size of a scene and of its map area."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calvingfront.products.product_json import write_product_json
from calvingfront.sar.coverage import footprint, image_window, scene_grid
from calvingfront.sar.memory import SceneSize, scene_size
from calvingfront.sar.multilook import multilook
from radar_scenes import make_product, make_scene

CRS = "EPSG:3031"
SCENE = make_scene("ERS", shape=(400, 500))


def test_the_size_is_that_of_the_image_and_the_map_that_are_made(tmp_path):
    random = np.random.default_rng(1)
    product = make_product(SCENE, random.random(SCENE.shape, np.float32))
    write_product_json(tmp_path / "product.json", product)
    image = multilook(product, 40.0)
    grid = scene_grid(image, CRS, 40.0)
    whole = scene_size(tmp_path / "product.json", 40.0, CRS, None)
    assert (whole.image, whole.map) == (image.intensity.size / 1e6, grid.height * grid.width / 1e6)
    left, bottom, right, top = footprint(product, CRS)
    x, y = (left + right) / 2, (bottom + top) / 2
    area = (x - 400, y - 400, x + 400, y + 400)
    part = scene_size(tmp_path / "product.json", 40.0, CRS, area)
    cut = scene_grid(product, CRS, 40.0, area)
    shape = image_window(image, cut).shape
    assert (part.image, part.map) == (shape[0] * shape[1] / 1e6, cut.height * cut.width / 1e6)
    assert part.image < 0.7 * whole.image
    assert part.map < 0.05 * whole.map


def test_what_the_job_will_tell_is_left_to_it(tmp_path):
    product = make_product(SCENE, np.ones(SCENE.shape, np.float32))
    write_product_json(tmp_path / "product.json", product)
    assert scene_size(tmp_path / "product.json", 40.0, CRS, (0, 0, 1e3, 1e3)) == SceneSize()
    late = replace(product.orbit, times_s=product.orbit.times_s + 9000)
    write_product_json(tmp_path / "late.json", replace(product, orbit=late))
    assert scene_size(tmp_path / "late.json", 40.0, CRS, None) == SceneSize()
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert scene_size(tmp_path / "broken.json", 40.0, CRS, None) == SceneSize()


@pytest.mark.parametrize(
    ("size", "multilook_mb", "geocode_mb", "flattened_mb"),
    [
        (SceneSize(1.6, 0.36), 244, 257, 277),  # 12 km of ERS at 20 m
        (SceneSize(24.5, 25.0), 446, 805, 1138),  # 100 km
        (SceneSize(61.2, 25.0), 737, 931, 1831),
    ],
)
def test_what_was_measured_fits_without_waste(size, multilook_mb, geocode_mb, flattened_mb):
    """Peak resident memory, MB, of an ERS frame with a terrain model and a geoid to be warped."""
    for asked, measured in (
        (size.multilook_mb, multilook_mb),
        (size.geocode_mb(False), geocode_mb),
        (size.geocode_mb(True), flattened_mb),
    ):
        assert measured + 100 < asked < 3 * measured + 100
