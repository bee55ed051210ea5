"""The longest way through a skeleton one pixel wide."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph

from calvingfront.fronts.graph import pixel_graph

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def longest_way(skeleton: Mask) -> tuple[Ints, Ints, float]:
    """Rows and columns (n,) of the longest way through a connected skeleton (h, w), and its length.

    Without holes it is the longest of the shortest paths between two pixels, exact for a tree. An
    end that lies in a ring goes on around it, until it meets the way itself; that pixel is then
    repeated. If the rings alone, with the longest branch, give a longer way, it is taken.
    length: px, a diagonal step counts √2.
    """
    rows, cols = np.nonzero(skeleton)
    if len(rows) == 1:
        return rows, cols, 0.0
    graph = pixel_graph(skeleton)
    way = _longest_path(graph)
    if graph.nnz // 2 >= len(rows):  # at least as many links as pixels: there is a ring
        ways = (_closed(graph, way), _around_rings(graph))
        way = max(ways, key=lambda nodes: _length(graph, nodes))
    return rows[way], cols[way], _length(graph, way)


def _longest_path(graph: Any) -> list[int]:
    """The longest of the shortest paths in a connected graph, by two sweeps (exact for a tree)."""
    start = _farthest(graph, 0)[-1]
    return _farthest(graph, start)


def _farthest(graph: Any, start: int) -> list[int]:
    """The shortest path from a node to the one that is farthest from it."""
    distance, previous = csgraph.dijkstra(  # type: ignore[call-overload]
        graph, indices=start, return_predecessors=True
    )
    node = int(np.argmax(np.where(np.isfinite(distance), distance, -1)))
    path = []
    while node >= 0:
        path.append(node)
        node = int(previous[node])
    return path[::-1]


def _closed(graph: Any, way: list[int]) -> list[int]:
    """The way, with each of its ends that lies in a ring continued around the ring."""
    for _ in range(2):
        way = _onward(graph, way)[::-1]
    return way


def _onward(graph: Any, way: list[int]) -> list[int]:
    """The way continued from its last node through nodes off it, if that leads back to it."""
    free = np.ones(graph.shape[0], np.bool_)
    free[way] = False
    free[way[-1]] = True
    nodes = np.flatnonzero(free)
    onward = _farthest(graph[nodes][:, nodes], int(np.searchsorted(nodes, way[-1])))
    if len(onward) < 2:
        return way
    ahead = nodes[onward[1:]].tolist()
    met = sorted(set(_neighbours(graph, ahead[-1])) & set(way[:-1]), key=way.index)
    return way + ahead + met[:1] if met else way


def _around_rings(graph: Any) -> list[int]:
    """The longest way within the rings and between them; around one ring, with a branch first."""
    core = _without_branches(graph)
    nodes = np.flatnonzero(core)
    inner = graph[nodes][:, nodes]
    way: list[int] = nodes[_closed(inner, _longest_path(inner))].tolist()
    if way[0] != way[-1]:
        return way
    ring = np.array(way[:-1])
    branches = []
    for place, node in enumerate(ring.tolist()):
        if not core[_neighbours(graph, node)].all():
            outer = np.flatnonzero(~core | (np.arange(len(core)) == node))
            path = _farthest(graph[outer][:, outer], int(np.searchsorted(outer, node)))
            branches.append((place, outer[path].tolist()))
    if not branches:
        return way
    place, branch = max(branches, key=lambda found: _length(graph, found[1]))
    around: list[int] = np.roll(ring, -place).tolist()
    return [*branch[::-1], *around[1:], around[0]]


def _without_branches(graph: Any) -> Mask:
    """The nodes (n,) that are left when all branches are cut: rings, and what lies between them."""
    degrees = np.diff(graph.indptr).tolist()
    core = np.ones(len(degrees), np.bool_)
    ends = [node for node, degree in enumerate(degrees) if degree < 2]
    while ends:
        end = ends.pop()
        core[end] = False
        for node in _neighbours(graph, end):
            degrees[node] -= 1
            if core[node] and degrees[node] == 1:
                ends.append(node)
    return core


def _neighbours(graph: Any, node: int) -> list[int]:
    neighbours: list[int] = graph.indices[graph.indptr[node] : graph.indptr[node + 1]].tolist()
    return neighbours


def _length(graph: Any, way: list[int]) -> float:
    """The length of a way, px."""
    if len(way) < 2:
        return 0.0
    return float(np.sum(graph[way[:-1], way[1:]]))
