"""Judge a located front: good, partial, doubtful or none, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from calvingfront.fronts.polylines import distance_along

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EDGE_PX = 3.0  # an end nearer to the edge of the image than this may go on beyond it
TOUCH_PX = 1.5  # lines nearer to each other than this touch; those of two pieces never are
GAP = 0.1  # share of the front's extent: wider gaps between its pieces make it partial
HIDDEN = 0.1  # share of the line in layover, shadow or filled terrain that makes it partial
SPREAD = 1.3  # times the validation scenes' median spread: beyond it, the members disagree


@dataclass(frozen=True)
class Quality:
    """name: good, partial or doubtful. reasons: why it is not good."""

    name: str
    reasons: tuple[str, ...]


def judge(
    lines: Sequence[Floats],
    spreads: Sequence[Floats],
    usual_spread_px: float | None,
    inside: Bools,
    hidden: float = 0.0,
    unlike: Sequence[str] = (),
) -> Quality:
    """Judge a front that has a line.

    lines: pieces (n, 2), rows and columns, px. spreads: of each piece (n,), px, see `spread_along`.
    usual_spread_px: the median over the validation scenes of their means (None: unknown).
    inside: (h, w), False in the padding. hidden: share of the line in layover, in shadow or on
    filled terrain. unlike: what distinguishes the scene from the training data.

    Each piece is judged by itself, too: one that the predictions only guess would hide in the mean
    behind a longer one of which they are sure.
    """
    partial, doubtful = [], list(unlike)
    gap = widest_gap(lines)
    if gap > GAP:
        partial.append(f"broken: {100 * gap:.0f} % of its extent is missing")
    if any(at_edge(end, inside) for line in lines for end in open_ends(line)):
        partial.append("ends at the edge of the image")
    if hidden > HIDDEN:
        partial.append(f"{100 * hidden:.0f} % of it lies in layover, shadow or filled terrain")
    if usual_spread_px is not None:
        doubtful += _too_wide(spreads, usual_spread_px)
    name = "doubtful" if doubtful else "partial" if partial else "good"
    return Quality(name, (*doubtful, *partial))


def _too_wide(spreads: Sequence[Floats], usual_px: float) -> list[str]:
    """Say where the predictions spread too widely: along the whole front, or along a piece."""
    vertices = sum(map(len, spreads))
    whole = float(np.concatenate(spreads).mean()) / usual_px
    if whole > SPREAD:
        return [f"the predictions spread {whole:.1f} times as widely as usual"]
    piece = max(spreads, key=lambda spread: float(spread.mean()))
    times = float(piece.mean()) / usual_px
    if times <= SPREAD:
        return []
    share = 100 * len(piece) / vertices
    return [
        f"along a piece, {share:.0f} % of the line, "
        f"the predictions spread {times:.1f} times as widely as usual"
    ]


def open_ends(line: Floats) -> Floats:
    """The ends (2, 2) of a line; (0, 2) of a closed one."""
    return line[:0] if np.array_equal(line[0], line[-1]) else line[[0, -1]]


def widest_gap(lines: Sequence[Floats]) -> float:
    """Share of a front's extent that lies between its pieces.

    The pieces are joined by their ends, nearest first; the gaps are the joints. Lines that touch
    are one piece. Where a piece has no end, as in a ring, it is joined anywhere.
    """
    lengths = sum(float(distance_along(line)[-1]) for line in lines)
    pieces, gaps = _pieces(lines), 0.0
    while len(pieces) > 1:
        gap, i, j = min(
            (float(cdist(pieces[i], pieces[j]).min()), i, j)
            for i in range(len(pieces))
            for j in range(i)
        )
        a, b = np.argwhere(cdist(pieces[i], pieces[j]) == gap)[0]
        left = np.concatenate([np.delete(pieces[i], a, axis=0), np.delete(pieces[j], b, axis=0)])
        whole = left if len(left) else np.concatenate([pieces[i], pieces[j]])
        pieces = [piece for k, piece in enumerate(pieces) if k not in (i, j)] + [whole]
        gaps += gap
    return gaps / (gaps + lengths)


def _pieces(lines: Sequence[Floats]) -> list[Floats]:
    """The free ends of all lines that touch each other; all their vertices if they have none."""
    trees = [cKDTree(line) for line in lines]
    touching = np.array([[a.count_neighbors(b, TOUCH_PX) > 0 for b in trees] for a in trees])
    count, labels = connected_components(touching)
    pieces = []
    for label in range(count):
        own = np.flatnonzero(labels == label).tolist()
        ends = [
            end
            for k in own
            for end in open_ends(lines[k])
            if all(trees[other].query(end)[0] > TOUCH_PX for other in own if other != k)
        ]
        pieces.append(np.array(ends) if ends else np.concatenate([lines[k] for k in own]))
    return pieces


def at_edge(end: Floats, inside: Bools) -> bool:
    """Whether a point lies within `EDGE_PX` of the edge of the valid area."""
    row, col = end
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    distance = min(row - rows[0], rows[-1] - row, col - cols[0], cols[-1] - col)
    return bool(distance < EDGE_PX)
