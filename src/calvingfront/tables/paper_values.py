"""The paper's published numbers, for comparison with ours.

Source: Holzmann, Davari, Seehaus, Braun, Maier, Christlein (2021), "Glacier Calving Front
Segmentation Using Attention U-Net", IGARSS; Tables I and II.
"""

from __future__ import annotations

import pandas as pd

from calvingfront.vocabulary.metrics import METRICS

PAPER_TEST_IMAGES = 50
PAPER_GLACIERS = ("DBE", "SI")
PAPER_SIZE_PX = 512
PAPER_PIXEL_SIZE_M = 44.74
"""Average metres per pixel after resizing to 512 × 512 (caption of Table II)."""
AS_LARGE = 0.15
"""How much the mean pixel size may differ from the paper's: it averages over all scenes."""

TABLE_I: dict[tuple[str, str], dict[str, float]] = {
    (model, loss): dict(zip(METRICS, values, strict=True))
    for model, loss, *values in (
        ("unet", "bce", 73.9, 83.0, 86.0, 88.3, 60.6),
        ("attention_unet", "bce", 73.8, 82.9, 85.9, 88.7, 60.3),
        ("unet", "wbce4", 72.9, 83.6, 87.1, 90.1, 58.9),
        ("attention_unet", "wbce4", 72.6, 83.6, 87.0, 89.9, 58.5),
        ("unet", "wbce8", 70.1, 81.1, 84.6, 87.6, 55.5),
        ("attention_unet", "wbce8", 70.8, 82.5, 86.1, 89.2, 56.1),
        ("unet", "wbce16", 67.0, 78.9, 82.6, 85.9, 51.9),
        ("attention_unet", "wbce16", 65.2, 77.8, 82.3, 86.1, 49.8),
    )
}
"""(model, loss) → metric → %, means over the test set at each metric's best threshold."""

TABLE_II: dict[str, tuple[float, float]] = {
    "bce": (6.5, 145.40),
    "wbce4": (8.4, 187.90),
    "wbce8": (10.6, 237.12),
    "wbce16": (11.1, 248.30),
}
"""loss → (thickness, px; certainty, m); the paper does not say for which network."""


def mean_pixel_size_m(scores: pd.DataFrame) -> float:
    """Mean metres per pixel over the test images of a score table; NaN if none is known."""
    return float(scores.drop_duplicates("scene").pixel_size_m.mean())


def why_not_the_papers(scores: pd.DataFrame, size_px: int) -> str:
    """Why scores do not belong beside the paper's: glaciers, size or ground; "" if they do.

    A distance in pixels, such as w or the width of a front, is another one on another ground.
    """
    glaciers = sorted(set(scores.glacier.astype(str)))
    if tuple(glaciers) != PAPER_GLACIERS:
        shown = ", ".join(glaciers)
        return f"the test scenes show {shown} and the paper's {' and '.join(PAPER_GLACIERS)}"
    if size_px != PAPER_SIZE_PX:
        return f"the images here have {size_px} × {size_px} px"
    ground = mean_pixel_size_m(scores)
    if not abs(ground / PAPER_PIXEL_SIZE_M - 1) <= AS_LARGE:  # NaN: not known
        here = f"{ground:.2f}" if ground == ground else "–"
        return f"the ground covered differs: {here} m per pixel, {PAPER_PIXEL_SIZE_M} m there"
    return ""
