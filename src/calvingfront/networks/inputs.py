"""A network's input, scaled the same way for training and prediction."""

from __future__ import annotations

import torch
from torch import Tensor


def to_input(images: Tensor, memory_format: torch.memory_format = torch.channels_last) -> Tensor:
    """Scale images (n, c, s, s) uint8 to the network's input, float32 in [0, 1]."""
    return (images.float() / 255).contiguous(memory_format=memory_format)
