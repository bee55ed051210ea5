"""What holds for sub-pixel lines of any image, turned images and noise among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from calvingfront.errors import SampleError
from calvingfront.fronts.subpixel import subpixel_lines
from drawn_fronts import arc, as_shape, drawn, noisy, points, straight, turned, turned_back


def test_the_same_image_gives_the_same_bits_and_stays_as_it_was() -> None:
    image = noisy(drawn(straight(0.7, 0.2), 3), 0.05).astype(np.float16)
    before = image.copy()
    (first,), (second,) = subpixel_lines(image, 0.5, 9), subpixel_lines(image, 0.5, 9)
    (double,) = subpixel_lines(image.astype(np.float64), 0.5, 9)
    for other in (second, double):
        np.testing.assert_array_equal(points(first), points(other))
    np.testing.assert_array_equal(image, before)
    assert first.rows.dtype == first.cols.dtype == first.probability.dtype == np.float64


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    quarter=st.integers(0, 3),
    mirrored=st.booleans(),
    width=st.floats(2, 6),
    ring=st.booleans(),
)
def test_a_turned_or_mirrored_image_gives_the_turned_or_mirrored_line(
    seed: int, quarter: int, mirrored: bool, width: float, ring: bool
) -> None:
    rng = np.random.default_rng(seed)
    shape = (48, 57)
    bend = arc(rng.uniform(8, 16), 0, 2 * np.pi if ring else rng.uniform(1, 5), (24, 28))
    image = noisy(drawn(bend, width, shape=shape), 0.08, seed)
    valid = np.ones(shape, bool)
    valid[45:] = False
    lines = subpixel_lines(image, 0.5, 9, valid)
    others = subpixel_lines(
        turned(image, quarter, mirrored), 0.5, 9, turned(valid, quarter, mirrored)
    )
    assert len(lines) == len(others) >= 1
    for line, other in zip(lines, others, strict=True):
        back = turned_back(points(other), quarter, mirrored, shape)
        np.testing.assert_allclose(back, points(line), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    grain=st.floats(0.3, 4),
    threshold=st.sampled_from([0.0, 0.2, 0.5, 0.8]),
)
def test_whatever_the_image_lines_cross_nothing_and_stay_inside(
    seed: int, grain: float, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(3, 50, 2))
    field = ndimage.gaussian_filter(rng.standard_normal(shape), grain)
    image = np.clip(1 - 4 * np.abs(field) / np.abs(field).max(), 0, 1)
    valid = np.zeros(shape, bool)
    valid[: rng.integers(1, shape[0] + 1), : rng.integers(1, shape[1] + 1)] = True
    lines = subpixel_lines(image, threshold, 3, valid)
    assert [line.length for line in lines] == sorted((li.length for li in lines), reverse=True)
    for line in lines:
        assert as_shape(line).is_simple
        assert as_shape(line).length == pytest.approx(line.length)
        assert line.length >= 3
        assert ((line.probability >= 0) & (line.probability <= 1)).all()
        assert valid[np.rint(line.rows).astype(int), np.rint(line.cols).astype(int)].all()


@pytest.mark.parametrize("seed", [9, 34, 47, 136, 325, 364])
def test_blotches_whose_lines_would_cross_themselves_get_simple_lines(seed: int) -> None:
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((40, 40)), 1.5)
    image = np.clip(1 - 4 * np.abs(field) / np.abs(field).max(), 0, 1)
    for threshold in (0.1, 0.3):
        lines = subpixel_lines(image, threshold, 3)
        assert lines
        assert all(as_shape(line).is_simple for line in lines)


@pytest.mark.parametrize("fault", [np.nan, np.inf, -0.1, 1.1])
def test_values_that_are_no_probabilities_are_refused(fault: float) -> None:
    image = drawn(straight(0, 0), 3)
    image[3, 3] = fault
    with pytest.raises(SampleError, match="NaN or values outside"):
        subpixel_lines(image, 0.5, 9)


@pytest.mark.parametrize(
    "arguments",
    [(1.5, 9), (-0.1, 9), (np.nan, 9), (0.5, -1), (0.5, np.nan), (0.5, 9, None, 1.5)],
)
def test_arguments_without_sense_are_refused(arguments: Any) -> None:
    with pytest.raises(SampleError, match="are not valid"):
        subpixel_lines(np.zeros((5, 5)), *arguments)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SampleError, match="has shape"):
        subpixel_lines(np.zeros((2, 5, 5)), 0.5, 9)
    with pytest.raises(SampleError, match="has shape"):
        subpixel_lines(np.zeros((5, 5)), 0.5, 9, np.ones((5, 6), bool))
