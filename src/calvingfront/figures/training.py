"""Training curves: loss, monitor and learning rate of every run by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from calvingfront.figures.style import (
    RULES,
    TWO_COLUMNS_MM,
    Page,
    save,
)
from calvingfront.files import PathLike
from calvingfront.storage.sealed import read_sealed, reading
from calvingfront.vocabulary.losses import loss_label, loss_order, monitor_label
from calvingfront.vocabulary.models import model_colour, model_label, model_order
from calvingfront.vocabulary.runs import by_run

PANELS_MM = (34.0, 34.0, 18.0)
TITLE_MM = 5.0  # the title of a column, below the legend


def draw_training(histories: Sequence[PathLike], png: PathLike, pdf: PathLike) -> None:
    """Draw one column per loss with rows for loss, monitor and learning rate; one line per run.

    histories: `history.tsv` of the trained runs. The best epoch, whose weights are kept, is marked
    on the validation loss and the monitor: it is the last one that raised the monitor.
    """
    runs = {run: _history(path) for run, path in by_run(histories).items()}
    losses = sorted({run.loss for run in runs}, key=loss_order)
    models = sorted({run.model for run in runs}, key=model_order)
    left, right, gap, row_gap, bottom = 12.0, 2.0, 9.0, 4.0, 8.0
    width = (TWO_COLUMNS_MM - left - right - gap * (len(losses) - 1)) / len(losses)
    width = min(width, 95.0)
    page_width = max(left + right + len(losses) * (width + gap) - gap, 112.0)
    with plt.rc_context(RULES):
        handles = [
            *(Line2D([], [], color=model_colour(name), label=model_label(name)) for name in models),
            Line2D([], [], color="0.3", linestyle="--", label="training"),
            Line2D([], [], color="0.3", label="validation"),
            Line2D([], [], color="0.3", marker="o", markersize=3, linestyle="", label="best epoch"),
        ]
    top = TITLE_MM + Page(page_width, sum(PANELS_MM)).legend(handles)
    page = Page(page_width, top + sum(PANELS_MM) + 2 * row_gap + bottom)
    page.legend(handles)
    with plt.rc_context(RULES):
        for column, loss in enumerate(losses):
            x = left + column * (width + gap)
            panels = []
            y = top
            for height in PANELS_MM:
                panels.append(page.axes(x, y, width, height))
                y += height + row_gap
            chosen = {run: table for run, table in runs.items() if run.loss == loss}
            for run, history in chosen.items():
                _draw_run(panels, history, model_colour(run.model))
            _finish(panels, loss, first=column == 0)
    save(page.figure, png, pdf)


def _draw_run(panels: Sequence[Axes], history: pd.DataFrame, colour: str) -> None:
    losses, monitor, rate = panels
    style: dict[str, Any] = {"color": colour, "linewidth": 0.7, "alpha": 0.9}
    losses.plot(history.epoch, history.train_loss, linestyle="--", **style)
    losses.plot(history.epoch, history.validation_loss, **style)
    monitor.plot(history.epoch, history.validation_monitor, **style)
    best = history[history.best == 1].tail(1)
    losses.plot(best.epoch, best.validation_loss, "o", color=colour, markersize=3)
    monitor.plot(best.epoch, best.validation_monitor, "o", color=colour, markersize=3)
    rate.plot(history.epoch, history.learning_rate, **style)


def _finish(panels: Sequence[Axes], loss: str, first: bool) -> None:
    losses, monitor, rate = panels
    losses.set_title(loss_label(loss), pad=3)
    losses.set_yscale("log")
    losses.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    losses.yaxis.set_major_formatter("{x:g}")
    losses.yaxis.set_minor_locator(NullLocator())
    monitor.set_ylim(0, 1)
    rate.set_yscale("log")
    rate.set_xlabel("epoch", labelpad=1.5)
    monitor.text(
        0.97, 0.04, monitor_label(loss), transform=monitor.transAxes, ha="right", va="bottom"
    )
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
    for axes in (losses, monitor):
        axes.tick_params(labelbottom=False)
    if first:
        losses.set_ylabel("loss", labelpad=2)
        monitor.set_ylabel("monitor", labelpad=2)
        rate.set_ylabel("learning rate", labelpad=2)


def _history(path: PathLike) -> pd.DataFrame:
    """Read a history. Raises DamagedFileError if an epoch is missing."""
    history = read_sealed(path)
    with reading(path):
        if history["epoch"].tolist() != list(range(1, len(history) + 1)):
            raise ValueError("its epochs are not 1, 2, 3 …")
    return history
