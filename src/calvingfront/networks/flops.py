"""The number of floating-point operations of a network."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_flops(network: nn.Module, size_px: int) -> tuple[int, int]:
    """Count the operations for one image: forward, and forward plus backward.

    Only convolutions count; a multiplication and its addition count as two. The passes run on a
    copy on torch's `meta` device, which computes nothing. size_px: side of the square image.
    """
    twin = copy.deepcopy(network).to("meta").train()
    channels = getattr(network, "channels_in", 1)
    image = torch.empty(1, channels, size_px, size_px, device="meta")
    counter = FlopCounterMode(display=False)
    with counter:
        logits = twin(image)
        forward = counter.get_total_flops()
        logits.sum().backward()
    return forward, counter.get_total_flops()
