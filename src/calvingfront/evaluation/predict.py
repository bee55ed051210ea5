"""Predictions of a trained network, and its attention maps."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch.nn import functional

from calvingfront.dataset import Dataset, SampleReader, open_dataset, read_split
from calvingfront.errors import ConfigError
from calvingfront.evaluation.baselines import write_predictions
from calvingfront.figures.scenes import choose_scenes
from calvingfront.files import replacing
from calvingfront.networks import UNet
from calvingfront.training.device import claimed_device
from calvingfront.training.prefetch import prefetched
from calvingfront.training.run import load_network

log = logging.getLogger(__name__)
PathLike = str | os.PathLike[str]


def _to_input(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Scale images (n, s, s) uint8 to the network's input (n, 1, s, s) in [0, 1]."""
    there = images.to(device, non_blocking=True).unsqueeze(1)
    return (there.float() / 255).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def predict(
    network: UNet, data: Dataset, scenes: list[str], device: torch.device, batch_size: int,
    threads: int = 1,
) -> Iterator[npt.NDArray[np.float16]]:  # fmt: skip
    """Predict the front's probability of the scenes, (b, s, s) at a time, in their order.

    While a batch is computed, threads read the next ones and, on a GPU, the one before travels
    back: memory holds a few batches, whatever the number of scenes.
    """
    network = network.to(device).eval()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pinned = device.type == "cuda"
    reader = SampleReader(data.images, data.rows(scenes), scenes)

    def read(positions: range) -> torch.Tensor:
        shape = (len(positions), data.size, data.size)
        images = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
        for position, image in zip(positions, images.numpy(), strict=True):
            reader.read(position, image)
        return images

    parts = (range(k, min(k + batch_size, len(scenes))) for k in range(0, len(scenes), batch_size))
    travelling: deque[tuple[torch.Tensor, torch.cuda.Event]] = deque()
    with closing(prefetched(read, parts, threads, threads + 2, device)) as ahead:
        for images in ahead:
            values = torch.sigmoid(network(_to_input(images, device)))[:, 0].half()
            if not pinned:
                yield values.numpy()
                continue
            back = torch.empty(values.shape, dtype=torch.float16, pin_memory=True)
            back.copy_(values, non_blocking=True)
            travelling.append((back, torch.cuda.Event(blocking=True)))  # type: ignore[no-untyped-call]
            travelling[-1][1].record()
            if len(travelling) > 1:
                yield _arrived(*travelling.popleft())
    while travelling:
        yield _arrived(*travelling.popleft())


def _arrived(values: torch.Tensor, event: torch.cuda.Event) -> npt.NDArray[np.float16]:
    event.synchronize()
    return np.asarray(values.numpy(), dtype=np.float16)


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
    scenes: Literal["held_out", "all"] = "held_out",
    gpu_slots: int = 1,
) -> None:
    """Predict scenes with one trained network, in float32.

    scenes: `held_out`, those of validation and test, once for each subset; `all`, every scene of
    the archive once, in its order, with the subsets that it stands in (`train,test`; none: empty).
    """
    torch.set_num_threads(threads)
    data = open_dataset(images, fronts, index)
    table = _table_of(data, read_split(split), scenes)
    with claimed_device(device, slots=gpu_slots) as place:
        blocks = predict(
            load_network(weights, record), data, table["scene"].tolist(), place, batch_size, threads
        )
        write_predictions(blocks, data.size, table, probabilities, predictions)


def _table_of(
    data: Dataset, subsets: dict[str, list[str]], scenes: Literal["held_out", "all"]
) -> pd.DataFrame:
    """List (scene, subset) of the predictions."""
    if scenes == "held_out":
        rows = [(scene, subset) for subset in ("validation", "test") for scene in subsets[subset]]
    else:
        known = {subset: set(names) for subset, names in subsets.items()}
        rows = [
            (scene, ",".join(subset for subset, names in known.items() if scene in names))
            for scene in data.index["scene"]
        ]
    return pd.DataFrame(rows, columns=["scene", "subset"])


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
    chosen = torch.from_numpy(data.images[data.rows(scenes)])
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
