"""The figures, in the order of the report. Plain data: a figure's code is imported to draw it.

A figure is a function that takes its inputs, its parameters, and the paths `png` and `pdf`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from calvingfront.vocabulary.paths import (
    ATTENTION,
    HISTORY,
    PROBABILITIES,
    RECORD,
    SCORES,
    THRESHOLD,
    THRESHOLD_CURVE,
    Over,
)


@dataclass(frozen=True)
class Figure:
    """One figure.

    name:       of its files; the report's caption is workflow/report/{name}.rst.
    label:      in the report, under its category.
    step:       name of the rule that draws it.
    code:       "module:function".
    inputs:     keyword of the function → files of several rows.
    dataset:    whether the function takes the folder of the packed samples too.
    split:      whether it reads which scenes are for testing.
    parameters: keyword of the function → key of the configuration.
    shows:      left out unless a network has attention maps (`gated`) or Figure 1 can draw it
                (`drawn`).
    others:     whether the function takes `others`, the labels of the results of others.
    torch:      whether it builds a network and so needs PyTorch.
    """

    name: str
    label: str
    step: str
    code: str
    category: str = "Figures"
    inputs: Mapping[str, Over] = field(default_factory=dict)
    dataset: bool = True
    split: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)
    shows: Literal["gated", "drawn"] | None = None
    others: bool = False
    torch: bool = False


_PACKAGE = "calvingfront.figures"
_PREDICTED = {
    "predictions": Over("networks", PROBABILITIES),
    "thresholds": Over("networks", THRESHOLD),
    "scores": Over("networks", SCORES),
}
_NETWORK = ("variant", "width", "depth", "kernel")
_ALL = (
    Figure(
        "figure1", "Figure 1: architecture", "draw_architecture",
        f"{_PACKAGE}.architecture:draw_architecture", dataset=False,
        parameters={
            **{key: f"networks.{key}" for key in ("models", *_NETWORK)}, "size_px": "samples.size"
        },
        shows="drawn", torch=True,
    ),
    Figure(
        "figure2", "Figure 2: distance weighting", "draw_weighting",
        f"{_PACKAGE}.weighting:draw_weighting", inputs=_PREDICTED,
        parameters={"scenes": "figures.scenes"},
    ),
    Figure(
        "figure3", "Figure 3: overlays", "draw_overlays", f"{_PACKAGE}.overlays:draw_overlays",
        inputs={name: Over("pictured", over.pattern) for name, over in _PREDICTED.items()},
        parameters={"scenes": "figures.scenes"}, others=True,
    ),
    Figure(
        "figure4", "Figure 4: attention by epoch", "draw_attention_epochs",
        f"{_PACKAGE}.attention:draw_attention_epochs",
        inputs={"attention": Over("gated", ATTENTION), "runs": Over("gated", RECORD)},
        shows="gated",
    ),
    Figure(
        "figure5", "Figure 5: attention by loss", "draw_attention_losses",
        f"{_PACKAGE}.attention:draw_attention_losses",
        inputs={"attention": Over("gated", ATTENTION)}, shows="gated",
    ),
    Figure(
        "training_curves", "Training curves", "draw_training", f"{_PACKAGE}.training:draw_training",
        "Training", inputs={"histories": Over("networks", HISTORY)}, dataset=False,
    ),
    Figure(
        "threshold_curves", "Threshold curves", "draw_thresholds",
        f"{_PACKAGE}.thresholds:draw_thresholds", "Training",
        inputs={
            "curves": Over("thresholded", THRESHOLD_CURVE),
            "thresholds": Over("thresholded", THRESHOLD),
        },
        dataset=False, others=True,
    ),
    Figure(
        "archive", "Archive", "draw_archive", f"{_PACKAGE}.archive:draw_archive", "Data",
        split=False,
    ),
)  # fmt: skip
FIGURES: dict[str, Figure] = {figure.name: figure for figure in _ALL}
