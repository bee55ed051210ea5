"""The inside of one attention gate (part of Figure 1)."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from calvingfront.figures.network_facts import Convolution, GateFacts, Shape
from calvingfront.figures.style import TWO_COLUMNS_MM

GATE_HEIGHT_MM = 43.0
MARGIN_MM = 4.0
BOX_MM = (20.0, 9.0)
COLOUR = "#AA4499"


def draw_gate(axes: Axes, gate: GateFacts, top: float) -> None:
    """Draw a gate, x and g on the left, α and x̂ on the right; `axes` are in mm, `top` is its top.

    Source of the symbols: Holzmann et al. (2021), eq. 1.
    """
    axes.add_patch(
        Rectangle(
            *((MARGIN_MM, top), TWO_COLUMNS_MM - 2 * MARGIN_MM, GATE_HEIGHT_MM - 3),
            facecolor="none",
            edgecolor=COLOUR,
            linewidth=0.6,
        )
    )
    axes.text(
        *(MARGIN_MM + 2, top + 3, "attention gate AG (sizes of the finest level)"),
        ha="left",
        va="center",
        size=6.5,
        color=COLOUR,
    )
    upper, lower = top + 15.0, top + 32.0
    middle = (upper + lower) / 2
    _input(axes, 17.0, upper, "features x", gate.x)
    _input(axes, 17.0, lower, "gating signal g", gate.g)

    join = 80.0 if gate.gating else 68.0
    w_x = 46.0
    _box(axes, w_x, upper, r"$W_x$", gate.w_x)
    x, previous = w_x, 28.0
    for convolution in gate.gating:
        _arrow(axes, (previous, lower), (40.0 - BOX_MM[0] / 2, lower))
        _box(axes, 40.0, lower, "", convolution)
        previous, x = 40.0 + BOX_MM[0] / 2, 64.0
    _arrow(axes, (previous, lower), (x - BOX_MM[0] / 2, lower))
    _box(axes, x, lower, r"$W_g$", gate.w_g)
    _arrow(axes, (28.0, upper), (w_x - BOX_MM[0] / 2, upper))
    _node(axes, join, middle, "+")
    _elbow(axes, (w_x + BOX_MM[0] / 2, upper), (join, middle - 2.2))
    _elbow(axes, (x + BOX_MM[0] / 2, lower), (join, middle + 2.2))
    size = f"{gate.inner[0]} × {gate.inner[1]} × {gate.inner[2]}"
    axes.text(join - 3.2, middle, size, ha="right", va="center", size=5.5, color="0.35")

    stages = [
        [r"$\sigma_1$", "ReLU"],
        [r"$\psi$", gate.psi.label()],
        [r"$\sigma_2$", "sigmoid"],
        ["bilinear", f"× {gate.enlargement}"],
    ]
    product = TWO_COLUMNS_MM - MARGIN_MM - 19.0
    space = (product - join - 10.0) / len(stages)
    width = space - 3.5
    start = join + 2.2
    for position, lines in enumerate(stages):
        centre = join + 3.0 + space * (position + 0.5)
        _arrow(axes, (start, middle), (centre - width / 2, middle))
        _lines(axes, centre, middle, width, lines)
        start = centre + width / 2
    _arrow(axes, (start, middle), (product - 2.2, middle))
    axes.text(
        (start + product) / 2 - 1, middle - 2.2, r"$\alpha$", ha="center", va="center", size=7
    )
    _node(axes, product, middle, "×")
    above = top + 7.0
    axes.plot([17.0, 17.0, product], [upper - 3.6, above, above], color="0.2", lw=0.7)
    _arrow(axes, (product, above), (product, middle - 2.2))
    _arrow(axes, (product + 2.2, middle), (product + 6.0, middle))
    axes.text(product + 6.6, middle - 1.6, r"$\hat{x}=\alpha\,x$", ha="left", va="center", size=6.5)
    axes.text(
        product + 6.6, middle + 2.0, _size(gate.x, short=True), ha="left", va="center", size=5.5
    )


def _size(shape: Shape, short: bool = False) -> str:
    return f"{shape[0]} ch." if short else f"{shape[0]} × {shape[1]} × {shape[2]}"


def _input(axes: Axes, x: float, y: float, name: str, shape: Shape) -> None:
    axes.text(x, y - 1.7, name, ha="center", va="center", size=6.5)
    axes.text(x, y + 1.7, _size(shape), ha="center", va="center", size=5.5, color="0.35")


def _box(axes: Axes, x: float, y: float, symbol: str, convolution: Convolution) -> None:
    """Draw a convolution: its symbol, its kernel and the layers that follow it."""
    parts = convolution.label().split(" + ")
    head, *rest = parts[0].split(", ")
    detail = [head, ", ".join(rest)] if rest else [head]
    lines = [symbol, *detail] if symbol else [head, *parts[1:]]
    _lines(axes, x, y, BOX_MM[0], lines)


def _lines(axes: Axes, x: float, y: float, width: float, lines: list[str]) -> None:
    height = max(BOX_MM[1] * 0.75, 2.6 * len(lines) + 1.8)
    axes.add_patch(
        Rectangle(
            *((x - width / 2, y - height / 2), width, height),
            facecolor="#F3E6F1",
            edgecolor="0.2",
            linewidth=0.5,
        )
    )
    for position, line in enumerate(lines):
        offset = 2.6 * (position - (len(lines) - 1) / 2)
        size = 6.5 if position == 0 else 5.5
        axes.text(x, y + offset, line, ha="center", va="center", size=size)


def _node(axes: Axes, x: float, y: float, sign: str) -> None:
    axes.add_patch(Circle((x, y), 2.2, facecolor="white", edgecolor="0.2", linewidth=0.6))
    axes.text(x, y, sign, ha="center", va="center", size=8)


def _elbow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.plot([start[0], end[0]], [start[1], start[1]], color="0.2", lw=0.7)
    _arrow(axes, (end[0], start[1]), end)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(
        FancyArrowPatch(
            *(start, end),
            arrowstyle="-|>",
            mutation_scale=4.5,
            linewidth=0.7,
            color="0.2",
            shrinkA=0,
            shrinkB=0,
        )
    )
