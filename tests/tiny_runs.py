"""Runs of a training on three tiny scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.training.run import train_network
from packed import write_split

NETWORKS: dict[str, Any] = {
    "models": ["unet", "attention_unet"],
    "variant": "paper",
    "width": 2,
    "depth": 2,
    "kernel": 3,
    "batch_norm_momentum": 0.1,
}
TRAINING: dict[str, Any] = {
    "batch_size": 4,
    "max_epochs": 3,
    "patience": 3,
    "learning_rate_min": 1e-4,
    "learning_rate_max": 1e-2,
    "half_cycle_epochs": 2,
    "augmentation": "paper",
    "keep_epochs": [1, 2],
    "precision": "auto",
    "device": "cpu",
    "threads": 1,
    "keep_state": False,
}


def tiny_dataset(folder: Path) -> Path:
    """Three scenes of 16 × 16 px: two to train, one to validate and test."""
    rng = np.random.default_rng(5)
    fronts = np.zeros((3, 16, 16), np.uint8)
    fronts[:, 6:9] = 1
    np.save(folder / "images.npy", rng.integers(0, 99, fronts.shape).astype(np.uint8) + fronts)
    np.save(folder / "fronts.npy", fronts)
    pd.DataFrame({"row": range(3), "scene": ["a", "b", "c"], "glacier": "SI"}).to_csv(
        folder / "index.tsv", sep="\t", index=False
    )
    write_split(folder, train=["a", "b"], validation=["c"], test=["c"])
    return folder


def run(dataset: Path, folder: Path, **changes: Any) -> Path:
    values: dict[str, Any] = {
        "weights": folder / "weights.safetensors",
        "history": folder / "history.tsv",
        "record": folder / "run.json",
        "model": "attention_unet",
        "loss": "wbce4",
        "seed": 1,
        "networks": NETWORKS,
        "training": TRAINING,
    }
    train_network(dataset, **{**values, **changes})
    return folder
