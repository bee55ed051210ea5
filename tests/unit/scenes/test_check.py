"""The check of every file: each fault named, all of them at once."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from builders import line_mask, speckled, write_image
from calvingfront.errors import Faults, SceneError
from calvingfront.scenes.check import check_scenes
from calvingfront.scenes.checks.report import report_scenes
from calvingfront.scenes.scene_table import read_scenes, scene_table


def table_of(folder, **files):
    """A scene table of {scene: (image, front)}; arrays are written, bytes too."""
    rows = []
    for scene, pair in files.items():
        row = {"scene": scene, "glacier": "SI", "mission": "ERS", "acquired": "2001-02-03"}
        row |= {"pixel_size_x_m": 20.0, "pixel_size_y_m": 20.0, "orbit": "049"}
        for kind, content in zip(("image", "front"), pair, strict=True):
            path = folder / f"{scene}_{kind}.png"
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif content is not None:
                write_image(path, content)
            row[kind] = str(path)
        rows.append(row)
    return scene_table(rows)


def faults_of(folder, **files) -> str:
    with pytest.raises(Faults) as caught:
        check_scenes(table_of(folder, **files), folder / "scenes.tsv", 2)
    assert not (folder / "scenes.tsv").exists()
    return str(caught.value)


GOOD = line_mask(30, 40, 12)


def test_sound_scenes_give_the_table_and_the_report(tmp_path):
    scenes = table_of(tmp_path, b=(speckled(30, 40, 1), GOOD), a=(speckled(30, 40, 2), GOOD))
    output, report = tmp_path / "scenes.tsv", tmp_path / "scenes.md"
    check_scenes(scenes, output)
    table = read_scenes(output)
    assert list(table["scene"]) == ["a", "b"]
    assert list(table["height_px"]) == [30, 30]
    assert list(table["width_px"]) == [40, 40]
    assert list(table["orbit"]) == ["049", "049"]
    assert table["crs"].isna().all()
    report_scenes(output, report, excluded={"c": "clouds of snow"})
    text = report.read_text()
    assert "2 scenes from 2001-02-03 to 2001-02-03" in text
    assert "| SI | 2 | 2 | 2001-02-03 | 2001-02-03 |" in text
    assert "- c: clouds of snow" in text


def test_the_report_says_what_was_filled_in_the_terrain_model(tmp_path):
    output, report = tmp_path / "scenes.tsv", tmp_path / "scenes.md"
    check_scenes(table_of(tmp_path, a=(speckled(30, 40, 2), GOOD)), output)
    maps = []
    for scene, text in (("a", "4 % was filled"), ("b", ""), ("c", "4 % was filled")):
        (tmp_path / "scenes" / scene).mkdir(parents=True)
        maps.append(tmp_path / "scenes" / scene / "map.tif")
        with rasterio.open(
            maps[-1], "w", driver="GTiff", count=1, dtype="uint8", width=3, height=3,
            crs="EPSG:3031", transform=from_origin(0, 0, 1, 1),
        ) as dataset:  # fmt: skip
            dataset.update_tags(**({"PRODUCT_TERRAIN": text} if text else {}))
    report_scenes(output, report, maps=maps)
    assert "## Terrain model\n\n- a, c: 4 % was filled.\n" in report.read_text()
    report_scenes(output, report, maps=maps[1:2])
    assert "Terrain model" not in report.read_text()


def test_all_faults_are_told_at_once(tmp_path):
    zones = np.repeat(np.array([0, 64, 127, 254], dtype=np.uint8), 300).reshape(30, 40)
    message = faults_of(
        tmp_path,
        cut=(b"\x89PNG\r\n\x1a\n and then nothing", GOOD),
        gone=(None, GOOD),
        grey=(speckled(30, 40, 1), zones),
        none=(speckled(30, 40, 2), np.zeros((30, 40), dtype=np.uint8)),
        small=(speckled(30, 40, 3), line_mask(29, 40, 12)),
        white=(np.full((30, 40), 7, dtype=np.uint8), GOOD),
    )
    assert "cut_image.png: cannot be read as an image (25 bytes)" in message
    assert "gone_image.png: cannot be opened (No such file or directory)" in message
    assert "grey_front.png: is not a binary mask: it has 4 grey levels (0, 64, 127, 254)" in message
    assert "none_front.png: is a mask without a front: every pixel is 0" in message
    assert "small_front.png: is 29 × 40 px, but its image is 30 × 40" in message
    assert "white_image.png: is constant: every pixel is 7" in message
    assert message.startswith("6 faults found")
    assert "source.exclude: {scene: reason}" in message


def test_two_scenes_with_the_same_pixels_are_a_fault(tmp_path):
    image = speckled(30, 40, 1)
    message = faults_of(tmp_path, a=(image, GOOD), b=(image, line_mask(30, 40, 5)))
    assert "b: has the same pixels as a. Exclude one of the two" in message


def test_an_inverted_mask_is_a_fault(tmp_path):
    message = faults_of(tmp_path, a=(speckled(30, 40, 1), 255 - GOOD))
    assert "marks 97 % of the image as front" in message
    assert "is front everywhere: every pixel is 255" in faults_of(
        tmp_path, a=(speckled(30, 40, 1), np.full((30, 40), 255, dtype=np.uint8))
    )


def test_colour_and_deep_images_are_faults(tmp_path):
    colour = np.stack([speckled(30, 40, seed) for seed in (1, 2, 3)], axis=-1)
    deep = speckled(30, 40, 4).astype(np.uint16) * 200
    message = faults_of(tmp_path, a=(colour, GOOD), b=(deep, GOOD))
    assert "a_image.png: is a colour image with 3 different channels" in message
    assert "b_image.png: has uint16 values instead of 8 bit" in message


def test_a_real_duplicate_is_found(shared_data, tmp_path):
    rows = []
    for scene in ("JAC_2011-08-23_TSX_6_1_027", "JAC_2011-09-03_TSX_6_1_027"):
        files = {
            "image": f"{shared_data}/caffe256/sar_images/train/{scene}.png",
            "front": f"{shared_data}/caffe256/fronts/train/{scene}_front.png",
        }
        rows.append({"scene": scene, "glacier": "JAC", "mission": "TSX"} | files)
    with pytest.raises(Faults, match="JAC_2011-09-03_TSX_6_1_027: has the same pixels as"):
        check_scenes(scene_table(rows), tmp_path / "scenes.tsv")


def test_a_table_without_a_scene_with_a_front_is_refused(tmp_path):
    with pytest.raises(SceneError, match="has no scene with a front"):
        check_scenes(scene_table([]), tmp_path / "scenes.tsv")
