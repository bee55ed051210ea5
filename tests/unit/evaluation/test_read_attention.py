"""Attention maps of a trained network, from weights on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from calvingfront.errors import ConfigError
from calvingfront.evaluation.attention import read_attention
from calvingfront.evaluation.score_table import SCORE_COLUMNS
from calvingfront.files import write_json
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import AttentionUNet
from calvingfront.networks.weights import save_epochs, save_weights
from trained import DEPTH, SIZE, network, write_trained


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_trained(tmp_path)


def scores(folder: Path) -> Path:
    """The scores of one run: s2 is the ordinary scene of its glacier, s1 being in training too."""
    path = folder / "attention_unet" / "bce" / "seed1" / "scores.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(
        [
            {**dict.fromkeys(SCORE_COLUMNS, 0), "protocol": protocol, "scene": scene,
             "glacier": "SI", "dice": dice}
            for protocol in ("validation_threshold", "paper_protocol")
            for scene, dice in (("s0", 0.9), ("s1", 0.5), ("s2", 0.1))
        ]
    )  # fmt: skip
    table.to_csv(path, sep="\t", index=False)
    return path


def read(folder: Path, **changes: Any) -> dict[str, npt.NDArray[Any]]:
    values: dict[str, Any] = {
        "weights": folder / "weights.safetensors", "kept": folder / "kept.safetensors",
        "record": folder / "run.json",
        "scores": [scores(folder)], "attention": folder / "attention.npz", "scenes": ["s2", "s0"],
        "device": "cpu", "threads": 1,
    }  # fmt: skip
    read_attention(folder, **{**values, **changes})
    with np.load(folder / "attention.npz") as archive:
        return dict(archive)


def test_attention_maps_are_those_of_each_checkpoint_scene_and_level(folder: Path) -> None:
    other = network(seed=2)
    states = {3: network(seed=3).state_dict(), 5: other.state_dict()}
    save_epochs(states, folder / "kept.safetensors")
    arrays = read(folder, epochs=[5])
    assert arrays.pop("checkpoints").tolist() == ["epoch_005", "best"]
    assert arrays.pop("scenes").tolist() == ["s2", "s0"]
    assert len(arrays) == 2 * 2 * DEPTH
    data = np.load(folder / "images.npy")
    for name, net in (("epoch_005", other), ("best", network())):
        assert isinstance(net, AttentionUNet)
        for scene, row in (("s2", 2), ("s0", 0)):
            x = torch.from_numpy(data[row].astype(np.float32) / 255)[None, None]
            with torch.no_grad():
                _, maps = net.forward_with_attention(x)
            for level, alpha in enumerate(maps, start=1):
                stored = arrays[f"{name}__{scene}__alpha{level}"]
                assert stored.shape == (SIZE, SIZE)
                assert stored.dtype == np.float16
                assert stored.min() >= 0
                assert stored.max() <= 1
                full = torch.nn.functional.interpolate(
                    alpha, scale_factor=2 ** (level - 1), mode="bilinear"
                )
                np.testing.assert_allclose(stored, full[0, 0].numpy(), atol=1e-3)


def test_without_named_scenes_the_ordinary_one_of_the_glacier_is_read(folder: Path) -> None:
    assert read(folder, scenes=[])["scenes"].tolist() == ["s2"]


def test_a_scene_of_the_training_set_is_refused(folder: Path) -> None:
    for scene in ("s1", "s3"):
        with pytest.raises(ConfigError, match=f"'{scene}' is not a test scene"):
            read(folder, scenes=[scene])


def test_with_named_scenes_no_score_is_needed(folder: Path) -> None:
    unread = [folder / "none" / "unet" / "bce" / "seed1" / "scores.tsv"]
    assert read(folder, scenes=["s2"], scores=unread)["scenes"].tolist() == ["s2"]
    assert read(folder, scenes=["s2"], scores=[])["scenes"].tolist() == ["s2"]


def test_a_network_without_gates_has_no_attention_to_read(folder: Path) -> None:
    write_json(
        folder / "run.json", {"network": {"model": "unet", "width": 2, "depth": 1, "kernel": 3}}
    )
    plain = build_network(NetworkSettings("unet", width=2, depth=1, kernel=3))
    save_weights(plain.state_dict(), folder / "weights.safetensors")
    with pytest.raises(ConfigError, match="no attention gates") as caught:
        read(folder)
    assert "attention_unet" in caught.value.remedy
