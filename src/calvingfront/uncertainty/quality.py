"""Judge a located front: good, partial, doubtful or none, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calvingfront.fronts.polylines import distance_along

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EDGE_PX = 3.0  # an end nearer to the edge of the image than this may go on beyond it
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
    spread_px: float,
    usual_spread_px: float | None,
    inside: Bools,
    hidden: float = 0.0,
    unlike: Sequence[str] = (),
) -> Quality:
    """Judge a front that has a line.

    lines: pieces (n, 2), rows and columns, px. spread_px, usual_spread_px: mean spread of this
    front, and its median over the validation scenes (None: unknown). inside: (h, w), False in the
    padding. hidden: share of the line in layover, in shadow or on filled terrain. unlike:
    what distinguishes the scene from the training data.
    """
    partial, doubtful = [], list(unlike)
    gap = widest_gap(lines)
    if gap > GAP:
        partial.append(f"broken: {100 * gap:.0f} % of its extent is missing")
    if any(at_edge(end, inside) for line in lines for end in open_ends(line)):
        partial.append("ends at the edge of the image")
    if hidden > HIDDEN:
        partial.append(f"{100 * hidden:.0f} % of it lies in layover, shadow or filled terrain")
    if usual_spread_px is not None and spread_px > SPREAD * usual_spread_px:
        times = spread_px / usual_spread_px
        doubtful.append(f"the predictions spread {times:.1f} times as widely as usual")
    name = "doubtful" if doubtful else "partial" if partial else "good"
    return Quality(name, (*doubtful, *partial))


def open_ends(line: Floats) -> Floats:
    """The ends (2, 2) of a line; (0, 2) of a closed one."""
    return line[:0] if np.array_equal(line[0], line[-1]) else line[[0, -1]]


def widest_gap(lines: Sequence[Floats]) -> float:
    """Share of a front's extent that lies between its pieces.

    The pieces are joined by their ends, nearest first; the gaps are the joints.
    """
    lengths = sum(float(distance_along(line)[-1]) for line in lines)
    pieces = [line[[0, -1]] for line in lines]
    gaps = 0.0
    while len(pieces) > 1:
        best = min(
            (float(np.hypot(*(pieces[i][a] - pieces[j][b]))), i, j, a, b)
            for i in range(len(pieces))
            for j in range(i)
            for a in (0, 1)
            for b in (0, 1)
        )
        gap, i, j, a, b = best
        joined = np.array([pieces[i][1 - a], pieces[j][1 - b]])
        pieces = [piece for k, piece in enumerate(pieces) if k not in (i, j)] + [joined]
        gaps += gap
    return gaps / (gaps + lengths)


def at_edge(end: Floats, inside: Bools) -> bool:
    """Whether a point lies within `EDGE_PX` of the edge of the valid area."""
    row, col = end
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    distance = min(row - rows[0], rows[-1] - row, col - cols[0], cols[-1] - col)
    return bool(distance < EDGE_PX)
