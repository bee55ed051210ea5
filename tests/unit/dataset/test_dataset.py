"""Opening the packed arrays and the split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront.dataset.reading import Dataset, open_dataset, read_index, read_split
from calvingfront.errors import CalvingFrontError, DamagedFileError, SampleError, SplitError
from packed import write_split

SCENES = ["SI_c", "SI_a", "DBE_b"]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """The folder of a packed data set without a split."""
    np.save(tmp_path / "images.npy", np.full((3, 8, 8), 7, np.uint8))
    np.save(tmp_path / "fronts.npy", np.zeros((3, 8, 8), np.uint8))
    table = pd.DataFrame({"row": range(3), "scene": SCENES, "orbit": ["007", "012", ""]})
    table.to_csv(tmp_path / "index.tsv", sep="\t", index=False)
    return tmp_path


def test_arrays_are_memory_mapped_and_rows_found_in_the_order_asked_for(packed: Path) -> None:
    data = open_dataset(packed)
    assert isinstance(data, Dataset)
    assert isinstance(data.images, np.memmap)
    assert data.size == 8
    assert data.rows(["DBE_b", "SI_c", "DBE_b"]).tolist() == [2, 0, 2]
    assert data.rows([]).tolist() == []
    assert data.index["orbit"].tolist()[:2] == ["007", "012"]  # names, not numbers


def test_a_missing_scene_is_named_with_how_many(packed: Path) -> None:
    with pytest.raises(SampleError, match=r"no scene SI_x \(2 missing\)"):
        open_dataset(packed).rows(["SI_z", "SI_a", "SI_x"])


def test_scenes_and_glaciers_may_be_called_na_and_an_empty_cell_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "index.tsv").write_text(
        "scene\tglacier\tcrs\tpixel_size_m\nNA\tNA\t\t20\nnull\tnan\tEPSG:3031\t\n"
    )
    index = read_index(tmp_path)
    assert index["scene"].tolist() == ["NA", "null"]
    assert index["glacier"].tolist() == ["NA", "nan"]
    assert index["crs"].isna().tolist() == [True, False]
    assert index["pixel_size_m"].isna().tolist() == [False, True]
    split = {"train": ["NA"], "validation": ["null"], "test": ["nan"]}
    write_split(tmp_path, **split)
    assert read_split(tmp_path) == split


@pytest.mark.parametrize("shape", [(2, 8, 8), (3, 4, 8)])
def test_arrays_that_do_not_belong_together_are_refused(
    packed: Path, shape: tuple[int, ...]
) -> None:
    np.save(packed / "fronts.npy", np.zeros(shape, np.uint8))
    with pytest.raises(SampleError, match=r"fronts\.npy") as caught:
        open_dataset(packed)
    assert str(shape) in caught.value.what


def test_an_index_of_another_length_is_refused(packed: Path) -> None:
    pd.DataFrame({"scene": SCENES[:2]}).to_csv(packed / "index.tsv", sep="\t", index=False)
    with pytest.raises(SampleError, match=r"index\.tsv 2 rows"):
        open_dataset(packed)


def test_a_split_is_sorted_and_a_scene_may_stand_in_two_subsets(tmp_path: Path) -> None:
    write_split(tmp_path, train=["b", "a"], validation=["c"], test=["b", "1"])
    split = read_split(tmp_path)
    assert split == {"train": ["a", "b"], "validation": ["c"], "test": ["1", "b"]}


@pytest.mark.parametrize("lacking", ["train", "validation", "test"])
def test_a_split_without_one_subset_is_refused_by_name(tmp_path: Path, lacking: str) -> None:
    subsets = {"train": ["a"], "validation": ["a"], "test": ["a"]}
    write_split(tmp_path, **(subsets | {lacking: []}))
    with pytest.raises(SplitError, match=rf"split\.tsv: has no {lacking} scene"):
        read_split(tmp_path)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 8, 8), np.int64), r"is int64 \(3, 8, 8\)"),
        (np.asfortranarray(np.ones((3, 8, 8), np.uint8)), "not in C order"),
        (np.zeros((3, 8, 4), np.uint8), r"\(3, 8, 4\) instead of uint8 \(n, s, s\)"),
        (np.zeros((3, 64), np.uint8), r"\(3, 64\) instead"),
    ],
)
def test_an_array_that_would_be_read_wrongly_is_refused(
    packed: Path, array: Any, said: str
) -> None:
    """Samples are read as the bytes they are."""
    np.save(packed / "fronts.npy", array)
    with pytest.raises(SampleError, match=rf"fronts\.npy: .*{said}"):
        open_dataset(packed)


@pytest.mark.parametrize("length", [0, 5, 100, 200])
def test_an_array_that_was_not_copied_whole_is_told(packed: Path, length: int) -> None:
    images = packed / "images.npy"
    images.write_bytes(images.read_bytes()[:length])
    with pytest.raises(DamagedFileError, match=r"images\.npy: is damaged .*Run `rm .*images\.npy`"):
        open_dataset(packed)


def test_an_array_that_is_missing_is_told(packed: Path) -> None:
    (packed / "fronts.npy").unlink()
    with pytest.raises(CalvingFrontError, match=r"fronts\.npy: cannot be read"):
        open_dataset(packed)


def test_a_scene_that_stands_twice_is_refused(packed: Path) -> None:
    index = packed / "index.tsv"
    index.write_text(index.read_text(encoding="utf-8").replace("SI_a", "SI_c"), encoding="utf-8")
    with pytest.raises(SampleError, match=r"index\.tsv: names the scene SI_c twice"):
        open_dataset(packed)
