"""Least squares for series whose residuals remember: AR(1) in continuous time, and white noise.

Residuals of a calving front last for weeks: a front that has lost a berg stays back. Taken for
independent they make intervals several times too narrow. Here two residuals Δt apart correlate as
(1 − ν) exp(−Δt/τ). Nobody knows the memory τ and the white share ν, so neither is estimated and
then believed: generalised least squares is solved for a grid of both, and the solutions are
averaged with the weights that the restricted likelihood gives them. Where a memory leaves a number
less uncertain than three quarters of the weight does, it is taken as uncertain as that: without
this, intervals of the season hold the truth in 92 worlds of 100 instead of 95.

Source: Jones (1985) for the filter, Harville (1974) for the restricted likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

Array = npt.NDArray[np.float64]
MEMORIES = 16
WHITE_SHARES = (np.arange(8) + 0.5) / 8
SHORTEST_GAP = 0.5  # the shortest memory tried, in median gaps between observations
LONGEST_SPAN = 0.5  # the longest, in spans of the series
CAUTION = 0.75  # of the weight


@dataclass(frozen=True)
class Mixture:
    """What the data say of p coefficients: Student distributions, weighted.

    weights: (k,); means: (k, p); covariances: (k, p, p), scale matrices; freedom: degrees of
    freedom of each. memory_years, white_share: (k,), the grid; variances: (k,), of the residuals.
    """

    weights: Array
    means: Array
    covariances: Array
    freedom: int
    memory_years: Array
    white_share: Array
    variances: Array

    def estimate(self, combination: Array) -> float:
        """The mean of a combination of the coefficients, (p,)."""
        return float(self.weights @ (self.means @ combination))

    def interval(self, combination: Array, level: float) -> tuple[float, float]:
        """The central interval that holds a combination of the coefficients at `level`."""
        centres = self.means @ combination
        squares = np.einsum("i,kij,j->k", combination, self.covariances, combination)
        scales = np.sqrt(squares) * self._widening(squares)
        tail = (1 - level) / 2

        def above(x: float, probability: float) -> float:
            reached = stats.t.cdf((x - centres) / scales, self.freedom)
            return float(self.weights @ reached) - probability

        bounds = []
        for probability in (tail, 1 - tail):
            each = centres + float(stats.t.ppf(probability, self.freedom)) * scales
            lowest, highest = float(each.min()), float(each.max())
            margin = 1e-6 * float(scales.max())
            root = optimize.brentq(above, lowest - margin, highest + margin, args=(probability,))
            bounds.append(float(root))
        return bounds[0], bounds[1]

    def draws(self, combinations: Array, count: int, seed: int) -> Array:
        """Combinations (m, p) of the coefficients drawn from the mixture, (count, m).

        The same for the same seed.
        """
        random = np.random.default_rng(seed)
        chosen = random.choice(len(self.weights), size=count, p=self.weights)
        roots = np.linalg.cholesky(self.covariances)
        squares = np.sum((combinations @ roots) ** 2, axis=(1, 2))
        normal = random.standard_normal((count, self.means.shape[1]))
        stretch = np.sqrt(self.freedom / random.chisquare(self.freedom, count))
        stretch *= self._widening(squares)[chosen]
        shifts = stretch[:, None] * np.einsum("nij,nj->ni", roots[chosen], normal)
        return np.asarray((self.means[chosen] + shifts) @ combinations.T)

    def _widening(self, squares: Array) -> Array:
        """By how much each of k distributions is widened, given their variances (k,)."""
        order = np.argsort(squares)
        reached = int(np.searchsorted(np.cumsum(self.weights[order]), CAUTION))
        floor = squares[order[min(reached, len(order) - 1)]]
        return np.asarray(np.sqrt(np.maximum(1.0, floor / squares)))


def solve(times: Array, design: Array, values: Array, noise: Array | None = None) -> Mixture:
    """Fit values = design @ coefficients + residuals that remember.

    times: (n,) years, rising; values: (n,); design: (n, p) of full rank, its first column 1, n > p.
    noise: (n,) relative variances of the white part (of measurement errors), mean 1; all 1 where
    None.
    """
    n, p = design.shape
    gaps = np.diff(times)
    span = times[-1] - times[0]
    typical = float(np.median(gaps[gaps > 0]))
    shortest, longest = SHORTEST_GAP * typical, LONGEST_SPAN * span
    memory, share = (
        grid.ravel()
        for grid in np.meshgrid(np.geomspace(shortest, longest, MEMORIES), WHITE_SHARES)
    )
    sizes = np.sqrt((design**2).mean(axis=0))  # columns of one size: matrices that invert well
    level = float(np.sqrt(np.mean((values - values.mean()) ** 2))) or 1.0
    columns = np.column_stack([design / sizes, (values - values.mean()) / level])
    white, log_variance = _whiten(gaps, columns, memory, share, noise)
    x, y = white[:, :, :p], white[:, :, p]
    information = np.einsum("nki,nkj->kij", x, x)
    projected = np.einsum("nki,nk->ki", x, y)
    inverse = np.linalg.inv(information)
    beta = np.einsum("kij,kj->ki", inverse, projected)
    squares = np.sum((y - np.einsum("nki,ki->nk", x, beta)) ** 2, axis=0)
    squares = np.maximum(squares, 1e-20)  # a perfect fit
    _, log_information = np.linalg.slogdet(information)
    likelihood = -0.5 * (log_variance + log_information + (n - p) * np.log(squares))
    weights = np.exp(likelihood - likelihood.max())
    variances = squares / (n - p)
    units = level / sizes
    means = beta * units
    # `values` were centred; the first column of a design is its constant.
    means[:, 0] += values.mean()
    return Mixture(
        weights=weights / weights.sum(),
        means=means,
        covariances=inverse * variances[:, None, None] * np.outer(units, units),
        freedom=n - p,
        memory_years=memory,
        white_share=share,
        variances=variances * level**2,
    )


def _whiten(
    gaps: Array, columns: Array, memory: Array, share: Array, noise: Array | None
) -> tuple[Array, Array]:
    """Turn columns of remembering residuals into independent ones, for k memories at once.

    gaps: (n − 1,); columns: (n, q); memory, share: (k,). Returns (n, k, q) and (k,), the logarithm
    of the determinant of the correlations. A Kalman filter: work grows with n, not n³.
    """
    n, q = columns.shape
    variance = 1 - share
    state = np.zeros((len(memory), q))
    spread = variance.copy()
    white = np.empty((n, len(memory), q))
    log_variance = np.zeros(len(memory))
    for i in range(n):
        if i:
            kept = np.exp(-gaps[i - 1] / memory)
            state *= kept[:, None]
            spread = kept**2 * spread + variance * (1 - kept**2)
        measured = share * (1.0 if noise is None else noise[i])
        total = spread + measured
        surprise = columns[i] - state
        white[i] = surprise / np.sqrt(total)[:, None]
        log_variance += np.log(total)
        state += (spread / total)[:, None] * surprise
        spread = spread * measured / total
    return white, log_variance
