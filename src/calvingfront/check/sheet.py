"""Contact sheets: every image with its front, name, day, mission and pixel size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from calvingfront.check.pages import COLUMNS, ROWS
from calvingfront.check.scene_facts import NO_DATA, Looked, SceneFacts, look_at
from calvingfront.errors import CalvingFrontError
from calvingfront.figures.style import BOTH_RGB, MM_PER_INCH, RULES, Page, fraction
from calvingfront.files import PathLike, replacing

PANEL_MM, GAP_MM, TEXT_MM = 40.0, 3.5, 8.6
MARGIN_MM, HEAD_MM = 6.0, 15.0
DOTS_PER_INCH = 150
LONGEST_NAME, LONGEST_REMARK = 31, 41
FRONT = fraction(BOTH_RGB)
NO_DATA_RGB = (38, 62, 110)
WARNING = (0.80, 0.08, 0.15)
GREY = "0.35"
BARS_M = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
BAR_SHARE = 0.3  # of the panel's width, at most


def draw_sheet(
    rows: Sequence[Mapping[str, Any]],
    facts: Mapping[str, SceneFacts],
    warned: Mapping[str, Sequence[str]],
    title: str,
    png: PathLike,
    threads: int = 1,
) -> None:
    """Draw the scenes of one sheet as a PNG.

    rows: of the prepared scene table, at most PER_SHEET. facts: of each scene. warned: scene →
    what looks wrong, in a word or two each.
    """
    filled = min(ROWS, -(-len(rows) // COLUMNS))
    width = 2 * MARGIN_MM + COLUMNS * (PANEL_MM + GAP_MM) - GAP_MM
    page = Page(width, HEAD_MM + filled * (PANEL_MM + TEXT_MM + GAP_MM) + MARGIN_MM - GAP_MM)
    page.text(MARGIN_MM, 5.5, title, ha="left", size=10, weight="bold")
    _legend(page)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        looked = list(pool.map(_looked, rows))
    for number, (row, seen) in enumerate(zip(rows, looked, strict=True)):
        left = MARGIN_MM + number % COLUMNS * (PANEL_MM + GAP_MM)
        top = HEAD_MM + number // COLUMNS * (PANEL_MM + TEXT_MM + GAP_MM)
        name = str(row["scene"])
        _label(page, left, top, facts[name], warned.get(name, ()))
        _panel(page, left, top + TEXT_MM, seen, facts[name], bool(warned.get(name)))
    with plt.rc_context(RULES), replacing(png) as temporary:
        page.figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    plt.close(page.figure)


def _looked(row: Mapping[str, Any]) -> Looked | None:
    try:
        return look_at(row)
    except CalvingFrontError:
        return None


def _legend(page: Page) -> None:
    handles = [
        Line2D([], [], color=FRONT, linewidth=1.6, label="front as given"),
        Patch(facecolor=fraction(NO_DATA_RGB), label="value 0: no data"),
        Patch(
            facecolor="none", edgecolor=WARNING, linewidth=1.2, label="looks wrong: see check.html"
        ),
    ]
    with plt.rc_context(RULES):
        legend = page.figure.legend(
            handles=handles, loc="upper right", ncols=3, fontsize=7.5, frameon=True, borderpad=0.5,
            bbox_to_anchor=(1 - MARGIN_MM / page.width_mm, 1 - 2.2 / page.height_mm),
            facecolor="0.88", edgecolor="none", borderaxespad=0,
        )  # fmt: skip
        legend.get_frame().set_linewidth(0)


def _label(page: Page, left: float, top: float, facts: SceneFacts, warned: Sequence[str]) -> None:
    """Name, day, mission and pixel size above a panel, and what it is warned of."""
    last = ", ".join(warned) or ("" if facts.labelled else "no front: to be located")
    last = last if len(last) <= LONGEST_REMARK else f"{last[: LONGEST_REMARK - 1]}…"
    pixel = _pixel(facts.pixel_m) if facts.pixel_m else "pixel size unknown"
    lines: list[tuple[str, dict[str, Any]]] = [
        (short(facts.scene), {"size": 5.6, "weight": "bold"}),
        (f"{facts.acquired}   {facts.mission}   {pixel}", {"size": 5.6, "color": GREY}),
    ]
    lines += [(last, {"size": 5.6, "color": WARNING if warned else GREY})] if last else []
    for number, (text, style) in enumerate(reversed(lines)):  # the last one on the panel
        baseline = top + TEXT_MM - 1.0 - 2.6 * number
        page.text(left, baseline, text, ha="left", va="baseline", **style)


def short(name: str) -> str:
    """A name that fits above a panel; of a longer one the beginning and the end."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _pixel(pixel_m: tuple[float, float]) -> str:
    down, across = pixel_m
    if abs(down - across) < 0.01 * across:
        return f"{across:.3g} m"
    return f"{across:.3g} × {down:.3g} m"


def _panel(
    page: Page, left: float, top: float, looked: Looked | None, facts: SceneFacts, warned: bool
) -> None:
    """The image in its true proportions on the ground, with its front."""
    if looked is None:
        axes = page.axes(left, top, PANEL_MM, PANEL_MM)
        axes.text(0.5, 0.5, "cannot be read", ha="center", va="center", size=7, color=WARNING)
        _frame(axes, warned)
        return
    rows, columns = looked.image.shape
    down, across = facts.pixel_m or (1.0, 1.0)
    height, width = rows * down, columns * across
    scale = PANEL_MM / max(height, width)
    axes = page.axes(left, top, max(1.0, width * scale), max(1.0, height * scale))
    axes.imshow(
        thumbnail(looked.image), extent=(0, width, height, 0), aspect="auto",
        interpolation="antialiased",
    )  # fmt: skip
    for line in looked.lines:
        for colour, thickness in (("black", 1.9), (FRONT, 1.0)):
            axes.plot(
                (line[:, 1] + 0.5) * across, (line[:, 0] + 0.5) * down, color=colour,
                linewidth=thickness, solid_capstyle="round",
            )  # fmt: skip
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    if facts.pixel_m:
        _scale_bar(axes, width, height)
    _frame(axes, warned)


def thumbnail(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(h, w, 3): the image at the panel's number of dots, no data in blue."""
    dots = round(PANEL_MM / MM_PER_INCH * DOTS_PER_INCH)
    step = max(image.shape) / dots
    size = tuple(max(1, round(side / max(1.0, step))) for side in image.shape[::-1])
    grey = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    empty = cv2.resize((image == NO_DATA).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    colours = np.repeat(grey[..., None], 3, axis=2)
    colours[empty > 0.5] = NO_DATA_RGB
    return np.asarray(colours, dtype=np.uint8)


def _scale_bar(axes: Any, width: float, height: float) -> None:
    length = max((bar for bar in BARS_M if bar <= BAR_SHARE * width), default=None)
    if length is None:
        return
    pad, side = 0.04 * max(width, height), max(width, height)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length} m"
    box = Rectangle(
        (0.4 * pad, height - 2.9 * pad), length + 1.2 * pad, 2.5 * pad, color="black", alpha=0.45,
        linewidth=0,
    )  # fmt: skip
    axes.add_patch(box)
    axes.plot([pad, pad + length], [height - pad] * 2, color="white", linewidth=1.4)
    axes.text(
        pad + length / 2, height - pad - 0.015 * side, text, color="white", size=5, ha="center",
        va="bottom", clip_on=True,
    )  # fmt: skip


def _frame(axes: Any, warned: bool) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(1.4 if warned else 0.4)
        spine.set_color(WARNING if warned else "0.2")
