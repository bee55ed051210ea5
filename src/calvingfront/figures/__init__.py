"""The figures; each is imported when it is first asked for, torch only with the architecture."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calvingfront.figures.architecture import draw_architecture
    from calvingfront.figures.archive import draw_archive
    from calvingfront.figures.attention import draw_attention_epochs, draw_attention_losses
    from calvingfront.figures.overlays import draw_overlays
    from calvingfront.figures.thresholds import draw_thresholds
    from calvingfront.figures.training import draw_training
    from calvingfront.figures.weighting import draw_weighting

__all__ = [
    "draw_architecture",
    "draw_archive",
    "draw_attention_epochs",
    "draw_attention_losses",
    "draw_overlays",
    "draw_thresholds",
    "draw_training",
    "draw_weighting",
]

_MODULES = {"draw_attention_epochs": "attention", "draw_attention_losses": "attention"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULES.get(name, name.removeprefix("draw_"))
    return getattr(import_module(f"{__name__}.{module}"), name)
