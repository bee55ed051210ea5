"""Small trainings that start from the weights of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from calvingfront.networks.weights import read_weights
from calvingfront.training.run import train_network
from packed import band, write_packed, write_split

SIZE = 32
NETWORKS: dict[str, Any] = {"width": 2, "depth": 2, "kernel": 3, "batch_norm_momentum": 0.2}
TRAINING: dict[str, Any] = {
    "batch_size": 4, "max_epochs": 1, "patience": 1, "keep_epochs": [], "device": "cpu",
    "threads": 1, "half_cycle_epochs": 1, "augmentation": "none",
}  # fmt: skip
# Steps that change nothing but what they must not change: what is left is the start.
STILL = {"learning_rate_min": 1e-30, "learning_rate_max": 1e-30}
AS_IT_IS = NETWORKS | {"batch_norm_momentum": 1e-12}


def write_data(folder: Path, glacier: str, prefix: str) -> Path:
    """Eight scenes: five to train on, two to validate, one to test."""
    names = [f"{prefix}{k}" for k in range(8)]
    write_packed(
        folder, np.stack([band(SIZE, 2 * k + 3, 3) for k in range(8)]), scene=names,
        glacier=glacier, acquired=[f"2010-0{k + 1}-01" for k in range(8)],
    )  # fmt: skip
    write_split(folder, train=names[:5], validation=names[5:7], test=names[7:])
    return folder


def run(results: Path, model: str = "unet", seed: int = 1, **changes: Any) -> Path:
    folder = results / "models" / model / "bce" / f"seed{seed}"
    values: dict[str, Any] = {
        "model": model, "loss": "bce", "seed": seed, "networks": NETWORKS, "training": TRAINING,
    }  # fmt: skip
    train_network(
        results / "dataset", folder / "weights.safetensors", folder / "history.tsv",
        folder / "run.json", **{**values, **changes},
    )  # fmt: skip
    return folder


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return read_weights(folder / "weights.safetensors")
