"""A plan of how to compute the steps of a training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from calvingfront.training.step import Layout, Precision, Way


@dataclass(frozen=True)
class Plan:
    """One way to compute the steps, and the measurements behind the choice.

    measured: seconds per step, by candidate. setup_s: seconds to prepare a candidate, once per
    training. source: `settings` (nothing was measured), `measured` (now), or `remembered`.
    """

    way: Way
    layout: Layout
    precision: Precision
    threads: int
    measured: dict[str, float] = field(default_factory=dict)
    setup_s: dict[str, float] = field(default_factory=dict)
    source: Literal["settings", "measured", "remembered"] = "settings"

    def label(self) -> str:
        """Name the candidate in the record."""
        return f"{self.way}, {self.layout}, {self.precision}, {self.threads} threads"
