"""What happens to a batch: forward, loss, backward, update; and the same without an update."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from calvingfront.training.feed import Batch
from calvingfront.training.losses import soft_dice, weight_map, weighted_bce
from calvingfront.training.settings import TrainingSettings

ADAM_EPS = 1e-7  # Keras' default


class Step:
    """One network and its optimiser on a device.

    w: scale of the loss's distance weight, px; 0 for plain BCE.
    """

    def __init__(
        self, network: nn.Module, w: float, settings: TrainingSettings, device: torch.device
    ) -> None:
        self.w, self.settings, self.device = w, settings, device
        network = network.to(device)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate_min, eps=ADAM_EPS
        )

    def train(self, batch: Batch, rate: float) -> Tensor:
        """Update the weights once at a learning rate; return the batch's loss, on the device."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss = weighted_bce(self._logits(batch), batch.fronts.float(), batch.distances, self.w)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the batch's mean loss and each image's monitor (b,), on the device.

        The monitor is the soft Dice, or WDice_w where the loss has a distance weight.
        """
        logits, fronts = self._logits(batch), batch.fronts.float()
        loss = weighted_bce(logits, fronts, batch.distances, self.w)
        weights = weight_map(batch.distances, fronts, self.w) if self.w else None
        return loss, soft_dice(torch.sigmoid(logits.float()), fronts, weights)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a step changes, as it stands on the device: weights, statistics, moments."""
        named = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            for key, value in self.optimiser.state.get(parameter, {}).items():
                named[f"adam.{key}.{name}"] = value
        return named

    @torch.no_grad()
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Put the step back to where `tensors` was taken, each in its place and memory layout.

        Raises KeyError or RuntimeError where they are of another network.
        """
        for name, value in self.network.state_dict().items():
            value.copy_(tensors[f"network.{name}"])
        group = self.optimiser.param_groups[0]
        counted_on_device = group.get("capturable") or group.get("fused")
        for name, parameter in self.network.named_parameters():
            state = self.optimiser.state[parameter]
            for key in ("exp_avg", "exp_avg_sq"):
                state.setdefault(key, torch.empty_like(parameter))
                state[key].copy_(tensors[f"adam.{key}.{name}"])
            place = parameter.device if counted_on_device else torch.device("cpu")
            state.setdefault("step", torch.empty((), device=place))
            state["step"].copy_(tensors[f"adam.step.{name}"])

    def _logits(self, batch: Batch) -> Tensor:
        x = (batch.images.float() / 255).contiguous(memory_format=torch.channels_last)
        with _autocast(self.device, self.settings.precision):
            logits: Tensor = self.network(x)
        return logits


def _autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Choose bfloat16 on a GPU that has it, float32 elsewhere, unless told otherwise."""
    if precision == "auto":
        use = device.type == "cuda" and torch.cuda.is_bf16_supported()
    else:
        use = precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=use)
