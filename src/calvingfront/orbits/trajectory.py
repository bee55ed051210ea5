"""The path of a body under a smooth force, at any time.

Picard's iteration on Chebyshev polynomials (Bai and Junkins 2011, "Modified Chebyshev-Picard
iteration methods for orbit propagation"): whole pieces of the path at once, in NumPy alone.
SciPy's integrators give the same path to rounding error, but their import would add half a second
to each of hundreds of short jobs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from calvingfront.radar.model import Array

# A low orbit turns by 0.13 rad per piece: polynomial and iteration then reach rounding error.
LONGEST_PIECE_S = 120.0
DEGREE = 15
ITERATIONS = 14


class Trajectory:
    """The path from a state at time 0 to duration_s (negative: backwards), in Chebyshev pieces.

    motion: time derivative (n, k) of states (n, k); it does not depend on time.
    """

    def __init__(self, motion: Callable[[Array], Array], state: Array, duration_s: float) -> None:
        count = max(1, int(np.ceil(abs(duration_s) / LONGEST_PIECE_S)))
        self._piece_s = (duration_s or 1.0) / count
        nodes = chebyshev.chebpts1(DEGREE + 1)
        to_coefficients = np.linalg.inv(chebyshev.chebvander(nodes, DEGREE))
        integral = chebyshev.chebint(to_coefficients, lbnd=-1) * (self._piece_s / 2)
        to_nodes = chebyshev.chebvander(nodes, DEGREE + 1) @ integral
        self._coefficients = np.empty((count, DEGREE + 2, state.size))
        start = np.asarray(state, dtype=np.float64)
        for piece in self._coefficients:
            states = np.tile(start, (nodes.size, 1))
            for _ in range(ITERATIONS):
                states = start + to_nodes @ motion(states)
            piece[:] = integral @ motion(states)
            piece[0] += start
            start = piece.sum(axis=0)  # every Chebyshev polynomial is 1 at the piece's end

    def __call__(self, time_s: Array) -> Array:
        """States (n, k) at times (n,) between 0 and the duration."""
        pieces = time_s / self._piece_s
        index = np.clip(pieces.astype(int), 0, len(self._coefficients) - 1)
        basis = chebyshev.chebvander(2 * (pieces - index) - 1, DEGREE + 1)
        return np.asarray(np.einsum("nd,ndk->nk", basis, self._coefficients[index]))
