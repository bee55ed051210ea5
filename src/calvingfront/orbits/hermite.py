"""Hermite interpolation: one polynomial through values and slopes at a few nodes.

Written without SciPy: its import takes half a second, and hundreds of short jobs would need it for
nothing else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array


class Hermite:
    """The polynomial of least degree with given values and slopes (both (n, 3)) at n nodes.

    Uses Newton's form with divided differences, each node taken twice. Nodes scaled to about −1 … 1
    keep the differences precise.
    """

    def __init__(self, nodes: npt.ArrayLike, values: npt.ArrayLike, slopes: npt.ArrayLike) -> None:
        self._nodes = np.repeat(np.asarray(nodes, dtype=np.float64), 2)
        column = np.repeat(np.asarray(values, dtype=np.float64), 2, axis=0)
        self._coefficients = column.copy()
        for order in range(1, self._nodes.size):
            apart = self._nodes[order:] - self._nodes[:-order]
            if order == 1:
                apart[::2] = 1.0  # a node paired with itself: the slope replaces the difference
            column = np.diff(column, axis=0) / apart[:, np.newaxis]
            if order == 1:
                column[::2] = slopes
            self._coefficients[order] = column[0]

    def __call__(self, at: npt.ArrayLike) -> Array:
        """Values (m, 3) at places (m,)."""
        return self.with_slope(at)[0]

    def with_slope(self, at: npt.ArrayLike) -> tuple[Array, Array]:
        """Values and first derivatives, (m, 3) each, at places (m,)."""
        x = np.asarray(at, dtype=np.float64)[..., np.newaxis]
        value = np.broadcast_to(self._coefficients[-1], (*x.shape[:-1], 3))
        slope = np.zeros(value.shape)
        for node, coefficient in zip(self._nodes[-2::-1], self._coefficients[-2::-1], strict=True):
            slope = slope * (x - node) + value
            value = value * (x - node) + coefficient
        return np.asarray(value), np.asarray(slope)
