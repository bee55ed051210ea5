"""Dice, distance-weighted Dice and IoU of one image, as the paper defines them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.fronts.distance import distance_to_front, weight_map
from calvingfront.vocabulary.metrics import METRICS

Mask = npt.NDArray[np.uint8] | npt.NDArray[np.bool_]


def dice(prediction: Mask, truth: Mask) -> float:
    """Compute (2 Σ yŷ + 1) / (Σ y + Σ ŷ + 1) of two binary masks (h, w)."""
    y, p = truth > 0, prediction > 0
    return float((2 * np.sum(y & p) + 1) / (y.sum() + p.sum() + 1))


def iou(prediction: Mask, truth: Mask) -> float:
    """Compute Σ yŷ / (Σ y + Σ ŷ − Σ yŷ); 1 where both are empty."""
    y, p = truth > 0, prediction > 0
    union = np.sum(y | p)
    return float(np.sum(y & p) / union) if union else 1.0


def weighted_dice(prediction: Mask, truth: Mask, w: float) -> float:
    """Compute WDice_w: the Dice of W̃_w ŷ, which tolerates predictions close to the front.

    prediction, truth: binary (h, w); w in px.
    """
    y = (truth > 0).astype(np.uint8)
    weighted = weight_map(distance_to_front(y), y, w) * (prediction > 0)
    return float((2 * np.sum(y * weighted) + 1) / (y.sum() + weighted.sum() + 1))


def metrics_over_thresholds(
    probability: npt.NDArray[np.floating], truth: Mask, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Compute all METRICS of `probability > t` for many thresholds at once.

    probability (h, w) in [0, 1]; thresholds (k,), ascending. Returns (k, 5) in METRICS' order.
    Each pixel is binned once by the number of thresholds below it; sums over the predicted pixels
    are then tail sums of weighted histograms.
    """
    y = (truth > 0).astype(np.uint8)
    distance = distance_to_front(y)
    passed = np.searchsorted(thresholds, probability.ravel().astype(np.float64), side="left")

    def tail(weights: npt.NDArray[np.floating] | None) -> npt.NDArray[np.float64]:
        counts = np.bincount(
            passed,
            weights=None if weights is None else weights.ravel(),
            minlength=len(thresholds) + 1,
        )
        return counts[::-1].cumsum()[::-1][1:].astype(np.float64)

    predicted, overlap, true = tail(None), tail(y.astype(np.float64)), float(y.sum())
    union = true + predicted - overlap
    columns = {
        "dice": (2 * overlap + 1) / (true + predicted + 1),
        "iou": np.divide(overlap, union, out=np.ones_like(union), where=union > 0),
    }
    for metric in METRICS.values():
        if metric.weight_px is not None:
            weighted = tail(weight_map(distance, y, metric.weight_px).astype(np.float64))
            # W̃ is 1 on the front, so the overlap needs no weight.
            columns[metric.name] = (2 * overlap + 1) / (true + weighted + 1)
    return np.stack([columns[name] for name in METRICS], axis=1)
