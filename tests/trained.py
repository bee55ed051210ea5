"""A small trained network on disk, with the scenes that it is to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from calvingfront.files import write_json
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet
from calvingfront.networks.weights import save_weights
from packed import band, write_packed, write_split

SIZE, DEPTH = 16, 2


def network(model: str = "attention_unet", seed: int = 1) -> UNet:
    """A network whose normalisation has seen something, so that modes differ."""
    torch.manual_seed(seed)
    net = build_network(
        NetworkSettings(model, width=2, depth=DEPTH, kernel=3, batch_norm_momentum=0.5)
    )
    net.train()
    net(torch.rand(4, 1, SIZE, SIZE))
    return net.eval()


def write_trained(folder: Path) -> Path:
    """Write four packed scenes, a split that takes them out of order, `network()` and its record.

    Returns the folder, in which all of them stand.
    """
    write_packed(folder, np.stack([band(SIZE, row, 3) for row in range(4)]))
    write_split(folder, train=["s1"], validation=["s3"], test=["s2", "s0", "s1"])
    write_json(
        folder / "run.json",
        {
            "network": {
                "model": "attention_unet", "variant": "paper", "width": 2, "depth": DEPTH,
                "kernel": 3, "batch_norm_momentum": 0.5,
            }
        },
    )  # fmt: skip
    save_weights(
        {k: v.clone() for k, v in network().state_dict().items()},
        folder / "weights.safetensors",
    )
    return folder
