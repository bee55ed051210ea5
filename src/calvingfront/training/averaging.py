"""The moving average of a network's weights, which often predicts better than the last weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from calvingfront.networks.unet import UNet
from calvingfront.training.resuming.snapshot import State


class WeightAverage:
    """The exponential moving average of a network's weights and batch-norm statistics.

    After n steps, the weights of step k have the share (1 − d) d^(n−k) / (1 − d^n): the average
    starts with the first step's weights, not with the untrained ones.
    Source: Polyak & Juditsky (1992); the correction as in Kingma & Ba (2015), Adam, section 3.
    """

    def __init__(self, network: UNet, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False)
        live, mean = network.state_dict(), self.network.state_dict()
        floating = [name for name in mean if mean[name].is_floating_point()]
        self._live, self._mean = ([state[name] for name in floating] for state in (live, mean))

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Add the present weights, those after `steps` steps; the host does not wait for a GPU."""
        weight = (1 - self.decay) / (1 - self.decay**steps)
        torch._foreach_lerp_(self._mean, self._live, weight)

    def tensors(self) -> State:
        """Return the tensors of the average, not copied."""
        return {f"average.{name}": value for name, value in self.network.state_dict().items()}

    @torch.no_grad()
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the average in place."""
        for name, value in self.network.state_dict().items():
            value.copy_(tensors[f"average.{name}"])
