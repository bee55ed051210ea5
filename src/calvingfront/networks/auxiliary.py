"""Heads for what a network learns beside the front, in training only."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from calvingfront.errors import ConfigError
from calvingfront.vocabulary.auxiliary import TASKS


class AuxiliaryHeads(nn.ModuleDict):
    """One 1×1 convolution for each task, on the finest level of a decoder.

    features: (n, channels, h, w) → task → logits (n, `TASKS[task]`, h, w).
    """

    def __init__(self, channels: int, tasks: Sequence[str]) -> None:
        super().__init__({task: nn.Conv2d(channels, TASKS[task], 1) for task in tasks})

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        return {task: head(features) for task, head in self.items()}


def check_tasks(tasks: Sequence[str]) -> None:
    """Raise ConfigError if there is no such task, or one is named twice."""
    for number, task in enumerate(tasks):
        what = "is unknown" if task not in TASKS else "is named twice"
        if task not in TASKS or task in tasks[:number]:
            raise ConfigError(
                "networks.auxiliary",
                f"{task!r} {what}",
                f"Write a list of {', '.join(TASKS)}, each at most once.",
            )
