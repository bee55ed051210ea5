"""Attention maps of a trained network, for the figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from calvingfront.compute.device import claimed_device
from calvingfront.dataset.reading import open_dataset
from calvingfront.errors import ConfigError
from calvingfront.evaluation.scenes import choose_scenes
from calvingfront.files import PathLike, replacing
from calvingfront.networks.inputs import to_input
from calvingfront.networks.weights import load_network


@torch.no_grad()
def read_attention(
    dataset: PathLike,
    weights: PathLike,
    kept: PathLike,
    record: PathLike,
    attention: PathLike,
    epochs: Sequence[int] = (),
    scores: Sequence[PathLike] = (),
    scenes: Sequence[str] = (),
    device: str = "auto",
    threads: int = 2,
    gpu_slots: int = 1,
) -> None:
    """Write the attention maps of some scenes at several checkpoints of one network with gates.

    scenes: the scenes to use; if empty, they are chosen by the scores of all runs (`scores`), which
    are used for nothing else.
    weights: of the best epoch, the checkpoint `best`. kept: of other epochs; those in `epochs` are
    the checkpoints `epoch_NNN`.
    The file holds arrays `{checkpoint}__{scene}__alpha{l}`, float16 (s, s), l from 1 (finest),
    resized bilinearly to the image's size, and the lists `checkpoints` and `scenes`.
    Raises ConfigError if the network has no attention gates, SampleError if a scene or an array
    cannot be read, TrainingError if the weights belong to another network or no device is free.
    """
    torch.set_num_threads(threads)
    data = open_dataset(dataset)
    scenes = choose_scenes(dataset, scores, scenes)
    chosen = torch.from_numpy(data.images[data.rows(scenes)]).unsqueeze(1)
    arrays: dict[str, npt.NDArray[np.generic]] = {"scenes": np.array(scenes, dtype=str)}
    names = []
    with claimed_device(device, slots=gpu_slots) as place:
        for epoch in (*epochs, None):
            name = "best" if epoch is None else f"epoch_{epoch:03d}"
            names.append(name)
            network = load_network(weights if epoch is None else kept, record, epoch).to(place)
            if network.gates is None:
                raise ConfigError("networks.models", f"{weights} has no attention gates",
                                  "Use a network with gates, such as attention_unet.")  # fmt: skip
            _, maps = network.forward_with_attention(to_input(chosen.to(place)))
            for level, alpha in enumerate(maps, start=1):
                full = functional.interpolate(
                    alpha, size=chosen.shape[2:], mode="bilinear", align_corners=False
                )
                for k, scene in enumerate(scenes):
                    arrays[f"{name}__{scene}__alpha{level}"] = full[k, 0].half().cpu().numpy()
    arrays["checkpoints"] = np.array(names, dtype=str)
    with replacing(attention) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]
