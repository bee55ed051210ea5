"""The lines of one connected piece of a front, pixel by pixel, before they are refined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.graph import MCP_Geometric

from calvingfront.fronts.chains import Chain, chains_of, cleaned, ends_at
from calvingfront.fronts.polylines import distance_along
from calvingfront.fronts.thinning import thin_as_it_lies
from calvingfront.fronts.trails import trails, without_weak

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

STEP_COST = 0.1  # cost of a 1 px step where the probability is 1
STRIDE = 4.0  # thicknesses: a front that turns back to itself is longer


@dataclass(frozen=True, eq=False)
class Way:
    """One line of a piece: its pixels (n, 2) in order; of a closed one, none is repeated.

    nodes:     numbers of the junctions and ends that it passes, in order.
    free:      whether its first and its last pixel are ends of the front, and not junctions.
    thickness: px, of the part of the piece that is nearest to it.
    """

    pixels: Pixels
    closed: bool
    nodes: Sequence[int]
    free: tuple[bool, bool]
    thickness: float


def ways_through(image: Floats, piece: Bools, threshold: float) -> list[Way]:
    """The lines of a piece (h, w) of a probability image: every part of it is in one of them.

    A piece without junctions and rings has one, the path of least −log(probability) between its two
    pixels that are farthest apart within it. Otherwise its skeleton tells which lines there are
    (`trails`), without burrs, without branches nowhere above the threshold and without holes that
    are small against the front beside them. Each part of a line is the path of least
    −log(probability) among the pixels nearest to it.
    """
    solid = _without_small_holes(piece)
    chains = cleaned(chains_of(thin_as_it_lies(solid)), _width(solid))
    if len(chains) < 2 and all(chain.start != chain.end for chain in chains):
        path = _least_cost(_cost(image, piece), *_ends(piece))
        return [Way(path, False, (), (True, True), _thickness(int(piece.sum()), path))]
    thickness = float(solid.sum() / sum(chain.length for chain in chains))
    chains = without_weak(chains, image > threshold, thickness)
    paths = _paths(_cost(image, solid), chains, thickness)
    number = {id(chain): k for k, chain in enumerate(chains)}
    count = ends_at(chains)
    ways = []
    for trail in trails(chains):
        steps = [(chain, forward, *paths[number[id(chain)]]) for chain, forward in trail]
        nodes = [chain.start if forward else chain.end for chain, forward, *_ in steps]
        nodes.append(trail[-1][0].end if trail[-1][1] else trail[-1][0].start)
        legs = [path if forward else path[::-1] for _, forward, path, _ in steps]
        pixels = np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])])
        thickness = _thickness(sum(area for *_, area in steps), pixels)
        closed = nodes[0] == nodes[-1]
        free = (count[nodes[0]] < 2, count[nodes[-1]] < 2)
        ways.append(Way(pixels[: -1 if closed else None], closed, nodes, free, thickness))
    return ways


def _width(piece: Bools) -> Floats:
    """Width (h, w), px, of the disc around each pixel that just fits into a piece."""
    return np.asarray(2 * ndimage.distance_transform_edt(piece) - 1)


def _thickness(area: int, path: Pixels) -> float:
    """Mean width of the line that a path leads along, from the area that it covers."""
    return float(area / max(distance_along(path)[-1], 1.0))


def _cost(image: Floats, piece: Bools) -> Floats:
    return np.where(piece, STEP_COST - np.log(np.maximum(image, 1e-3)), np.inf)


def _without_small_holes(piece: Bools) -> Bools:
    """Fill the holes of one or two pixels, and those that are small against the front beside them.

    Small is a hole no longer than the front is wide, and no wider than a third of that.
    """
    holes, _ = ndimage.label(ndimage.binary_fill_holes(piece) & ~piece)
    width, depth = _width(piece), _width(~piece)
    solid = piece.copy()
    for number, box in enumerate(ndimage.find_objects(holes), start=1):
        across = float(depth[box][holes[box] == number].max())
        reach = int(2 * across + 2)
        window = tuple(slice(max(side.start - reach, 0), side.stop + reach) for side in box)
        hole = holes[window] == number
        beside = width[window][ndimage.distance_transform_edt(~hole) <= reach].max()
        long = max(side.stop - side.start for side in box)
        if hole.sum() <= 2 or (long <= beside and 3 * across <= beside):
            solid[window] |= hole
    return solid


def _paths(cost: Floats, chains: Sequence[Chain], thickness: float) -> list[tuple[Pixels, int]]:
    """Of each chain the cheapest path (n, 2) along it, and the number of pixels nearest to it.

    It leads through single pixels of the chain, so far from each other that the front can bend
    between them, and not so far that it can come back to itself: no path can be cut short there.
    """
    parts = [
        [chain.pixels[a : b + 1] for a, b in pairwise(_stops(chain, thickness))] for chain in chains
    ]
    number, last = np.zeros(cost.shape, np.intp), 0
    for pixels in (pixels for several in parts for pixels in several):
        last += 1
        number[tuple(pixels.T)] = last
    nearest = ndimage.distance_transform_edt(
        number == 0, return_distances=False, return_indices=True
    )
    number = np.where(np.isfinite(cost), number[tuple(nearest)], 0)
    boxes = iter(enumerate(ndimage.find_objects(number, max_label=last), start=1))
    found = []
    for several in parts:
        legs, area = [], 0
        for pixels, (k, box) in zip(several, boxes, strict=False):
            places = [pixels] if box is None else [pixels, _corners(box)]
            corner = np.min([each.min(axis=0) for each in places], axis=0)
            stop = np.max([each.max(axis=0) for each in places], axis=0) + 1
            window = tuple(map(slice, corner, stop))
            own = number[window] == k
            area += int(own.sum())
            own[tuple((pixels - corner).T)] = True  # its ends, which other parts share
            allowed = np.where(own, cost[window], np.inf)
            legs.append(_least_cost(allowed, pixels[0] - corner, pixels[-1] - corner) + corner)
        found.append((np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])]), area))
    return found


def _corners(box: tuple[slice, ...]) -> Pixels:
    """The first and the last pixel of a box."""
    return np.array([[side.start, side.stop - 1] for side in box]).T


def _stops(chain: Chain, thickness: float) -> list[int]:
    """Where a chain is divided: at least once, as its two ends may be one pixel or neighbours."""
    count = max(2, math.ceil(len(chain.pixels) / max(STRIDE * thickness, 8)))
    stops = np.linspace(0, len(chain.pixels) - 1, count + 1).round()
    return [int(stop) for stop in np.unique(stops)]


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
    """The cheapest 8-connected path (n, 2) between two pixels, between which there is one."""
    search = MCP_Geometric(cost, fully_connected=True)
    search.find_costs([start], [end])
    return np.asarray(search.traceback(end), dtype=np.intp).reshape(-1, 2)
