"""Plot a series: positions with their flags, trend and season."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from calvingfront.files import PathLike, replacing
from calvingfront.position.measurement import DOUBTFUL, NO_POSITION, OK
from calvingfront.position.series import usable
from calvingfront.position.trend import Fit

MM = 1 / 25.4
WIDTH_MM, HEIGHT_MM = 180, 90
BLUE, RED, GREY = "#1f4e79", "#c0392b", "#7a7a7a"
CURVE_PER_YEAR = 60  # points drawn
MANY = 200  # with this many fronts or more, points are smaller
RULES: Any = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: text looks the same everywhere
    "font.size": 7,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "pdf.fonttype": 42,
}


def plot_series(
    table: pd.DataFrame, fit: Fit | None, title: str, png: PathLike, pdf: PathLike
) -> None:
    """Draw a measured series as PNG (300 dpi) and PDF; the same input gives the same bytes.

    Filled: "ok"; hollow: "doubtful"; ticks along the bottom: dates without a position. Bars: errors
    stated in the layer. Line and band: trend with season and its interval; dashed: trend alone.
    """
    with matplotlib.rc_context(RULES):
        figure = _draw(table, fit, title)
        FigureCanvasAgg(figure)
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=300, metadata={"Software": None})
        with replacing(pdf) as temporary:
            dateless = {"CreationDate": None, "Producer": None, "Creator": None}
            figure.savefig(temporary, format="pdf", metadata=dateless)


def _draw(table: pd.DataFrame, fit: Fit | None, title: str) -> Figure:
    figure = Figure(figsize=(WIDTH_MM * MM, HEIGHT_MM * MM), layout="constrained")
    axes = figure.add_subplot()
    if fit is not None:
        span = float(fit.times[-1] - fit.times[0])
        years = np.linspace(fit.times[0], fit.times[-1], 2 + int(span * CURVE_PER_YEAR))
        middle, low, high = fit.curve(years)
        band = f"trend and season, {fit.level:.0%} interval of the curve"
        axes.fill_between(years, low, high, color=BLUE, alpha=0.18, linewidth=0, label=band)
        axes.plot(years, middle, color=BLUE, linewidth=0.9)
        if fit.harmonics:
            trend, _, _ = fit.curve(years, season=False)
            rate = fit.rate()
            label = f"trend {rate.value:.0f} m/yr ({rate.low:.0f} to {rate.high:.0f})"
            label = label.replace("-", "−")
            axes.plot(years, trend, color=BLUE, linewidth=0.8, linestyle=(0, (4, 2)), label=label)
    for flag, face in ((OK, "black"), (DOUBTFUL, "white")):
        rows = table[table["flag"] == flag]
        if len(rows) == 0:
            continue
        errors = rows["error_m"].fillna(0.0) if rows["error_m"].notna().any() else None
        axes.errorbar(
            rows["decimal_year"],
            rows["position_m"],
            yerr=errors,
            fmt="o",
            markersize=2.6 if len(table) < MANY else 1.8,
            markerfacecolor=face,
            markeredgecolor="black" if flag == OK else RED,
            markeredgewidth=0.6,
            ecolor=GREY,
            elinewidth=0.5,
            zorder=3 if flag == OK else 4,
            label=f"{len(rows)} {flag}",
        )
    lost = table[(table["flag"] == NO_POSITION) & table["decimal_year"].notna()]
    if len(lost):
        axes.plot(
            lost["decimal_year"],
            np.full(len(lost), 0.012),
            transform=axes.get_xaxis_transform(),
            linestyle="",
            marker="|",
            markersize=6,
            color=RED,
            label=f"{len(lost)} without a position",
        )
    axes.set_xlabel("year")
    axes.set_ylabel("position, m down-glacier (up: advance)")
    axes.ticklabel_format(useOffset=False, style="plain")
    axes.set_title(title, fontsize=7, loc="left")
    if len(usable(table, doubtful=True)) or len(lost):
        axes.legend(loc="best")
    return figure
