"""Packed zones lie on the pixels of the samples, as the fronts do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.dataset.pack import pack_files
from calvingfront.dataset.pack_zones import pack_zones
from calvingfront.dataset.reading import open_dataset
from calvingfront.dataset.zones import open_zones
from calvingfront.errors import Faults
from calvingfront.samples.fronts import dilate_file
from calvingfront.samples.square import square_file
from calvingfront.scenes.scene_table import scene_table, write_scenes
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, ROCK, UNKNOWN

SHAPES = {"a": (40, 60), "b": (90, 70), "c": (20, 30)}  # c is enlarged


def mask_of(shape: tuple[int, int], row: int) -> Any:
    """Glacier, ocean below the front in `row`, rock on the left, no data in a corner."""
    values = np.full(shape, 127, np.uint8)
    values[row + 1 :] = 254
    values[:, : shape[1] // 5] = 64
    values[:4, -4:] = 0
    return values


@pytest.fixture(params=["paper", "released"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Three packed samples of 32 px, and the arguments of `pack_zones`, without b."""
    samples, masks, images = [], [], []
    for seed, (scene, shape) in enumerate(SHAPES.items()):
        image = write_image(tmp_path / f"{scene}.png", speckled(*shape, seed))
        front = write_image(tmp_path / f"{scene}_front.png", line_mask(*shape, shape[0] // 2))
        thick = tmp_path / f"{scene}_thick.png"
        dilate_file(front, 20.0, 20.0, 32, 3, thick, request.param)
        samples.append(tmp_path / "square" / f"{scene}.npz")
        square_file(image, thick, scene, 20.0, 20.0, 32, 3, samples[-1], variant=request.param)
        values = mask_of(shape, shape[0] // 2)
        masks.append(write_image(tmp_path / f"{scene}_zones.png", values))
        images.append(image)
    row = {"glacier": "SI", "mission": "ERS", "acquired": "2001-02-03"}
    write_scenes(tmp_path / "scenes.tsv", scene_table([{"scene": s} | row for s in SHAPES]))
    names = {key: tmp_path / f"{key}.npy" for key in ("images", "fronts", "valid")}
    pack_files(samples, tmp_path / "scenes.tsv", **names, index=tmp_path / "index.tsv")
    return {
        "index": tmp_path / "index.tsv",
        "masks": [masks[0], masks[2]],
        "images": [images[0], images[2]],
        "scenes": ["a", "c"],
        "size": 32,
        "zones": tmp_path / "zones.npy",
        "table": tmp_path / "zones.tsv",
    }


def test_zones_lie_on_the_sample_as_the_front_does(files: dict[str, Any]) -> None:
    pack_zones(**files)
    folder = files["index"].parent
    data = open_dataset(folder)
    zones = open_zones(folder, data)
    valid = np.load(folder / "valid.npy")
    assert zones.shape == data.fronts.shape
    assert zones.dtype == np.uint8
    assert (zones[1] == UNKNOWN).all()
    for k, content in ((0, (21, 32)), (2, (21, 32))):
        height, width = content
        assert (zones[k][valid[k] == 0] == UNKNOWN).all()
        middle = width // 2  # a column of glacier, then ocean
        column = zones[k][:height, middle]
        assert set(column.tolist()) == {GLACIER, OCEAN}
        below = int(np.flatnonzero(column == OCEAN)[0])
        front = np.flatnonzero(data.fronts[k][:, middle])
        assert front.min() <= below <= front.max() + 1
        assert (zones[k][1 : height - 1, 0] == ROCK).all()
        assert zones[k][0, width - 1] == UNKNOWN


def test_the_table_has_a_checksum_and_the_shares_of_every_sample(files: dict[str, Any]) -> None:
    pack_zones(**files)
    table = pd.read_csv(files["table"], sep="\t")
    zones = np.load(files["zones"])
    assert table["scene"].tolist() == ["a", "b", "c"]
    for name, zone in (("rock", ROCK), ("glacier", GLACIER), ("ocean", OCEAN)):
        np.testing.assert_allclose(table[name], (zones == zone).mean((1, 2)))
    assert table.loc[1, ["rock", "glacier", "ocean"]].tolist() == [0, 0, 0]


def test_all_faulty_masks_are_told_and_nothing_is_left(files: dict[str, Any]) -> None:
    for mask in files["masks"]:
        write_image(mask, np.full((40, 60), 77, np.uint8))
    with pytest.raises(Faults) as caught:
        pack_zones(**files)
    assert len(caught.value.faults) == 2
    assert not files["zones"].exists()
    assert not files["table"].exists()


def test_zones_of_another_image_than_the_samples_are_refused(files: dict[str, Any]) -> None:
    with pytest.raises(Faults, match="a: has zones of 20 × 30 px, but its sample was made from 40"):
        pack_zones(**files | {"masks": files["masks"][::-1], "images": files["images"][::-1]})
