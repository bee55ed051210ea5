"""Saving and loading a network's weights."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from calvingfront.errors import TrainingError
from calvingfront.files import PathLike, replacing
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet
from calvingfront.storage.sealed import read_record, reading

CRC = "crc32"  # key of the metadata


def save_weights(state: dict[str, Tensor], path: PathLike) -> None:
    """Write weights as safetensors with their CRC-32, atomically and durably."""
    with replacing(path, durable=True) as temporary:
        # Not save_file: its files are readable by their owner only.
        temporary.write_bytes(save(state, {CRC: _crc(state)}))


def save_epochs(states: Mapping[int, Mapping[str, Tensor]], path: PathLike) -> None:
    """Write the weights of several epochs into one file, under the names EPOCH/name."""
    every = {
        f"{epoch}/{name}": value for epoch, state in states.items() for name, value in state.items()
    }
    save_weights({name: value.clone() for name, value in every.items()}, path)


def load_network(weights: PathLike, record: PathLike, epoch: int | None = None) -> UNet:
    """Build the network described by `record` (run.json) and load its weights, ready to predict.

    epoch: the one to read from a file of `save_epochs`.
    Raises DamagedFileError if a file is damaged or a weight is not finite, TrainingError if the
    weights belong to another network.
    """
    about = read_record(record)
    with reading(record):
        settings = NetworkSettings(**about["network"])
        network = build_network(settings, start=False)
    try:
        state = read_weights(weights)
        if epoch is not None:
            start = f"{epoch}/"
            state = {n.removeprefix(start): v for n, v in state.items() if n.startswith(start)}
            if not state:
                raise _fault(weights, f"holds no epoch {epoch}")
        network.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        what = f"does not match the network described by {record} ({first})"
        raise _fault(weights, what) from error
    network.eval()
    return network


def read_weights(path: PathLike) -> dict[str, Tensor]:
    """Read weights. Raises DamagedFileError if the file is damaged or a weight is not finite."""
    with reading(path), safe_open(path, framework="pt") as file:
        given = (file.metadata() or {}).get(CRC)
        # clone: the file must not stay open behind them when it is replaced
        state = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        for name, tensor in state.items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{name} is not finite")
        if given not in (None, _crc(state)):
            raise ValueError("its weights do not match their checksum")
        return state


@torch.no_grad()
def round_to_half(network: UNet) -> None:
    """Round the weights of convolutions to 16 bits, in place; they stay float32.

    Biases and the statistics of the normalisations keep all their digits.
    """
    for parameter in network.parameters():
        if parameter.dim() > 1:
            parameter.copy_(parameter.half())


def halved(network: UNet) -> bytes:
    """Return the weights as safetensors, those of convolutions in 16 bits."""
    state = {n: v.half() if v.dim() > 1 else v for n, v in network.state_dict().items()}
    return save(state, {CRC: _crc(state)})


def _crc(state: dict[str, Tensor]) -> str:
    value = 0
    for name in sorted(state):
        value = zlib.crc32(name.encode(), value)
        flat = state[name].detach().cpu().contiguous().reshape(-1)
        value = zlib.crc32(flat.view(torch.uint8).numpy().data, value)
    return f"{value:08x}"


def _fault(weights: PathLike, what: str) -> TrainingError:
    return TrainingError(weights, what, "Remove the run's folder and train again.")
