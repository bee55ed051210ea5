"""The learning curves: axes that do not mislead, and rows told apart without colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from calvingfront.figures import learning
from calvingfront.figures.learning import History, draw_learning
from calvingfront.vocabulary.runs import Run

SIZES = (33, 66, 132)
ROWS = (("unet", "bce"), ("pretrained_unet", "bce"), ("nearest_date", "none"))


def summary() -> pd.DataFrame:
    rows = [
        {"model": model, "loss": loss, "train_scenes": size}
        | {f"dice_{key}": 60.0 + place + number + step for key, step in STEPS.items()}
        | {f"mde_pooled_m_{key}": 150.0 - place + step for key, step in STEPS.items()}
        for number, (model, loss) in enumerate(ROWS)
        for place, size in enumerate(SIZES)
    ]
    return pd.DataFrame(rows)


STEPS = {"mean": 0.0, "low": -2.0, "high": 2.0}


def histories() -> list[History]:
    return [
        History(
            Run("unet", "bce", seed), size, 8 * size,
            pd.DataFrame({"epoch": [1, 2, 3], "validation_monitor": [0.1, 0.4, 0.5]}),
        )
        for size in SIZES
        for seed in (1, 2)
    ]  # fmt: skip


@pytest.fixture
def figure(monkeypatch: pytest.MonkeyPatch) -> Figure:
    kept: list[Figure] = []
    monkeypatch.setattr(learning, "save", lambda drawn, *_: kept.append(drawn))
    draw_learning(summary(), histories(), "a.png", "a.pdf")
    return kept[0]


def test_scores_start_at_zero_and_scenes_are_on_a_labelled_logarithmic_axis(figure: Figure) -> None:
    dice, metres, monitor = figure.axes
    for axes in (dice, metres):
        assert axes.get_ylim()[0] == 0
        assert axes.get_xscale() == "log"
        assert [label.get_text() for label in axes.get_xticklabels()] == ["33", "66", "132"]
        assert "logarithmic" in axes.get_xlabel()
    assert monitor.get_ylim() == (0, 1)
    assert monitor.get_xlim()[0] == 0


def test_no_two_rows_differ_in_colour_alone(figure: Figure) -> None:
    def looks(axes: Any) -> set[tuple[str, str]]:
        return {
            (str(line.get_marker()), str(line.get_linestyle()))
            for line in axes.get_lines()
            if len(line.get_xdata()) == 3 and line.get_linestyle() != "None"
        }

    assert len(looks(figure.axes[0])) == len(ROWS)
    assert len(looks(figure.axes[2])) == len(SIZES)


def test_points_and_intervals_are_those_of_the_table(figure: Figure) -> None:
    bars = figure.axes[0].containers[0]
    assert list(bars.lines[0].get_ydata()) == [60, 61, 62]
    segments = bars.lines[2][0].get_segments()
    assert [tuple(part[:, 1]) for part in segments] == [(58, 62), (59, 63), (60, 64)]


def test_time_is_counted_in_images_and_the_epochs_are_named(figure: Figure) -> None:
    monitor = figure.axes[2]
    ends = {round(float(line.get_xdata()[-1]), 3) for line in monitor.get_lines()}
    assert ends == {round(3 * 8 * size / 1000, 3) for size in SIZES}
    legend = monitor.get_legend()
    assert legend is not None
    assert "132 scenes, 3 epochs" in [text.get_text() for text in legend.get_texts()]


def test_the_files_are_small_and_always_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw_learning(summary(), histories(), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for suffix in ("png", "pdf"):
        one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
        assert one == two
        assert len(one) < 500_000
