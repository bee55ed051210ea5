"""Divide the chains of a skeleton into lines: each chain is in exactly one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calvingfront.fronts.chains import Chain, ends_at, joined_at

Trail = list[tuple[Chain, bool]]  # in order; whether the chain is passed from its start to its end
Ways = dict[int, tuple[float, tuple[Chain, bool] | None]]


def trails(chains: Sequence[Chain]) -> list[Trail]:
    """Divide chains into trails, none of which passes a node twice.

    A closed trail ends at the node at which it starts. Always taken next is the longer of the
    longest among the shortest ways between two nodes and of a ring, so that long lines stay whole.
    """
    left, found = list(chains), []
    while left:
        ways = _ways_from(left[0].start, left)
        start = max(ways, key=lambda node: ways[node][0])
        ways = _ways_from(start, left)
        end = max(ways, key=lambda node: ways[node][0])
        part = [chain for chain in left if chain.start in ways]
        trail = max(_back(ways, end), _ring(part), key=_length)
        found.append(trail)
        left = [chain for chain in left if all(chain is not passed for passed, _ in trail)]
    return found


def without_weak(
    chains: Sequence[Chain], strong: npt.NDArray[np.bool_], thickness: float
) -> list[Chain]:
    """Drop chains without a `strong` pixel (h, w), unless they join what else would fall apart.

    Pixels within the thickness (px) of a junction count for the line that passes there.
    """
    left = list(chains)
    near = math.ceil(thickness) + 1
    strong = ndimage.binary_dilation(
        strong, np.ones((3, 3), np.bool_)
    )  # the skeleton may lie beside them
    for chain in sorted(chains, key=lambda chain: -chain.length):
        if len(left) < 2 or not any(chain is other for other in left):
            continue
        count = ends_at(left)
        start, stop = (0 if count[node] == 1 else near for node in chain.nodes)
        own = chain.pixels[start : max(len(chain.pixels) - stop, 0)]
        if not len(own) or strong[tuple(own.T)].any():
            continue
        rest = [other for other in left if other is not chain]
        if 1 in (count[chain.start], count[chain.end]) or chain.end in _ways_from(
            chain.start, rest
        ):
            left = rest
    for node in ends_at(chains):
        left = joined_at(left, node)
    return left


def _length(trail: Trail) -> float:
    return sum(chain.length for chain, _ in trail)


def _ways_from(start: int, chains: Sequence[Chain]) -> Ways:
    """The shortest ways (Dijkstra): of each node that is reached, its distance and last chain."""
    onward = defaultdict(list)
    for chain in chains:
        onward[chain.start].append((chain, True))
        onward[chain.end].append((chain, False))
    ways: Ways = {}
    order = count()  # of two equally long ways, the one found first
    heap: list[tuple[float, int, int, tuple[Chain, bool] | None]] = [
        (0.0, next(order), start, None)
    ]
    while heap:
        distance, _, node, last = heappop(heap)
        if node in ways:
            continue
        ways[node] = (distance, last)
        for chain, forward in onward[node]:
            other = chain.end if forward else chain.start
            if other not in ways:
                step = (distance + chain.length, next(order), other, (chain, forward))
                heappush(heap, step)
    return ways


def _back(ways: Ways, node: int) -> Trail:
    """The way to a node, from the start of `ways`."""
    trail: Trail = []
    while (last := ways[node][1]) is not None:
        trail.append(last)
        chain, forward = last
        node = chain.start if forward else chain.end
    return trail[::-1]


def _ring(chains: Sequence[Chain]) -> Trail:
    """A ring through the longest chain that is in one; empty if there is none."""
    for chain in sorted(chains, key=lambda chain: -chain.length):
        ways = _ways_from(chain.end, [other for other in chains if other is not chain])
        if chain.start in ways:  # at once, if the chain ends where it starts
            return [(chain, True), *_back(ways, chain.start)]
    return []
