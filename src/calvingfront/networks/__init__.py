"""The networks, by the name that the configuration gives them."""

from __future__ import annotations

import math

from torch import nn

from calvingfront.errors import ConfigError
from calvingfront.networks.blocks import AttentionGate, ConvBlock, UpConv, Variant
from calvingfront.networks.unet import AttentionUNet, UNet

NETWORKS: dict[str, type[UNet]] = {"unet": UNet, "attention_unet": AttentionUNet}


def build_network(
    model: str,
    variant: Variant = "paper",
    width: int = 32,
    depth: int = 4,
    kernel: int = 5,
    batch_norm_momentum: float = 0.01,
    front_prior: float | None = None,
) -> UNet:
    """Build one network with freshly drawn weights (torch's global generator).

    width: channels of the finest level, doubled at each of the `depth` down-samplings.
    front_prior: probability of front that the untrained head starts from; None leaves its bias at
    zero, as the paper's networks have it. A prior near the front's true share spares the epochs in
    which a network learns no more than that most pixels are background (Lin et al. 2017, Focal
    Loss for Dense Object Detection, section 3.3).
    Raises ConfigError where a value cannot make a network.
    """
    if model not in NETWORKS:
        raise ConfigError(
            "networks.models", f"no network is named '{model}'", f"Use one of {sorted(NETWORKS)}."
        )
    if variant not in ("paper", "released"):
        raise ConfigError(
            "networks.variant", f"'{variant}' is not a variant", "Write 'paper' or 'released'."
        )
    if width < 1 or depth < 1 or kernel < 3 or kernel % 2 == 0:
        raise ConfigError(
            "networks",
            f"width {width}, depth {depth}, kernel {kernel} make no network",
            "width and depth must be at least 1, kernel odd and at least 3.",
        )
    if front_prior is not None and not 0 < front_prior < 1:
        raise ConfigError(
            "networks.front_prior", f"{front_prior} is no share", "Write a number between 0 and 1."
        )
    network = NETWORKS[model](width, depth, kernel, variant, batch_norm_momentum)
    if front_prior is not None and network.head.bias is not None:
        nn.init.constant_(network.head.bias, math.log(front_prior / (1 - front_prior)))
    return network


def count_parameters(network: UNet) -> int:
    """Count the trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


__all__ = [
    "NETWORKS",
    "AttentionGate",
    "AttentionUNet",
    "ConvBlock",
    "UNet",
    "UpConv",
    "Variant",
    "build_network",
    "count_parameters",
]
