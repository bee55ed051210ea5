"""One training step (forward, loss, backward, update), and evaluation without an update."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor

from calvingfront.losses.auxiliary import auxiliary_losses
from calvingfront.losses.deep import deep_loss
from calvingfront.losses.loss import Loss
from calvingfront.networks.inputs import to_input
from calvingfront.networks.unet import UNet
from calvingfront.training.acceleration.graph import Captured, Recorder, record_cuda
from calvingfront.training.feed_source import Batch
from calvingfront.training.settings import TrainingSettings

log = logging.getLogger(__name__)

ADAM_EPS = 1e-7  # Keras' default
Way = Literal["eager", "compile", "graph"]
Layout = Literal["channels_last", "contiguous"]
Precision = Literal["float32", "bfloat16"]
_FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


class Step:
    """One network and its optimiser on a device.

    layout, precision and way determine how a step is computed; `arrange` changes them.
    """

    recorder: Recorder = staticmethod(record_cuda)

    def __init__(
        self, network: UNet, loss: Loss, settings: TrainingSettings, device: torch.device
    ) -> None:
        self.loss, self.settings, self.device = loss, settings, device
        self.network: UNet = network.to(device)
        self.precision: Precision = precision_of(device, settings.precision)
        self.layout: Layout = "channels_last"
        self.way: Way = "eager"
        self._run: Callable[[Batch], Tensor] | None = None
        # A graph replays with fixed arguments, so the rate must be a tensor on the device.
        self._rate: float | Tensor = settings.learning_rate_min
        on_cuda = device.type == "cuda"
        if on_cuda:
            if device.index is not None:  # a graph is captured on the current device
                torch.cuda.set_device(device)
            self._rate = torch.full((), settings.learning_rate_min, device=device)
            # cuDNN's search among its algorithms takes minutes for convolutions of single channels.
            search = not settings.deterministic and not getattr(network, "depthwise", False)
            torch.backends.cudnn.benchmark = search
        # Fused: one pass over each parameter instead of seven. This saved 12 % of a step with two
        # threads on a busy machine, where each pass waits for the slower thread.
        self.optimiser = self._optimiser(on_cuda)
        # Silence the warning about steps outside a graph: here they are intended.
        self.optimiser._warned_capturable_if_run_uncaptured = True
        self.arrange()

    def _optimiser(self, capturable: bool) -> torch.optim.Adam:
        """Make the paper's Adam, or AdamW if the settings have a weight decay.

        Biases and normalisations do not decay: they are no measure of a network's complexity.
        """
        keywords: dict[str, Any] = {
            "lr": self._rate, "eps": ADAM_EPS, "fused": True, "capturable": capturable,
        }  # fmt: skip
        parameters = list(self.network.parameters())
        decay = self.settings.weight_decay
        if not decay:
            return torch.optim.Adam(parameters, **keywords)
        kernels, others = (
            [p for p in parameters if (p.dim() > 1) is kernel] for kernel in (True, False)
        )
        groups: list[dict[str, Any]] = [
            {"params": kernels},
            {"params": others, "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, weight_decay=decay, **keywords)
        for group in optimiser.param_groups:  # one place for the rate of both
            group["lr"] = self._rate
        return optimiser

    def arrange(
        self,
        layout: Layout | None = None,
        precision: Precision | None = None,
        way: Way | None = None,
    ) -> None:
        """Change the layout, precision or way of the next steps; None leaves it unchanged."""
        self.layout, self.precision = layout or self.layout, precision or self.precision
        self.way, self._run = way or self.way, None
        if self.device.type == "cuda":
            # Free the gradients and the memory that a discarded graph keeps reserved.
            self.optimiser.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
        self.network.to(memory_format=_FORMATS[self.layout])  # type: ignore[call-overload]
        self._align_state()

    def train(self, batch: Batch, rate: float) -> Tensor:
        """Update the weights once at a learning rate; return the batch's loss, on the device.

        If the chosen way fails, the log says so and the step runs eagerly.
        """
        self._set_rate(rate)
        if self._run is None:
            try:
                self._run = self.prepared(batch)
            except Exception as error:
                log.warning(
                    "a training step cannot run as %s and runs eagerly: %s", self.way, error
                )
                self.way, self._run = "eager", self._update
        return self._run(batch)

    def prepared(self, batch: Batch) -> Callable[[Batch], Tensor]:
        """Compile or capture the step for batches of this shape, without changing the weights.

        Raises whatever PyTorch raises if this way does not work on this machine.
        """
        if self.way == "eager":
            return self._update
        loss_of = self._loss
        if self.way == "compile":
            loss_of = torch.compile(self._loss, dynamic=False)

        def update(given: Batch) -> Tensor:
            return self._update(given, loss_of)

        with self.unchanged():
            if self.way == "compile":
                update(batch)  # compiles, and fails here if there is no compiler
                if self.device.type != "cuda":
                    return update
            return Captured(update, batch, self.recorder, self._update)

    @torch.no_grad()
    def evaluate(
        self, batch: Batch, network: UNet | None = None
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return the batch's mean loss, each image's monitor (b,), and the losses beside it.

        All on the device; the last by auxiliary task.
        network: to evaluate, of the same kind; by default the one in training.
        """
        network = network or self.network
        fronts, beside = batch.fronts.float(), {}
        if getattr(network, "auxiliary_heads", None) is not None:
            levels, auxiliary = self._outputs(batch, network.forward_all)
            logits, beside = levels[0], self._beside(auxiliary, batch)
        else:
            logits = self._outputs(batch, network)
        loss = self.loss(logits, fronts, batch.distances)
        probability = torch.sigmoid(logits.float())
        return loss, self.loss.monitor(probability, fronts, batch.distances), beside

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that a step changes, not copied: weights, statistics, moments."""
        named = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            for key, value in self.optimiser.state.get(parameter, {}).items():
                named[f"adam.{key}.{name}"] = value
        return named

    @torch.no_grad()
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the values in `tensors` in place, keeping each tensor's memory layout.

        Raises KeyError or RuntimeError if they belong to another network.
        """
        for name, value in self.network.state_dict().items():
            value.copy_(tensors[f"network.{name}"])
        for name, parameter in self.network.named_parameters():
            state = self.optimiser.state[parameter]
            for key in ("exp_avg", "exp_avg_sq"):
                state.setdefault(key, torch.empty_like(parameter))
                state[key].copy_(tensors[f"adam.{key}.{name}"])
            state.setdefault("step", torch.empty((), device=parameter.device))
            state["step"].copy_(tensors[f"adam.step.{name}"])

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Restore weights, statistics and optimiser exactly when the block ends.

        In place, because a captured graph keeps writing to the same memory.
        """
        before = {name: value.clone() for name, value in self.tensors().items()}
        try:
            yield
        finally:
            with torch.no_grad():
                for name, value in self.tensors().items():
                    if name in before:
                        value.copy_(before[name])
                    else:  # Adam's moments, created as zeros by its first step within the block
                        value.zero_()

    def _update(self, batch: Batch, loss_of: Callable[[Batch], Tensor] | None = None) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        loss = (loss_of or self._loss)(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()

    def _loss(self, batch: Batch) -> Tensor:
        fronts = batch.fronts.float()
        heads = (getattr(self.network, name, None) for name in ("side_heads", "auxiliary_heads"))
        if all(head is None for head in heads):
            return self.loss(self._outputs(batch, self.network), fronts, batch.distances)
        levels, auxiliary = self._outputs(batch, self.network.forward_all)
        loss = deep_loss(self.loss, levels, fronts, batch.distances)
        for beside in self._beside(auxiliary, batch).values():
            loss = loss + self.settings.auxiliary_weight * beside
        return loss

    @staticmethod
    def _beside(auxiliary: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        return auxiliary_losses(auxiliary, batch.images, batch.distances, batch.zones)

    def _outputs(self, batch: Batch, forward: Callable[[Tensor], Any]) -> Any:
        x = to_input(batch.images, _FORMATS[self.layout])
        # No cache: each weight is cast only once per pass, and a graph must contain the cast.
        with torch.autocast(
            self.device.type,
            torch.bfloat16,
            enabled=self.precision == "bfloat16",
            cache_enabled=False,
        ):
            return forward(x)

    def _set_rate(self, rate: float) -> None:
        if isinstance(self._rate, Tensor):
            self._rate.fill_(rate)
            return
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _align_state(self) -> None:
        """Give Adam's moments the strides of their parameters, as its fused kernel expects."""
        for parameter, state in self.optimiser.state.items():
            for name, value in state.items():
                if isinstance(value, Tensor) and value.dim() and value.shape == parameter.shape:
                    state[name] = torch.empty_like(parameter).copy_(value)


def precision_of(device: torch.device, setting: str) -> Precision:
    """For `auto`, choose bfloat16 on a GPU with native support and float32 elsewhere.

    NVIDIA GPUs older than Ampere only emulate bfloat16, which is slow.
    """
    if setting == "auto":
        use = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        use = setting == "bfloat16"
    return "bfloat16" if use else "float32"
