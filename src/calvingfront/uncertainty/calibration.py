"""From spreads to bands: factors that held on the validation scenes, each left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
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

    scenes:   validation scenes with a line and a true front.
    levels:   per cent of a line's length along which the front lies within the band.
    factors:  of each level: half-width of the band = factor · spread.
    reached:  of each level, per cent: mean over the scenes of the share of the line within the band
              whose factor was chosen without that scene.
    expected: mean distance of the line from the front = expected · mean spread.
    """

    scenes: int
    levels: tuple[int, ...]
    factors: tuple[float, ...]
    reached: tuple[float, ...]
    expected: float


def calibrate(
    distances: Sequence[Floats], spreads: Sequence[Floats], levels: Sequence[int]
) -> Calibration:
    """Choose the factors on some scenes.

    distances, spreads: for each scene (n,): of every vertex of its line, the distance from the true
    front and the spread, in the same unit. levels: per cent, increasing.

    The risk of a band is the share of a line's length outside it, averaged over scenes: all scenes
    count alike, however long their lines. A factor that leaves out exactly 1 − level of it on the
    scenes on which it was chosen leaves out more on others. So the factor is the smallest for which
    each scene, judged by the factor chosen in the same way on the other scenes, is within the band
    along `level` of its line in the mean. New scenes are covered likewise if they are exchangeable
    with the validation scenes.
    Sources: Angelopoulos et al. (2024), Conformal risk control, ICLR, for bands that bound a mean
    risk; Barber et al. (2021), Predictive inference with the jackknife+, for leaving one out.
    Raises ModelError for fewer than three scenes.
    """
    if len(distances) < FEWEST:
        raise ModelError(
            "calibration",
            f"has {len(distances)} validation scenes with a line",
            f"Errors need at least {FEWEST}: train longer, or on more scenes.",
        )
    ratios = [d / np.maximum(s, 1e-9) for d, s in zip(distances, spreads, strict=True)]
    scores = _Scores(ratios)
    factors, reached = [], []
    for level in levels:
        low, high = 0.0, 1.0
        for _ in range(ROUNDS):
            middle = (low + high) / 2
            low, high = (low, middle) if scores.left_out(middle) >= level / 100 else (middle, high)
        factors.append(float(scores.factor(high)))
        reached.append(round(100 * scores.left_out(high), 2))
    expected = sum(d.mean() for d in distances) / sum(s.mean() for s in spreads)
    return Calibration(
        len(distances), tuple(levels), tuple(factors), tuple(reached), float(expected)
    )


class _Scores:
    """Ratios of distance to spread of all scenes, sorted, with each scene's share of its length."""

    def __init__(self, ratios: Sequence[Floats]) -> None:
        self.ratios = [np.sort(each) for each in ratios]
        self.values = np.concatenate(self.ratios)
        weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in ratios])
        scenes = np.concatenate([np.full(len(each), k) for k, each in enumerate(ratios)])
        order = np.argsort(self.values, kind="stable")
        self.values, self.weights, self.scenes = self.values[order], weights[order], scenes[order]

    def factor(self, share: float, without: int | None = None) -> float:
        """The smallest ratio that `share` of the scenes' mean length does not exceed."""
        weights = self.weights if without is None else self.weights * (self.scenes != without)
        total = np.cumsum(weights)
        at = np.searchsorted(total, share * total[-1] * (1 - 1e-12))
        return float(self.values[min(at, len(self.values) - 1)])

    def left_out(self, share: float) -> float:
        """Mean over the scenes of the share within the factor chosen without each of them."""
        within = [
            np.searchsorted(mine, self.factor(share, k), side="right") / len(mine)
            for k, mine in enumerate(self.ratios)
        ]
        return float(np.mean(within))
