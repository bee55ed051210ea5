"""A skeleton as its junctions and ends, and the chains of pixels between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from calvingfront.fronts.graph import pixel_graph

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.intp]

# In widths of the front, and a pixel more, as widths are only known to a pixel:
BURR = 1.5  # a branch no longer than this comes from the thickness of the front
CONTACT = 1.0  # two lines that share no more than this touch each other


@dataclass(frozen=True, eq=False)
class Chain:
    """Pixels (n, 2) in order from one node to another, or to the same one, both included.

    start, end: the nodes' numbers. length: px, a diagonal step counts √2.
    """

    start: int
    end: int
    pixels: Pixels
    length: float

    def reversed(self) -> Chain:
        """The same pixels from the other end."""
        return Chain(self.end, self.start, self.pixels[::-1], self.length)

    @property
    def nodes(self) -> tuple[int, int]:
        """Where it starts and where it ends."""
        return self.start, self.end


def chains_of(skeleton: Mask) -> list[Chain]:
    """The chains of a skeleton (h, w) one pixel wide: each step between two pixels is in one.

    Nodes are its ends and junctions, and a pixel of each ring that has none. A single pixel has no
    chain.
    """
    places = np.argwhere(skeleton)
    if not len(places):
        return []
    graph = pixel_graph(skeleton, squares=False)
    near = [graph.indices[a:b].tolist() for a, b in pairwise(graph.indptr.tolist())]
    walked: set[tuple[int, int]] = set()
    chains = []
    for node in sorted(range(len(near)), key=lambda pixel: len(near[pixel]) == 2):
        for step in near[node]:
            if (node, step) in walked:
                continue
            way = [node, step]
            while way[-1] != node and len(near[way[-1]]) == 2:
                a, b = near[way[-1]]
                way.append(b if a == way[-2] else a)
            walked.update((*pairwise(way), *pairwise(way[::-1])))
            length = float(graph[way[:-1], way[1:]].sum())
            chains.append(Chain(node, way[-1], places[way], length))
    return chains


def cleaned(chains: Sequence[Chain], width: Floats) -> list[Chain]:
    """Drop what comes from the thickness of a front: burrs, and the bar where two lines touch.

    width: (h, w), px, of the front around each pixel. A burr ends freely and is no longer than
    `BURR` usual widths, or than the front is wide at its junction; the chains that it parts become
    one. Two junctions no farther than `CONTACT` usual widths apart become one, where lines touch or
    cross; a junction does so once.
    """
    if not chains:
        return []
    usual = float(np.median(width[tuple(np.concatenate([chain.pixels for chain in chains]).T)]))
    left = list(chains)
    while True:
        count = ends_at(left)
        burrs = [
            chain
            for chain in left
            for tip, foot in ((0, -1), (-1, 0))
            if count[chain.nodes[tip]] == 1 and count[chain.nodes[foot]] > 1
            if chain.length <= max(BURR * usual + 1, width[tuple(chain.pixels[foot])])
        ]
        if not burrs:
            return _contracted(left, CONTACT * usual + 1)
        burr = min(burrs, key=lambda chain: chain.length)
        left.remove(burr)
        for node in burr.nodes:
            left = joined_at(left, node)


def ends_at(chains: Sequence[Chain]) -> Counter[int]:
    """How many chains start or end at each node."""
    return Counter(node for chain in chains for node in chain.nodes)


def joined_at(chains: list[Chain], node: int) -> list[Chain]:
    """Make one chain of the two that meet at a node, if there are no others."""
    meeting = [chain for chain in chains if node in chain.nodes]
    if len(meeting) != 2 or ends_at(meeting)[node] != 2:
        return chains
    first, second = meeting
    first = first if first.end == node else first.reversed()
    second = second if second.start == node else second.reversed()
    pixels = np.concatenate([first.pixels, second.pixels[1:]])
    whole = Chain(first.start, second.end, pixels, first.length + second.length)
    return [chain for chain in chains if chain not in meeting] + [whole]


def _contracted(chains: list[Chain], most: float) -> list[Chain]:
    """Make one node of two junctions that a chain no longer than `most` joins."""
    count, same = ends_at(chains), {}
    left = []
    for chain in sorted(chains, key=lambda chain: chain.length):
        a, b = chain.nodes
        bar = a != b and min(count[a], count[b]) > 2 and chain.length <= most
        if bar and a not in same and b not in same:
            same[a] = same[b] = min(a, b)
        else:
            left.append(chain)
    return [
        Chain(
            same.get(chain.start, chain.start),
            same.get(chain.end, chain.end),
            chain.pixels,
            chain.length,
        )
        for chain in left
    ]
