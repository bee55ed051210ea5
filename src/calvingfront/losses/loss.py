"""The interface of a loss, and building one from its name."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from calvingfront.vocabulary.losses import family_of
from calvingfront.vocabulary.references import load


class Loss(Protocol):
    """A loss and the score that is monitored while a network trains with it.

    name: as in the configuration. needs_distances: whether the loss needs every pixel's distance to
    the front; if not, `distances` is empty.
    """

    name: str
    needs_distances: bool

    def __call__(self, logits: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        logits, fronts (0 or 1), distances (px): (b, 1, s, s) float.
        """
        ...

    def monitor(self, probability: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        """Return the score of each image (b,), 0…1; higher is better."""
        ...


def build_loss(name: str) -> Loss:
    """Build a loss from its name. Raises ConfigError if there is no such loss."""
    loss: Loss = load(family_of(name).code)(name)
    return loss
