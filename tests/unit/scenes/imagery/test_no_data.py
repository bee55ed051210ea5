"""No data: what tags, masks and transparency declare, and what nothing declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp
from scipy.ndimage import gaussian_filter

from backscatter import decibels, grey, intensity, write_tif
from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.fills import drop_fills
from calvingfront.scenes.importing import read_8bit
from calvingfront.scenes.rasters import read_image
from calvingfront.scenes.scaling import to_8bit

BORDER = 12
FLOAT_MAX = float(np.finfo(np.float32).max)


def read(path: Path, values: str | None = None, band: str | None = None) -> Any:
    return read_8bit(path, values, band, "dB")[0]


def bordered(values: Any, fill: float) -> Any:
    out = values.copy()
    out[:, :BORDER] = fill
    return out


def same_but_for_its_border(image: Any, clean: Any, atol: int = 1) -> None:
    """The border is 0, and the rest is that of the image whose border is NaN."""
    assert not image[:, :BORDER].any()
    np.testing.assert_allclose(
        image[:, BORDER:].astype(int), clean[:, BORDER:].astype(int), atol=atol
    )


def clean_of(seed: int) -> Any:
    values = bordered(decibels(intensity(seed)), np.nan)
    return to_8bit(values, np.isfinite(values), kind="dB", grey="dB")


@pytest.mark.parametrize(
    "fill", [0, -9999, -32768, -999, -99, -FLOAT_MAX, FLOAT_MAX, np.nan, -np.inf, 255, -50, 1e20]
)
@pytest.mark.parametrize("form", ["linear", "amplitude", "dB"])
@pytest.mark.parametrize("tagged", [False, True])
def test_a_constant_border_of_a_float_image_is_no_data(
    tmp_path: Path, fill: float, form: str, tagged: bool
) -> None:
    values = intensity(4)
    values = {"linear": values, "amplitude": np.sqrt(values), "dB": decibels(values)}[form]
    nodata = fill if tagged and np.isfinite(fill) else None
    image = read(write_tif(tmp_path / "a.tif", bordered(values, fill), nodata=nodata))
    same_but_for_its_border(image, clean_of(4))


@pytest.mark.parametrize("fill", [0, -9999, -np.inf])
def test_single_pixels_without_data_do_not_switch_off_the_decibels(fill: float) -> None:
    values = intensity(5)
    expected = to_8bit(values, np.ones(values.shape, bool), grey="dB")
    values[3, 4] = values[40, 50] = fill
    found = to_8bit(values, np.ones(values.shape, bool), grey="dB")
    assert found[3, 4] == found[40, 50] == 0
    assert (np.abs(found.astype(int) - expected) <= 1).sum() == values.size - 2
    assert (expected <= 20).mean() < 0.1


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_zeros_around_whole_numbers_are_no_data(tmp_path: Path, dtype: Any) -> None:
    counts = np.rint(np.sqrt(intensity(4)) * 900).astype(dtype)
    image = read(write_tif(tmp_path / "a.tif", bordered(counts, 0)))
    same_but_for_its_border(image, clean_of(4), atol=3)  # the counts are rounded


def test_zero_decibels_within_an_image_are_data(tmp_path: Path) -> None:
    values = np.rint((decibels(intensity(6)) + 12) * 100).astype(np.int16)
    values[40, 40] = 0
    image = read(write_tif(tmp_path / "a.tif", values))
    assert (image > 0).all()
    image = read(write_tif(tmp_path / "b.tif", bordered(values, 0)))
    assert not image[:, :BORDER].any()
    assert (image[:, BORDER:] > 0).all()


def test_a_slanting_collar_and_one_within_a_declared_one_are_found(tmp_path: Path) -> None:
    values = decibels(intensity(7))
    rows, columns = np.indices(values.shape)
    collar = columns < 5 + rows // 3
    values[collar] = 0
    values[columns < rows // 4 - 6] = -9999
    image = read(write_tif(tmp_path / "a.tif", values, nodata=-9999))
    np.testing.assert_array_equal(image == 0, collar)


def test_a_constant_ring_within_another_is_found(tmp_path: Path) -> None:
    values = decibels(intensity(7))
    values[:, :12] = 0
    values[:, :6] = -70
    image = read(write_tif(tmp_path / "a.tif", values))
    assert not image[:, :12].any()
    assert (image[:, 12:] > 0).all()


def test_smooth_decibels_rounded_to_whole_ones_have_no_border(tmp_path: Path) -> None:
    """Neighbours are often equal there, which makes no border of them."""
    smooth = gaussian_filter(np.random.default_rng(0).normal(size=(80, 80)), 8)
    values = np.rint(-12 + 40 * smooth / smooth.std()).clip(-60, 40).astype(np.int16)
    path = write_tif(tmp_path / "a.tif", values // 8)
    runs = np.diff(np.flatnonzero(np.diff(values[0] // 8)))
    assert runs.max() >= 8
    assert (read(path) > 0).all()


def test_a_border_that_is_the_only_negative_value_is_no_data(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", bordered(intensity(4) * 1e4, -1))
    same_but_for_its_border(read(path), clean_of(4))


def test_a_border_at_the_clipped_end_of_the_data_is_asked_for(tmp_path: Path) -> None:
    values = np.maximum(decibels(intensity(8)), -22)
    path = write_tif(tmp_path / "a.tif", bordered(values, -22))
    with pytest.raises(SceneError, match="has a constant border of -22, which is also its lowest"):
        read(path)
    write_tif(tmp_path / "a.tif", bordered(values, -22), nodata=-9999)
    assert (read(path) > 0).all()  # something else is declared: clipped, not missing
    write_tif(tmp_path / "a.tif", bordered(values, -22), nodata=-22)
    assert not read(path)[:, :BORDER].any()


def test_a_white_border_of_8_bit_is_asked_for_unless_something_declares_it(tmp_path: Path) -> None:
    levels = bordered(grey(intensity(1)), 255)
    path = write_tif(tmp_path / "a.tif", levels)
    with pytest.raises(SceneError, match=r"constant border of 255\. .*gdal_edit.py -a_nodata 255"):
        read(path)
    with pytest.raises(SceneError, match="declare another value"):
        read(path, "8bit")
    np.testing.assert_array_equal(read(write_tif(path, levels, nodata=0)), levels)
    expected = bordered(levels, 0)
    np.testing.assert_array_equal(read(write_tif(path, levels, nodata=255)), expected)
    np.testing.assert_array_equal(read(write_tif(path, bordered(levels, 0))), expected)


def opaque(shape: tuple[int, ...], full: int = 255) -> Any:
    return bordered(np.full(shape, full, dtype=np.uint8 if full == 255 else np.uint16), 0)


def test_transparency_of_every_kind_is_no_data(tmp_path: Path) -> None:
    levels = bordered(grey(intensity(2)), 255)
    alpha, expected = opaque(levels.shape), bordered(levels, 0)
    options = {"photometric": "MINISBLACK", "alpha": "YES"}
    path = tmp_path / "a.tif"
    np.testing.assert_array_equal(
        read(write_tif(path, np.stack([levels, alpha]), **options)), expected
    )
    coloured = np.stack([levels, levels, levels, alpha])
    np.testing.assert_array_equal(
        read(write_tif(path, coloured, photometric="RGB", alpha="YES")), expected
    )
    # A tag beside it does not make GDAL's reader forget it here.
    np.testing.assert_array_equal(
        read(write_tif(path, np.stack([levels, alpha]), nodata=0, **options)), expected
    )
    for name, bands in (("rgba", [levels] * 3), ("la", [levels])):
        layers = [Image.fromarray(band) for band in (*bands, alpha)]
        Image.merge("RGBA" if name == "rgba" else "LA", layers).save(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(read(tmp_path / f"{name}.png"), expected)
    deep = np.stack([levels.astype(np.uint16) * 200, opaque(levels.shape, 65535)])
    image = read(write_tif(path, deep, **options))
    np.testing.assert_array_equal(image == 0, expected == 0)


@pytest.mark.parametrize("internal", [True, False])
def test_a_mask_band_is_no_data(tmp_path: Path, internal: bool) -> None:
    values = bordered(intensity(3), 7.0)
    path = write_tif(tmp_path / "a.tif", values, nodata=None)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(opaque(values.shape))
    assert (tmp_path / "a.tif.msk").exists() is not internal
    same_but_for_its_border(read(path), clean_of(3))


def test_a_nodata_tag_is_compared_with_the_values_as_stored(tmp_path: Path) -> None:
    values = decibels(intensity(9))
    packed = bordered(np.rint((values + 60) / 0.001).astype(np.uint16), 65535)
    path = write_tif(tmp_path / "a.tif", packed, nodata=65535)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.001,), (-60.0,)
    same_but_for_its_border(read(path), clean_of(9))
    with rasterio.open(write_tif(path, bordered(packed, 0)), "r+") as dataset:
        dataset.scales, dataset.offsets = (0.001,), (-60.0,)
    same_but_for_its_border(read(path), clean_of(9))
    packed[40, 40] = 0
    with rasterio.open(write_tif(path, packed), "r+") as dataset:
        dataset.scales, dataset.offsets = (0.001,), (-60.0,)
    physical, valid, _, _ = read_image(path)
    assert not valid[40, 40]
    assert valid.sum() == valid.size - 1
    np.testing.assert_allclose(physical[:, 20:39], values[:, 20:39], atol=0.00051)


def test_a_grey_palette_is_resolved_and_a_coloured_one_refused(tmp_path: Path) -> None:
    levels = grey(intensity(1))
    order = np.random.default_rng(0).permutation(256)
    image = Image.fromarray(np.argsort(order)[levels].astype(np.uint8), "P")
    image.putpalette(np.repeat(order.astype(np.uint8), 3).tolist())
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), levels)
    image.save(tmp_path / "a.png", transparency=int(np.argsort(order)[levels[0, 0]]))
    np.testing.assert_array_equal(
        read(tmp_path / "a.png"), np.where(levels == levels[0, 0], 0, levels)
    )
    some = [0, 0, *[255] * 254]  # two indices are transparent
    image.save(tmp_path / "a.png", transparency=bytes(some))
    np.testing.assert_array_equal(
        read(tmp_path / "a.png"), np.where(np.isin(levels, order[:2]), 0, levels)
    )
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768).tolist())
    image.save(tmp_path / "a.png")
    with pytest.raises(SceneError, match=r"is coloured by its palette\. Write one grey band"):
        read(tmp_path / "a.png")


def test_three_equal_bands_with_a_border_of_nan_are_one(tmp_path: Path) -> None:
    values = bordered(intensity(1), np.nan)
    same_but_for_its_border(
        read(write_tif(tmp_path / "a.tif", np.stack([values] * 3), nodata=np.nan)), clean_of(1)
    )


def test_alpha_by_its_interpretation_only(tmp_path: Path) -> None:
    """A second band that nothing calls transparency is another image."""
    levels = bordered(grey(intensity(2)), 255)
    path = write_tif(
        tmp_path / "a.tif", np.stack([levels, opaque(levels.shape)]), photometric="MINISBLACK"
    )
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (ColorInterp.gray, ColorInterp.undefined)
    with pytest.raises(SceneError, match="has several different bands, 1, 2"):
        read(path)


def test_honest_images_have_no_undeclared_no_data(shared_data: Path) -> None:
    (path,) = (shared_data / "products" / "s1-geocoded").glob("*.tif")
    with rasterio.open(path) as dataset:
        values = dataset.read(1)
    for each in (values, 10 ** (values / 10), np.rint(values * 100).astype(np.int16)):
        valid = np.ones(values.shape, dtype=bool)
        assert drop_fills(each, valid, path, declared=False) == []
        assert valid.all()
    asked = []
    paths = sorted((shared_data / "caffe256" / "sar_images").rglob("*.png"))
    for name in paths:
        levels = cv2.imread(str(name), cv2.IMREAD_GRAYSCALE)
        try:
            drop_fills(levels, np.ones(levels.shape, dtype=bool), name.name, declared=False)
        except SceneError:
            asked.append(name.name)
    assert len(asked) <= len(paths) // 200
