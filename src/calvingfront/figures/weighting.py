"""Figure 2: the effect of the distance weight on a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.evaluation.scenes import choose_scenes
from calvingfront.figures.inputs import (
    first_seeds,
    read_probability,
    read_scenes,
    typical_run,
)
from calvingfront.figures.style import (
    PREDICTION_RGB,
    TWO_COLUMNS_MM,
    Page,
    colour_bar,
    fraction,
    save,
    show,
)
from calvingfront.files import PathLike
from calvingfront.fronts.distance import distance_to_front, weight_map
from calvingfront.storage.sealed import read_record
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run

WEIGHT_COLOURS = "viridis"


def draw_weighting(
    dataset: PathLike,
    predictions: Sequence[PathLike],
    thresholds: Sequence[PathLike],
    scores: Sequence[PathLike],
    scenes: Sequence[str],
    png: PathLike,
    pdf: PathLike,
    weight_px: float = 8,
) -> None:
    """Draw truth, weight map, prediction and weighted prediction, one row per scene.

    predictions: `probabilities.npy` of the trained runs; the one that `typical_run` prefers is
    drawn (Att. U-Net with WBCE8, if trained). thresholds: `threshold.json` of the same runs; the
    prediction is outlined at its validation threshold. scenes: the configured scenes; if empty, see
    `choose_scenes`. weight_px: w of the weight map.
    """
    runs = first_seeds(predictions)
    model, loss = typical_run(runs)
    threshold = float(read_record(first_seeds(thresholds)[model, loss])[VALIDATION_THRESHOLD])
    shown = read_scenes(dataset, choose_scenes(dataset, scores, scenes))

    left, gap, top, bottom = 5.0, 2.0, 5.0, 13.0
    width = (TWO_COLUMNS_MM - left - 1 - 3 * gap) / 4
    heights = [width / scene.aspect for scene in shown]
    page = Page(TWO_COLUMNS_MM, top + sum(heights) + gap * (len(shown) - 1) + bottom)
    titles = [
        "(a) ground truth $y$",
        rf"(b) weight map $\tilde{{W}}_{{{weight_px:g}}}$",
        r"(c) prediction $\hat{y}$",
        rf"(d) weighted prediction $\hat{{y}}_{{{weight_px:g}}}$",
    ]
    y = top
    for scene, height in zip(shown, heights, strict=True):
        probability = scene.crop(read_probability(runs[model, loss], scene.name))
        mask = scene.front.astype(np.uint8)
        weights = weight_map(distance_to_front(mask), mask, weight_px)
        panels: list[npt.NDArray[Any]] = [mask, weights, probability, weights * probability]
        for column, pixels in enumerate(panels):
            x = left + column * (width + gap)
            axes = page.axes(x, y, width, height)
            colours = WEIGHT_COLOURS if column == 1 else "gray"
            pictured = show(axes, pixels, cmap=colours, vmin=0, vmax=1)
            if y == top:
                page.text(x + width / 2, top / 2, titles[column])
            if column == 1:
                weighted = pictured
            else:
                grey = pictured
            if column == 2 and pixels.min() <= threshold < pixels.max():
                outline = fraction(PREDICTION_RGB)
                axes.contour(pixels, levels=[threshold], colors=[outline], linewidths=0.5)
        page.text(left / 2, y + height / 2, scene.label, height, rotation=90, size=6)
        y += height + gap
    bar_top = y - gap + 3
    step = width + gap
    colour_bar(page, weighted, (left + step + 4, bar_top, width - 8, 2), "weight")
    label = f"front probability of {Run(model, loss, 0).label}; red in (c): its threshold"
    colour_bar(page, grey, (left + 2 * step + 4, bar_top, 2 * width + gap - 8, 2), label)
    save(page.figure, png, pdf, WEIGHT_COLOURS)
