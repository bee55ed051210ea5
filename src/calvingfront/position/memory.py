"""Least squares for series with correlated residuals: AR(1) in continuous time, and white noise.

Residuals of a calving front last for weeks: a front that has lost a berg stays back. Treating them
as independent makes intervals several times too narrow. Here two residuals Δt apart correlate as
(1 − ν) exp(−Δt/τ). The memory τ and the white share ν are unknown, and neither is fixed at a single
estimate: generalised least squares is solved on a grid of both, and the solutions are averaged with
weights from the restricted likelihood. Where the errors of the values are known, each value has
its own independent error besides, and the size of the residuals is on the grid as well. For each
quantity, variances below their weighted 75 % quantile are raised to it. Without this, the season's
95 % intervals hold the truth in only 92 of 100 simulated series.

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
EXTRA = (
    0.05,
    5.0,
)  # residuals beyond known errors: smallest and largest, in residuals of a plain fit
EXTRAS = 12
GAUSSIAN = 100_000  # degrees of freedom where the size of the residuals is on the grid
CAUTION = 0.75  # weighted quantile up to which variances are raised


@dataclass(frozen=True)
class Mixture:
    """What the data say about p coefficients: a weighted mixture of Student distributions.

    weights: (k,); means: (k, p); covariances: (k, p, p), scale matrices; freedom: degrees of
    freedom of each. memory_years, white_share: (k,), the grid; variances: (k,), of the residuals
    beyond known errors.
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
        """Central interval of a combination of the coefficients at `level`."""
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
        """Draw combinations (m, p) of the coefficients from the mixture, (count, m).

        The same seed gives the same draws.
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
        """Factors (k,) that widen the distributions, given their variances (k,)."""
        order = np.argsort(squares)
        reached = int(np.searchsorted(np.cumsum(self.weights[order]), CAUTION))
        floor = squares[order[min(reached, len(order) - 1)]]
        return np.asarray(np.sqrt(np.maximum(1.0, floor / squares)))


def solve(times: Array, design: Array, values: Array, errors: Array | None = None) -> Mixture:
    """Fit values = design @ coefficients + correlated residuals [+ independent errors].

    times: (n,) years, rising; values: (n,); design: (n, p) of full rank, its first column 1, n > p.
    errors: (n,) standard errors of the values, in their unit, taken at face value; the size of the
    residuals beyond them is estimated, on the grid as well. None: unknown.
    """
    n, p = design.shape
    sizes = np.sqrt((design**2).mean(axis=0))  # scaled columns keep the matrices well conditioned
    level = float(np.sqrt(np.mean((values - values.mean()) ** 2))) or 1.0
    columns = np.column_stack([design / sizes, (values - values.mean()) / level])
    known = None if errors is None else (errors / level) ** 2
    memory, share, size = _grid(times, columns, known)
    white, log_variance = _whiten(
        np.diff(times), columns, memory, size * (1 - share), size * share, known
    )
    x, y = white[:, :, :p], white[:, :, p]
    information = np.einsum("nki,nkj->kij", x, x)
    projected = np.einsum("nki,nk->ki", x, y)
    inverse = np.linalg.inv(information)
    beta = np.einsum("kij,kj->ki", inverse, projected)
    squares = np.sum((y - np.einsum("nki,ki->nk", x, beta)) ** 2, axis=0)
    squares = np.maximum(squares, 1e-20)  # a perfect fit
    _, log_information = np.linalg.slogdet(information)
    # Without errors the size of the residuals is integrated out, with errors it is on the grid.
    misfit = (n - p) * np.log(squares) if known is None else squares
    likelihood = -0.5 * (log_variance + log_information + misfit)
    weights = np.exp(likelihood - likelihood.max())
    variances = squares / (n - p) if known is None else size
    scale = variances if known is None else np.ones_like(size)
    units = level / sizes
    means = beta * units
    # `values` were centred; the first column of the design is the constant.
    means[:, 0] += values.mean()
    return Mixture(
        weights=weights / weights.sum(),
        means=means,
        covariances=inverse * scale[:, None, None] * np.outer(units, units),
        freedom=n - p if known is None else GAUSSIAN,
        memory_years=memory,
        white_share=share,
        variances=variances * level**2,
    )


def _grid(times: Array, columns: Array, known: Array | None) -> tuple[Array, Array, Array]:
    """Memories, white shares and variances of the residuals to try, each (k,).

    Without known errors the variances are 1: the residuals tell their own size.
    """
    gaps = np.diff(times)
    shortest = SHORTEST_GAP * float(np.median(gaps[gaps > 0]))
    longest = LONGEST_SPAN * float(times[-1] - times[0])
    memories = np.geomspace(shortest, longest, MEMORIES)
    if known is None:
        memory, share = (grid.ravel() for grid in np.meshgrid(memories, WHITE_SHARES))
        return memory, share, np.ones_like(memory)
    design, values = columns[:, :-1], columns[:, -1]
    left = values - design @ np.linalg.lstsq(design, values)[0]
    typical = max(float(left @ left) / (len(values) - design.shape[1]), 1e-12)
    variances = typical * np.geomspace(*EXTRA, EXTRAS) ** 2
    memory, share, size = (
        grid.ravel() for grid in np.meshgrid(memories[::2], WHITE_SHARES[::2], variances)
    )
    return memory, share, size


def _whiten(
    gaps: Array,
    columns: Array,
    memory: Array,
    lasting: Array,
    fresh: Array,
    known: Array | None = None,
) -> tuple[Array, Array]:
    """Turn columns with correlated residuals into independent ones, for k models at once.

    gaps: (n - 1,); columns: (n, q); memory: (k,); lasting, fresh: (k,) variances of the part with
    memory and of the white part; known: (n,) further variances of single values.
    Returns (n, k, q) and (k,), the log determinant of the covariance matrix. A Kalman filter: the
    cost grows with n, not n³.
    """
    n, q = columns.shape
    state = np.zeros((len(memory), q))
    spread = lasting.copy()
    white = np.empty((n, len(memory), q))
    log_variance = np.zeros(len(memory))
    for i in range(n):
        if i:
            kept = np.exp(-gaps[i - 1] / memory)
            state *= kept[:, None]
            spread = kept**2 * spread + lasting * (1 - kept**2)
        measured = fresh if known is None else fresh + known[i]
        total = spread + measured
        surprise = columns[i] - state
        white[i] = surprise / np.sqrt(total)[:, None]
        log_variance += np.log(total)
        state += (spread / total)[:, None] * surprise
        spread = spread * measured / total
    return white, log_variance
