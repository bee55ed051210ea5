"""Trace front lines with sub-pixel vertices through a probability image.

Rows and columns refer to pixel centres; lengths are in px. The constants were chosen on validation
scenes of the simulated archive. `benchmarks/subpixel.py` compares the lines with its exact fronts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.linalg import solveh_banded
from skimage.draw import line as draw_segment
from skimage.draw import polygon2mask
from skimage.graph import MCP_Geometric

from calvingfront.errors import SampleError
from calvingfront.fronts.lines import EIGHT_NEIGHBOURS
from calvingfront.fronts.polylines import distance_along, evenly_spaced, joined, normals, untangled

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

REACH = 0.5  # a piece extends as far as the probability exceeds this share of the threshold
STEP_COST = 0.1  # cost of a 1 px step where the probability is 1
PROFILE = np.arange(-4.0, 4.1, 0.5)  # px from the line along its normal
SMOOTHING = 5.0  # px: undulations of this wavelength keep half of their amplitude
ROUNDS = 3  # of centring and smoothing; further rounds change almost nothing
MARGIN = 8  # px around a piece; also the number of vertices by which a closed line overlaps


@dataclass(frozen=True)
class SubpixelLine:
    """One piece of a front: its vertices in order from end to end.

    rows, cols:  (n,) px, pixel centres; a closed line ends with its first vertex.
    probability: (n,) at the vertices, 0…1, interpolated bilinearly.
    length:      px.
    """

    rows: Floats
    cols: Floats
    probability: Floats
    length: float
    closed: bool


def subpixel_lines(
    probability: npt.ArrayLike,
    threshold: float,
    min_length_px: float,
    valid: npt.ArrayLike | None = None,
    reach: float = REACH,
) -> list[SubpixelLine]:
    """Trace the front through a probability image: one line for each piece, longest first.

    probability: (h, w), 0…1.
    threshold: 0…1, as chosen for the mask. A piece is a connected region above `reach` × threshold
        with at least one pixel above the threshold (hysteresis). With reach 1, the pieces are
        those of the mask.
    min_length_px: shorter lines are dropped.
    valid: (h, w), False in the padding. Probabilities there count as 0, and no line enters it.

    The line starts as the path of least −log(probability) between the two pixels of the piece that
    are farthest apart within it. Its vertices then move along their normals to the centroid of the
    squared probability, and the line is smoothed (`SMOOTHING`). Branches are dropped. A piece with
    a hole becomes a closed line if that is longer than the open one. A piece that fills the image
    has no sides and so no line. Rotating the image by 90° or mirroring it rotates or mirrors the
    lines; a piece that is its own mirror image may give either of two equally good lines.
    Raises SampleError where a valid probability is not in 0…1, the image and `valid` do not match,
    or an argument is out of range.
    Sources: Canny (1986), IEEE PAMI 8(6), section VIII, for the hysteresis; Eilers (2003),
    Analytical Chemistry 75(14), for the discrete smoothing spline.
    """
    image, inside = _checked(probability, valid)
    if not (0 <= threshold <= 1 and 0 <= reach <= 1 and min_length_px >= 0):
        raise SampleError(
            "front lines",
            f"threshold {threshold}, reach {reach} and minimum length {min_length_px} px are "
            "not valid",
            "Give a threshold and a reach in 0…1 and a length of 0 px or more.",
        )
    image, inside = np.pad(image, MARGIN), np.pad(inside, MARGIN)
    labels, count = ndimage.label(image > reach * threshold, structure=EIGHT_NEIGHBOURS)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    strong = np.bincount(labels[image > threshold], minlength=count + 1) > 0
    lines = []
    for label, box in enumerate(ndimage.find_objects(labels, max_label=count), start=1):
        too_short = np.sqrt(2) * sizes[label] < min_length_px  # the longest path possible
        if too_short or not strong[label] or sizes[label] == inside.sum():
            continue
        corner = [side.start - 2 * MARGIN for side in box]  # in the unpadded image
        window = tuple(slice(side.start - MARGIN, side.stop + MARGIN) for side in box)
        piece = labels[window] == label
        vertices, closed = _in_one_orientation(image[window], piece, reach * threshold)
        line = _finished(vertices + corner, closed, image, inside)
        if line is not None and line.length >= min_length_px:
            lines.append(line)
    return sorted(lines, key=lambda line: -line.length)


def resample(line: SubpixelLine, spacing_px: float) -> SubpixelLine:
    """Resample a line at even distances, as close to `spacing_px` as its length allows.

    The ends, or the first vertex of a closed line, stay; corners between new vertices are cut.
    Raises SampleError unless the spacing is finite and above 0.
    """
    if not 0 < spacing_px < np.inf:
        raise SampleError(
            "spacing_px",
            f"{spacing_px} is not a finite, positive distance",
            "Give a spacing above 0 px.",
        )
    vertices = np.column_stack([line.rows, line.cols, line.probability])
    vertices = evenly_spaced(vertices, spacing_px, least=3 if line.closed else 1)
    length = float(distance_along(vertices)[-1])
    return SubpixelLine(vertices[:, 0], vertices[:, 1], vertices[:, 2], length, line.closed)


def _checked(probability: npt.ArrayLike, valid: npt.ArrayLike | None) -> tuple[Floats, Bools]:
    """The image with 0 in the padding, and the mask of its valid pixels."""
    image = np.asarray(probability, dtype=np.float64)
    inside = np.ones(image.shape, np.bool_) if valid is None else np.asarray(valid, dtype=np.bool_)
    if image.ndim != 2 or inside.shape != image.shape:
        raise SampleError(
            "probability",
            f"has shape {image.shape}; valid has {inside.shape}",
            "Give one image (h, w) and a mask of the same shape.",
        )
    image = np.where(inside, image, 0.0)
    if not ((image >= 0) & (image <= 1)).all():
        raise SampleError(
            "probability", "contains NaN or values outside 0…1", "Rerun the prediction."
        )
    return image, inside


def _in_one_orientation(image: Floats, piece: Bools, level: float) -> tuple[Floats, bool]:
    """Trace a piece in a canonical orientation and turn the vertices back.

    Among equally cheap paths, the search prefers some directions. So of the image's eight
    orientations it always sees the same one: the first by shape and pixel values.
    """
    signed = np.where(piece, image, -image)

    def turned(array: npt.NDArray[np.generic], k: int) -> npt.NDArray[np.generic]:
        rotated = np.rot90(array, k % 4)
        return np.ascontiguousarray(rotated[:, ::-1] if k >= 4 else rotated)

    keys = [(array.shape, array.tobytes()) for array in (turned(signed, k) for k in range(8))]
    k = min(range(8), key=keys.__getitem__)
    vertices, closed = _trace(turned(image, k), turned(piece, k), level)  # type: ignore[arg-type]
    (height, width), (rows, cols) = keys[k][0], vertices.T
    if k >= 4:
        cols = width - 1 - cols
    for _ in range(k % 4):
        rows, cols, height, width = cols, height - 1 - rows, width, height
    return np.column_stack([rows, cols]), closed


def _trace(image: Floats, piece: Bools, level: float) -> tuple[Floats, bool]:
    """Vertices (n, 2) of one piece's line, and whether it is closed (first vertex not repeated)."""
    cost = np.where(piece, STEP_COST - np.log(np.maximum(image, 1e-3)), np.inf)
    path = _least_cost(cost, *_ends(piece))
    ring = _way_round(cost, piece, path)
    if len(ring) > len(path):
        return _refined(image, ring.astype(np.float64), closed=True), True
    # In a thick piece the path ends in corners. Half the thickness is cut off at each end, and the
    # line is extended straight instead.
    along = distance_along(path)
    half = float(piece.sum() / max(along[-1], 1.0) / 2)
    cut = min(half, along[-1] / 3)
    middle = path[(along >= cut) & (along <= along[-1] - cut)].astype(np.float64)
    if len(middle) < 3:
        return path.astype(np.float64), False
    vertices = _refined(image, middle)
    for _ in range(2):
        vertices = _lengthened(image, vertices, level, half)[::-1]
    return _refined(image, vertices), False


def _ends(piece: Bools) -> tuple[Pixels, Pixels]:
    """The two pixels of a piece that are farthest apart within it, found by two sweeps."""
    end = start = np.argwhere(piece)[0]
    for _ in range(2):
        start, search = end, MCP_Geometric(np.where(piece, 1.0, np.inf), fully_connected=True)
        distance, _ = search.find_costs([start])
        distance[~piece] = -1
        end = np.array(np.unravel_index(np.argmax(distance), piece.shape))
    return start, end


def _least_cost(cost: Floats, start: Pixels, end: Pixels) -> Pixels:
    """The cheapest 8-connected path between two pixels (n, 2); empty where there is none."""
    search = MCP_Geometric(cost, fully_connected=True)
    total, _ = search.find_costs([start], [end])
    path = search.traceback(end) if np.isfinite(total[tuple(end)]) else ()
    return np.asarray(path, dtype=np.intp).reshape(-1, 2)


def _way_round(cost: Floats, piece: Bools, path: Pixels) -> Pixels:
    """The closed path around the largest hole that includes the part of `path` next to it.

    (n, 2); empty where there is none. A wall across the piece, from the hole to the outside,
    forces the search to go around the hole.
    """
    nowhere = path[:0]
    filled = ndimage.binary_fill_holes(piece)
    holes, count = ndimage.label(filled & ~piece)
    if not count:
        return nowhere
    hole = holes == 1 + np.argmax(np.bincount(holes.ravel())[1:])
    distance = ndimage.distance_transform_edt(~hole)[tuple(path.T)]
    beside = np.flatnonzero(distance <= distance.min() + 1)
    at = beside[np.argmin(np.abs(beside - len(path) // 2))]
    wall = np.zeros(piece.shape, np.bool_)
    for side in (hole, ~filled):
        pixels = np.argwhere(side)
        nearest = pixels[np.argmin(((pixels - path[at]) ** 2).sum(axis=1))]
        wall[draw_segment(*path[at], *nearest)] = True  # type: ignore[no-untyped-call]
    wall = ndimage.binary_dilation(wall)  # so that no diagonal step gets through
    open_ = np.flatnonzero(~wall[tuple(path.T)])
    before, after = open_[open_ < at], open_[open_ > at]
    if not before.size or not after.size:
        return nowhere
    first, last = before[-1], after[0]
    cost = np.where(wall, np.inf, cost)
    ring = np.concatenate([path[first + 1 : last], _least_cost(cost, path[last], path[first])])
    around: Bools = polygon2mask(piece.shape, ring)  # type: ignore[no-untyped-call]
    return ring if around[hole].all() else nowhere


def _refined(image: Floats, vertices: Floats, closed: bool = False) -> Floats:
    """Alternately move the vertices to the centre of the front and smooth them."""
    for _ in range(ROUNDS):
        if closed:
            vertices = evenly_spaced(joined(vertices), least=4)[:-1]
            around = np.arange(-MARGIN, len(vertices) + MARGIN) % len(vertices)
            vertices = _smoothed(_centred(image, vertices[around]))[MARGIN:-MARGIN]
        else:
            vertices = _smoothed(_centred(image, evenly_spaced(vertices, least=2)))
    return untangled(vertices, closed)


def _centred(image: Floats, vertices: Floats) -> Floats:
    """Vertices moved to the centroid of the squared probability across the line.

    Profiles are kept from rising away from the line: a second rise belongs to another front.
    Squared, because the centroid of the plain probability lay slightly farther from the true front.
    """
    across = normals(vertices)
    points = vertices[:, None] + PROFILE[None, :, None] * across[:, None]
    profile = ndimage.map_coordinates(image, np.moveaxis(points, 2, 0), order=1)
    middle = len(PROFILE) // 2
    profile[:, middle:] = np.minimum.accumulate(profile[:, middle:], axis=1)
    profile[:, middle::-1] = np.minimum.accumulate(profile[:, middle::-1], axis=1)
    mass = profile**2
    offset: Floats = (mass @ PROFILE) / np.maximum(mass.sum(axis=1), 1e-12)
    return np.asarray(vertices + offset[:, None] * across)


def _smoothed(vertices: Floats) -> Floats:
    """Smooth (n, 2), n ≥ 3; squared second differences are penalised by (`SMOOTHING` / 2π)⁴."""
    stiffness = (SMOOTHING / (2 * np.pi)) ** 4
    bands = np.zeros((3, len(vertices)))  # the diagonal of the matrix and the two below it
    bands[0] = 1 + stiffness * np.convolve(np.ones(len(vertices) - 2), (1, 4, 1))
    bands[1, :-1] = -2 * stiffness * np.convolve(np.ones(len(vertices) - 2), (1, 1))
    bands[2, :-2] = stiffness
    return np.asarray(solveh_banded(bands, vertices, lower=True))


def _lengthened(image: Floats, vertices: Floats, level: float, half: float) -> Floats:
    """Extend the line straight beyond its first vertex, to `half` / 2 before the piece ends.

    A front drawn `half` px wide on either side of its line also extends `half` px beyond the ends
    of the line. Predicted fronts fade earlier, hence `half` / 2.
    """
    direction = vertices[0] - vertices[min(3, len(vertices) - 1)]
    direction /= max(float(np.hypot(*direction)), 1e-12)
    steps = np.arange(0.0, 4 * half + 2, 0.05)
    ahead = vertices[0] + steps[:, None] * direction
    below = np.flatnonzero(ndimage.map_coordinates(image, ahead.T, order=1) <= level)
    reach = (steps[below[0]] if below.size else steps[-1]) - half / 2
    return np.vstack([vertices[0] + reach * direction, vertices]) if reach > 0 else vertices


def _finished(vertices: Floats, closed: bool, image: Floats, inside: Bools) -> SubpixelLine | None:
    """The line in the unpadded image; only its longest run within the valid pixels."""
    keep = inside[tuple(np.rint(vertices).astype(int).T + MARGIN)]
    if not keep.all():
        runs, _ = ndimage.label(keep)
        counts = np.bincount(runs)[1:]
        vertices, closed = vertices[runs == 1 + np.argmax(counts)], False
    if closed:
        vertices = joined(vertices)
    length = float(distance_along(vertices)[-1])
    if not length:
        return None
    probability = ndimage.map_coordinates(image, (vertices + MARGIN).T, order=1)
    return SubpixelLine(vertices[:, 0], vertices[:, 1], probability, length, closed)
