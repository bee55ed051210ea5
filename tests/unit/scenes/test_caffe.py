"""The CaFFe source: names, pixel sizes, and a clear report of every fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from builders import line_mask, speckled, write_image
from calvingfront.errors import ConfigError, Faults, SceneError
from calvingfront.scenes.caffe import list_caffe, read_png_size
from calvingfront.scenes.lists.caffe_names import parse_name
from calvingfront.scenes.lists.caffe_sizes import SIZE_COLUMNS
from calvingfront.scenes.sources import list_scenes

SCHEMA = Path(__file__).resolve().parents[3] / "workflow" / "schemas" / "config.schema.yaml"
ERS = "SI_1996-01-22_ERS_20_3_109"
TSX = "DBE_2009-10-23_TSX_7_2_049"
ENVISAT = "SI_2007-03-25_ENVISAT_20_3_381"


def test_a_name_is_read_into_its_six_parts():
    assert parse_name(TSX) == {
        "scene": TSX,
        "glacier": "DBE",
        "acquired": "2009-10-23",
        "mission": "TSX",
        "resolution_tag_m": 7,
        "quality": 2,
        "orbit": "049",
    }


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("SI_1996-01-22_ERS_20_3", "has 5 parts instead of 6"),
        ("S I_1996-01-22_ERS_20_3_109", "glacier 'S I'"),
        ("SI_1996-02-30_ERS_20_3_109", "date '1996-02-30'"),
        ("SI_19960122_ERS_20_3_109", "date '19960122'"),
        ("SI_1996-01-22_ERX_20_3_109", "sensor 'ERX'"),
        ("SI_1996-01-22_ERS_x_3_109", "resolution 'x'"),
        ("SI_1996-01-22_ERS_20_7_109", "quality '7'"),
        ("SI_1996-01-22_ERS_20_3_1o9", "orbit '1o9'"),
    ],
)
def test_a_name_that_does_not_parse_says_which_part(name, part):
    with pytest.raises(SceneError) as caught:
        parse_name(name)
    assert part in str(caught.value)
    assert "Name it Glacier_YYYY-MM-DD_Sensor_Resolution_Quality_Orbit" in str(caught.value)


def test_every_wrong_part_of_a_name_is_told():
    with pytest.raises(SceneError, match=r"date '1996'.*quality '0'"):
        parse_name("SI_1996_ERS_20_0_109")


def test_scenes_come_sorted_with_the_native_pixel_size(caffe_folder):
    scenes = list_caffe(caffe_folder(TSX, ERS, height=30, width=50))
    assert list(scenes["scene"]) == [TSX, ERS]
    assert list(scenes["pixel_size_x_m"]) == [6.6667, 20.0]
    assert list(scenes["pixel_size_y_m"]) == [6.6667, 20.0]
    assert list(scenes["height_px"]) == [30, 30]
    assert list(scenes["width_px"]) == [50, 53]
    assert list(scenes["orbit"]) == ["049", "109"]
    assert all(Path(image).is_file() for image in scenes["image"])


def test_a_table_of_sizes_gives_the_pixels_of_a_shrunk_copy(caffe_folder, tmp_path):
    sizes = tmp_path / "sizes.csv"
    sizes.write_text(
        "glacier,resolution_tag_m,pixel_size_m,height_px,width_px,crs,upper_left_x,upper_left_y\n"
        "SI,20,20.0,900,1200,EPSG:3031,-2400000.5,1300000\n"
    )
    scenes = list_caffe(caffe_folder(ERS, height=45, width=40), sizes)
    assert scenes["pixel_size_y_m"][0] == pytest.approx(900 * 20 / 45)
    assert scenes["pixel_size_x_m"][0] == pytest.approx(1200 * 20 / 40)
    assert scenes["crs"][0] == "EPSG:3031"
    assert scenes["upper_left_x"][0] == -2400000.5


def test_the_glaciers_and_the_split_lists_narrow_the_scenes(caffe_folder):
    folder = caffe_folder(ERS, TSX, ENVISAT)
    assert list(list_caffe(folder, glaciers=["DBE"])["scene"]) == [TSX]
    listed = list_caffe(folder, listed={ERS, TSX})
    assert list(listed["scene"]) == [TSX, ERS]
    assert "3 images, 2 used" in listed.attrs["notes"][0]


def faults_of(*arguments, **options) -> str:
    with pytest.raises(Faults) as caught:
        list_caffe(*arguments, **options)
    return str(caught.value)


def test_all_faults_of_a_folder_are_told_at_once(caffe_folder, tmp_path):
    folder = caffe_folder(ERS, TSX, ENVISAT, "SI_2001-01-01_RSAT_15_3_111")
    (folder / "fronts/train" / f"{ERS}_front.png").unlink()
    (folder / "sar_images/train" / f"{TSX}.png").unlink()
    write_image(folder / "sar_images/test" / f"{ENVISAT}.png", speckled(40, 48, 7))
    write_image(folder / "sar_images/train/holiday.png", speckled(4, 4, 8))
    write_image(folder / "fronts/train" / "SI_x.png", line_mask(4, 4, 1))
    broken = folder / "sar_images/train/SI_2002-01-01_ERS_20_3_111.png"
    broken.write_bytes(b"not an image at all, but long enough")
    write_image(folder / "fronts/train" / f"{broken.stem}_front.png", line_mask(4, 4, 1))
    message = faults_of(folder, exclude={"SI_1990-01-01_ERS_20_1_001": "cloudy"}, listed=None)
    assert f"{ERS}.png: has no front mask" in message
    assert f"{TSX}_front.png: is a front without its image" in message
    assert f"{ENVISAT}: has 2 images" in message
    assert "holiday.png: has 1 parts instead of 6" in message
    assert "SI_x.png: does not end in _front.png" in message
    assert "SI_2001-01-01_RSAT_15_3_111.png: has the unknown resolution 15" in message
    assert f"{broken}: is not a PNG file" in message
    assert "source.exclude.SI_1990-01-01_ERS_20_1_001: names no existing scene" in message
    assert message.startswith("8 faults found")
    assert "source.exclude: {scene: reason}" in message


def test_two_fronts_of_one_scene_are_a_fault(caffe_folder):
    folder = caffe_folder(ERS)
    write_image(folder / "fronts/test" / f"{ERS}_front.png", line_mask(40, 48, 7))
    assert f"{ERS}: has 2 front masks" in faults_of(folder)


def test_an_excluded_scene_may_have_any_fault(caffe_folder):
    folder = caffe_folder(ERS, TSX)
    (folder / "fronts/train" / f"{ERS}_front.png").unlink()
    (folder / "sar_images/train/holiday.png").write_bytes(b"")
    scenes = list_caffe(folder, exclude={ERS: "no front", "holiday": "no radar image"})
    assert list(scenes["scene"]) == [TSX]


def test_a_scene_of_the_lists_without_an_image_is_a_fault_unless_excluded(caffe_folder):
    folder = caffe_folder(ERS)
    assert f"{TSX}: is in split.lists but has no image" in faults_of(folder, listed={ERS, TSX})
    assert list(list_caffe(folder, listed={ERS, TSX}, exclude={TSX: "lost"})["scene"]) == [ERS]


def test_a_glacier_without_a_row_in_the_sizes_is_a_fault(caffe_folder, tmp_path):
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("glacier,resolution_tag_m,pixel_size_m,height_px,width_px\nSI,12,12.5,9,9\n")
    assert "has no row for SI at 20 m in the table of sizes" in faults_of(caffe_folder(ERS), sizes)


def test_a_table_of_sizes_without_its_columns_is_refused(caffe_folder, tmp_path):
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("glacier,pixel_size_m\nSI,12.5\n")
    with pytest.raises(ConfigError, match="is missing the columns resolution_tag_m, height_px"):
        list_caffe(caffe_folder(ERS), sizes)


def test_an_absent_or_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"source.caffe.folder: .*nowhere is not a folder"):
        list_caffe(tmp_path / "nowhere")
    with pytest.raises(Faults, match="sar_images: contains no PNG"):
        list_caffe(tmp_path)


def test_a_glacier_that_no_name_carries_is_refused(caffe_folder):
    with pytest.raises(ConfigError, match="none of the 1 images belongs to COL"):
        list_caffe(caffe_folder(ERS), glaciers=["COL"])


def test_the_png_header_gives_height_and_width(tmp_path):
    path = write_image(tmp_path / "a.png", speckled(3, 5, 1))
    assert read_png_size(path) == (3, 5)


def test_the_scenes_of_the_papers_split_are_found_in_the_shrunk_copies(shared_data, tmp_path):
    scenes = list_scenes(
        {
            "results": str(tmp_path),
            "source": {
                "kind": "caffe",
                "exclude": {},
                "caffe": {
                    "folder": str(shared_data / "caffe256"),
                    "sizes": str(shared_data / "caffe-meta" / "original_sizes.csv"),
                    "glaciers": [],
                },
            },
            "split": {
                "method": "paper",
                "lists": str(shared_data / "fau-splits" / "split_to_caffe.csv"),
                "lists_scene_column": "caffe_name",
                "lists_subset_column": "split",
            },
        }
    )
    assert len(scenes) == 221
    assert scenes["glacier"].value_counts().to_dict() == {"DBE": 120, "SI": 101}
    shrunk = scenes[(scenes["glacier"] == "DBE") & (scenes["resolution_tag_m"] == 20)].iloc[0]
    assert shrunk["pixel_size_y_m"] == pytest.approx(73.359, abs=1e-3)
    assert shrunk["pixel_size_x_m"] == pytest.approx(80.234, abs=1e-3)


def test_the_configuration_names_the_columns_of_the_sizes() -> None:
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    caffe = schema["properties"]["source"]["properties"]["caffe"]["properties"]
    told = re.findall(r"`(\w+)`", caffe["sizes"]["description"])
    assert told[: len(SIZE_COLUMNS)] == list(SIZE_COLUMNS)
