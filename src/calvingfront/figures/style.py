"""The style of all figures: sizes in mm, fonts and colours; saving files without dates."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib

matplotlib.use("Agg")

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from PIL import Image

from calvingfront.files import PathLike, replacing

MM_PER_INCH = 25.4
ONE_COLUMN_MM = 88.0
TWO_COLUMNS_MM = 180.0
DOTS_PER_INCH = 300
COARSE_DOTS_PER_INCH = 200
LARGE_PNG_BYTES = 500_000
GREYS = 86  # of the 256 colours of a large PNG; the last one is white

TRUTH_RGB = (70, 220, 90)
PREDICTION_RGB = (215, 25, 40)
BOTH_RGB = (255, 230, 0)

RULES: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "mathtext.fontset": "dejavusans",
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6.5,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "lines.linewidth": 0.8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "calvingfront",
}


class Page:
    """A figure whose axes are positioned in mm from its upper left corner."""

    def __init__(self, width_mm: float, height_mm: float) -> None:
        self.width_mm = width_mm
        self.height_mm = height_mm
        with plt.rc_context(RULES):
            self.figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH))

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add axes; all lengths in mm, `top` measured downwards."""
        bottom = self.height_mm - top - height
        box = (
            left / self.width_mm,
            bottom / self.height_mm,
            width / self.width_mm,
            height / self.height_mm,
        )
        with plt.rc_context(RULES):
            return self.figure.add_axes(box)

    def text(
        self, left: float, top: float, text: str, within_mm: float | None = None, **kwargs: Any
    ) -> None:
        """Write text at a position in mm, centred by default; see `shrink` for within_mm."""
        style: dict[str, Any] = {"ha": "center", "va": "center", "size": 7, **kwargs}
        place = (left / self.width_mm, 1 - top / self.height_mm)
        written = self.figure.text(*place, text, family="DejaVu Sans", **style)
        if within_mm is not None:
            self.shrink(written, within_mm)

    def shrink(self, text: Text, within_mm: float) -> None:
        """Make a text smaller if it is longer than `within_mm`."""
        box = text.get_window_extent()
        length = max(box.width, box.height) / self.figure.dpi * MM_PER_INCH
        if length > within_mm:  # glyphs do not shrink quite as much as their size
            text.set_fontsize(0.97 * within_mm / length * float(text.get_fontsize()))

    def legend(self, handles: Sequence[Artist]) -> float:
        """Put a legend at the upper edge, in as few rows as have room; return its foot, mm."""
        with plt.rc_context(RULES):
            for rows in range(1, len(handles) + 1):
                legend = self.figure.legend(
                    handles=handles,
                    loc="upper center",
                    ncols=-(-len(handles) // rows),
                    borderaxespad=0.3,
                )
                box = legend.get_window_extent()
                if box.width <= self.figure.bbox.width or rows == len(handles):
                    break
                legend.remove()
        return float(self.height_mm - box.y0 / self.figure.dpi * MM_PER_INCH)


def show(
    axes: Axes,
    pixels: npt.NDArray[Any],
    cmap: str = "gray",
    vmin: float | None = None,
    vmax: float | None = None,
) -> AxesImage:
    """Show an image without ticks, in a thin frame."""
    shown = axes.imshow(
        pixels, cmap=cmap, vmin=vmin, vmax=vmax, aspect="auto", interpolation="antialiased"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.4)
    return shown


def colour_bar(
    page: Page,
    shown: AxesImage,
    box: tuple[float, float, float, float],
    label: str,
    orientation: Literal["horizontal", "vertical"] = "horizontal",
) -> None:
    """Draw a colour bar in `box` = (left, top, width, height), mm."""
    with plt.rc_context(RULES):
        axes = page.axes(*box)
        bar = page.figure.colorbar(shown, cax=axes, orientation=orientation)
        bar.set_ticks([0, 0.5, 1])
        bar.set_ticklabels(["0", "0.5", "1"])
        bar.set_label(label, labelpad=1.5)
        bar.outline.set_linewidth(0.4)


def compose_overlay(
    image: npt.NDArray[np.uint8],
    truth: npt.NDArray[np.bool_],
    prediction: npt.NDArray[np.bool_],
    dimming: float = 0.7,
) -> npt.NDArray[np.uint8]:
    """Lay truth and prediction over a dimmed image.

    image: (h, w) uint8; truth, prediction: (h, w) bool. Returns (h, w, 3) uint8: green for front
    in the truth only, red for front in the prediction only, yellow for both.
    """
    grey = (image * dimming).astype(np.uint8)
    colours = np.repeat(grey[..., None], 3, axis=2)
    colours[truth & ~prediction] = TRUTH_RGB
    colours[prediction & ~truth] = PREDICTION_RGB
    colours[truth & prediction] = BOTH_RGB
    return colours


def fraction(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    """Convert an 8-bit colour to matplotlib's fractions."""
    return (colour[0] / 255, colour[1] / 255, colour[2] / 255)


def save(figure: Figure, png: PathLike, pdf: PathLike, cmap: str | None = None) -> None:
    """Write a figure as PNG and PDF; the same figure always gives the same bytes.

    The PNG has 300 dpi. If it would exceed 500 kB (speckle hardly compresses), it has 200 dpi and
    one byte per pixel; the PDF keeps the full quality.
    cmap: the figure's colour map, which then gets its own colours in the PNG's palette.
    """
    with plt.rc_context(RULES):
        drawn = _draw_png(figure, DOTS_PER_INCH)
        if len(drawn.getvalue()) > LARGE_PNG_BYTES:
            drawn = _reduce_colours(_draw_png(figure, COARSE_DOTS_PER_INCH), cmap)
        with replacing(png) as temporary:
            temporary.write_bytes(drawn.getvalue())
        with replacing(pdf) as temporary:
            figure.savefig(
                temporary,
                format="pdf",
                dpi=DOTS_PER_INCH,
                metadata={"CreationDate": None, "Producer": None, "Creator": None},
            )
    plt.close(figure)


def _draw_png(figure: Figure, dots_per_inch: int) -> io.BytesIO:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return drawn


def _reduce_colours(drawn: io.BytesIO, cmap: str | None) -> io.BytesIO:
    picture = Image.open(drawn).convert("RGB")
    palette = _palette(cmap)
    reduced = picture.quantize(palette=palette, dither=Image.Dither.NONE)
    indices = np.array(reduced)
    # Pillow's search for the nearest colour is approximate; make sure that the page stays white.
    indices[(np.asarray(picture) == 255).all(axis=2)] = GREYS - 1
    result = Image.fromarray(indices, mode="P")
    result.putpalette(palette.getpalette() or [])
    written = io.BytesIO()
    resolution = (COARSE_DOTS_PER_INCH, COARSE_DOTS_PER_INCH)
    result.save(written, format="png", optimize=True, dpi=resolution)
    return written


def _palette(cmap: str | None) -> Image.Image:
    """Make 256 colours: greys, the overlay colours fading to black, and the colour map."""
    greys = np.repeat(np.linspace(0, 255, GREYS)[:, None], 3, axis=1)
    fading = [
        np.outer(np.linspace(0.3, 1, 14), colour)
        for colour in (TRUTH_RGB, PREDICTION_RGB, BOTH_RGB)
    ]
    steps = np.linspace(0, 1, 256 - len(greys) - 3 * 14)
    mapped = 255 * matplotlib.colormaps[cmap or "gray"](steps)[:, :3]
    colours = np.rint(np.concatenate([greys, *fading, mapped])).astype(np.uint8)
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.tobytes())
    return palette
