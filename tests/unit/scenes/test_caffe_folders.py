"""CaFFe's folder as people have it: other suffixes, litter, shrunk copies, tables of sizes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders import line_mask, speckled, write_image
from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.scenes.caffe import list_caffe
from calvingfront.scenes.lists.caffe_sizes import PUBLISHED_PX, read_sizes, shrunk

COL = [f"COL_2007-03-0{k}_TSX_7_1_00{k}" for k in range(1, 7)]
HEADER = "glacier,resolution_tag_m,pixel_size_m,height_px,width_px\n"


def folder_of(tmp_path: Path, sizes: dict[str, tuple[int, int]]) -> Path:
    """A folder with an image of (height, width) and its front for each scene."""
    folder = tmp_path / "caffe"
    for k, (scene, (height, width)) in enumerate(sizes.items()):
        write_image(folder / "sar_images" / f"{scene}.png", speckled(height, width, k))
        write_image(folder / "fronts" / f"{scene}_front.png", line_mask(height, width, 5))
    return folder


def faults_of(folder: Path, **options: object) -> list[str]:
    with pytest.raises(Faults) as caught:
        list_caffe(folder, **options)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("capital", [COL, COL[:1], COL[2:5]])
def test_the_case_of_a_suffix_makes_no_difference(tmp_path: Path, capital: list[str]) -> None:
    folder = folder_of(tmp_path, dict.fromkeys(COL, (40, 40)))
    for k, scene in enumerate(capital):
        image, front = folder / f"sar_images/{scene}.png", folder / f"fronts/{scene}_front.png"
        image.rename(image.with_suffix(".Png" if k % 2 else ".PNG"))
        front.rename(front.with_name(f"{scene}_FRONT.PNG"))
    assert list_caffe(folder)["scene"].tolist() == COL


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, dict.fromkeys(COL, (40, 40)))
    litter = [f"sar_images/._{COL[0]}.png", f"fronts/._{COL[0]}_front.png", "sar_images/.DS_Store"]
    litter += [f"sar_images/__MACOSX/{COL[0]}.png", f"sar_images/.trash/{COL[1]}.png"]
    for name in (*litter, "sar_images/Thumbs.db", "sar_images/list.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\0\5\x16\7")
    assert list_caffe(folder)["scene"].tolist() == COL


def test_a_scene_twice_with_two_suffixes_is_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, dict.fromkeys(COL, (40, 40)))
    image = folder / f"sar_images/{COL[0]}.png"
    shutil.copy(image, image.with_suffix(".PNG"))
    (fault,) = faults_of(folder)
    assert f"{COL[0]}: has 2 images" in fault


def test_other_formats_are_told_and_not_ignored(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, dict.fromkeys(COL, (40, 40)))
    for name in (f"sar_images/{COL[0]}.tif", f"fronts/{COL[1]}_front.JPG"):
        (folder / name).touch()
    assert [fault.split(": ", 1)[1] for fault in faults_of(folder)] == [
        "is not a PNG. Convert it to PNG or remove it."
    ] * 2
    assert len(list_caffe(folder, exclude=COL[:2])) == 4
    assert len(list_caffe(folder, listed=COL[2:])) == 4


def test_images_of_one_size_at_several_resolutions_are_shrunk_copies(tmp_path: Path) -> None:
    names = ("SI_1996-01-22_ERS_20_3_109", "SI_2013-11-08_TSX_7_2_104")
    for size in ((40, 40), (40, 48)):
        (fault,) = faults_of(folder_of(tmp_path, dict.fromkeys(names, size)))
        assert fault.startswith(
            "source.caffe.sizes: is not set, but the images of SI at 7 m, SI at 20 m are all "
            f"{size[0]} × {size[1]} px: no two of them can have the resolution in their names. If "
        )
    # One pixel of rounding, of copies that kept their ratio.
    assert len(faults_of(folder_of(tmp_path, {names[0]: (234, 256), names[1]: (235, 256)}))) == 1
    folder = folder_of(tmp_path, {names[0]: (40, 48), names[1]: (120, 144)})
    assert list_caffe(folder)["pixel_size_x_m"].tolist() == [20.0, 6.6667]


def test_images_of_one_size_at_several_glaciers_are_shrunk_copies(tmp_path: Path) -> None:
    names = ("SI_2013-11-08_TSX_7_2_104", COL[0], "DBE_2009-10-23_TSX_7_2_049")
    (fault,) = faults_of(folder_of(tmp_path, dict.fromkeys(names, (90, 90))))
    assert "COL at 7 m, DBE at 7 m, SI at 7 m are all 90 × 90 px" in fault
    sizes = tmp_path / "sizes.csv"
    sizes.write_text(HEADER + "".join(f"{g},7,6.6667,900,1800\n" for g in ("SI", "COL", "DBE")))
    scenes = list_caffe(tmp_path / "caffe", sizes)
    assert scenes["pixel_size_y_m"].tolist() == pytest.approx([66.667] * 3)
    assert scenes["pixel_size_x_m"].tolist() == pytest.approx([133.334] * 3)


def test_squares_as_networks_take_them_are_shrunk_copies(tmp_path: Path) -> None:
    (fault,) = faults_of(folder_of(tmp_path, dict.fromkeys(COL, (256, 256))))
    assert "all images are 256 × 256 px, as made for a network" in fault
    assert len(list_caffe(folder_of(tmp_path, dict.fromkeys(COL, (256, 250))))) == 6


def test_images_unlike_the_published_ones_are_in_the_report(tmp_path: Path) -> None:
    notes = list_caffe(folder_of(tmp_path, dict.fromkeys(COL, (80, 80)))).attrs["notes"]
    assert notes[1:] == [
        "COL at 7 m: images of 80 × 80 px, published with 2107 × 4476; shrunk copies need "
        "source.caffe.sizes"
    ]


def test_the_published_images_are_no_shrunk_copies(shared_data: Path) -> None:
    sizes = read_sizes(shared_data / "caffe-meta" / "original_sizes.csv")
    published = {(g, tag): size for g, tags in PUBLISHED_PX.items() for tag, size in tags.items()}
    assert {group: (s["height_px"], s["width_px"]) for group, s in sizes.items()} == published
    rows = [
        {"glacier": g, "resolution_tag_m": tag, "height_px": size[0], "width_px": size[1]}
        for (g, tag), size in published.items()
    ]
    assert not list(shrunk(rows))
    for scale in (0.5, 0.3):  # copies that no two sizes give away
        small = [
            row | {"height_px": round(row["height_px"] * scale), "width_px": row["width_px"]}
            for row in rows
        ]
        assert not list(shrunk(small))


@pytest.mark.parametrize("glaciers", [[], ["SI"], ["DBE"], ["JAC"]])
def test_the_real_shrunk_copies_are_refused_without_their_sizes(
    shared_data: Path, glaciers: list[str]
) -> None:
    (fault,) = faults_of(shared_data / "caffe256", glaciers=glaciers)
    assert fault.startswith("source.caffe.sizes: is not set")
    sizes = shared_data / "caffe-meta" / "original_sizes.csv"
    metres = list_caffe(shared_data / "caffe256", sizes, glaciers)["pixel_size_y_m"]
    assert metres.between(73.3, 73.8).all()


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "COL,7,6.6667,160,160\n",
        HEADER + "COL ,7.0,6.6667,160.0,160\n,,,,\n",
        HEADER.replace(",", ";") + "COL;7;6.6667;160;160\n",
        "\ufeff" + HEADER.replace("\n", ",crs,upper_left_x,upper_left_y\n")
        + "COL,7,6.6667,160,160,,,\n",
    ],
)  # fmt: skip
def test_sizes_are_read_as_spreadsheets_write_them(tmp_path: Path, text: str) -> None:
    folder = folder_of(tmp_path, dict.fromkeys(COL, (80, 80)))
    sizes = tmp_path / "sizes.csv"
    sizes.write_text(text, "utf-8")
    assert list_caffe(folder, sizes)["pixel_size_x_m"].tolist() == pytest.approx([13.3334] * 6)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('COL,7,"6,6667",160,160', "invalid pixel_size_m: '6,6667' has a comma. Write a decimal"),
        ("COL,7,6,6667,160,160", "has 6 cells, but the table has 5 columns"),
        ("COL,7 m,6.6667,160,160", "invalid resolution_tag_m: '7 m' has a unit"),
        ("COL,7,,160,160", "has no pixel_size_m. Fill in the cell"),
        ("COL,7,6.6667,160", "has no width_px. Fill in the cell"),
        (",7,6.6667,160,160", "has no glacier. Fill in the cell"),
        ("COL,7,0,160,160", "invalid pixel_size_m: '0' is not more than 0"),
        ("COL,7,nan,160,160", "invalid pixel_size_m: 'nan' is no number"),
        ("COL,7,6667,160,160", "invalid pixel_size_m: '6667' is no size of a pixel"),
        ("COL,7,6.6667,160.5,160", "invalid height_px: '160.5' is not a whole number"),
        ("COL,7,6.6667,-160,160", "invalid height_px: '-160' is not a whole number"),
        ("SI,20,20,1,1", "repeats SI at 20 m, which is on line 2. Delete one of the two lines"),
        ("COL,7,6.6667,160,160,EPSG:3031", "has crs, but no upper_left_x, upper_left_y. Give all"),
        ("COL,7,6.6667,160,160,EPSG:4326,1,2", "invalid crs: 'EPSG:4326' is no projected CRS"),
        ("COL,7,6.6667,160,160,nowhere,1,2", "invalid crs: 'nowhere' is no projected CRS"),
        ("COL,7,6.6667,160,160,EPSG:3031,x,2", "invalid upper_left_x: 'x' is no number"),
    ],
)
def test_a_fault_of_the_sizes_is_one_sentence_with_its_line(
    tmp_path: Path, line: str, message: str
) -> None:
    header = (
        HEADER if "has 6 cells" in message else HEADER.strip() + ",crs,upper_left_x,upper_left_y\n"
    )
    path = tmp_path / "sizes.csv"
    path.write_text(f"{header}SI,20,20,900,1200\n\n{line}\n", "utf-8")
    with pytest.raises(Faults) as caught:
        read_sizes(path)
    (fault,) = caught.value.faults
    assert message in str(fault)
    assert fault.where == f"{path}, line 4"


def test_sizes_that_are_no_table_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    for text in ("", "glacier,pixel_size_m\n", "x" * 100):
        path.write_text(text)
        with pytest.raises(CalvingFrontError):
            read_sizes(path)
    with pytest.raises(CalvingFrontError, match=r"source\.caffe\.sizes: .* is not a file"):
        read_sizes(tmp_path)
