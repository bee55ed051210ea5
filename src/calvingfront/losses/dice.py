"""The soft Dice that training monitors."""

from __future__ import annotations

from torch import Tensor


def soft_dice(probability: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compute each image's Dice from probabilities, smoothed by 1: (2 Σ yŷ + 1) / (Σ y + Σ ŷ + 1).

    probability, mask, weight: (n, 1, h, w). With a weight map W̃ the prediction is W̃ŷ (WDice).
    Returns (n,).
    """
    prediction = probability if weight is None else probability * weight
    axes = (-3, -2, -1)
    overlap = (prediction * mask).sum(axes)
    return (2 * overlap + 1) / (mask.sum(axes) + prediction.sum(axes) + 1)
