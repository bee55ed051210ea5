"""Learning curves: scores against the number of training scenes, and against training time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from calvingfront.figures.style import RULES, TWO_COLUMNS_MM, Page, save
from calvingfront.files import PathLike
from calvingfront.vocabulary.losses import monitor_label
from calvingfront.vocabulary.models import BASELINES, model_colour, model_order
from calvingfront.vocabulary.runs import Run

# Column of the table → label of the axis.
SCORES = {"dice": "Dice [%]", "mde_pooled_m": "pooled MDE [m]"}
HEIGHT_MM = 46.0
MARKERS = "osD^vP*X"
DASHES: Sequence[Any] = ("-", "--", "-.", ":")
# Dark for many scenes; apart in lightness, so that print and every eye tell them apart.
SHADES = ("#bdbdbd", "#56B4E9", "#0072B2", "#1b1f24")


class History(NamedTuple):
    """The course of one training. epochs: its `history.tsv`. images: that it sees in an epoch."""

    run: Run
    train_scenes: int
    images: int
    epochs: pd.DataFrame


def draw_learning(
    summary: pd.DataFrame, histories: Sequence[History], png: PathLike, pdf: PathLike
) -> None:
    """Draw scores against training scenes above, and the validation monitor against time below.

    summary: by `summarise_learning`, of one curve: {score}_mean, _low and _high by model, loss and
    train_scenes. histories: of its trainings; one panel for each network and loss. The axes of
    scores start at zero; that of the scenes is logarithmic, with the numbers that there are.
    """
    pairs = sorted(
        {(each.run.model, each.run.loss) for each in histories},
        key=lambda pair: Run(*pair).order,
    )
    left, right, gap, top, row_gap, bottom = 12.0, 2.0, 14.0, 10.0, 16.0, 9.0
    page = Page(TWO_COLUMNS_MM, top + 2 * HEIGHT_MM + row_gap + bottom)
    with plt.rc_context(RULES):
        width = (TWO_COLUMNS_MM - left - right - gap) / 2
        for column, name in enumerate(SCORES):
            axes = page.axes(left + column * (width + gap), top, width, HEIGHT_MM)
            _draw_scores(axes, summary, name)
        rows = _rows(summary)
        handles = [
            Line2D([], [], color=model_colour(model), marker=marker, markersize=3.5,
                   linestyle=dashes, label=Run(model, loss).label)
            for (model, loss), (marker, dashes) in rows.items()
        ]  # fmt: skip
        page.figure.legend(handles=handles, loc="upper center", ncols=4, borderaxespad=0.3)
        count = max(1, len(pairs))
        width = min(80.0, (TWO_COLUMNS_MM - left - right - 6.0 * (count - 1)) / count)
        for column, pair in enumerate(pairs):
            axes = page.axes(
                left + column * (width + 6.0), top + HEIGHT_MM + row_gap, width, HEIGHT_MM
            )
            chosen = [each for each in histories if (each.run.model, each.run.loss) == pair]
            _draw_histories(axes, chosen, first=column == 0)
    save(page.figure, png, pdf)


def _rows(summary: pd.DataFrame) -> dict[tuple[str, str], tuple[str, Any]]:
    """Marker and dashes of each row: colour is never the only difference."""
    pairs = list(dict.fromkeys(zip(summary.model, summary.loss, strict=True)))
    pairs.sort(key=lambda pair: (pair[0] in BASELINES, model_order(pair[0])))
    return {
        pair: (MARKERS[place % len(MARKERS)], ":" if pair[0] in BASELINES else "-")
        for place, pair in enumerate(pairs)
    }


def _draw_scores(axes: Axes, summary: pd.DataFrame, name: str) -> None:
    scenes = sorted(set(summary.train_scenes))
    rows = _rows(summary)
    for place, ((model, loss), (marker, dashes)) in enumerate(rows.items()):
        part = summary[(summary.model == model) & (summary.loss == loss)]
        part = part.sort_values("train_scenes")
        mean = part[f"{name}_mean"].to_numpy(dtype=float)
        # Side by side, so that intervals do not cover each other.
        at = part.train_scenes.to_numpy(dtype=float) * 1.03 ** (place - (len(rows) - 1) / 2)
        low, high = (part[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        below, above = (np.nan_to_num(each) for each in (mean - low, high - mean))
        axes.errorbar(
            at, mean, yerr=[below, above], color=model_colour(model), marker=marker,
            markersize=3.5, linestyle=dashes, linewidth=0.9, elinewidth=0.6, capsize=1.5,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks(scenes, [str(number) for number in scenes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(bottom=0)
    axes.set_xlabel("training scenes (logarithmic)", labelpad=1.5)
    axes.set_ylabel(SCORES[name], labelpad=2)


def _draw_histories(axes: Axes, histories: Sequence[History], first: bool) -> None:
    sizes = sorted({each.train_scenes for each in histories})
    shades = SHADES[-len(sizes) :] if len(sizes) <= len(SHADES) else SHADES
    for each in histories:
        place = sizes.index(each.train_scenes)
        axes.plot(
            each.epochs.epoch * each.images / 1000,
            each.epochs.validation_monitor,
            color=shades[place % len(shades)],
            linestyle=DASHES[(len(sizes) - 1 - place) % len(DASHES)],
            linewidth=0.7,
        )
    handles = [
        Line2D([], [], color=shades[place % len(shades)],
               linestyle=DASHES[(len(sizes) - 1 - place) % len(DASHES)],
               label=f"{size} scenes, {_epochs(histories, size)}")
        for place, size in enumerate(sizes)
    ]  # fmt: skip
    axes.legend(handles=handles, loc="lower right", handlelength=2.5)
    axes.set_title(histories[0].run.label, pad=3)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    axes.set_xlabel("images seen in training [thousands]", labelpad=1.5)
    if first:
        axes.set_ylabel(f"validation: {monitor_label(histories[0].run.loss)}", labelpad=2)


def _epochs(histories: Sequence[History], size: int) -> str:
    numbers = sorted({len(each.epochs) for each in histories if each.train_scenes == size})
    text = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return f"{text} epochs"
