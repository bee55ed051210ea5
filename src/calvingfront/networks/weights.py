"""Weights of a network on disk."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from calvingfront.errors import TrainingError
from calvingfront.files import PathLike, read_json, replacing
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet


def save_weights(state: dict[str, Tensor], path: PathLike) -> None:
    """Write weights as safetensors, atomically and durably."""
    with replacing(path, durable=True) as temporary:
        # Not by save_file, whose files only their owner may read.
        temporary.write_bytes(save(state))


def load_network(weights: PathLike, record: PathLike) -> UNet:
    """Build the network that `record` (run.json) describes and load its weights, ready to predict.

    Raises TrainingError where the weights cannot be read or are of another network.
    """
    settings = NetworkSettings(**read_json(record)["network"])
    network = build_network(settings)
    try:
        network.load_state_dict(load_file(weights))
    except (RuntimeError, OSError, SafetensorError) as error:
        faults = {
            RuntimeError: f"does not hold the network of {record}",
            OSError: "cannot be read",
            SafetensorError: "is damaged",
        }
        what = next(text for kind, text in faults.items() if isinstance(error, kind))
        raise TrainingError(
            weights,
            f"{what} ({str(error).splitlines()[0]})",
            "Remove the run's folder and train again.",
        ) from error
    network.eval()
    return network
