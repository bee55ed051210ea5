"""Dice as a function of the threshold, with the threshold chosen for each run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from calvingfront.figures.style import RULES, TWO_COLUMNS_MM, Page, save
from calvingfront.files import PathLike
from calvingfront.storage.sealed import read_record, read_sealed
from calvingfront.vocabulary.losses import NO_LOSS, loss_order
from calvingfront.vocabulary.models import model_order
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import PAPER_PROTOCOL, VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run, by_run
from calvingfront.vocabulary.subsets import TEST, VALIDATION

VALIDATION_COLOUR = "#0072B2"
TEST_COLOUR = "#D55E00"
MOST_COLUMNS = 4


def draw_thresholds(
    curves: Sequence[PathLike],
    thresholds: Sequence[PathLike],
    png: PathLike,
    pdf: PathLike,
    others: Printed = NOBODY,
) -> None:
    """Draw one panel per model × loss, with a line per seed.

    Networks are in rows and losses in columns, unless every network has one loss.

    curves: `threshold_curve.tsv`, thresholds: `threshold.json` of the runs. Each panel shows the
    validation curve (not stretched) with the chosen threshold and, for comparison, the curve of the
    stretched test predictions, whose maximum the paper protocol reports. others: labels of the
    results of others.
    """
    tables = {run: read_sealed(path) for run, path in by_run(curves).items()}
    limits = {run: read_record(path) for run, path in by_run(thresholds).items()}
    rows = _arrange({(run.model, run.loss) for run in tables})
    columns = max(len(row) for row in rows)
    left, right, top, gap, row_gap, bottom, height = 10.0, 3.0, 10.0, 5.0, 11.0, 8.0, 32.0
    width = min((TWO_COLUMNS_MM - left - right - gap * (columns - 1)) / columns, 60.0)
    page_width = max(left + right + columns * (width + gap) - gap, 125.0)
    page = Page(page_width, top + len(rows) * (height + row_gap) - row_gap + bottom)
    with plt.rc_context(RULES):
        for position, row in enumerate(rows):
            for column, (model, loss) in enumerate(row):
                x, y = left + column * (width + gap), top + position * (height + row_gap)
                axes = page.axes(x, y, width, height)
                for run, table in tables.items():
                    if (run.model, run.loss) == (model, loss):
                        _draw_run(axes, table, limits[run])
                title = axes.set_title(Run(model, loss, 0).label_beside(others), pad=3)
                page.shrink(title, width)
                axes.set_xlim(0, 1)
                axes.set_ylim(0, 100)
                axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
                if column == 0:
                    axes.set_ylabel("mean Dice [%]", labelpad=2)
                else:
                    axes.tick_params(labelleft=False)
                if position == len(rows) - 1 or column >= len(rows[position + 1]):
                    axes.set_xlabel("threshold", labelpad=1.5)
        handles = [
            Line2D([], [], color=VALIDATION_COLOUR, label="validation"),
            Line2D(
                *([], []),
                color=VALIDATION_COLOUR,
                marker="o",
                markersize=3,
                label="chosen threshold",
            ),
            Line2D([], [], color=TEST_COLOUR, linestyle="--", label="test, stretched"),
            Line2D(
                *([], []),
                color=TEST_COLOUR,
                marker="D",
                markersize=3,
                linestyle="--",
                label="paper protocol",
            ),
        ]
        page.legend(handles)
    save(page.figure, png, pdf)


def _arrange(pairs: set[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Arrange the panels in rows: each network with its losses, then the rows without a loss."""
    models = sorted({model for model, _ in pairs}, key=model_order)
    of_models = [
        [
            (model, loss)
            for loss in sorted({loss for name, loss in pairs if name == model}, key=loss_order)
            if loss != NO_LOSS
        ]
        for model in models
    ]
    if all(len(panels) <= 1 for panels in of_models):
        of_models = [[panel for panels in of_models for panel in panels]]
    rows = [row for panels in of_models for row in _chunks(panels)]
    return [*rows, *_chunks([(model, NO_LOSS) for model in models if (model, NO_LOSS) in pairs])]


def _chunks(panels: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    return [panels[k : k + MOST_COLUMNS] for k in range(0, len(panels), MOST_COLUMNS)]


def _draw_run(axes: Axes, curve: pd.DataFrame, limits: dict[str, object]) -> None:
    validation = _curve(curve, VALIDATION, stretched=0)
    test = _curve(curve, TEST, stretched=1)
    axes.plot(validation.index, validation, color=VALIDATION_COLOUR, linewidth=0.8)
    axes.plot(test.index, test, color=TEST_COLOUR, linewidth=0.8, linestyle="--")
    chosen = float(str(limits[VALIDATION_THRESHOLD]))
    paper = limits[PAPER_PROTOCOL]
    oracle = float(paper["dice"]) if isinstance(paper, dict) else float("nan")
    axes.axvline(chosen, color=VALIDATION_COLOUR, linewidth=0.4)
    axes.plot(chosen, _at(validation, chosen), "o", color=VALIDATION_COLOUR, markersize=3)
    axes.plot(oracle, _at(test, oracle), "D", color=TEST_COLOUR, markersize=3)


def _curve(curve: pd.DataFrame, subset: str, stretched: int) -> pd.Series:
    chosen = curve[(curve.subset == subset) & (curve.stretched == stretched)]
    return 100 * chosen.set_index("threshold").dice


def _at(curve: pd.Series, threshold: float) -> float:
    """Return the curve's value at the threshold nearest to the given one."""
    distance = abs(curve.index.to_numpy(dtype=float) - threshold)
    return float(curve.iloc[int(distance.argmin())])
