"""Figure 3: each network's predictions under each loss, overlaid on the scene."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from matplotlib.patches import Patch

from calvingfront.dataset.reading import read_table
from calvingfront.evaluation.scenes import choose_scenes
from calvingfront.figures.inputs import first_seeds, read_probability, read_scenes
from calvingfront.figures.style import (
    BOTH_RGB,
    PREDICTION_RGB,
    TRUTH_RGB,
    TWO_COLUMNS_MM,
    Page,
    compose_overlay,
    fraction,
    save,
    show,
)
from calvingfront.files import PathLike, read_json
from calvingfront.vocabulary.losses import loss_label, loss_order
from calvingfront.vocabulary.models import model_label, model_order
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD

TALLEST_MM = 215.0
MOST_PANEL_MM = 80.0


def draw_overlays(
    dataset: PathLike,
    predictions: Sequence[PathLike],
    thresholds: Sequence[PathLike],
    scores: Sequence[PathLike],
    scenes: Sequence[str],
    png: PathLike,
    pdf: PathLike,
) -> None:
    """Draw one row per loss and, for each scene, one column per network.

    Predictions are shown at the validation threshold, with their Dice from the scores.
    predictions, thresholds, scores: `probabilities.npy`, `threshold.json`, `scores.tsv` of the
    trained runs; of several seeds, the lowest is drawn. scenes: the configured scenes; if empty,
    see `choose_scenes`.
    """
    probabilities, limits = first_seeds(predictions), first_seeds(thresholds)
    score_files = first_seeds(scores)
    losses = sorted({loss for _, loss in probabilities}, key=loss_order)
    models = sorted({model for model, _ in probabilities}, key=model_order)
    shown = read_scenes(dataset, choose_scenes(scores, scenes))
    columns = [(scene, model) for scene in shown for model in models]

    left, right, top, bottom, gap, scene_gap = 5.0, 1.0, 9.5, 6.0, 1.2, 3.5
    free = TWO_COLUMNS_MM - left - right - gap * (len(columns) - len(shown))
    free -= scene_gap * (len(shown) - 1)
    height = free / sum(scene.aspect for scene, _ in columns)
    height = min(height, MOST_PANEL_MM, (TALLEST_MM - top - bottom) / len(losses) - gap)
    used = height * sum(scene.aspect for scene, _ in columns)
    page = Page(TWO_COLUMNS_MM - free + used, top + len(losses) * (height + gap) - gap + bottom)
    x = left
    for position, (scene, model) in enumerate(columns):
        width = height * scene.aspect
        if model == models[0]:
            span = len(models) * (width + gap) - gap
            page.text(x + span / 2, 2.5, scene.label)
        page.text(x + width / 2, 6.8, f"({ascii_lowercase[position]}) {model_label(model)}")
        for row, loss in enumerate(losses):
            y = top + row * (height + gap)
            if position == 0:
                page.text(left / 2, y + height / 2, loss_label(loss), rotation=90)
            if (model, loss) not in probabilities:
                continue
            threshold = float(read_json(limits[model, loss])[VALIDATION_THRESHOLD])
            probability = read_probability(probabilities[model, loss], scene.name)
            prediction = scene.crop(probability) > threshold
            axes = page.axes(x, y, width, height)
            show(axes, compose_overlay(scene.image, scene.front, prediction))
            dice = 100 * _dice(score_files[model, loss], scene.name)
            axes.text(
                *(0.97, 0.04, f"Dice {dice:.1f} %"),
                transform=axes.transAxes,
                ha="right",
                va="bottom",
                size=6,
                color="white",
                bbox={"facecolor": "black", "alpha": 0.55, "pad": 1.2, "linewidth": 0},
            )
        x += width + (scene_gap if model == models[-1] else gap)
    labels = ((TRUTH_RGB, "ground truth"), (PREDICTION_RGB, "prediction"), (BOTH_RGB, "both"))
    page.figure.legend(
        handles=[Patch(facecolor=fraction(colour), label=label) for colour, label in labels],
        loc="lower center",
        ncols=3,
        frameon=False,
        prop={"size": 7, "family": "DejaVu Sans"},
        borderaxespad=0.2,
    )
    save(page.figure, png, pdf)


def _dice(scores: PathLike, scene: str) -> float:
    table = read_table(scores, {"scene": str})
    row = table[(table.protocol == VALIDATION_THRESHOLD) & (table.scene == scene)]
    return float(row.dice.iloc[0])
