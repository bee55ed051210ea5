"""Binary cross-entropy, plain and distance-weighted."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from calvingfront.losses.dice import soft_dice
from calvingfront.vocabulary.losses import family_of

EPSILON = 1e-7  # probabilities are clipped to [EPSILON, 1 − EPSILON], as in Keras
_LOWEST, _HIGHEST = -math.log1p(-EPSILON), -math.log(EPSILON)


class WeightedBCE:
    """The losses `bce` and `wbce{w}`, with the monitors soft Dice and soft WDice_w.

    w: scale of the distance weight, px; 0 for no weight. See `losses.loss.Loss`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.w = float(family_of(name).weight_px(name) or 0.0)
        self.needs_distances = self.w > 0

    def __call__(self, logits: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        return weighted_bce(logits, fronts, distances, self.w)

    def monitor(self, probability: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        """Compute each image's soft Dice (b,), with the prediction weighted as in the loss."""
        weight = weight_map(distances, fronts, self.w) if self.needs_distances else None
        return soft_dice(probability, fronts, weight)


def weight_map(distance: Tensor, mask: Tensor, w: float) -> Tensor:
    """Compute W̃_w = tanh(EDT / 2w) + y; all ones for w = 0.

    distance: px, any shape; infinite for an empty mask. mask: the same shape, 0 or 1.
    """
    if w == 0:
        return torch.ones_like(distance)
    return torch.tanh(distance / (2 * w)) + mask


def weighted_bce(logits: Tensor, mask: Tensor, distance: Tensor, w: float) -> Tensor:
    """Compute BCE(y, W̃_w · ŷ), ŷ = sigmoid(logits), averaged over all pixels.

    logits, mask (0 or 1), distance (px): one shape. A front pixel costs −log ŷ; a background pixel
    costs −log(1 − W̃ŷ) = softplus(x) − softplus(x + log(1 − W̃)), where log(1 − W̃) = log 2 −
    softplus(d / w), so no digits are lost when the sigmoid saturates or W̃ → 1. Computed in float32
    (in float64 for float64 logits). Each pixel's cost is clipped to what Keras' clipping allows.
    Source: Holzmann et al. (2021), section II.
    """
    x = logits if logits.dtype == torch.float64 else logits.float()
    front = functional.softplus(-x)
    background = functional.softplus(x)
    if w > 0:
        log_tolerance = math.log(2.0) - functional.softplus(distance.to(x.dtype) / w, threshold=60)
        background = background - functional.softplus(x + log_tolerance, threshold=60)
    cost = torch.where(mask > 0, front, background)
    return cost.clamp(_LOWEST, _HIGHEST).mean()
