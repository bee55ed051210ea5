"""The overlap metrics, in the order of the paper's Table I."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One overlap metric. weight_px: w of a distance-weighted Dice, px; None for the others."""

    name: str
    label: str
    weight_px: int | None = None


_ALL = (
    Metric("dice", "Dice"),
    Metric("wdice4", "WDice4", 4),
    Metric("wdice8", "WDice8", 8),
    Metric("wdice16", "WDice16", 16),
    Metric("iou", "IoU"),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
