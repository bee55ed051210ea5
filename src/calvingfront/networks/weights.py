"""Saving and loading a network's weights."""

from __future__ import annotations

from collections.abc import Mapping

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
        # Not save_file: its files are readable by their owner only.
        temporary.write_bytes(save(state))


def save_epochs(states: Mapping[int, Mapping[str, Tensor]], path: PathLike) -> None:
    """Write the weights of several epochs into one file, under the names EPOCH/name."""
    every = {
        f"{epoch}/{name}": value for epoch, state in states.items() for name, value in state.items()
    }
    save_weights({name: value.clone() for name, value in every.items()}, path)


def load_network(weights: PathLike, record: PathLike, epoch: int | None = None) -> UNet:
    """Build the network described by `record` (run.json) and load its weights, ready to predict.

    epoch: the one to read from a file of `save_epochs`.
    Raises TrainingError if the weights cannot be read or belong to another network.
    """
    settings = NetworkSettings(**read_json(record)["network"])
    network = build_network(settings)
    try:
        state = load_file(weights)
        if epoch is not None:
            start = f"{epoch}/"
            state = {n.removeprefix(start): v for n, v in state.items() if n.startswith(start)}
            if not state:
                raise _fault(weights, f"holds no epoch {epoch}")
        network.load_state_dict(state)
    except (RuntimeError, OSError, SafetensorError) as error:
        faults = {
            RuntimeError: f"does not match the network described by {record}",
            OSError: "cannot be read",
            SafetensorError: "is damaged",
        }
        what = next(text for kind, text in faults.items() if isinstance(error, kind))
        raise _fault(weights, f"{what} ({str(error).splitlines()[0]})") from error
    network.eval()
    return network


def _fault(weights: PathLike, what: str) -> TrainingError:
    return TrainingError(weights, what, "Remove the run's folder and train again.")
