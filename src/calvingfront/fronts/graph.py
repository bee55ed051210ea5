"""The pixels of a skeleton as a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def pixel_graph(skeleton: Mask, squares: bool = True) -> Any:
    """Connect each pixel to its neighbours, weighted by the length of the step (CSR, symmetric).

    Nodes are the pixels of a skeleton (h, w) in the order of `np.nonzero`. Diagonal neighbours with
    a common neighbour beside both are not connected: the way between them is through that pixel,
    and they would close a ring that has no hole. Four pixels in a square close one too, which is
    opened unless `squares`.
    """
    rows, cols = np.nonzero(skeleton)
    width = skeleton.shape[1] + 2  # no step leads from one row into another
    flat = rows * width + cols

    def found(steps: int) -> tuple[Mask, Ints]:
        """Which pixels have a neighbour so many steps on, and its number."""
        number = np.minimum(np.searchsorted(flat, flat + steps), len(flat) - 1)
        return flat[number] == flat + steps, number

    starts, ends, lengths = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        linked, other = found(down * width + right)
        if down and right:
            linked &= ~found(width)[0] & ~found(right)[0]
        if right and not down and not squares:
            linked &= ~(found(-width)[0] & found(1 - width)[0])
        starts.append(np.flatnonzero(linked))
        ends.append(other[linked])
        lengths.append(np.full(len(ends[-1]), np.hypot(down, right)))
    a, b, weights = (np.concatenate(parts) for parts in (starts, ends, lengths))
    both = (np.tile(weights, 2), (np.concatenate([a, b]), np.concatenate([b, a])))
    return sparse.csr_array(both, shape=(len(flat),) * 2)
