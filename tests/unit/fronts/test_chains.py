"""Skeletons as chains of pixels, and chains as lines: each step in exactly one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from calvingfront.fronts.chains import Chain, chains_of, cleaned
from calvingfront.fronts.graph import pixel_graph
from calvingfront.fronts.thinning import thin_as_it_lies
from calvingfront.fronts.trails import trails

Mask = np.ndarray


def mask_of(*rows: str) -> Mask:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def noise(seed: int, grain: float, size: int = 40) -> Mask:
    field = ndimage.gaussian_filter(
        np.random.default_rng(seed).standard_normal((size, size)), grain
    )
    return thin_as_it_lies(np.abs(field) < 0.3 * np.abs(field).mean())


def links(skeleton: Mask) -> Counter[tuple[tuple[int, ...], ...]]:
    places = np.argwhere(skeleton).tolist()
    starts, ends = pixel_graph(skeleton, squares=False).nonzero()
    return Counter(
        tuple(sorted((tuple(places[a]), tuple(places[b]))))
        for a, b in zip(starts, ends, strict=True)
        if a < b
    )


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**31), grain=st.floats(0.4, 3))
def test_every_step_between_pixels_is_in_exactly_one_chain(seed: int, grain: float) -> None:
    skeleton = noise(seed, grain)
    chains = chains_of(skeleton)
    found = Counter(
        tuple(sorted((tuple(a), tuple(b))))
        for chain in chains
        for a, b in pairwise(chain.pixels.tolist())
    )
    assert found == links(skeleton)
    assert sum(c.length for c in chains) == pytest.approx(
        sum(float(np.hypot(*np.subtract(a, b))) for a, b in links(skeleton))
    )


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**31), grain=st.floats(0.4, 3), clean=st.booleans())
def test_every_chain_is_in_exactly_one_trail_and_no_node_is_passed_twice(
    seed: int, grain: float, clean: bool
) -> None:
    skeleton = noise(seed, grain)
    chains = chains_of(skeleton)
    if clean:
        chains = cleaned(chains, np.ones(skeleton.shape))
    found = trails(chains)
    assert Counter(id(c) for trail in found for c, _ in trail) == Counter(map(id, chains))
    for trail in found:
        nodes = [c.start if forward else c.end for c, forward in trail]
        ends = [c.end if forward else c.start for c, forward in trail]
        assert nodes[1:] == ends[:-1]  # one after the other
        assert len(set(nodes)) == len(nodes)
        assert ends[-1] not in nodes[1:]


def chain(start: int, end: int, length: float) -> Chain:
    return Chain(start, end, np.zeros((2, 2), int), length)


def lengths(*chains: Chain) -> list[float]:
    return [sum(c.length for c, _ in trail) for trail in trails(chains)]


def test_the_longest_line_is_taken_first() -> None:
    assert lengths(chain(0, 1, 30), chain(1, 2, 12), chain(1, 3, 20)) == [50, 12]
    assert lengths(chain(0, 1, 9), chain(1, 1, 40)) == [40, 9]  # a ring with a tail
    assert lengths(chain(1, 1, 40), chain(0, 1, 90)) == [90, 40]
    half = chain(1, 2, 20), chain(1, 2, 22)
    assert lengths(chain(0, 1, 5), *half, chain(2, 3, 5)) == [42, 5, 5]
    assert lengths(chain(0, 1, 50), *half, chain(2, 3, 50)) == [120, 22]
    assert sorted(lengths(chain(0, 1, 1), chain(2, 3, 2))) == [1, 2]  # not connected


def test_a_square_of_four_pixels_is_no_ring() -> None:
    skeleton = mask_of("#....#", ".#..#.", "..##..", "..##..", ".#..#.", "#....#")
    chains = cleaned(chains_of(skeleton), np.ones(skeleton.shape))
    assert len(chains) == 4
    assert all(c.start != c.end for c in chains)
    assert sorted(map(len, trails(chains))) == [2, 2]


def test_burrs_are_dropped_and_the_chains_beside_them_joined() -> None:
    skeleton = np.zeros((30, 60), bool)
    skeleton[15, 5:55] = True
    for col, size in ((15, 3), (30, 4), (45, 8)):
        skeleton[15 - size : 15, col] = True
    width = np.full(skeleton.shape, 3.0)
    kept = cleaned(chains_of(skeleton), width)
    assert sorted(round(c.length) for c in kept) == [8, 9, 40]
    assert len(cleaned(chains_of(skeleton), np.full(skeleton.shape, 5.0))) == 1
    width[15, 45] = 8.0  # the front is as wide as the branch is long
    assert len(cleaned(chains_of(skeleton), width)) == 1


def test_the_last_chain_stays_however_short() -> None:
    (left,) = cleaned(chains_of(mask_of("#.#", ".#.", "..#")), np.full((3, 3), 9.0))
    assert left.length > 2
    assert cleaned([], np.ones((3, 3))) == []
    assert chains_of(np.zeros((3, 3), bool)) == []
    assert chains_of(mask_of("...", ".#.", "...")) == []


def test_lines_that_share_a_bar_shorter_than_they_are_wide_meet_in_one_node() -> None:
    skeleton = np.zeros((40, 40), bool)
    skeleton[20, 18:22] = True
    for k in range(1, 16):
        for row, col in ((20 - k, 18 - k), (20 + k, 18 - k), (20 - k, 21 + k), (20 + k, 21 + k)):
            skeleton[row, col] = True
    chains = chains_of(skeleton)
    assert len(chains) == 5
    crossed = cleaned(chains, np.full(skeleton.shape, 3.0))
    assert len(crossed) == 4
    assert len(set.intersection(*({c.start, c.end} for c in crossed))) == 1
    assert len(cleaned(chains, np.ones(skeleton.shape))) == 5
