"""Predictions of a trained network, and its attention maps."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch.nn import functional

from calvingfront.dataset import open_dataset, read_split
from calvingfront.errors import ConfigError
from calvingfront.evaluation.baselines import write_predictions
from calvingfront.figures.scenes import choose_scenes
from calvingfront.files import replacing
from calvingfront.networks import UNet
from calvingfront.training.device import claimed_device
from calvingfront.training.run import load_network

log = logging.getLogger(__name__)
PathLike = str | os.PathLike[str]


def _to_input(images: npt.NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """Scale images (n, s, s) uint8 to the network's input (n, 1, s, s) in [0, 1]."""
    tensor = torch.from_numpy(np.ascontiguousarray(images)).to(device)
    return (tensor.unsqueeze(1).float() / 255).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def predict(
    network: UNet, images: npt.NDArray[np.uint8], device: torch.device, batch_size: int
) -> npt.NDArray[np.float16]:
    """Predict the front's probability of images (n, s, s); returns float16 of the same shape."""
    network = network.to(device).eval()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    parts = [
        torch.sigmoid(network(_to_input(images[k : k + batch_size], device)))[:, 0].half().cpu()
        for k in range(0, len(images), batch_size)
    ]
    return np.asarray(torch.cat(parts).numpy(), dtype=np.float16)


def predict_fronts(
    images: PathLike,
    fronts: PathLike,
    index: PathLike,
    split: PathLike,
    weights: PathLike,
    record: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
    batch_size: int = 5,
    device: str = "auto",
    threads: int = 2,
    gpu_slots: int = 1,
) -> None:
    """Predict the validation and test scenes with one trained network, in float32."""
    torch.set_num_threads(threads)
    data = open_dataset(images, fronts, index)
    subsets = read_split(split)
    table = pd.DataFrame(
        [(scene, subset) for subset in ("validation", "test") for scene in subsets[subset]],
        columns=["scene", "subset"],
    )
    chosen = data.images[data.rows(table["scene"].tolist())]
    with claimed_device(device, slots=gpu_slots) as place:
        values = predict(load_network(weights, record), chosen, place, batch_size)
    write_predictions(values, table, probabilities, predictions)


@torch.no_grad()
def read_attention(
    images: PathLike,
    fronts: PathLike,
    index: PathLike,
    weights: Sequence[PathLike],
    record: PathLike,
    attention: PathLike,
    scores: Sequence[PathLike] = (),
    scenes: Sequence[str] = (),
    device: str = "auto",
    threads: int = 2,
    gpu_slots: int = 1,
) -> None:
    """Write the attention maps of some scenes at several checkpoints of one attention network.

    scenes: the scenes to read; where empty they are chosen by the scores of all runs (`scores`),
    which are read for nothing else.
    weights: weights files; a file's stem names the checkpoint (`weights` stands for `best`).
    Arrays `{checkpoint}__{scene}__alpha{l}`, float16 (s, s), l from 1 (finest), resized
    bilinearly to the image's size, and the lists `checkpoints` and `scenes`.
    """
    torch.set_num_threads(threads)
    data = open_dataset(images, fronts, index)
    scenes = list(scenes) or choose_scenes(scores)
    chosen = data.images[data.rows(scenes)]
    arrays: dict[str, npt.NDArray[np.generic]] = {"scenes": np.array(scenes, dtype=str)}
    names = []
    with claimed_device(device, slots=gpu_slots) as place:
        for file in weights:
            name = "best" if Path(file).stem == "weights" else Path(file).stem
            names.append(name)
            network = load_network(file, record).to(place)
            if network.gates is None:
                raise ConfigError("networks.models", f"{file} has no attention gates",
                                  "Read attention maps of attention_unet.")  # fmt: skip
            _, maps = network.forward_with_attention(_to_input(chosen, place))
            for level, alpha in enumerate(maps, start=1):
                full = functional.interpolate(
                    alpha, size=chosen.shape[1:], mode="bilinear", align_corners=False
                )
                for k, scene in enumerate(scenes):
                    arrays[f"{name}__{scene}__alpha{level}"] = full[k, 0].half().cpu().numpy()
    arrays["checkpoints"] = np.array(names, dtype=str)
    with replacing(attention) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]
