"""Which band of an image with several is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from backscatter import intensity, write_tif
from builders import line_mask, write_image
from calvingfront.errors import Faults, SceneError
from calvingfront.scenes.images import list_images
from calvingfront.scenes.importing import read_8bit
from calvingfront.scenes.rasters import read_image

HV, HH = intensity(0) / 30, intensity(1)


def dual(path: Path, descriptions: Any = (), tags: Any = ({}, {})) -> Path:
    write_tif(path, np.stack([HV, HH]))
    with rasterio.open(path, "r+") as dataset:
        if descriptions:
            dataset.descriptions = descriptions
        for band, each in enumerate(tags, start=1):
            dataset.update_tags(band, **each)
    return path


def test_different_bands_without_a_choice_are_refused_by_their_names(tmp_path: Path) -> None:
    named = dual(tmp_path / "a.tif", ("Sigma0_HV", "Sigma0_HH"))
    with pytest.raises(SceneError) as caught:
        read_image(named)
    assert "has several different bands, 1 (Sigma0_HV), 2 (Sigma0_HH). Write its" in str(
        caught.value
    )
    tagged = dual(tmp_path / "b.tif", tags=({"POLARISATION": "HV"}, {"polarization": "HH"}))
    with pytest.raises(SceneError, match=r"different bands, 1 \(HV\), 2 \(HH\)"):
        read_image(tagged)


@pytest.mark.parametrize("wanted", ["2", "HH", "hh", "Sigma0_HH", "sigma0_hh"])
def test_a_band_is_chosen_by_number_description_or_polarisation(
    tmp_path: Path, wanted: str
) -> None:
    path = dual(tmp_path / "a.tif", ("Sigma0_HV", "Sigma0_HH"))
    np.testing.assert_array_equal(read_image(path, wanted)[0], HH)
    plain = write_tif(tmp_path / "b.tif", HH)
    np.testing.assert_array_equal(read_8bit(path, None, wanted)[0], read_8bit(plain, None, None)[0])


def test_a_polarisation_of_a_bands_tags_chooses_it(tmp_path: Path) -> None:
    path = dual(tmp_path / "a.tif", tags=({"POLARISATION": "HV"}, {"POLARISATION": "HH"}))
    np.testing.assert_array_equal(read_image(path, "HH")[0], HH)
    np.testing.assert_array_equal(read_image(path, "HV")[0], HV)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("3", "has no band 3: its bands are 1 (S0_HV), 2 (G0_HV)"),
        ("0", "has no band 0"),
        ("VV", "has no band 'VV': its bands are 1 (S0_HV), 2 (G0_HV)"),
        ("HV", "has several bands 'HV'"),
        ("H", "has no band 'H'"),
    ],
)
def test_a_choice_that_names_no_band_or_two_is_refused(
    tmp_path: Path, wanted: str, told: str
) -> None:
    path = dual(tmp_path / "a.tif", ("S0_HV", "G0_HV"))
    with pytest.raises(SceneError) as caught:
        read_image(path, wanted)
    assert told in str(caught.value)


def test_the_only_band_is_that_of_the_polarisation_unless_the_file_says_another(
    tmp_path: Path,
) -> None:
    path = write_tif(tmp_path / "a.tif", HH)
    np.testing.assert_array_equal(read_image(path, "HH")[0], HH)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(PRODUCT_POLARISATION="VV")
    with pytest.raises(SceneError, match="has no band 'HH'"):
        read_image(path, "HH")
    np.testing.assert_array_equal(read_image(path, "VV")[0], HH)


def test_bands_are_compared_in_all_their_rows(tmp_path: Path) -> None:
    other = HH.copy()
    other[7, 9] += 1
    path = write_tif(tmp_path / "a.tif", np.stack([HH, HH, other]))
    with pytest.raises(SceneError, match="has several different bands, 1, 2, 3"):
        read_image(path)
    np.testing.assert_array_equal(read_image(write_tif(path, np.stack([HH, HH, HH])))[0], HH)


def table(folder: Path, header: str, *lines: str) -> Path:
    path = folder / "scenes.csv"
    path.write_text(f"scene,glacier,mission,acquired,image,front,{header}\n" + "\n".join(lines))
    return path


def test_bands_and_kinds_are_checked_at_the_start_and_stand_in_the_scene_table(
    tmp_path: Path,
) -> None:
    dual(tmp_path / "dual.tif", ("HV", "HH"))
    write_tif(tmp_path / "complex.tif", HH.astype(np.complex64))
    write_tif(tmp_path / "one.tif", HH)
    write_image(tmp_path / "f.png", line_mask(80, 80, 40))
    rest = ",A,ERS,2007-03-04,"
    bad = table(
        tmp_path, "values,band", f"a{rest}dual.tif,f.png,,", f"b{rest}complex.tif,f.png,,",
        f"c{rest}one.tif,f.png,decibel,", f"d{rest}dual.tif,f.png,,VV",
    )  # fmt: skip
    with pytest.raises(Faults) as caught:
        list_images(bad)
    message = str(caught.value)
    assert message.startswith("4 faults found")
    for part in (
        "line 2 (a): image dual.tif has several different bands, 1 (HV), 2 (HH). Write its number",
        "line 3 (b): image complex.tif has complex64 values",
        "line 4 (c): has the unknown kind of values 'decibel'. Write the kind of its values, lin",
        "line 5 (d): image dual.tif has no band 'VV'",
    ):
        assert part in message
    good = table(
        tmp_path, "values,band", f"a{rest}dual.tif,f.png,linear,hh", f"b{rest}one.tif,f.png,,1",
        f"c{rest}one.tif,f.png,db,",
    )  # fmt: skip
    scenes = list_images(good, values="amplitude", band="HH").set_index("scene")
    assert scenes["values"].tolist() == ["linear", "amplitude", "dB"]
    assert scenes["band"].tolist() == ["hh", "1", "HH"]
    plain = table(tmp_path, "quality", f"a{rest}one.tif,f.png,1")
    scenes = list_images(plain)
    assert scenes[["values", "band"]].to_numpy().tolist() == [[None, None]]
