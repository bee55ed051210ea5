"""Thinning a front mask to lines one pixel wide, and the distance between two fronts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from skimage.morphology import skeletonize

from calvingfront.fronts.distance import distance_to_front

Mask = npt.NDArray[np.uint8]
EIGHT_NEIGHBOURS = np.ones((3, 3), np.uint8)
_STEPS = ((0, 1, 1.0), (1, 0, 1.0), (1, 1, np.sqrt(2.0)), (1, -1, np.sqrt(2.0)))


@dataclass(frozen=True)
class Line:
    """One segment of a front: its pixels in order from end to end, and its length.

    rows, cols: (n,) px; length: px, a diagonal step counts √2.
    """

    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    length: float


def _graph(rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64]) -> Any:
    """Connect each pixel to its eight neighbours, weighted by the length of the step (CSR)."""
    number = {(r, c): k for k, (r, c) in enumerate(zip(rows.tolist(), cols.tolist(), strict=True))}
    starts, ends, lengths = [], [], []
    for (r, c), k in number.items():
        for down, right, length in _STEPS:
            other = number.get((r + down, c + right))
            if other is not None:
                starts.append(k)
                ends.append(other)
                lengths.append(length)
    return sparse.csr_array((lengths, (starts, ends)), shape=(len(rows), len(rows)))


def _longest_path(rows: npt.NDArray[np.int64], cols: npt.NDArray[np.int64]) -> Line:
    """Find the longest shortest path in a connected skeleton with two sweeps (exact for a tree)."""
    graph = _graph(rows, cols)
    first = csgraph.dijkstra(graph, directed=False, indices=0)  # type: ignore[call-overload]
    start = int(np.argmax(first))
    distance, previous = csgraph.dijkstra(  # type: ignore[call-overload]
        graph, directed=False, indices=start, return_predecessors=True
    )
    node = int(np.argmax(distance))
    length, path = float(distance[node]), []
    while node >= 0:
        path.append(node)
        node = int(previous[node])
    return Line(rows[path], cols[path], length)


def centre_lines(mask: Mask) -> list[Line]:
    """Thin a front mask to lines: the longest path in each component of its skeleton (no spurs).

    mask: (h, w), front = non-zero. Returns the segments from the longest to the shortest.
    """
    skeleton = skeletonize(mask > 0)  # type: ignore[no-untyped-call]
    labels, count = ndimage.label(skeleton, structure=EIGHT_NEIGHBOURS)
    lines = []
    for label, window in enumerate(ndimage.find_objects(labels, max_label=count), start=1):
        rows, cols = np.nonzero(labels[window] == label)
        line = _longest_path(rows.astype(np.int64), cols.astype(np.int64))
        lines.append(Line(line.rows + window[0].start, line.cols + window[1].start, line.length))
    return sorted(lines, key=lambda line: -line.length)


def draw_lines(lines: list[Line], shape: tuple[int, int]) -> Mask:
    """Draw lines as a mask (0 or 1), one pixel wide."""
    mask = np.zeros(shape, np.uint8)
    for line in lines:
        mask[line.rows, line.cols] = 1
    return mask


def longer_than(lines: list[Line], shortest: float) -> list[Line]:
    """Drop the lines shorter than `shortest` px."""
    return [line for line in lines if line.length >= shortest]


@dataclass(frozen=True)
class FrontDistance:
    """The distance between two lines P and Q in an image, px.

    total: Σ over the pixels of both lines of the distance to the other line; count: |P| + |Q|;
    hausdorff95: the larger of the two directions' 95th percentiles.
    """

    total: float
    count: int
    hausdorff95: float


def front_distance(prediction: Mask, truth: Mask) -> FrontDistance | None:
    """Measure the symmetric distance between two masks of lines (h, w); None if one is empty.

    Source: the mean distance error of Gourmelon et al. (2022), before its division by |P| + |Q|.
    """
    p, q = prediction > 0, truth > 0
    if not p.any() or not q.any():
        return None
    there = distance_to_front(truth)[p].astype(np.float64)
    back = distance_to_front(prediction)[q].astype(np.float64)
    return FrontDistance(
        total=float(there.sum() + back.sum()),
        count=int(p.sum() + q.sum()),
        hausdorff95=float(max(np.percentile(there, 95), np.percentile(back, 95))),
    )
