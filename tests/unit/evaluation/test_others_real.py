"""Real masks of CaFFe as somebody's result score like the baseline that copies them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from calvingfront.dataset.pack import pack_files
from calvingfront.evaluation.baselines import predict_without_network
from calvingfront.samples.fronts import dilate_file
from calvingfront.samples.square import square_file
from calvingfront.scenes.caffe import list_caffe
from calvingfront.scenes.scene_table import write_scenes
from others_files import run_import
from packed import write_split

SIZE, WIDTH, SCENES = 128, 2, 12  # half the size of the copies


def test_the_masks_of_the_nearest_date_are_the_baseline_of_the_nearest_date(
    shared_data: Path, tmp_path: Path
) -> None:
    caffe, sizes = shared_data / "caffe256", shared_data / "caffe-meta" / "original_sizes.csv"
    scenes = list_caffe(caffe, sizes, ["JAC"]).head(SCENES)
    samples = []
    for row in scenes.to_dict("records"):
        pixels = row["pixel_size_x_m"], row["pixel_size_y_m"]
        front = tmp_path / "fronts" / f"{row['scene']}.png"
        dilate_file(row["front"], *pixels, SIZE, WIDTH, front)
        samples.append(tmp_path / "square" / f"{row['scene']}.npz")
        square_file(row["image"], front, row["scene"], *pixels, SIZE, WIDTH, samples[-1],
                    "paper", row["crs"], row["upper_left_x"], row["upper_left_y"])  # fmt: skip
    write_scenes(tmp_path / "scenes.tsv", scenes)
    data = tmp_path / "dataset"
    arrays = {name: data / f"{name}.npy" for name in ("images", "fronts", "valid")}
    data.mkdir()
    pack_files(samples, tmp_path / "scenes.tsv", **arrays, index=data / "index.tsv")
    index = pd.read_csv(data / "index.tsv", sep="\t")
    assert (index["hemisphere"] == "north").all()  # Greenland, from its UTM zone

    names = list(scenes["scene"])
    train, held_out = names[::2], names[1::2]
    write_split(data, train=train, validation=held_out[:2], test=held_out[2:])
    day = pd.to_datetime(scenes.set_index("scene")["acquired"])
    front_of = scenes.set_index("scene")["front"]
    for scene in held_out:
        nearest = min(train, key=lambda other: (abs(day[other] - day[scene]), other))
        (tmp_path / "theirs").mkdir(exist_ok=True)
        shutil.copy(front_of[nearest], tmp_path / "theirs" / f"{scene}_front.png")
    record = run_import(tmp_path / "theirs", tmp_path, data)
    assert record["scenes"] == {"test": len(held_out) - 2, "validation": 2}
    baseline = tmp_path / "baseline.npy"
    predict_without_network(data, "nearest_date", baseline, tmp_path / "baseline.tsv")
    theirs = np.load(tmp_path / "out" / "probabilities.npy")
    assert theirs.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(theirs, np.load(baseline))
