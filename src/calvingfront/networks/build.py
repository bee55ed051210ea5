"""Building a network from its settings."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn

from calvingfront.errors import ConfigError
from calvingfront.networks.auxiliary import check_tasks
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet
from calvingfront.vocabulary.models import NETWORKS
from calvingfront.vocabulary.references import load


def build_network(settings: NetworkSettings, start: bool = True) -> UNet:
    """Build one network with randomly initialised weights (torch's global generator).

    start: give a pretrained network its first weights; False where others are loaded into it.
    Raises ConfigError if a setting is invalid, or the package of the first weights is missing.
    """
    model, variant, prior = settings.model, settings.variant, settings.front_prior
    width, depth, kernel = settings.width, settings.depth, settings.kernel
    if model not in NETWORKS:
        raise ConfigError(
            "networks.models",
            f"'{model}' is not a network",
            f"Write one of {', '.join(sorted(NETWORKS))}.",
        )
    if variant not in ("paper", "released"):
        raise ConfigError(
            "networks.variant", f"'{variant}' is not a variant", "Write 'paper' or 'released'."
        )
    if width < 1 or depth < 1 or kernel < 3 or kernel % 2 == 0:
        raise ConfigError(
            "networks",
            f"width {width}, depth {depth}, kernel {kernel} are not a valid combination",
            "Write a width and depth of at least 1, and an odd kernel of at least 3.",
        )
    if prior is not None and not 0 < prior < 1:
        raise ConfigError(
            "networks.front_prior", f"{prior} is out of range", "Write a number between 0 and 1."
        )
    check_tasks(settings.auxiliary)
    network: UNet = load(NETWORKS[model].code)(
        width, depth, kernel, variant, settings.batch_norm_momentum
    )
    pretrain: Callable[[], None] | None = getattr(network, "pretrain", None)
    if start and pretrain is not None:
        pretrain()
    if settings.deep_supervision:
        if not hasattr(network, "add_side_heads"):
            raise ConfigError(
                "networks.deep_supervision", f"is not possible for {model}", "Write false."
            )
        network.add_side_heads()
    if settings.auxiliary:
        if not hasattr(network, "add_auxiliary_heads"):
            raise ConfigError("networks.auxiliary", f"is not possible for {model}", "Write [].")
        # After all others, whose first weights stay the same.
        network.add_auxiliary_heads(settings.auxiliary)
    for head in (getattr(network, "head", None), *(getattr(network, "side_heads", None) or ())):
        bias = getattr(head, "bias", None)
        if prior is not None and bias is not None:
            nn.init.constant_(bias, math.log(prior / (1 - prior)))
    return network


def count_parameters(network: UNet) -> int:
    """Count the trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
