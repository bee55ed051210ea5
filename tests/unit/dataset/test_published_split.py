"""The published lists in CaFFe's names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calvingfront.dataset import published_split
from calvingfront.dataset.published_split import translate_split
from calvingfront.errors import SplitError
from calvingfront.scenes.lists.split_lists import read_lists

CAFFE = (
    "SI_1996-01-22_ERS_20_3_109", "SI_2013-11-08_TSX_7_2_104", "SI_2006-09-03_RSAT_12_2_282",
    "SI_2006-09-03_RSAT_20_2_282", "DBE_1996-01-22_ERS_20_3_109", "SI_1996-01-22_ERS_20_4_109",
)  # fmt: skip


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    lists, caffe = tmp_path / "lists", tmp_path / "caffe"
    (caffe / "sar_images" / "train").mkdir(parents=True)
    for name in CAFFE:
        (caffe / "sar_images" / "train" / f"{name}.png").touch()
    write(lists, "train", "SI/ERS/1996-01-22_ERS_20_3", "SI/TSX/2013-11-08_TDX_5_2")
    write(lists, "validation", "SI/RSat/2006-09-03_RSAT_20_2")
    write(lists, "test", "SI/ERS/1992-07-05_ERS_20_5", "SI/ERS/1996-01-22_ERS_20_3")
    return lists, caffe


def write(folder: Path, subset: str, *images: str) -> None:
    folder.mkdir(exist_ok=True)
    rows = [f"{k},../data/{image}.png,x,y" for k, image in enumerate(images)]
    (folder / f"{subset}_images.csv").write_text("\n".join([",images,masks,lines", *rows]) + "\n")


def test_a_scene_is_found_by_glacier_date_mission_and_quality(folders: tuple[Path, Path]) -> None:
    table = translate_split(*folders)
    assert table.values.tolist() == [
        ["train", "SI/1996-01-22_ERS_20_3", "SI_1996-01-22_ERS_20_3_109"],
        ["train", "SI/2013-11-08_TDX_5_2", "SI_2013-11-08_TSX_7_2_104"],
        ["validation", "SI/2006-09-03_RSAT_20_2", "SI_2006-09-03_RSAT_20_2_282"],
        ["test", "SI/1992-07-05_ERS_20_5", ""],
        ["test", "SI/1996-01-22_ERS_20_3", "SI_1996-01-22_ERS_20_3_109"],
    ]


def test_the_file_is_what_the_split_reads(
    folders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "split.csv"
    monkeypatch.setattr("sys.argv", ["published_split", *map(str, folders), str(output)])
    assert published_split.main() == 0
    assert capsys.readouterr().out == "4 of 5 rows are in CaFFe: 3 different scenes\n"
    read = read_lists(output, "caffe_name", "split")
    assert (read.rows, read.unnamed, len(read.table)) == (5, 1, 4)


def test_lists_that_are_missing_or_others_are_refused(
    folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lists, caffe = folders
    with pytest.raises(SplitError, match="has no images"):
        translate_split(lists, lists)
    write(lists, "validation", "SI/RSat/2006-09-03_RADAR_20_2")
    with pytest.raises(
        SplitError, match=r"validation_images\.csv: is not a published list .*RADAR"
    ):
        translate_split(lists, caffe)
    (lists / "test_images.csv").write_text("a,b\n1,2\n")
    write(lists, "validation", "SI/RSat/2006-09-03_RSAT_20_2")
    with pytest.raises(SplitError, match=r"test_images\.csv: is not a published list"):
        translate_split(lists, caffe)
    (lists / "train_images.csv").unlink()
    monkeypatch.setattr("sys.argv", ["published_split", str(lists), str(caffe), "out.csv"])
    assert published_split.main() == 1
    assert "train_images.csv: cannot be read" in capsys.readouterr().err
    assert not Path("out.csv").exists()


def test_the_published_lists_are_found_as_they_were_by_hand(shared_data: Path) -> None:
    found = translate_split(shared_data / "fau-splits", shared_data / "caffe256")
    known = pd.read_csv(shared_data / "fau-splits" / "split_to_caffe.csv", keep_default_na=False)
    columns = ["split", "caffe_name"]
    pd.testing.assert_frame_equal(
        found[columns].sort_values(columns, ignore_index=True),
        known[columns].sort_values(columns, ignore_index=True),
    )
    assert found["split"].value_counts().to_dict() == {"train": 144, "validation": 50, "test": 50}
    assert (found["caffe_name"] != "").sum() == 238


def test_scenes_of_another_glacier_can_be_trained_on_too(folders: tuple[Path, Path]) -> None:
    more = ["JAC_2009-04-16_TSX_6_1_005", "JAC_2009-04-27_TSX_6_1_005"]
    for name in more:
        (folders[1] / "sar_images" / "train" / f"{name}.png").touch()
    table = translate_split(*folders, ["JAC"])
    assert table[table["caffe_name"].str.startswith("JAC")]["split"].tolist() == ["train"] * 2
    assert table.iloc[:-2].equals(translate_split(*folders))


@pytest.mark.parametrize(("glacier", "what"), [("SI", "published lists"), ("COL", "has no scenes")])
def test_no_glacier_is_trained_on_too_that_scores_or_that_is_not_there(
    folders: tuple[Path, Path], glacier: str, what: str
) -> None:
    with pytest.raises(SplitError, match=rf"{glacier}.*{what}"):
        translate_split(*folders, [glacier])
