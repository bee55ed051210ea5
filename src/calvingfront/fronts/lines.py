"""Lines one pixel wide from front masks, and the distance between two fronts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calvingfront.fronts.distance import distance_to_front
from calvingfront.fronts.skeleton import longest_way
from calvingfront.fronts.symmetry import own_orientations, places_back, turned
from calvingfront.fronts.thinning import pieces_of, thin, thin_as_it_lies

Mask = npt.NDArray[np.uint8]
EIGHT_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Line:
    """One segment of a front: its pixels in order from end to end, and its length.

    rows, cols: (n,) px; where the line closes on itself, the pixel at which it does is repeated: in
        a ring the first is the last too.
    length: px, a diagonal step counts √2.
    twins: (m, 2) rows and columns of further pixels, if the piece is its own mirror image and the
        line is not: those of the mirrored line.
    """

    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    length: float
    twins: npt.NDArray[np.int64] | None = None


def centre_lines(mask: Mask) -> list[Line]:
    """Thin a front mask to lines: the longest way through each component of its skeleton.

    Spurs are dropped; of a ring, or a line that closes on itself, nothing is lost. A mask turned by
    a quarter or mirrored gives the same lines, turned or mirrored.
    mask: (h, w), front = non-zero. Returns the segments from the longest to the shortest.
    """
    skeleton = thin(mask > 0)
    codes = own_orientations(skeleton)
    lines = []
    for (down, across), piece in pieces_of(skeleton):
        ways = []
        for code in codes:
            ways.append(_way_in(piece, code))
            if len(np.unique(ways[0][0])) == np.count_nonzero(piece):
                break  # nothing is left for a twin
        (way, length), found = ways[0], np.concatenate([pixels for pixels, _ in ways])
        corner = np.array([down.start, across.start])
        places, twins = (
            np.stack(np.divmod(pixels, piece.shape[1]), axis=1) + corner
            for pixels in (way, np.setdiff1d(found, way))
        )
        lines.append(Line(places[:, 0], places[:, 1], length, twins if len(twins) else None))
    return sorted(lines, key=lambda line: -line.length)


def _way_in(piece: npt.NDArray[np.bool_], code: int) -> tuple[npt.NDArray[np.int64], float]:
    """The longest way through a thinned piece, in one orientation: flat indices, and length."""
    skeleton = turned(piece, code)
    block = skeleton[1:, 1:] & skeleton[:-1, 1:] & skeleton[1:, :-1] & skeleton[:-1, :-1]
    if block.any():  # still two pixels wide, as the mask is its own mirror image
        skeleton = thin_as_it_lies(skeleton)
    rows, cols, length = longest_way(skeleton)
    rows, cols = places_back(rows, cols, skeleton.shape, code)
    return rows * piece.shape[1] + cols, length


def lines_as_they_lie(mask: Mask) -> list[Line]:
    """As `centre_lines`, without regard to the orientation: one pixel wide in any mask."""
    lines = []
    for (down, across), piece in pieces_of(thin_as_it_lies(mask > 0)):
        rows, cols, length = longest_way(piece)
        lines.append(Line(rows + down.start, cols + across.start, length))
    return sorted(lines, key=lambda line: -line.length)


def draw_lines(lines: list[Line], shape: tuple[int, int]) -> Mask:
    """Draw lines as a mask (0 or 1), one pixel wide, each with its `twins`."""
    mask = np.zeros(shape, np.uint8)
    for line in lines:
        mask[line.rows, line.cols] = 1
        if line.twins is not None:
            mask[tuple(line.twins.T)] = 1
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
