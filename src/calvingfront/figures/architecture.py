"""Figure 1: the network, drawn from the network object itself so that it is always up to date.

Of the figures, only this one needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from calvingfront.figures.gate_inset import GATE_HEIGHT_MM, draw_gate
from calvingfront.figures.network_facts import Convolution, NetworkFacts, Shape, read_network
from calvingfront.figures.style import RULES, TWO_COLUMNS_MM, Page, save
from calvingfront.files import PathLike
from calvingfront.networks.blocks import Variant
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet
from calvingfront.vocabulary.models import NETWORKS, model_label

ENCODER, DECODER, GATED, ENDS = "#A6CEE3", "#FDD0A2", "#C7E9C0", "#E0E0E0"
CONV, POOL, UP, COPY, GATING, HEAD = (
    *("#0072B2", "#CC3311", "#009E73"),
    *("#666666", "#AA4499", "#000000"),
)
TOP_MM, GAP_MM, SIDE_MM = 10.0, 7.0, 15.0
SHORTEST_MM, TALLEST_MM = 8.0, 23.0
THINNEST_MM, THICKEST_MM = 2.8, 4.4
BRIDGE = 1.7  # distance of the two bottleneck boxes, in steps: leaves room for the gates
WIDEST_STEP_MM = 16.0
GATE_RADIUS_MM = 1.9
LEGEND_MM, LEGEND_LINE_MM = 56.0, 4.2


def draw_architecture(
    models: Sequence[str],
    variant: Variant,
    width: int,
    depth: int,
    kernel: int,
    size_px: int,
    png: PathLike,
    pdf: PathLike,
) -> None:
    """Draw the network that these settings build, for square images of side size_px.

    models: the trained networks; one with attention gates is preferred.
    """
    drawn = [NETWORKS[name] for name in models if NETWORKS[name].drawn]
    model = min(drawn, key=lambda network: not network.gated).name
    with torch.device("meta"):  # shapes without values: no random numbers, no memory
        network = build_network(NetworkSettings(model, variant, width, depth, kernel))
    title = f"{model_label(model)}, variant “{variant}”"
    save(architecture_figure(network, size_px, title), png, pdf)


def architecture_figure(network: UNet, size_px: int, title: str) -> Figure:
    """Draw the U-shaped diagram with its legend and, if the network has gates, a gate's details.

    Box heights grow with the logarithm of the feature maps' size, box widths with the logarithm of
    their number of channels (both are written in or beside the boxes).
    """
    facts = read_network(network, size_px)
    with plt.rc_context(RULES):
        diagram = _Diagram(facts)
        inset = GATE_HEIGHT_MM if facts.gates else 0.0
        page = Page(TWO_COLUMNS_MM, diagram.bottom + 4 + inset)
        axes = page.axes(0, 0, page.width_mm, page.height_mm)
        axes.set_xlim(0, page.width_mm)
        axes.set_ylim(page.height_mm, 0)
        axes.axis("off")
        axes.text(
            *(TWO_COLUMNS_MM / 2, 3.5, f"{title}: {facts.parameters:,} trainable parameters"),
            ha="center",
            va="center",
            size=8,
        )
        diagram.draw(axes)
        if facts.gates:
            draw_gate(axes, facts.gates[0], diagram.bottom + 4)
    return page.figure


class _Diagram:
    """Positions of all boxes on the page, mm; levels count from the finest."""

    def __init__(self, facts: NetworkFacts) -> None:
        self.facts = facts
        depth = facts.depth
        # Steps from left to right: the input; two boxes per encoder level, the second above the
        # next level's first; the bridge; three boxes per decoder level, likewise; the output.
        steps = 1 + depth + BRIDGE + 2 * depth + 1
        self.step = min((TWO_COLUMNS_MM - 2 * SIDE_MM) / steps, WIDEST_STEP_MM)
        self.left = (TWO_COLUMNS_MM - steps * self.step) / 2
        sizes = np.log2([shape[1] for shape in facts.encoder_shapes])
        spread = max(sizes[0] - sizes[-1], 1)
        reach = min(TALLEST_MM, SHORTEST_MM + 4 * spread)
        self.heights = SHORTEST_MM + (sizes - sizes[-1]) / spread * (reach - SHORTEST_MM)
        tops = TOP_MM + np.concatenate([[0], np.cumsum(self.heights[:-1] + GAP_MM)])
        self.middles = tops + self.heights / 2
        # The legend goes into the empty lower right corner if that is wide enough.
        end = float(tops[-1] + self.heights[-1])
        corner = self.decoder_x(depth - 1, 2) + THICKEST_MM / 2 + 16
        fits = corner + LEGEND_MM <= TWO_COLUMNS_MM
        self.legend_left = corner if fits else SIDE_MM
        self.legend_top = float(tops[depth - 1]) + 2 if fits else end + 6
        legend = self.legend_top + LEGEND_LINE_MM * (len(_legend(facts)) - 0.5)
        self.bottom = max(end, legend)

    def encoder_x(self, level: int, box: int) -> float:
        """Return the centre of an encoder box: 0 the first convolution's output, 1 the second's."""
        bridge = BRIDGE if level == self.facts.depth and box else float(box)
        return self.left + self.step * (1 + level + bridge)

    def decoder_x(self, level: int, box: int) -> float:
        """Return a decoder box's centre: 0 the joined input, 1 and 2 the convolutions' outputs."""
        depth = self.facts.depth
        return self.encoder_x(depth, 1) + self.step * (2 * (depth - 1 - level) + box)

    def thickness(self, channels: int) -> float:
        """Return the width of a box, mm, from the logarithm of its number of channels."""
        most = np.log2(self.facts.encoder_shapes[-1][0])
        least = np.log2(self.facts.encoder_shapes[0][0])
        if channels <= 2**least:
            return THINNEST_MM
        share = (np.log2(channels) - least) / max(most - least, 1)
        return float(THINNEST_MM + share * (THICKEST_MM - THINNEST_MM))

    def draw(self, axes: Axes) -> None:
        """Draw boxes, arrows, labels and the legend."""
        for level in range(self.facts.depth + 1):
            self._draw_encoder(axes, level)
        for level in reversed(range(self.facts.depth)):
            self._draw_decoder(axes, level)
            self._draw_skip(axes, level)
        self._draw_ends(axes)
        self._draw_legend(axes)

    def _box(
        self, axes: Axes, x: float, level: int, channels: int, colour: str, side: int = 0
    ) -> float:
        """Draw one feature map with its number of channels inside; return half its width.

        side: −1 or 1 puts the box entirely left or right of x (for the halves of a joined input).
        """
        width, height = self.thickness(channels), float(self.heights[level])
        left = x - width / 2 + side * width / 2
        axes.add_patch(
            Rectangle(
                *((left, self.middles[level] - height / 2), width, height),
                facecolor=colour,
                edgecolor="0.2",
                linewidth=0.5,
            )
        )
        axes.text(
            *(left + width / 2, self.middles[level], str(channels)),
            rotation=90,
            ha="center",
            va="center_baseline",
            size=6,
        )
        return width / 2

    def _draw_encoder(self, axes: Axes, level: int) -> None:
        y, half = self.middles[level], 0.0
        for box, convolution in enumerate(self.facts.encoder[level]):
            x = self.encoder_x(level, box)
            before = half
            half = self._box(axes, x, level, convolution.channels, ENCODER)
            if box:
                _arrow(axes, (self.encoder_x(level, box - 1) + before, y), (x - half, y), CONV)
        if level:
            x = self.encoder_x(level, 0)
            start = self.middles[level - 1] + self.heights[level - 1] / 2
            _arrow(axes, (x, start), (x, y - self.heights[level] / 2), POOL)
            label = _size(self.facts.encoder_shapes[level])
            axes.text(x - half - 1, y, label, ha="right", va="center", size=6)

    def _draw_decoder(self, axes: Axes, level: int) -> None:
        facts, y = self.facts, self.middles[level]
        x = self.decoder_x(level, 0)
        skip = GATED if facts.gates else ENCODER
        self._box(axes, x, level, facts.encoder_shapes[level][0], skip, side=-1)
        half = 2 * self._box(axes, x, level, facts.upsample_shapes[level][0], DECODER, side=1)
        below = self.middles[level + 1] - self.heights[level + 1] / 2
        above = y + self.heights[level] / 2
        _arrow(axes, (x + 0.9, below), (x + 0.9, above), UP)
        for box, convolution in enumerate(facts.decoder[level], start=1):
            start = self.decoder_x(level, box - 1) + half
            x = self.decoder_x(level, box)
            half = self._box(axes, x, level, convolution.channels, DECODER)
            _arrow(axes, (start, y), (x - half, y), CONV)
        if level:
            label = _size(facts.decoder_shapes[level])
            axes.text(x + half + 1, y, label, ha="left", va="center", size=6)

    def _draw_skip(self, axes: Axes, level: int) -> None:
        y, x = float(self.middles[level]), self.decoder_x(level, 0)
        channels = self.facts.encoder_shapes[level][0]
        start = self.encoder_x(level, 1) + self.thickness(channels) / 2
        end = x - self.thickness(channels)
        if not self.facts.gates:
            _arrow(axes, (start, y), (end, y), COPY)
            return
        gate = end - 1.6 - GATE_RADIUS_MM
        _arrow(axes, (start, y), (gate - GATE_RADIUS_MM, y), COPY)
        _arrow(axes, (gate + GATE_RADIUS_MM, y), (end, y), COPY, tip=3)
        axes.add_patch(
            Circle((gate, y), GATE_RADIUS_MM, facecolor="white", edgecolor=GATING, linewidth=0.8)
        )
        axes.text(gate, y, "AG", ha="center", va="center", size=5, color=GATING)
        below = self.middles[level + 1] - self.heights[level + 1] / 2
        turn = below - 2.4
        axes.plot(
            [x - 0.9, x - 0.9, gate, gate], [below, turn, turn, turn - 1], color=GATING, lw=0.8
        )
        _arrow(axes, (gate, turn - 0.9), (gate, y + GATE_RADIUS_MM), GATING)

    def _draw_ends(self, axes: Axes) -> None:
        y, facts = float(self.middles[0]), self.facts
        first = self.encoder_x(0, 0) - self.thickness(facts.encoder_shapes[0][0]) / 2
        x = self.encoder_x(0, 0) - self.step
        half = self._box(axes, x, 0, facts.input[0], ENDS)
        _arrow(axes, (x + half, y), (first, y), CONV)
        last = self.decoder_x(0, 2)
        end = last + self.step
        half = self._box(axes, end, 0, facts.output[0], ENDS)
        start = last + self.thickness(facts.decoder_shapes[0][0]) / 2
        _arrow(axes, (start, y), (end - half, y), HEAD)
        under = y + self.heights[0] / 2 + 2
        for place, name, shape in ((x, "image", facts.input), (end, "front", facts.output)):
            axes.text(place, under, name, ha="center", va="center", size=6)
            axes.text(place, under + 2.8, _size(shape), ha="center", va="center", size=6)

    def _draw_legend(self, axes: Axes) -> None:
        left = self.legend_left
        for position, (kind, colour, text) in enumerate(_legend(self.facts)):
            y = self.legend_top + LEGEND_LINE_MM * position
            if kind == "arrow":
                _arrow(axes, (left, y), (left + 6, y), colour)
            else:
                axes.add_patch(
                    Circle(
                        *((left + 3, y), GATE_RADIUS_MM * 0.9),
                        facecolor="white",
                        edgecolor=colour,
                        linewidth=0.8,
                    )
                )
                axes.text(left + 3, y, "AG", ha="center", va="center", size=5, color=colour)
            axes.text(left + 7.5, y, text, ha="left", va="center", size=6)


def _legend(facts: NetworkFacts) -> list[tuple[str, str, str]]:
    """Return (arrow or gate, colour, text) for every kind of layer in the network."""
    entries = [
        ("arrow", CONV, text) for text in _distinct([c for block in facts.encoder for c in block])
    ]
    decoder = _distinct([c for block in facts.decoder for c in block])
    if decoder != [text for _, _, text in entries]:
        entries = [("arrow", CONV, f"encoder: {text}") for _, _, text in entries]
        entries += [("arrow", CONV, f"decoder: {text}") for text in decoder]
    entries.append(("arrow", POOL, f"max-pool {facts.pooling} × {facts.pooling}"))
    entries += [("arrow", UP, text) for text in _distinct(facts.upsample, name="transposed conv")]
    entries.append(("arrow", COPY, "copy and join"))
    if facts.gates:
        entries.append(("arrow", GATING, "gating signal g"))
        entries.append(("gate", GATING, "attention gate; its output in green"))
    if facts.head is not None:
        entries.append(("arrow", HEAD, f"{facts.head.label()} + sigmoid"))
    return entries


def _distinct(convolutions: Sequence[Convolution], name: str = "conv") -> list[str]:
    return list(dict.fromkeys(convolution.label(name) for convolution in convolutions))


def _size(shape: Shape) -> str:
    return f"{shape[1]} × {shape[2]}"


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, tip: float = 4.5
) -> None:
    style: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": tip, "linewidth": 0.8}
    axes.add_patch(FancyArrowPatch(start, end, color=colour, shrinkA=0, shrinkB=0, **style))
