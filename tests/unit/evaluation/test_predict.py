"""Predictions of a trained network, from weights on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from calvingfront.dataset.reading import Dataset
from calvingfront.errors import SampleError
from calvingfront.evaluation import predict as predict_module
from calvingfront.evaluation.predict import predict, predict_fronts
from calvingfront.networks.unet import UNet
from packed import write_split
from trained import SIZE, network, write_trained

CPU = torch.device("cpu")


def images(n: int = 5) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(6).integers(0, 255, (n, SIZE, SIZE)).astype(np.uint8)


def by_hand(net: UNet, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    with torch.no_grad():
        x = torch.from_numpy(image.astype(np.float32) / 255)[None, None]
        return torch.sigmoid(net(x))[0, 0].numpy()


def predicted(net: UNet, data: npt.NDArray[np.uint8], batch_size: int) -> npt.NDArray[Any]:
    """Predict images in their order, as one array."""
    names = [f"s{k}" for k in range(len(data))]
    blocks = list(
        predict(net, Dataset(data, data, pd.DataFrame({"scene": names})), names, CPU, batch_size)
    )
    assert [len(block) for block in blocks[:-1]] == [batch_size] * (len(blocks) - 1)
    return np.concatenate(blocks)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 8])
def test_predictions_are_the_networks_probabilities_whatever_the_batch(batch_size: int) -> None:
    net, data = network(), images()
    values = predicted(net, data, batch_size)
    assert values.shape == data.shape
    assert values.dtype == np.float16
    for k in range(len(data)):
        np.testing.assert_allclose(values[k], by_hand(net, data[k]), atol=6e-4)
    assert values.std() > 0


def test_predicting_puts_a_network_into_evaluation_mode() -> None:
    net, data = network(), images()
    expected = predicted(net, data, 5)
    net.train()
    np.testing.assert_array_equal(predicted(net, data, 5), expected)


def test_predictions_are_to_the_bit_those_of_one_batch_after_the_other() -> None:
    net, data = network(), images(7)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    expected = []
    with torch.no_grad():
        for k in range(0, 7, 3):
            x = torch.from_numpy(data[k : k + 3])[:, None].float() / 255
            x = x.contiguous(memory_format=torch.channels_last)
            expected.append(torch.sigmoid(net(x))[:, 0].half().numpy())
    np.testing.assert_array_equal(predicted(net, data, 3), np.concatenate(expected))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_trained(tmp_path)


def write(folder: Path, **changes: Any) -> None:
    predict_fronts(
        dataset=folder, weights=folder / "weights.safetensors",
        record=folder / "run.json", probabilities=folder / "p.npy",
        predictions=folder / "p.tsv", batch_size=3, device="cpu", threads=1, **changes,
    )  # fmt: skip


def test_validation_and_test_scenes_are_predicted_each_by_its_own_image(folder: Path) -> None:
    write(folder)
    table = pd.read_csv(folder / "p.tsv", sep="\t")
    assert table[["scene", "subset"]].to_numpy().tolist() == [
        ["s3", "validation"], ["s0", "test"], ["s1", "test"], ["s2", "test"],
    ]  # fmt: skip
    values, data = np.load(folder / "p.npy"), np.load(folder / "images.npy")
    for value, row in zip(values, (3, 0, 1, 2), strict=True):
        np.testing.assert_allclose(value, by_hand(network(), data[row]), atol=6e-4)


def test_every_scene_of_the_archive_is_predicted_with_all_its_subsets(folder: Path) -> None:
    write_split(folder, train=["s1"], validation=["s3"], test=["s0", "s1"])
    write(folder, scenes="all")
    table = pd.read_csv(folder / "p.tsv", sep="\t", keep_default_na=False)
    assert table[["scene", "subset"]].to_numpy().tolist() == [
        ["s0", "test"], ["s1", "train,test"], ["s2", ""], ["s3", "validation"],
    ]  # fmt: skip
    values, data = np.load(folder / "p.npy"), np.load(folder / "images.npy")
    for value, image in zip(values, data, strict=True):
        np.testing.assert_allclose(value, by_hand(network(), image), atol=6e-4)


def test_a_written_array_is_the_one_that_numpy_writes(folder: Path) -> None:
    write(folder)
    np.save(folder / "again.npy", np.load(folder / "p.npy"))
    assert (folder / "p.npy").read_bytes() == (folder / "again.npy").read_bytes()


def test_a_failed_prediction_leaves_the_files_before_it_and_nothing_else(
    folder: Path,
) -> None:
    """The last scenes are cut off after the archive was opened."""
    write(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.stem == "p"}
    names = {path.name for path in folder.iterdir()}
    with (folder / "images.npy").open("r+b") as file, pytest.MonkeyPatch.context() as patch:
        opened = predict_module.load_network

        def cut(*paths: Any) -> UNet:
            file.truncate(file.seek(0, 2) - 2 * SIZE * SIZE)
            return opened(*paths)

        patch.setattr(predict_module, "load_network", cut)
        with pytest.raises(SampleError, match=r"s2: has 0 of its 256 bytes in .*images\.npy"):
            write(folder, scenes="all")
    assert {path.name for path in folder.iterdir()} == names
    assert {name: (folder / name).read_bytes() for name in before} == before
