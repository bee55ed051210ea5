"""What the table or the configuration says of an image reaches the image that is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio

from backscatter import decibels, grey, intensity, write_tif
from builders import line_mask, write_image
from calvingfront.errors import Faults, SceneError
from calvingfront.scenes.caffe import list_caffe
from calvingfront.scenes.importing import import_new_scene, import_scene, read_8bit
from calvingfront.scenes.pixels import read_grey
from calvingfront.scenes.scaling import to_8bit
from calvingfront.scenes.sources import list_scenes


def test_the_stated_kind_and_band_reach_both_imports(tmp_path: Path) -> None:
    values = intensity(1)
    path = write_tif(tmp_path / "a.tif", np.stack([values / 30, values]), photometric="MINISBLACK")
    front = write_image(tmp_path / "f.png", line_mask(80, 80, 40))
    said: dict[str, Any] = {"values": "dB", "band": "2", "grey": "dB"}
    images = tmp_path / "with.png", tmp_path / "without.png"
    import_scene("a", "A", "2007-03-04", path, front, images[0], tmp_path / "o.png", **said)
    import_new_scene(path, images[1], **said)
    expected = to_8bit(values, np.ones(values.shape, bool), kind="dB", grey="dB")
    for image in images:
        np.testing.assert_array_equal(read_grey(image), expected)


def test_the_configuration_states_the_kind_and_band_of_all_images(tmp_path: Path) -> None:
    write_tif(tmp_path / "a.tif", intensity(1))
    table = tmp_path / "scenes.csv"
    table.write_text("scene,glacier,mission,acquired,image\na,A,ERS,2007-03-04,a.tif\n")
    images = {"table": str(table), "values": "amplitude", "band": "1"}
    source = {"kind": "images", "exclude": {}, "images": images}
    scenes = list_scenes({"source": source, "split": {"method": "random", "lists": None}})
    assert scenes[["values", "band"]].to_numpy().tolist() == [["amplitude", "1"]]


def test_a_map_of_the_workflow_says_itself_that_it_is_linear(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(1, 2, (80, 80)).astype(np.float32)
    path = write_tif(tmp_path / "map.tif", values)
    with pytest.raises(SceneError, match="may hold linear backscatter or decibels"):
        read_8bit(path, None, None)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(BACKSCATTER="gamma0, linear")
    expected = to_8bit(decibels(values), np.ones(values.shape, bool), kind="dB")
    np.testing.assert_allclose(read_8bit(path, None, None)[0], expected, atol=1)
    found = read_8bit(path, None, None, "dB")[0]
    np.testing.assert_array_equal(found, to_8bit(values, values > 0, kind="linear", grey="dB"))


def test_what_is_transparent_in_a_caffe_image_is_no_data(tmp_path: Path) -> None:
    levels = grey(intensity(2))
    clear = np.full(levels.shape, 255, np.uint8)
    clear[:, :9] = 0
    path = tmp_path / "a.png"
    assert cv2.imwrite(str(path), np.dstack([levels, levels, levels, clear]))
    np.testing.assert_array_equal(read_grey(path), np.where(clear, levels, 0))


def test_16_bit_of_a_caffe_folder_is_told_at_the_start(caffe_folder: Any) -> None:
    name = "SI_1996-01-22_ERS_20_3_109"
    folder = caffe_folder(name, name.replace("1996", "1997"))
    image, front = (next(folder.rglob(f"{name}{end}.png")) for end in ("", "_front"))
    for path in (image, front):
        levels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert cv2.imwrite(str(path), levels.astype(np.uint16) * 257)
    with pytest.raises(Faults) as caught:
        list_caffe(folder)
    message = str(caught.value)
    assert message.startswith("2 faults found")
    for path in (image, front):
        assert f"{path}: has 16 bit values instead of 8 bit. Convert it to 8 bit, or" in message
