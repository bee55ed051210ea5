"""Figure 3: each network's predictions under each loss, and those of others, on the scene."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from matplotlib.axes import Axes
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
from calvingfront.files import PathLike
from calvingfront.storage.sealed import read_record
from calvingfront.vocabulary.losses import NO_LOSS, loss_label, loss_order
from calvingfront.vocabulary.models import model_label, model_order
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD

TALLEST_MM = 215.0
MOST_PANEL_MM = 80.0
OTHERS_LABEL = "others"

Pair = tuple[str, str]  # model, loss


def draw_overlays(
    dataset: PathLike,
    predictions: Sequence[PathLike],
    thresholds: Sequence[PathLike],
    scores: Sequence[PathLike],
    scenes: Sequence[str],
    png: PathLike,
    pdf: PathLike,
    others: Printed = NOBODY,
) -> None:
    """Draw one row per loss and, for each scene, one column per network; below, results of others.

    Predictions are shown at the validation threshold, with their Dice from the scores.
    predictions, thresholds, scores: `probabilities.npy`, `threshold.json`, `scores.tsv` of the
    trained runs and of the results of others; of several seeds, the lowest is drawn. scenes: the
    configured scenes; if empty, see `choose_scenes`. others: labels of the results of others, which
    are written into their panels.
    """
    probabilities, limits = first_seeds(predictions), first_seeds(thresholds)
    score_files = first_seeds(scores)
    models = sorted({model for model, loss in probabilities if loss != NO_LOSS}, key=model_order)
    rows = _rows(list(probabilities), models)
    shown = read_scenes(dataset, choose_scenes(dataset, scores, scenes))
    columns = [(scene, model) for scene in shown for model in models]

    left, right, top, bottom, gap, scene_gap = 5.0, 1.0, 9.5, 6.0, 1.2, 3.5
    free = TWO_COLUMNS_MM - left - right - gap * (len(columns) - len(shown))
    free -= scene_gap * (len(shown) - 1)
    height = free / sum(scene.aspect for scene, _ in columns)
    height = min(height, MOST_PANEL_MM, (TALLEST_MM - top - bottom) / len(rows) - gap)
    used = height * sum(scene.aspect for scene, _ in columns)
    page = Page(TWO_COLUMNS_MM - free + used, top + len(rows) * (height + gap) - gap + bottom)
    x = left
    for position, (scene, model) in enumerate(columns):
        width = height * scene.aspect
        if model == models[0]:
            span = len(models) * (width + gap) - gap
            page.text(x + span / 2, 2.5, scene.label, span)
        heading = f"({ascii_lowercase[position]}) {model_label(model)}"
        page.text(x + width / 2, 6.8, heading, width)
        for row, (label, pairs) in enumerate(rows):
            y = top + row * (height + gap)
            if position == 0:
                page.text(left / 2, y + height / 2, label, height, rotation=90)
            pair = pairs[models.index(model)]
            if pair is None:
                continue
            threshold = float(read_record(limits[pair])[VALIDATION_THRESHOLD])
            probability = read_probability(probabilities[pair], scene.name)
            prediction = scene.crop(probability) > threshold
            axes = page.axes(x, y, width, height)
            show(axes, compose_overlay(scene.image, scene.front, prediction))
            dice = 100 * _dice(score_files[pair], scene.name)
            _write(axes, 0.97, 0.04, f"Dice {dice:.1f} %", "right", "bottom")
            if pair[1] == NO_LOSS:
                _write(axes, 0.03, 0.96, model_label(pair[0], others), "left", "top")
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


def _rows(pairs: Sequence[Pair], models: Sequence[str]) -> list[tuple[str, list[Pair | None]]]:
    """The label of each row and its (model, loss) per column; None leaves the panel out."""
    losses = sorted({loss for _, loss in pairs if loss != NO_LOSS}, key=loss_order)
    rows: list[tuple[str, list[Pair | None]]] = [
        (loss_label(loss), [(name, loss) if (name, loss) in pairs else None for name in models])
        for loss in losses
    ]
    others = [pair for pair in pairs if pair[1] == NO_LOSS]
    for k in range(0, len(others), len(models)):
        shown: list[Pair | None] = [*others[k : k + len(models)]]
        rows.append((OTHERS_LABEL, shown + [None] * (len(models) - len(shown))))
    return rows


def _write(axes: Axes, x: float, y: float, text: str, ha: str, va: str) -> None:
    """Write into a panel, in white on a dark ground; x and y in parts of the panel."""
    axes.text(
        *(x, y, text),
        transform=axes.transAxes,
        ha=ha,
        va=va,
        size=6,
        color="white",
        bbox={"facecolor": "black", "alpha": 0.55, "pad": 1.2, "linewidth": 0},
    )


def _dice(scores: PathLike, scene: str) -> float:
    table = read_table(scores, {"scene": str})
    row = table[(table.protocol == VALIDATION_THRESHOLD) & (table.scene == scene)]
    return float(row.dice.iloc[0])
