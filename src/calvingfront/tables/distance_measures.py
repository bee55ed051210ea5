"""What is measured between predicted and true fronts, over the images of a row."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd


def pooled_error(images: pd.DataFrame) -> float:
    """Compute the Mean Distance Error pooled over images, m; NaN if no image has both fronts.

    Σ_i r_i · distance_sum_px_i / Σ_i distance_count_i, r_i = pixel_size_m, over the images with a
    predicted and a true front. The sums run over both directions (prediction to truth and back), so
    a long front has more weight than a short one.
    Source: Gourmelon et al. (2022), "Calving fronts and where to find them", ESSD 14.
    """
    distance_m, count = (values.sum() for values in pooled_sums(images))
    return float(distance_m) / float(count) if count else float("nan")


def pooled_sums(images: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Of each image, the sum of its distances, m, and their number; 0 and 0 if it has none."""
    distance_m = images.distance_sum_px * images.pixel_size_m
    measured = (images.missing == 0) & distance_m.notna() & (images.distance_count > 0)
    return distance_m.where(measured, 0.0), images.distance_count.where(measured, 0.0)


def _own(images: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Of each image, its own mean distance, m, and 1; 0 and 0 if it has none."""
    measured = (images.missing == 0) & images.mde_m.notna()
    return images.mde_m.where(measured, 0.0), measured.astype(float)


def _of_found(column: str, average: str) -> Callable[[pd.DataFrame], float]:
    """Return a function for one column's mean or median over images with a predicted front."""

    def measure(images: pd.DataFrame) -> float:
        return float(images.loc[images.missing == 0, column].agg(average))

    return measure


MEASURES: dict[str, Callable[[pd.DataFrame], float]] = {
    "mde_pooled_m": pooled_error,
    "mde_mean_m": _of_found("mde_m", "mean"),
    "mde_median_m": _of_found("mde_m", "median"),
    "hd95_mean_m": _of_found("hd95_m", "mean"),
    "missing": lambda images: float(images.missing.sum()),
}
# The measures with an interval: as sums over the images of one value over those of another.
RATIOS = {"mde_pooled_m": pooled_sums, "mde_mean_m": _own}
