"""Trace front lines with sub-pixel vertices through a probability image.

Rows and columns refer to pixel centres; lengths are in px. The constants were chosen on validation
scenes of the simulated archive. `benchmarks/subpixel.py` compares the lines with its exact fronts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calvingfront.errors import SampleError
from calvingfront.fronts.lines import EIGHT_NEIGHBOURS
from calvingfront.fronts.polylines import (
    distance_along,
    evenly_spaced,
    joined,
    nearest_on,
    untangled,
)
from calvingfront.fronts.refining import lengthened, refined
from calvingfront.fronts.symmetry import ORIENTATIONS, places_back, turned
from calvingfront.fronts.ways import Way, ways_through

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

REACH = 0.5  # a piece extends as far as the probability exceeds this share of the threshold
MARGIN = 8  # px around a piece


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
    """Trace the front through a probability image, piece by piece; the longest line is the first.

    probability: (h, w), 0…1.
    threshold: 0…1, as chosen for the mask. A piece is a connected region above `reach` × threshold
        with at least one pixel above the threshold (hysteresis). With reach 1, the pieces are
        those of the mask.
    min_length_px: shorter lines are dropped.
    valid: (h, w), False in the padding. Probabilities there count as 0, and no line enters it.

    A line starts as the path of least −log(probability) between the two pixels of the piece that
    are farthest apart within it. Its vertices then move along their normals to the centroid of the
    squared probability, and the line is smoothed (`refining`). A piece with branches or rings
    becomes several lines, open and closed ones, none of which crosses itself (`ways_through`): each
    part of the piece is in exactly one, and open lines end on those that pass there. Dropped are
    branches that are nowhere above the threshold, and burrs no longer than 1.5 times the width of
    the front. A piece that fills the image has no sides and so no line.
    Rotating the image by 90° or mirroring it rotates or mirrors the lines; a piece that is its own
    mirror image may give either of two equally good lines.
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
        for vertices, closed in _traced(image[window], piece, threshold, reach):
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


def _traced(
    image: Floats, piece: Bools, threshold: float, reach: float
) -> list[tuple[Floats, bool]]:
    """The lines of a piece: their vertices (n, 2), and whether they are closed.

    Among equally cheap paths, the search prefers some directions. So of the image's eight
    orientations it always sees the same one: the first by shape and pixel values.
    """
    signed = np.where(piece, image, -image)
    arrays = [turned(signed, code) for code in range(ORIENTATIONS)]
    code = min(range(ORIENTATIONS), key=lambda code: (arrays[code].shape, arrays[code].tobytes()))
    image = turned(image, code)
    ways = ways_through(image, turned(piece, code), threshold)
    lines = [_line(image, way, reach * threshold) for way in ways]
    found = []
    for k, way in enumerate(ways):
        rows, cols = _attached(lines, ways, k).T
        rows, cols = places_back(rows, cols, image.shape, code)
        found.append((np.column_stack([rows, cols]), way.closed))
    return found


def _line(image: Floats, way: Way, level: float) -> Floats:
    """The vertices of a way; of a closed one, the first is not repeated."""
    path = way.pixels.astype(np.float64)
    if way.closed:
        return refined(image, path, closed=True)
    # In a thick piece the path ends in corners. Half the thickness is cut off at each end, and the
    # line is extended straight instead.
    along = distance_along(path)
    half = way.thickness / 2
    cut = min(half, along[-1] / 3)
    first, last = (cut if end else 0.0 for end in way.free)
    middle = path[(along >= first) & (along <= along[-1] - last)]
    if len(middle) < 3:
        return path
    vertices = refined(image, middle)
    for end in way.free:
        vertices = (lengthened(image, vertices, level, half) if end else vertices)[::-1]
    return refined(image, vertices)


def _attached(lines: Sequence[Floats], ways: Sequence[Way], k: int) -> Floats:
    """Line k with its ends at junctions brought onto a line that passes there, if one does."""
    vertices, way = lines[k], ways[k]
    if way.closed or all(way.free):
        return vertices
    for end, free in ((0, way.free[0]), (-1, way.free[1])):
        if not free:
            node, at = way.nodes[end], vertices[end]
            passing = [
                joined(line) if other.closed else line
                for line, other in zip(lines, ways, strict=True)
                if other is not way and node in (other.nodes if other.closed else other.nodes[1:-1])
            ]
            places = [nearest_on(line, at) for line in passing] or [way.pixels[end]]
            place = min(places, key=lambda place: float(np.hypot(*(place - at))))
            ends = (place[None], vertices)
            vertices = np.vstack(ends if end == 0 else ends[::-1])
    return untangled(vertices, closed=False)


def _finished(vertices: Floats, closed: bool, image: Floats, inside: Bools) -> SubpixelLine | None:
    """The line in the unpadded image; only its longest run within the valid pixels."""
    keep = inside[tuple(np.rint(vertices).astype(int).T + MARGIN)]
    if not keep.all():
        if closed:  # opened where it leaves the valid pixels
            first = int(np.flatnonzero(~keep)[-1])
            vertices, keep = np.roll(vertices, -first, axis=0), np.roll(keep, -first)
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
