"""Masks of zones: their notations, their grids, and a clear report of every fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from builders import line_mask, speckled, write_image
from calvingfront.errors import ConfigError, Faults, SceneError
from calvingfront.scenes.caffe import list_caffe
from calvingfront.scenes.images import list_images
from calvingfront.scenes.zones import read_zones, zone_faults
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, ROCK, UNKNOWN

ERS = "SI_1996-01-22_ERS_20_3_109"
TSX = "DBE_2009-10-23_TSX_7_2_049"
LEARNT = {"networks": {"auxiliary": ["zones"]}}
# Four quarters: no data, rock, glacier, ocean.
EXPECTED = np.kron(np.array([[UNKNOWN, ROCK], [GLACIER, OCEAN]]), np.ones((4, 6))).astype(np.uint8)
PUBLISHED = np.array([0, 64, 127, 254], np.uint8)[EXPECTED]
COPY = (EXPECTED + 1).astype(np.uint8)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path / "image.png", speckled(8, 12, 1))


def tiff(path: Path, values: Any, transform: Any, **more: Any) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs="EPSG:3031", transform=transform, **more,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


@pytest.mark.parametrize("values", [PUBLISHED, COPY])
def test_both_notations_of_caffe_are_read(tmp_path: Path, image: Path, values: Any) -> None:
    found = read_zones(write_image(tmp_path / "zones.png", values), image)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, EXPECTED)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (EXPECTED, "the values 0, 1, 2, 3"),
        (np.where(COPY == 4, 3, COPY), "the values 1, 2, 3, but no 4 for ocean"),
        (np.where(EXPECTED == ROCK, 80, PUBLISHED), "the values 0, 80, 127, 254"),
        (np.where(EXPECTED == ROCK, 4, PUBLISHED), "the values 0, 4, 127, 254"),
        (np.arange(96).reshape(8, 12), "the values 0, 1, 2, 3, 4, 5, 6, 7 …"),
    ],
)
def test_other_values_and_what_may_be_misread_are_refused(
    tmp_path: Path, image: Path, values: Any, told: str
) -> None:
    """1, 2, 3 are no data, rock, glacier in one notation, and rock, glacier, ocean in another."""
    mask = write_image(tmp_path / "zones.png", values.astype(np.uint8))
    with pytest.raises(SceneError) as caught:
        read_zones(mask, image)
    assert told in str(caught.value)
    assert "Write 0, 64, 127, 254, or 1, 2, 3, 4" in str(caught.value)


def test_a_mask_of_another_size_is_refused(tmp_path: Path, image: Path) -> None:
    mask = write_image(tmp_path / "zones.png", PUBLISHED[:, :10])
    with pytest.raises(SceneError, match="is 8 × 10 px, but its image is 8 × 12"):
        read_zones(mask, image)


def test_what_cannot_be_read_is_told(tmp_path: Path, image: Path) -> None:
    mask = tmp_path / "zones.png"
    mask.write_bytes(b"no image")
    with pytest.raises(SceneError, match=r"zones.png: cannot be read"):
        read_zones(mask, image)


def test_a_mask_on_the_map_is_placed_on_its_image(tmp_path: Path) -> None:
    """It is stored with the south up, one column further east, and has no data in a corner."""
    whole = rasterio.Affine(20, 0, 1000, 0, -20, 500)
    picture = tiff(tmp_path / "image.tif", speckled(8, 12, 1), whole)
    flipped = rasterio.Affine(20, 0, 1020, 0, 20, 500 - 8 * 20)
    values = COPY[::-1, 1:].copy()
    values[0, -1] = 9
    found = read_zones(tiff(tmp_path / "zones.tif", values, flipped, nodata=9), picture)
    expected = EXPECTED.copy()
    expected[:, 0] = UNKNOWN
    expected[-1, -1] = UNKNOWN
    np.testing.assert_array_equal(found, expected)


def test_a_value_that_the_file_calls_no_data_is_no_zone(tmp_path: Path) -> None:
    place = rasterio.Affine(20, 0, 1000, 0, -20, 500)
    picture = tiff(tmp_path / "image.tif", speckled(8, 12, 1), place)
    found = read_zones(tiff(tmp_path / "zones.tif", PUBLISHED, place, nodata=64), picture)
    np.testing.assert_array_equal(found, np.where(EXPECTED == ROCK, UNKNOWN, EXPECTED))


def write_zones(folder: Path, *scenes: str, shape: tuple[int, int] = (30, 50)) -> None:
    (folder / "zones" / "train").mkdir(parents=True, exist_ok=True)
    values = np.full(shape, 254, np.uint8)
    values[:9] = 127
    for scene in scenes:
        write_image(folder / "zones" / "train" / f"{scene}_zones.png", values)


def test_caffes_masks_are_found_beside_its_fronts(caffe_folder: Any) -> None:
    folder = caffe_folder(TSX, height=30, width=50)
    write_zones(folder, TSX)
    scenes = list_caffe(folder, zones=True)
    assert scenes.attrs["zones"] == {TSX: str(folder / "zones" / "train" / f"{TSX}_zones.png")}
    assert zone_faults(LEARNT, scenes) == []
    assert "zones" not in list_caffe(folder).attrs


def test_a_missing_and_a_second_mask_of_caffe_are_told(caffe_folder: Any) -> None:
    folder = caffe_folder(TSX, ERS, height=30, width=50)
    with pytest.raises(Faults) as caught:
        list_caffe(folder, zones=True)
    assert len(caught.value.faults) == 2
    assert f"{ERS}: has no mask of zones" in str(caught.value)
    assert f"Add {ERS}_zones.png under" in str(caught.value)
    assert len(list_caffe(folder)) == 2
    write_zones(folder, TSX, ERS)
    (folder / "zones" / "test").mkdir()
    write_image(folder / "zones" / "test" / f"{TSX}_zones.png", PUBLISHED)
    with pytest.raises(Faults, match=f"{TSX}: has 2 masks of zones"):
        list_caffe(folder, zones=True)


def test_every_faulty_mask_is_told_before_the_first_job(caffe_folder: Any) -> None:
    folder = caffe_folder(TSX, ERS, height=30, width=50)
    write_zones(folder, TSX, ERS, shape=(7, 7))
    scenes = list_caffe(folder, zones=True)
    faults = zone_faults(LEARNT, scenes)
    assert len(faults) == 2
    assert all("is 7 × 7 px, but its image is 30 × 5" in str(fault) for fault in faults)
    assert zone_faults({"networks": {}}, scenes) == []


@pytest.fixture
def table(tmp_path: Path) -> Any:
    """Writes a table of two scenes with a front and one without, and their zones."""

    def write(first: str, second: str, third: str = "", column: str = "zones") -> Path:
        write_zones(tmp_path, "a", shape=(30, 40))
        lines = [f"scene,glacier,mission,acquired,image,front,pixel_size_m,{column}"]
        for seed, (scene, zones) in enumerate(zip("abc", (first, second, third), strict=True)):
            write_image(tmp_path / f"{scene}.png", speckled(30, 40, seed))
            write_image(tmp_path / "front.png", line_mask(30, 40, 5))
            front = "" if scene == "c" else "front.png"
            lines.append(f"{scene},SI,ERS,2001-02-03,{scene}.png,{front},20,{zones}")
        path = tmp_path / "scenes.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


MASK = "zones/train/a_zones.png"


def test_the_column_zones_of_ones_own_table_is_read_only_if_asked_for(table: Any) -> None:
    path = table(MASK, MASK)
    scenes = list_images(path, zones=True)
    mask = str(path.parent / MASK)
    assert scenes.attrs["zones"] == {"a": mask, "b": mask}
    assert zone_faults(LEARNT, scenes) == []
    assert not any("zones" in note for note in scenes.attrs["notes"])
    plain = list_images(path)
    assert "zones" not in plain.attrs
    assert any("columns not used: zones" in note for note in plain.attrs["notes"])


def test_a_scene_of_ones_own_may_lack_zones_and_a_new_one_needs_none(table: Any) -> None:
    scenes = list_images(table("", MASK, "nowhere.png"), zones=True)
    assert list(scenes.attrs["zones"]) == ["b"]
    assert any("1 scenes with a front have no zones" in note for note in scenes.attrs["notes"])
    assert zone_faults(LEARNT, scenes) == []


def test_zones_that_no_scene_has_cannot_be_learnt(table: Any) -> None:
    (fault,) = zone_faults(LEARNT, list_images(table("", ""), zones=True))
    assert "networks.auxiliary: contains zones, but no scene with a front has any" in str(fault)


def test_a_missing_file_or_column_of_zones_is_told(table: Any) -> None:
    with pytest.raises(Faults, match=r"zones 'nowhere\.png' does not exist"):
        list_images(table(MASK, "nowhere.png"), zones=True)
    with pytest.raises(
        ConfigError, match=r"is missing the column zones .*, image, zones and, optional"
    ):
        list_images(table("", "", column="remarks"), zones=True)
