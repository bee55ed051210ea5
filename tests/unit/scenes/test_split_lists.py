"""Published splits as people save them: the same split, or an error before any job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from calvingfront.errors import Faults, SplitError, TableError
from calvingfront.scenes.lists.split_lists import check_listed, faults, read_lists
from calvingfront.scenes.scene_table import scene_table

SUBSETS = ("train", "train", "train", "validation", "test", "test")
PLAIN = "caffe_name,split\n" + "".join(f"S{k},{s}\n" for k, s in enumerate(SUBSETS, 1))


def config(lists: Path | None, method: str = "paper", **exclude: str) -> dict[str, Any]:
    split = {
        "method": method, "lists": None if lists is None else str(lists),
        "lists_scene_column": "caffe_name", "lists_subset_column": "split",
    }  # fmt: skip
    return {"split": split, "source": {"exclude": exclude}}


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "split.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PLAIN, "utf-8"),
        (PLAIN.replace("\n", "\r\n"), "utf-8-sig"),
        (PLAIN, "utf-16"),
        (PLAIN.replace(",", ";"), "utf-8"),
        (PLAIN.replace(",", "\t"), "utf-8"),
        (PLAIN.replace(",", " , ").replace("\n", " \n"), "utf-8"),
        (PLAIN.title().replace("Caffe_Name", "Caffe_name"), "utf-8"),
        (PLAIN.replace("validation", "val").replace("train", "training"), "utf-8"),
        (PLAIN.replace("caffe_name,split", "CAFFE_NAME,Split"), "utf-8"),
    ],
)
def test_the_split_is_the_same_whatever_program_saved_it(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = written(tmp_path, text, encoding)
    table = read_lists(path, "caffe_name", "split").table
    expected = {"scene": [f"S{k}" for k in range(1, 7)], "subset": list(SUBSETS)}
    assert table.to_dict("list") == expected
    assert not list(faults(config(path)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("caffe_name\nS1\n", "has no column 'split'. Write one of: caffe_name"),
        (PLAIN.replace("test", "tset"), "line 6: names the unknown subset 'tset'. Write train"),
        (PLAIN.replace("S6,test", "S6"), "line 7: names no subset. Write train, validation, test"),
        (PLAIN.replace("S6,test", "S6,test,or,so"), "line 7: has 4 cells, but the table has 2"),
        (PLAIN.replace("test", "train"), "names no test scene. Write train, validation, test"),
        (PLAIN.replace("S6", 'S6"'), ""),
    ],
)
def test_what_is_wrong_with_the_lists_is_told_before_any_job(
    tmp_path: Path, text: str, message: str
) -> None:
    found = list(faults(config(written(tmp_path, text))))
    assert bool(found) == bool(message)
    assert message in "".join(map(str, found))
    assert not list(faults(config(tmp_path / "split.csv", method="random")))


def test_lists_in_another_encoding_are_told_before_any_job(tmp_path: Path) -> None:
    (fault,) = faults(config(written(tmp_path, PLAIN + "Isbræ,test\n", "cp1252")))
    assert isinstance(fault, TableError)
    assert "split.csv, line 8: has the byte 0xe6, which is no UTF-8. Save" in str(fault)


def test_lists_that_do_not_exist_are_told_before_any_job(tmp_path: Path) -> None:
    (fault,) = faults(config(tmp_path / "none.csv"))
    assert isinstance(fault, SplitError)
    assert "there is no file" in str(fault)
    assert not list(faults(config(None)))


def scenes(*names: str, new: tuple[str, ...] = ()) -> pd.DataFrame:
    rows = [{"scene": name, "front": "f.png"} for name in names]
    table = scene_table([*rows, *({"scene": name} for name in new)])
    table.attrs["notes"] = ["first"]
    return table


def test_the_lists_are_compared_with_the_scenes_as_soon_as_these_are_known(tmp_path: Path) -> None:
    lists = written(tmp_path, PLAIN)
    with pytest.raises(Faults) as caught:
        check_listed(config(lists), scenes("S1", "S2", "S3", "S4", new=("S5",)))
    assert [fault.what for fault in caught.value.faults] == [
        "names S5, which has no front", "names S6, which is no scene"
    ]  # fmt: skip
    table = scenes("S1", "S2", "S3", "S4", "S7", "S8", new=("S9",))
    check_listed(config(lists, S5="dark", S6="lost"), table)
    assert table.attrs["notes"] == [
        "first", "split.csv: 2 scenes are in none of its subsets and are not used"
    ]  # fmt: skip
    check_listed(config(lists, method="random"), scenes("S1"))
