"""The networks, by the name that the configuration gives them."""

from __future__ import annotations

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
) -> UNet:
    """Build one network with freshly drawn weights (torch's global generator).

    width: channels of the finest level, doubled at each of the `depth` down-samplings.
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
    return NETWORKS[model](width, depth, kernel, variant, batch_norm_momentum)


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
    "build_network",
    "count_parameters",
]
