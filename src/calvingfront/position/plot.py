"""Plot a series: positions with their flags, trend and season."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from calvingfront.files import PathLike, replacing
from calvingfront.position.measurement import DOUBTFUL, NO_POSITION, OK, OUTLIER
from calvingfront.position.trend import DARK_YEARS, Fit

Array = npt.NDArray[np.float64]

MM = 1 / 25.4
WIDTH_MM, HEIGHT_MM = 180, 90
BLUE, RED, GREY = "#1f4e79", "#c0392b", "#7a7a7a"
CURVE_PER_YEAR = 60  # points drawn
USUAL_GAPS = 3.0  # a gap this many times the usual interrupts the curve
PARTIAL = "partial"
# Marker, face, edge and size of each kind of position.
MARKERS = {
    OK: ("o", "black", "black", 1.0),
    DOUBTFUL: ("o", "white", RED, 1.1),
    PARTIAL: ("^", "white", RED, 1.3),
    OUTLIER: ("s", "white", RED, 1.2),
}
LOST = "without a position"
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

    Filled: "ok"; hollow, by marker: doubtful, partial, outlier; ticks along the bottom: dates
    without a position. Bars: 90 % intervals of the positions. Line and band: trend with season and
    its interval, interrupted where there are no fronts; dashed: trend alone.
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
        _draw_fit(axes, fit)
    _draw_positions(axes, table)
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
            label=f"{len(lost)} {LOST}",
        )
    axes.set_xlabel("year")
    axes.set_ylabel("position, m down-glacier (up: advance)")
    axes.ticklabel_format(useOffset=False, style="plain")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=_long(table)))
    axes.set_title(title, fontsize=7, loc="left")
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        # Matplotlib lists lines before points with bars: what was not found belongs last.
        order = sorted(range(len(labels)), key=lambda k: labels[k].endswith(LOST))
        figure.legend(
            [handles[k] for k in order], [labels[k] for k in order], loc="outside right upper"
        )
    return figure


def _draw_fit(axes: Axes, fit: Fit) -> None:
    years = np.linspace(fit.times[0], fit.times[-1], 2 + int(np.ptp(fit.times) * CURVE_PER_YEAR))
    gaps = np.diff(fit.times)
    widest = max(DARK_YEARS, USUAL_GAPS * float(np.median(gaps)))
    label = f"trend and season,\n{fit.level:.0%} interval of the curve"
    for start, end in _stretches(fit.times, widest):
        inside = (years > start) & (years < end)
        piece = np.concatenate([[start], years[inside], [end]])
        middle, low, high = fit.curve(piece)
        axes.fill_between(piece, low, high, color=BLUE, alpha=0.18, linewidth=0, label=label)
        axes.plot(piece, middle, color=BLUE, linewidth=0.9)
        label = ""
    if fit.harmonics:
        trend, _, _ = fit.curve(years, season=False)
        rate = fit.rate()
        label = f"trend {rate.value:.0f} m/yr\n({rate.low:.0f} to {rate.high:.0f})"
        label = label.replace("-", "−")
        axes.plot(years, trend, color=BLUE, linewidth=0.8, linestyle=(0, (4, 2)), label=label)


def _stretches(times: Array, widest: float) -> list[tuple[float, float]]:
    """The stretches of a series without a gap wider than `widest`, each (first, last) year."""
    ends = np.flatnonzero(np.diff(times) > widest)
    firsts, lasts = [0, *(ends + 1)], [*ends, len(times) - 1]
    return [
        (float(times[one]), float(times[other]))
        for one, other in zip(firsts, lasts, strict=True)
        if times[other] > times[one]
    ]


def _draw_positions(axes: Axes, table: pd.DataFrame) -> None:
    size = 2.6 if len(table) < MANY else 1.8
    kinds = table["flag"].where(~_partial(table), PARTIAL)
    for kind, (marker, face, edge, scale) in MARKERS.items():
        rows = table[kinds == kind]
        if len(rows) == 0:
            continue
        bars = None
        if rows["error_m"].notna().any():
            position = rows["position_m"]
            bars = np.nan_to_num([position - rows["low_m"], rows["high_m"] - position])
        axes.errorbar(
            rows["decimal_year"],
            rows["position_m"],
            yerr=bars,
            fmt=marker,
            markersize=size * scale,
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=0.6,
            ecolor=GREY,
            elinewidth=0.5,
            zorder=3 if kind == OK else 4,
            label=f"{len(rows)} {kind}" + (" (bars: 90 %)" if bars is not None else ""),
        )


def _partial(table: pd.DataFrame) -> Any:
    """Doubtful rows of fronts that are partial, by their file or as measured."""
    partial = table["reason"].str.startswith("partial") | (table["quality"] == "partial")
    return partial & (table["flag"] == DOUBTFUL)


def _long(table: pd.DataFrame) -> bool:
    """Whether a series is long enough for whole years on its axis."""
    years = table["decimal_year"].dropna().to_numpy(float)
    return len(years) > 0 and bool(np.ptp(years) > 4)
