"""Packed arrays: the samples in the scene table's order, or a clear report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.dataset.pack import pack_files
from calvingfront.dataset.reading import read_index
from calvingfront.errors import Faults
from calvingfront.samples.square import read_sample, square_file
from calvingfront.scenes.scene_table import scene_table, write_scenes


@pytest.fixture
def archive(tmp_path):
    """Three samples, the scene table, and the four paths of the packed data set."""

    def build(scenes=("c", "a", "b"), sizes=None, variants=None):
        samples = []
        for seed, scene in enumerate(scenes):
            image = write_image(tmp_path / f"{scene}.png", speckled(40, 60, seed))
            front = write_image(tmp_path / f"{scene}_front.png", line_mask(40, 60, 9 + seed))
            samples.append(tmp_path / "square" / f"{scene}.npz")
            square_file(
                image, front, scene, 20.0, 20.0, (sizes or {}).get(scene, 32), 3, samples[-1],
                variant=(variants or {}).get(scene, "paper"),
            )  # fmt: skip
        row = {"glacier": "NA", "mission": "ERS", "acquired": "2001-02-03", "orbit": "049"}
        table = tmp_path / "scenes.tsv"
        write_scenes(table, scene_table([{"scene": scene} | row for scene in "abc"]))
        names = {key: tmp_path / f"{key}.npy" for key in ("images", "fronts", "valid")}
        return {"samples": samples, "scenes": table, **names, "index": tmp_path / "index.tsv"}

    return build


def test_rows_stand_in_the_order_of_the_scene_table(archive):
    files = archive()
    pack_files(**files)
    images, fronts, valid = (np.load(files[key]) for key in ("images", "fronts", "valid"))
    assert images.shape == fronts.shape == valid.shape == (3, 32, 32)
    assert images.dtype == fronts.dtype == valid.dtype == np.uint8
    index = pd.read_csv(files["index"], sep="\t", dtype={"orbit": str}, keep_default_na=False)
    assert list(index["scene"]) == ["a", "b", "c"]
    assert list(index["row"]) == [0, 1, 2]
    assert list(index["glacier"]) == ["NA"] * 3
    assert list(index["orbit"]) == ["049"] * 3
    assert list(index["pixel_size_m"]) == [37.5] * 3
    for path in files["samples"]:
        image, front, valid_area, meta = read_sample(path)
        row = list(index["scene"]).index(meta["scene"])
        np.testing.assert_array_equal(images[row], image)
        np.testing.assert_array_equal(fronts[row], front)
        np.testing.assert_array_equal(valid[row], valid_area)


def test_the_index_has_the_hemisphere_of_the_glacier_or_an_empty_cell(archive):
    files = archive()
    pack_files(**files, hemispheres={"NA": "south"})
    assert list(read_index(files["index"].parent)["hemisphere"]) == ["south"] * 3
    pack_files(**files)
    assert read_index(files["index"].parent)["hemisphere"].isna().all()


def test_the_arrays_can_be_mapped_into_memory(archive):
    files = archive()
    pack_files(**files)
    mapped = np.load(files["images"], mmap_mode="r")
    assert isinstance(mapped, np.memmap)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenes": ("a", "b")}, "c: has no sample"),
        ({"scenes": ("a", "b", "c", "d")}, r"d\.npz: is not in the scene table"),
        ({"sizes": {"c": 48}}, r"c\.npz: is 48 × 48 px instead of 32 × 32"),
        ({"variants": {"b": "released"}}, r"b\.npz: has variant released, but a has paper"),
    ],
)
def test_samples_that_do_not_belong_together_are_refused(archive, options, message):
    files = archive(**options)
    with pytest.raises(Faults, match=message):
        pack_files(**files)
    assert not any(files[key].exists() for key in ("images", "fronts", "valid", "index"))


def test_a_sample_under_another_name_is_refused(archive):
    files = archive()
    files["samples"][0].write_bytes(files["samples"][1].read_bytes())
    with pytest.raises(Faults, match=r"c\.npz: contains the scene a"):
        pack_files(**files)
