"""From backscatter to grey levels: proportional to intensity, as in CaFFe, or to decibels."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio

from backscatter import decibels, intensity, write_tif
from builders import line_mask, write_image
from calvingfront.errors import DamagedFileError, SceneError
from calvingfront.geofiles.whole_rasters import write_raster
from calvingfront.radar.view import LAYOVER, SHADOW, VALID
from calvingfront.scenes.imagery.grey_levels import mean_scale
from calvingfront.scenes.imagery.strips import data_of
from calvingfront.scenes.importing import import_new_scene, import_scene, read_8bit
from calvingfront.scenes.pixels import read_grey
from calvingfront.scenes.scaling import to_8bit


def everywhere(values: Any) -> Any:
    return np.ones(values.shape, dtype=bool)


def scale_of(values: Any) -> float:
    return mean_scale(data_of(values, everywhere(values)))


@pytest.mark.parametrize("looks", [1, 4, 50])
def test_levels_are_proportional_to_intensity_with_a_mean_of_85(looks: int) -> None:
    values = intensity(1, looks=looks, texture_db=2, sea=0.15).astype(np.float64)
    levels = to_8bit(values, everywhere(values), kind="linear")
    assert levels.mean() == pytest.approx(1 + 254 / 3, abs=0.5)
    scale = scale_of(values)
    expected = 1 + 254 * np.minimum(values / scale, 1)
    assert np.abs(levels - expected).max() <= 0.51


def test_the_scale_solves_its_equation_whatever_the_distribution() -> None:
    random = np.random.default_rng(0)
    for values in (random.lognormal(0, 3, (90, 90)), random.uniform(1, 1.1, (90, 90))):
        mean = np.minimum(values / scale_of(values), 1).mean()
        assert mean == pytest.approx(1 / 3, abs=1e-6)
    assert scale_of(1e12 * values) == pytest.approx(1e12 * scale_of(values))


@pytest.mark.parametrize("brightness", [1e2, 1e9])
def test_extremely_bright_targets_hardly_change_the_rest(brightness: float) -> None:
    values = intensity(2)
    plain = scale_of(values)
    values[:16, :4] *= np.float32(brightness)  # one per cent of the image
    assert plain <= scale_of(values) <= 1.05 * plain


def test_at_most_a_tenth_is_saturated_however_much_of_the_map_is_sea() -> None:
    values = intensity(3)
    sea = intensity(4, size=160, sea=0.01)[:, 110:]
    wide = np.concatenate([values, np.tile(sea[:80], (1, 2))], axis=1)
    levels = to_8bit(wide, everywhere(wide), kind="linear")
    assert 0.09 < (levels == 255).mean() <= 0.101
    assert levels.mean() < 60
    expected = 1 + 254 * np.minimum(wide / np.percentile(wide, 90), 1)
    assert np.abs(levels - expected).max() <= 0.51


def test_area_without_data_changes_nothing() -> None:
    values = intensity(3)
    wide = np.full((80, 200), np.nan, np.float32)
    wide[:, 100:180] = values
    expected = to_8bit(values, everywhere(values), kind="linear")
    found = to_8bit(wide, np.isfinite(wide), kind="linear")
    np.testing.assert_array_equal(found[:, 100:180], expected)


def test_decibels_of_an_unknown_factor_are_refused_until_it_is_declared(tmp_path: Path) -> None:
    values = intensity(4)
    hundredths = np.rint(decibels(values) * 100).astype(np.int16)
    path = write_tif(tmp_path / "a.tif", hundredths)
    with pytest.raises(SceneError) as caught:
        read_8bit(path, None, None)
    assert "is no intensity in decibels: most of its values lie from -2" in str(caught.value)
    assert "gdal_edit.py -scale 0.01 FILE" in str(caught.value)
    stretched = read_8bit(path, None, None, "dB").pixels
    np.testing.assert_allclose(stretched, to_8bit(values, everywhere(values), grey="dB"), atol=1)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.01,)
    expected = to_8bit(values, everywhere(values), kind="linear").astype(int)
    assert np.abs(read_8bit(path, None, None).pixels - expected).max() <= 1


def test_numbers_that_nobody_calls_amplitude_or_intensity_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    values = intensity(5)
    counts = np.rint(np.sqrt(values) * 20_000).astype(np.uint16)
    expected = to_8bit(values, everywhere(values), kind="linear").astype(int)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    for numbers, taken in ((values, "intensity"), (counts, "amplitude")):
        caplog.clear()
        found = to_8bit(numbers, everywhere(values), "a.tif")
        assert np.abs(found - expected).max() <= 1
        assert f"are taken as {taken}; if they are not, write the kind" in caplog.text
    caplog.clear()
    to_8bit(np.sqrt(values), everywhere(values), grey="dB")  # both give the same decibels
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def view_of(path: Path, codes: Any) -> Path:
    place = {"crs": "EPSG:3031", "transform": rasterio.Affine(20, 0, -2.4e6, 0, -20, 1.3e6)}
    write_raster(path, codes, {}, driver="GTiff", nodata=0, **place)
    return path


def test_radar_shadow_is_no_data_and_layover_is_kept(tmp_path: Path) -> None:
    values = intensity(6)
    codes = np.full(values.shape, VALID, np.uint8)
    codes[:10], codes[-10:] = SHADOW, LAYOVER
    expected = to_8bit(values[10:], everywhere(values[10:]), kind="linear")
    values[:10] = 1e-9  # noise in the shadow would darken the mean
    image, view = write_tif(tmp_path / "a.tif", values), view_of(tmp_path / "view.tif", codes)
    front = write_image(tmp_path / "f.png", line_mask(80, 80, 40))
    made = tmp_path / "with.png", tmp_path / "without.png"
    said: dict[str, Any] = {"values": "linear", "view": view}
    import_scene("a", "A", "2007-03-04", image, front, made[0], tmp_path / "o.png", **said)
    import_new_scene(image, made[1], **said)
    for path in made:
        levels = read_grey(path)
        assert not levels[:10].any()
        np.testing.assert_array_equal(levels[10:], expected)
    view_of(view, codes[1:])
    with pytest.raises(DamagedFileError, match=r"view codes for \(80, 80\) pixels"):
        import_new_scene(image, made[1], **said)


def test_a_front_in_radar_shadow_is_refused(tmp_path: Path) -> None:
    values = intensity(6)
    codes = np.full(values.shape, VALID, np.uint8)
    codes[30:50] = SHADOW
    files = (
        write_tif(tmp_path / "a.tif", values),
        write_image(tmp_path / "f.png", line_mask(80, 80, 40)),
    )
    outputs = tmp_path / "i.png", tmp_path / "o.png"
    view = view_of(tmp_path / "view.tif", codes)
    with pytest.raises(SceneError, match="of the front of a where its image has no data"):
        import_scene("a", "A", "2007-03-04", *files, *outputs, values="linear", view=view)


def test_real_images_are_intensities_whose_mean_is_85_in_the_median(shared_data: Path) -> None:
    means = []
    for path in sorted((shared_data / "caffe256" / "sar_images").rglob("*.png"))[::4]:
        levels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        means.append(levels[levels > 0].mean())
    assert np.median(means) == pytest.approx(85, abs=6)
    # Speckle of intensity: skewness twice the coefficient of variation; of amplitude 1.2 times.
    ratios = []
    for path in sorted((shared_data / "caffe512-native").glob("*_img.tif")):
        with rasterio.open(path) as dataset:
            image = dataset.read(1).astype(np.float64)
        windows = image[:504, :504].reshape(56, 9, 56, 9).swapaxes(1, 2).reshape(-1, 81)
        mean = windows.mean(axis=1)
        calm = (mean > 12) & (mean < 55) & (windows > 0).all(axis=1) & (windows < 255).all(axis=1)
        if calm.sum() < 300:
            continue
        windows, mean = windows[calm], mean[calm]
        spread = windows.std(axis=1) / mean
        chosen = spread < np.quantile(spread, 0.3)
        speckle = (windows[chosen] / mean[chosen, None]).ravel() - 1
        ratios.append((speckle**3).mean() / speckle.std() ** 4)
    assert len(ratios) >= 3
    assert 1.8 < np.mean(ratios) < 2.4
