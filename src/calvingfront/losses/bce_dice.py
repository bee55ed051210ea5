"""Binary cross-entropy plus the soft Dice of the batch."""

from __future__ import annotations

import torch
from torch import Tensor

from calvingfront.losses.bce import weighted_bce
from calvingfront.losses.dice import soft_dice


class BCEDice:
    """The loss `bce_dice`: BCE + 1 − soft Dice, with the monitor soft Dice. See `losses.loss.Loss`.

    The Dice of the loss is that of the whole batch: an image in which hardly any front is left
    would have one that jumps between 0 and 1. BCE averages over all pixels, of which a few per cent
    are front; Dice weighs the front as much as what is predicted.
    Source: Milletari et al. (2016), V-Net; the sum with BCE as in Isensee et al. (2021), nnU-Net.
    """

    needs_distances = False

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, logits: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        x = logits if logits.dtype == torch.float64 else logits.float()
        whole = soft_dice(
            torch.sigmoid(x).flatten()[None, None, None], fronts.flatten()[None, None, None]
        )
        return weighted_bce(x, fronts, distances, 0.0) + 1 - whole[0]

    def monitor(self, probability: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        """Compute each image's soft Dice (b,)."""
        return soft_dice(probability, fronts)
