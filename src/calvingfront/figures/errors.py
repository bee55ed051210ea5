"""Error of the located fronts against the share of scenes kept, and stated against measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from calvingfront.evaluation.line_errors import errors_of_tests
from calvingfront.figures.style import RULES, TWO_COLUMNS_MM, Page, save
from calvingfront.files import PathLike

Floats = npt.NDArray[np.float64]

# Colour-blind safe (Okabe and Ito 2008); the marker says the same.
FLAGS = {
    "good": ("#0072B2", "o"),
    "partial": ("#E69F00", "s"),
    "doubtful": ("#D55E00", "^"),
}
STATED, BEST, GREY = "#0072B2", "#009E73", "#777777"


def draw_errors(held_out: PathLike, png: PathLike, pdf: PathLike) -> None:
    """Draw two panels about the test scenes with a line.

    Left: mean measured error of the share of scenes kept, those with the smallest stated error
    first; with the measured error in its place, no order can be better. Right: measured against
    stated error, with the quality flag.
    """
    table = errors_of_tests(held_out)
    known = table[table["line_m"].notna() & table["error_m"].notna()]
    page = Page(TWO_COLUMNS_MM, 68)
    with plt.rc_context(RULES):
        left = page.axes(14, 6, 70, 50)
        right = page.axes(104, 6, 70, 50)
        if known.empty:
            for axes in (left, right):
                axes.text(0.5, 0.5, "no test scene has a line with an error", ha="center")
                axes.set_axis_off()
        else:
            _draw_kept(left, known)
            _draw_stated(right, known)
    save(page.figure, png, pdf)


def kept_error(measured: Floats, order: Floats) -> Floats:
    """Mean error (n,) of the first 1 … n scenes in increasing `order`."""
    by = measured[np.argsort(order, kind="stable")]
    return np.asarray(np.cumsum(by) / np.arange(1, len(by) + 1))


def _draw_kept(axes: Axes, table: pd.DataFrame) -> None:
    measured = table["line_m"].to_numpy(float)
    share = 100 * np.arange(1, len(measured) + 1) / len(measured)
    stated = kept_error(measured, table["error_m"].to_numpy(float))
    axes.plot(share, stated, color=STATED, marker=".", markersize=3, label="by stated error")
    best = kept_error(measured, measured)
    axes.plot(share, best, color=BEST, linestyle="--", label="by measured error (ideal)")
    axes.axhline(measured.mean(), color=GREY, linewidth=0.6, label="no order")
    good = table[table["quality"] == "good"]["line_m"]
    if len(good):
        at = 100 * len(good) / len(measured)
        axes.plot(at, good.mean(), "*", color="black", markersize=6, label="flagged good")
    axes.set_xlim(0, 102)
    axes.set_ylim(0, 1.3 * stated.max())  # room for the legend above the curves
    axes.set_xlabel("scenes kept [%]", labelpad=1.5)
    axes.set_ylabel("mean error of the kept lines [m]", labelpad=2)
    axes.legend(loc="upper left", ncols=2, borderaxespad=0.2)


def _draw_stated(axes: Axes, table: pd.DataFrame) -> None:
    for name, (colour, marker) in FLAGS.items():
        part = table[table["quality"] == name]
        if len(part):
            axes.plot(
                part["error_m"], part["line_m"], marker, color=colour, markersize=3.5,
                label=f"{name} ({len(part)})",
            )  # fmt: skip
    values = table[["error_m", "line_m"]].to_numpy(float)
    low, high = values.min() / 1.3, values.max() * 1.3
    axes.plot([low, high], [low, high], color=GREY, linewidth=0.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_xlabel("stated error [m]", labelpad=1.5)
    axes.set_ylabel("measured error [m]", labelpad=2)
    axes.legend(loc="best", borderaxespad=0.5)
