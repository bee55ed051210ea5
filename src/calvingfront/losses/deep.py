"""A loss at every level of a network's decoder."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from calvingfront.losses.loss import Loss


def deep_loss(loss: Loss, levels: list[Tensor], fronts: Tensor, distances: Tensor) -> Tensor:
    """Average the loss over the levels, each with half the weight of the finer one.

    levels: logits (b, 1, s / 2^k, s / 2^k), k = 0, 1 … A coarse pixel is front if one of its fine
    pixels is, and as far from the front as the nearest of them, in fine pixels.
    Source: Lee et al. (2015), Deeply-Supervised Nets; weights as in nnU-Net.
    """
    costs, weights = [], []
    for level, logits in enumerate(levels):
        weights.append(2.0**-level)
        costs.append(weights[-1] * loss(logits, fronts, distances))
        fronts = functional.max_pool2d(fronts, 2)
        if loss.needs_distances:
            distances = -functional.max_pool2d(-distances, 2)
    return torch.stack(costs).sum() / sum(weights)
