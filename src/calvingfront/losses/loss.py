"""What the training needs of a loss, and how one is found by its name."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from calvingfront.vocabulary.losses import family_of
from calvingfront.vocabulary.references import load


class Loss(Protocol):
    """A loss and the score that is monitored while a network is trained with it.

    name: as the configuration writes it. needs_distances: whether batches need the distance of
    every pixel to the front; without it `distances` is empty.
    """

    name: str
    needs_distances: bool

    def __call__(self, logits: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        """The mean loss of a batch, a scalar.

        logits, fronts (0 or 1), distances (px): (b, 1, s, s) float.
        """
        ...

    def monitor(self, probability: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        """The score of each image (b,), 0…1, the higher the better."""
        ...


def build_loss(name: str) -> Loss:
    """Find a loss by its name. Raises ConfigError where there is none."""
    loss: Loss = load(family_of(name).code)(name)
    return loss
