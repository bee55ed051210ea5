"""The learning rate as a function of the iteration."""

from __future__ import annotations


def triangular(iteration: int, half_cycle: int, lowest: float, highest: float) -> float:
    """Return the triangular cyclic rate: from `lowest` at 0 to `highest` at `half_cycle` and back.

    Source: Smith (2017), Cyclical Learning Rates for Training Neural Networks, policy `triangular`.
    """
    phase = (iteration % (2 * half_cycle)) / half_cycle
    return lowest + (highest - lowest) * (phase if phase <= 1 else 2 - phase)


def half_cycle_iterations(epochs: int, augmented_images: int, batch_size: int) -> int:
    """Count the iterations of a half cycle as in the paper: 6 · 1152 // 5 = 1382."""
    return max(1, epochs * augmented_images // batch_size)
