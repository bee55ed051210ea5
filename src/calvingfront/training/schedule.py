"""The learning rate as a function of the iteration."""

from __future__ import annotations

import math

WARM_UP = 0.05  # of a cosine cycle


def triangular(iteration: int, half_cycle: int, lowest: float, highest: float) -> float:
    """Return the triangular cyclic rate: from `lowest` at 0 to `highest` at `half_cycle` and back.

    Source: Smith (2017), Cyclical Learning Rates for Training Neural Networks, policy `triangular`.
    """
    phase = (iteration % (2 * half_cycle)) / half_cycle
    return lowest + (highest - lowest) * (phase if phase <= 1 else 2 - phase)


def half_cycle_iterations(epochs: int, augmented_images: int, batch_size: int) -> int:
    """Count the iterations of a half cycle as in the paper: 6 · 1152 // 5 = 1382."""
    return max(1, epochs * augmented_images // batch_size)


def cosine(iteration: int, total: int, lowest: float, highest: float) -> float:
    """Return the rate of one cycle of `total` iterations, which ends at `lowest`.

    It rises linearly from `lowest` to `highest` during the share WARM_UP, then falls as a half
    cosine. Source: Loshchilov & Hutter (2017), SGDR, without restarts.
    """
    warm = max(1, round(WARM_UP * total))
    if iteration < warm:
        return lowest + (highest - lowest) * iteration / warm
    phase = min(1.0, (iteration - warm) / max(1, total - 1 - warm))
    return lowest + (highest - lowest) * (1 + math.cos(math.pi * phase)) / 2
