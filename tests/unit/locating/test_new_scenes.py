"""New scenes: one sample, whether the command or the workflow makes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from backscatter import write_tif
from calvingfront.errors import SampleError
from calvingfront.geofiles.whole_rasters import write_raster
from calvingfront.locating.locate import locate_fronts
from calvingfront.locating.model_folder import read_model
from calvingfront.locating.new_scenes import NewScene, Sample, prepare, sample_of_file
from calvingfront.radar.view import SHADOW, VALID
from calvingfront.samples.median import filter_file
from calvingfront.samples.square import read_sample, square_file
from calvingfront.scenes.importing import import_new_scene

AREA_M2 = 2500.0


@pytest.mark.parametrize(("variant", "grey"), [("paper", "dB"), ("released", "linear")])
def test_a_sample_of_the_workflow_is_that_of_the_command(
    tmp_path: Path, variant: str, grey: str
) -> None:
    image = tmp_path / "a.tif"
    values = np.random.default_rng(1).exponential(0.1, (50, 70)).astype(np.float32)
    with rasterio.open(
        image, "w", driver="GTiff", height=50, width=70, count=1, dtype="float32", crs="EPSG:3031",
        transform=rasterio.Affine(20, 0, -2_400_000, 0, -20, 1_300_000),
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    scene = NewScene("a", "SI", "ERS", "2001-02-03", image)
    expected = prepare(scene, 32, AREA_M2, variant, grey)

    imported, filtered, sample = (tmp_path / name for name in ("i.png", "f.png", "a.npz"))
    import_new_scene(image, imported, 20.0, grey=grey)
    filter_file(imported, 20.0, 20.0, AREA_M2, filtered)
    square_file(
        filtered, None, "a", 20.0, 20.0, 32, 3, sample, variant, "EPSG:3031", -2_400_000, 1_300_000
    )
    found = sample_of_file(sample, "SI", "ERS", "2001-02-03", None, tmp_path / "view.tif")
    np.testing.assert_array_equal(found.image, expected.image)
    assert found.mean_grey == expected.mean_grey > 0
    assert found.facts | {"front_width_px": None} == expected.facts
    assert (found.view, expected.view) == (tmp_path / "view.tif", None)


def test_new_scenes_get_the_grey_levels_of_the_model(model: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(1).exponential(0.1, (50, 70)).astype(np.float32)
    image = write_tif(tmp_path / "a.tif", values)
    scene = NewScene("a", "A", "TSX", "2010-03-04", image, values="linear")
    read = read_model(model)
    means = {}
    for grey in ("linear", "dB"):
        steps = replace(read.preprocessing, grey_levels=grey)
        kept: list[Sample] = []
        locate_fronts(
            [scene], replace(read, preprocessing=steps), [tmp_path / f"{grey}.gpkg"],
            device="cpu", threads=1, keep=lambda sample, _, to=kept: to.append(sample),
        )  # fmt: skip
        expected = prepare(scene, steps.size, steps.median_area_m2, steps.variant, grey)
        np.testing.assert_array_equal(kept[0].image, expected.image)
        means[grey] = kept[0].mean_grey
    assert means["linear"] < 0.7 * means["dB"]


def test_radar_shadow_in_a_new_product_is_no_data(tmp_path: Path) -> None:
    values = np.random.default_rng(1).exponential(0.1, (64, 64)).astype(np.float32)
    codes = np.full((64, 64), VALID, np.uint8)
    codes[:20] = SHADOW
    image, view = write_tif(tmp_path / "map.tif", values), tmp_path / "view.tif"
    write_raster(view, codes, driver="GTiff", nodata=0)
    scene = NewScene("a", "A", "TSX", "2010-03-04", image, view=view, values="linear")
    sample = prepare(scene, 64, 0, "paper", "linear")
    assert not sample.image[:20].any()
    assert (sample.image[20:] > 0).all()


def test_a_sample_without_a_front_is_no_sample_to_train_on(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 20), np.uint8)
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    square_file(tmp_path / "a.png", None, "a", 20.0, 20.0, 32, 3, tmp_path / "a.npz")
    with pytest.raises(SampleError, match=r"a\.npz: has no front"):
        read_sample(tmp_path / "a.npz")
