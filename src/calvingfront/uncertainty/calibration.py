"""From spreads to bands: factors that held on scenes or glaciers, each left out in turn."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calvingfront.errors import ModelError

Floats = npt.NDArray[np.float64]

ROUNDS = 40  # of bisection: the level is found to 1e-12
FEWEST = 3  # scenes: with fewer, leaving one out says nothing


@dataclass(frozen=True)
class Calibration:
    """How spreads become errors.

    scenes:   on which they were chosen: with a line and a true front.
    levels:   per cent of a line's length along which the front lies within the band.
    factors:  of each level: half-width of the band = factor · spread.
    reached:  of each level, per cent: mean over the scenes, or over groups of them, of the share of
              the line within the band whose factor was chosen without that scene or group.
    expected: mean distance of the line from the front = expected · mean spread.
    """

    scenes: int
    levels: tuple[int, ...]
    factors: tuple[float, ...]
    reached: tuple[float, ...]
    expected: float

    @property
    def falls_short(self) -> tuple[tuple[int, float], ...]:
        """The levels that no factor could reach, as with few scenes, and what they reach."""
        both = zip(self.levels, self.reached, strict=True)
        return tuple((level, reached) for level, reached in both if reached < level)


def calibrate(
    distances: Sequence[Floats],
    spreads: Sequence[Floats],
    levels: Sequence[int],
    groups: Sequence[Hashable] | None = None,
) -> Calibration:
    """Choose the factors on some scenes.

    distances, spreads: for each scene (n,): of every vertex of its line, the distance from the true
    front and the spread, in the same unit. levels: per cent, increasing. groups: of each scene,
    such as its glacier; at least two of them. Without groups, each scene is one.

    The risk of a band is the share of a line's length outside it, averaged over the groups: all
    groups count alike, however many scenes they have, and so do the scenes of a group, however long
    their lines. A factor that leaves out exactly 1 − level of it on the groups on which it was
    chosen leaves out more on others. So the factor is the smallest for which each group, judged by
    the factor chosen in the same way on the others, is within the band along `level` of its lines
    in the mean. New groups are covered likewise if they are exchangeable with these.
    Sources: Angelopoulos et al. (2024), Conformal risk control, ICLR, for bands that bound a mean
    risk; Barber et al. (2021), Predictive inference with the jackknife+, for leaving one out.
    Raises ModelError for fewer than three scenes.
    """
    if len(distances) < FEWEST:
        raise ModelError(
            "calibration",
            f"has {len(distances)} scenes with a line",
            f"Errors need at least {FEWEST}: train longer, or on more scenes.",
        )
    ratios = [d / np.maximum(s, 1e-9) for d, s in zip(distances, spreads, strict=True)]
    scores = _Scores(ratios, list(range(len(ratios))) if groups is None else groups)
    factors, reached = [], []
    for level in levels:
        low, high = 0.0, 1.0
        for _ in range(ROUNDS):
            middle = (low + high) / 2
            low, high = (low, middle) if scores.left_out(middle) >= level / 100 else (middle, high)
        factors.append(float(scores.factor(high)))
        reached.append(round(100 * scores.left_out(high), 2))
    away, wide = (np.array([each.mean() for each in of]) for of in (distances, spreads))
    expected = (away * scores.share).sum() / (wide * scores.share).sum()
    return Calibration(
        len(distances), tuple(levels), tuple(factors), tuple(reached), float(expected)
    )


class _Scores:
    """Ratios of distance to spread of all scenes, sorted, with each scene's share of its length.

    share: of each scene in the mean over the groups.
    """

    def __init__(self, ratios: Sequence[Floats], groups: Sequence[Hashable]) -> None:
        names = list(dict.fromkeys(groups))
        self.groups = np.array([names.index(group) for group in groups])
        self.share = 1 / np.bincount(self.groups)[self.groups]
        self.ratios = [np.sort(each) for each in ratios]
        lengths = [len(each) for each in ratios]
        order = np.argsort(np.concatenate(ratios), kind="stable")
        self.values = np.concatenate(ratios)[order]
        self.weights = np.repeat(self.share / lengths, lengths)[order]
        self.of = np.repeat(self.groups, lengths)[order]

    def factor(self, share: float, without: int | None = None) -> float:
        """The smallest ratio that `share` of the groups' mean length does not exceed."""
        weights = self.weights if without is None else self.weights * (self.of != without)
        total = np.cumsum(weights)
        at = np.searchsorted(total, share * total[-1] * (1 - 1e-12))
        return float(self.values[min(at, len(self.values) - 1)])

    def left_out(self, share: float) -> float:
        """Mean over the groups of the share within the factor chosen without each of them."""
        factors = [self.factor(share, k) for k in range(self.groups.max() + 1)]
        within = [
            np.searchsorted(mine, factors[k], side="right") / len(mine)
            for mine, k in zip(self.ratios, self.groups, strict=True)
        ]
        return float(np.average(within, weights=self.share))
