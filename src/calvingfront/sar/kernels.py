"""The loops over pixels, compiled, and the thread pool that runs them over blocks of rows.

Do not use parallel=True: with it, numba 0.68.1 computed a squared term as 0 in such a kernel. The
compiled code releases the interpreter's lock instead, and ordinary threads share the rows. No
result depends on where a block begins, so block size and thread count do not change a single bit.

A compiled function may call only compiled functions of its own file: numba's cache detects changes
in that file, but not in others.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array

Function = TypeVar("Function", bound=Callable[..., Any])
Float32 = npt.NDArray[np.float32]


CHUNK = 64  # pixels of a row processed at a time: the scratch arrays stay in the L1 cache
TILE_COLUMNS = 512  # a map row crosses the image obliquely: short pieces share the same lines


def compiled(function: Function) -> Function:
    """Compile at the first call, keep the result on disk, run without the interpreter's lock.

    A division by zero gives infinity or NaN, as in numpy: a check for it would prevent
    vectorisation.
    """
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def over_rows(work: Callable[[int, int], None], rows: int, block: int, threads: int) -> None:
    """Call work(first, last) for each block of rows, on `threads` threads; re-raise any error."""
    starts = range(0, rows, block)
    if threads == 1:
        for first in starts:
            work(first, min(rows, first + block))
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda first: work(first, min(rows, first + block)), starts))


@compiled
def locate_row(
    coefficients: Array,
    step: int,
    height_m: float,
    half_span_m: float,
    row: int,
    first_column: int,
    heights: Float32,
    lines: Array,
    samples: Array,
) -> None:
    """Line and sample of one row of map pixels, from the lattice.

    coefficients, step, height_m, half_span_m: of the Lattice; row, first_column: place in the map
    grid; heights: (n,), m above the ellipsoid. Fills lines and samples (n,), float64.
    """
    per_step, per_metre = 1.0 / step, 1.0 / half_span_m
    i = row // step
    down = (row - i * step) * per_step
    count = heights.shape[0]
    column = 0
    while column < count:
        j = (first_column + column) // step
        end = min(count, (j + 1) * step - first_column)
        upper, lower = coefficients[i, j], coefficients[i + 1, j]
        upper_right, lower_right = coefficients[i, j + 1], coefficients[i + 1, j + 1]
        a0 = upper[0] + down * (lower[0] - upper[0])
        a1 = upper[1] + down * (lower[1] - upper[1])
        a2 = upper[2] + down * (lower[2] - upper[2])
        b0 = upper[3] + down * (lower[3] - upper[3])
        b1 = upper[4] + down * (lower[4] - upper[4])
        b2 = upper[5] + down * (lower[5] - upper[5])
        da0 = upper_right[0] + down * (lower_right[0] - upper_right[0]) - a0
        da1 = upper_right[1] + down * (lower_right[1] - upper_right[1]) - a1
        da2 = upper_right[2] + down * (lower_right[2] - upper_right[2]) - a2
        db0 = upper_right[3] + down * (lower_right[3] - upper_right[3]) - b0
        db1 = upper_right[4] + down * (lower_right[4] - upper_right[4]) - b1
        db2 = upper_right[5] + down * (lower_right[5] - upper_right[5]) - b2
        for k in range(column, end):
            right = (first_column + k - j * step) * per_step
            u = (np.float64(heights[k]) - height_m) * per_metre
            lines[k] = (a0 + right * da0) + u * ((a1 + right * da1) + u * (a2 + right * da2))
            samples[k] = (b0 + right * db0) + u * ((b1 + right * db1) + u * (b2 + right * db2))
        column = end


@compiled
def locate_rows(
    coefficients: Array,
    step: int,
    height_m: float,
    half_span_m: float,
    first_row: int,
    first_column: int,
    heights: Float32,
    lines: Array,
    samples: Array,
) -> None:
    """locate_row for each row of a tile: fills lines and samples (rows, columns)."""
    for r in range(heights.shape[0]):
        locate_row(
            coefficients,
            step,
            height_m,
            half_span_m,
            first_row + r,
            first_column,
            heights[r],
            lines[r],
            samples[r],
        )


@compiled
def sample_at_edge(image: Float32, line: float, sample: float) -> np.float32:
    """The value of sample_row where a neighbour may be missing: beyond the edge, or NaN."""
    rows, columns = image.shape
    inside = -0.5 <= line < rows - 0.5 and -0.5 <= sample < columns - 0.5
    if not inside:  # NaN too
        return np.float32(np.nan)
    line = min(max(line, 0.0), rows - 1.0)
    sample = min(max(sample, 0.0), columns - 1.0)
    i, j = int(line), int(sample)
    i1, j1 = min(i + 1, rows - 1), min(j + 1, columns - 1)
    y, x = np.float32(line - i), np.float32(sample - j)
    one = np.float32(1)
    upper = image[i, j] * (one - x) + image[i, j1] * x
    lower = image[i1, j] * (one - x) + image[i1, j1] * x
    value = upper * (one - y) + lower * y
    if not np.isnan(value):
        return np.float32(value)
    total, weight = np.float32(0), np.float32(0)
    if not np.isnan(image[i, j]):
        total += image[i, j] * (one - x) * (one - y)
        weight += (one - x) * (one - y)
    if not np.isnan(image[i, j1]):
        total += image[i, j1] * x * (one - y)
        weight += x * (one - y)
    if not np.isnan(image[i1, j]):
        total += image[i1, j] * (one - x) * y
        weight += (one - x) * y
    if not np.isnan(image[i1, j1]):
        total += image[i1, j1] * x * y
        weight += x * y
    return total / weight if weight >= np.float32(0.5) else np.float32(np.nan)


@compiled
def sample_row(image: Float32, lines: Array, samples: Array, values: Float32) -> None:
    """Bilinear values (n,) of an image at lines and samples; NaN outside it.

    An image pixel extends half a pixel around its centre. If some of the four neighbours are NaN,
    the value is the weighted mean of the others, provided that their weight is at least half: NaN
    areas do not grow.
    """
    rows, columns = image.shape
    flat = image.reshape(-1)
    count = lines.shape[0]
    places = np.empty(CHUNK, np.int64)
    downs, rights = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    one = np.float32(1)
    below = np.uint64(columns)
    for first in range(0, count, CHUNK):
        n = min(CHUNK, count - first)
        inside, near = 0, 0
        for k in range(n):
            line, sample = lines[first + k], samples[first + k]
            inside += (
                (line >= 0.0) & (line < rows - 1.0) & (sample >= 0.0) & (sample < columns - 1.0)
            )
            near += (line >= -0.5) & (line < rows) & (sample >= -0.5) & (sample < columns)
        if near == 0:
            values[first : first + n] = np.nan
            continue
        if inside < n:
            for k in range(first, first + n):
                values[k] = sample_at_edge(image, lines[k], samples[k])
            continue
        # All four neighbours exist. Positions come first, in a loop that can be vectorised.
        for k in range(n):
            line, sample = lines[first + k], samples[first + k]
            i, j = np.int64(line), np.int64(sample)
            downs[k], rights[k] = np.float32(line - i), np.float32(sample - j)
            places[k] = i * columns + j
        missing = 0
        for k in range(n):
            at = np.uint64(places[k])  # unsigned: no negative indices to handle
            x, y = rights[k], downs[k]
            upper = flat[at] * (one - x) + flat[at + np.uint64(1)] * x
            lower = flat[at + below] * (one - x) + flat[at + below + np.uint64(1)] * x
            value = upper * (one - y) + lower * y
            values[first + k] = value
            missing += value != value
        if missing:
            for k in range(first, first + n):
                if np.isnan(values[k]):
                    values[k] = sample_at_edge(image, lines[k], samples[k])


@compiled
def geocode_rows(
    image: Float32,
    heights: Float32,
    coefficients: Array,
    step: int,
    height_m: float,
    half_span_m: float,
    first_row: int,
    first_column: int,
    values: Float32,
    first_line: int,
    first_sample: int,
) -> None:
    """Resample an image in radar geometry onto a tile of the map: locate and sample, row by row.

    image: (lines, samples), intensity, NaN = no data. heights, values: (rows, columns) of the tile,
    whose first pixel is (first_row, first_column) of the map grid. first_line, first_sample: of the
    whole image, at which `image` begins. Fills values.
    """
    rows, columns = heights.shape
    lines, samples = np.empty(TILE_COLUMNS), np.empty(TILE_COLUMNS)
    for left in range(0, columns, TILE_COLUMNS):
        right = min(left + TILE_COLUMNS, columns)
        here, there = lines[: right - left], samples[: right - left]
        for r in range(rows):
            locate_row(
                coefficients,
                step,
                height_m,
                half_span_m,
                first_row + r,
                first_column + left,
                heights[r, left:right],
                here,
                there,
            )
            # Exact: a whole number is taken from a greater one, so that no digit depends on it.
            here -= first_line
            there -= first_sample
            sample_row(image, here, there, values[r, left:right])


@compiled
def edge_zeros(block: npt.NDArray[Any], edges: npt.NDArray[np.int64]) -> None:
    """Find the data in each line: fills edges (lines, 2) with its first and last + 1 sample.

    Zeros count as missing only at the ends of a line: within it, calm sea may be 0. A line of
    zeros, or one that repeats the line before it, has no data (0, 0). Line 0 of the block serves
    only for comparison and gets (0, 0).
    """
    edges[0] = 0
    for r in range(1, block.shape[0]):
        first, last = 0, block.shape[1]
        while first < last and block[r, first] == 0:
            first += 1
        while last > first and block[r, last - 1] == 0:
            last -= 1
        same = first < last
        k = first
        while same and k < last:
            same = block[r, k] == block[r - 1, k]
            k += 1
        if same:
            first, last = 0, 0
        edges[r, 0], edges[r, 1] = first, last


@compiled
def multilook_rows(
    block: npt.NDArray[Any],
    edges: npt.NDArray[np.int64],
    line_looks: int,
    sample_looks: int,
    values: Float32,
) -> None:
    """Average |DN|² over cells of line_looks × sample_looks pixels.

    block: (lines, samples), complex64 or float32, whole cells; edges: (lines, 2), of edge_zeros.
    Fills values (cells down, cells across): the mean of the data pixels, or NaN if these are fewer
    than half.
    """
    rows, columns = values.shape
    needed = (line_looks * sample_looks + 1) // 2
    totals = np.empty(columns, np.float32)
    counts = np.empty(columns, np.int32)
    for r in range(rows):
        totals[:] = 0
        counts[:] = 0
        for l in range(r * line_looks, (r + 1) * line_looks):  # noqa: E741
            first, last = edges[l]
            for k in range(sample_looks):
                # Cells whose k-th sample lies in first … last − 1.
                start = (first - k + sample_looks - 1) // sample_looks
                stop = min(columns, (last - k + sample_looks - 1) // sample_looks)
                for c in range(max(0, start), stop):
                    dn = block[l, c * sample_looks + k]
                    power = np.float32(dn.real * dn.real + dn.imag * dn.imag)
                    if power == power:  # not NaN
                        totals[c] += power
                        counts[c] += 1
        for c in range(columns):
            values[r, c] = totals[c] / np.float32(counts[c]) if counts[c] >= needed else np.nan
