"""Binary cross-entropy, plain and distance-weighted, and the soft Dice that training monitors."""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor
from torch.nn import functional

from calvingfront.errors import ConfigError

EPSILON = 1e-7  # probabilities are clipped at this, as in Keras
_LOWEST, _HIGHEST = -math.log1p(-EPSILON), -math.log(EPSILON)


def distance_weight_of(loss: str) -> float:
    """Read w (px) out of a loss name: 0 for `bce`, 4 for `wbce4`, 2.5 for `wbce2.5`."""
    if loss == "bce":
        return 0.0
    found = re.fullmatch(r"wbce(\d+(?:\.\d+)?)", loss)
    if not found or float(found[1]) <= 0:
        raise ConfigError("losses", f"'{loss}' is not a loss", "Write 'bce' or 'wbce4', 'wbce8' ….")
    return float(found[1])


def weight_map(distance: Tensor, mask: Tensor, w: float) -> Tensor:
    """Compute W̃_w = tanh(EDT / 2w) + y; all ones for w = 0.

    distance: px, any shape; infinite for an empty mask. mask: the same shape, 0 or 1.
    """
    if w == 0:
        return torch.ones_like(distance)
    return torch.tanh(distance / (2 * w)) + mask


def weighted_bce(logits: Tensor, mask: Tensor, distance: Tensor, w: float) -> Tensor:
    """Compute BCE(y, W̃_w · ŷ), ŷ = sigmoid(logits), averaged over all pixels.

    logits, mask (0 or 1), distance (px): one shape. Front pixels cost −log ŷ; a background pixel
    costs −log(1 − W̃ŷ) = softplus(x) − softplus(x + log(1 − W̃)), where log(1 − W̃) = log 2 −
    softplus(d / w), so neither a saturated sigmoid nor W̃ → 1 loses digits. Computed in float32
    (float64 where given); each pixel's cost is clipped as Keras clips its probabilities.
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


def soft_dice(probability: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compute the Dice of probabilities per image, smoothed by 1: (2 Σ yŷ + 1) / (Σ y + Σ ŷ + 1).

    probability, mask, weight: (n, 1, h, w). With a weight map W̃ the prediction is W̃ŷ (WDice).
    Returns (n,).
    """
    prediction = probability if weight is None else probability * weight
    axes = (-3, -2, -1)
    overlap = (prediction * mask).sum(axes)
    return (2 * overlap + 1) / (mask.sum(axes) + prediction.sum(axes) + 1)
