"""Figures of networks with long names and one loss each, as in `config/recipe_gpu.yaml`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from calvingfront.figures import attention, overlays, thresholds, training

PAPER = {"png": "unused.png", "pdf": "unused.pdf"}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that would have been saved."""
    figures: list[Figure] = []
    for module in (attention, overlays, thresholds, training):
        monkeypatch.setattr(module, "save", lambda figure, *_: figures.append(figure))
    return figures


def width_of(figure: Figure, words: str) -> float:
    """Width of a text of the figure, px."""
    texts = [text for text in figure.texts if text.get_text() == words]
    return float(texts[0].get_window_extent(FigureCanvasAgg(figure).get_renderer()).width)


def panel_width(figure: Figure) -> float:
    """Width of the narrowest panel with an image, px, and a little more."""
    return min(float(axes.bbox.width) for axes in figure.axes if axes.images) + 1


def test_the_legend_of_training_curves_stays_on_the_page(
    recipe: Any, kept: list[Figure], check_texts: Any
) -> None:
    training.draw_training(recipe.of_networks("models", "history.tsv", (1,)), **PAPER)
    check_texts(kept[0])
    (legend,) = kept[0].legends
    assert {"Pretr. U-Net + dates", "best epoch"} <= {t.get_text() for t in legend.get_texts()}


def test_headings_of_overlays_keep_to_their_panels(
    recipe: Any, kept: list[Figure], check_texts: Any
) -> None:
    predictions, limits, scores = (
        recipe.of_networks(stage, name, (1,))
        for stage, name in (
            ("predictions", "probabilities.npy"),
            ("evaluation", "threshold.json"),
            ("evaluation", "scores.tsv"),
        )
    )
    overlays.draw_overlays(recipe.dataset, predictions, limits, scores, [], **PAPER)
    check_texts(kept[0])
    assert width_of(kept[0], "(d) Pretr. U-Net + dates") <= panel_width(kept[0])


def test_networks_of_one_loss_share_the_rows_of_threshold_curves(
    recipe: Any, kept: list[Figure], check_texts: Any
) -> None:
    runs = sorted((recipe.folder / "evaluation").glob("*/bce/seed1"))
    assert len(runs) == 8
    curves, limits = [
        [run / name for run in runs] for name in ("threshold_curve.tsv", "threshold.json")
    ]
    thresholds.draw_thresholds(curves, limits, **PAPER)
    check_texts(kept[0])
    places = {round(axes.get_position().y0, 3) for axes in kept[0].axes}
    assert len(places) == -(-8 // thresholds.MOST_COLUMNS)


def test_a_high_best_epoch_keeps_to_its_panel(
    results: Any, kept: list[Figure], check_texts: Any, tmp_path: Any
) -> None:
    records = []
    for record in results.of_networks("models", "run.json"):
        copy = tmp_path / record.relative_to(results.folder)
        copy.parent.mkdir(parents=True)
        copy.write_text(json.dumps({"best_epoch": 12345}), encoding="utf-8")
        records.append(copy)
    attention.draw_attention_epochs(results.dataset, results.attention, records, **PAPER)
    check_texts(kept[0])
    assert width_of(kept[0], "epoch 12345 (best)") <= panel_width(kept[0])
