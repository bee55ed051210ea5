"""Predictions of a trained network."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from calvingfront.compute.device import claimed_device
from calvingfront.compute.prefetch import prefetched
from calvingfront.dataset.history import CHANNELS, History, HistorySettings
from calvingfront.dataset.reading import Dataset, SampleReader, open_dataset, read_split
from calvingfront.evaluation.ensemble import turned, turned_back
from calvingfront.evaluation.predictions import held_out_scenes, write_predictions
from calvingfront.files import PathLike
from calvingfront.networks.inputs import to_input
from calvingfront.networks.unet import UNet
from calvingfront.networks.weights import load_network
from calvingfront.storage.sealed import read_record, reading
from calvingfront.vocabulary.subsets import HELD_OUT, SUBSETS, TRAIN, VALIDATION

Scenes = Literal["held_out", "validation", "all"]


@torch.no_grad()
def predict(
    network: UNet, data: Dataset, scenes: list[str], device: torch.device, batch_size: int,
    threads: int = 1, history: History | None = None, orientations: int = 1,
) -> Iterator[npt.NDArray[np.float16]]:  # fmt: skip
    """Predict the front probability of the scenes, in their order, (b, s, s) at a time.

    history: of the scenes, for a network that reads it. orientations: 1, the image as it is; 8, the
    mean of the predictions in all eight, turned back.

    While a batch is computed, threads read the next ones and, on a GPU, the previous one is copied
    back. Memory holds only a few batches, regardless of the number of scenes.
    """
    network = network.to(device).eval()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pinned = device.type == "cuda"
    reader = SampleReader(data.images, data.rows(scenes), scenes)

    def read(positions: range) -> torch.Tensor:
        channels = 1 if history is None else 1 + CHANNELS
        shape = (len(positions), channels, data.size, data.size)
        images = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
        for position, image in zip(positions, images.numpy(), strict=True):
            reader.read(position, image[0])
            if history is not None:
                history.read(position, image[1:])
        return images

    parts = (range(k, min(k + batch_size, len(scenes))) for k in range(0, len(scenes), batch_size))
    travelling: deque[tuple[torch.Tensor, torch.cuda.Event]] = deque()
    with closing(prefetched(read, parts, threads, threads + 2, device)) as ahead:
        for images in ahead:
            there = images.to(device, non_blocking=True)
            values = _mean_of(network, there, orientations)[:, 0].half()
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


def _mean_of(network: UNet, images: torch.Tensor, orientations: int) -> torch.Tensor:
    """The probabilities (b, 1, s, s) of images (b, c, s, s), averaged over orientations."""
    total = torch.sigmoid(network(to_input(images)))
    for code in range(1, orientations):
        total += turned_back(torch.sigmoid(network(to_input(turned(images, code)))), code)
    return total / orientations if orientations > 1 else total


def _arrived(values: torch.Tensor, event: torch.cuda.Event) -> npt.NDArray[np.float16]:
    event.synchronize()
    return np.asarray(values.numpy(), dtype=np.float16)


def predict_fronts(
    dataset: PathLike,
    weights: PathLike,
    record: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
    batch_size: int = 5,
    device: str = "auto",
    threads: int = 2,
    scenes: Scenes = "held_out",
    gpu_slots: int = 1,
    orientations: int = 1,
) -> None:
    """Predict scenes with one trained network, in float32.

    scenes: `held_out`, the validation and test scenes, once per subset; `validation`, the former
    only; `all`, every scene of the archive once, in the archive's order, with its subsets (as
    `train,test`; empty if in none).
    orientations: see `predict`.
    Raises SampleError if a scene or an array cannot be read, SplitError if a subset has no scenes,
    TrainingError if the weights belong to another network or no device is free.
    """
    torch.set_num_threads(threads)
    data = open_dataset(dataset)
    blind = scenes == "validation"  # test scenes need not be there
    subsets = read_split(dataset, (TRAIN, VALIDATION) if blind else SUBSETS)
    table = _table_of(data, subsets, scenes)
    history = _history(record, data, table["scene"].tolist(), subsets)
    with claimed_device(device, slots=gpu_slots) as place:
        blocks = predict(
            load_network(weights, record), data, table["scene"].tolist(), place, batch_size,
            threads, history, orientations,
        )  # fmt: skip
        write_predictions(blocks, data.size, table, probabilities, predictions)


def _history(
    record: PathLike, data: Dataset, scenes: list[str], subsets: dict[str, list[str]]
) -> History | None:
    """The fronts of other dates, chosen as in training, if the network reads them."""
    given = read_record(record).get("history")
    if given is None:
        return None
    with reading(record):
        settings = HistorySettings(**given)
    return History(data, scenes, subsets, settings)


def _table_of(data: Dataset, subsets: dict[str, list[str]], scenes: Scenes) -> pd.DataFrame:
    """List the (scene, subset) of each prediction."""
    if scenes != "all":
        return held_out_scenes(subsets, HELD_OUT if scenes == "held_out" else (VALIDATION,))
    known = {subset: set(names) for subset, names in subsets.items()}
    rows = [
        (scene, ",".join(subset for subset, names in known.items() if scene in names))
        for scene in data.index["scene"]
    ]
    return pd.DataFrame(rows, columns=["scene", "subset"])
