"""Compiled loops of the masks: how the radar sees the terrain along each row of the swath.

For masks.py; numba as in kernels.py.

A row is processed in pieces between two nodes. In a piece the position on the map is linear, and
look angle and slant range are quadratic in height. If the terrain of a piece is too gentle for
either to decrease, its two ends suffice; on sea and ice sheets this holds for most of a scene.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array
from calvingfront.sar.kernels import Float32, compiled

Codes = npt.NDArray[np.uint8]
BLOCK_PX = 64  # of the table of steepness
SAFETY = 1.001  # covers the rounding of heights to float32


@compiled
def steepness_rows(heights: Float32, first: int, steep: Float32) -> None:
    """Largest height step (m) from pixel to pixel in each block of BLOCK_PX².

    first: row of blocks with which `steep` begins. Fills steep (rows, columns, 2): down and across,
    of the steps that start in the block; infinite if it contains a NaN.
    """
    rows, columns = heights.shape
    down, across = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for b in range(steep.shape[0]):
        down[:] = 0
        across[:] = 0
        for r in range((first + b) * BLOCK_PX, min((first + b + 1) * BLOCK_PX, rows)):
            below = min(r + 1, rows - 1)
            for c in range(columns):
                step = abs(heights[below, c] - heights[r, c])
                step = step if step >= 0 else np.float32(np.inf)  # NaN
                down[c] = max(down[c], step)
            for c in range(columns - 1):
                step = abs(heights[r, c + 1] - heights[r, c])
                step = step if step >= 0 else np.float32(np.inf)
                across[c] = max(across[c], step)
        for k in range(steep.shape[1]):
            last = min((k + 1) * BLOCK_PX, columns)
            steep[b, k, 0] = down[k * BLOCK_PX : last].max()
            steep[b, k, 1] = across[k * BLOCK_PX : last].max()


@compiled
def look_rows(
    nodes: Array,
    step: int,
    height_m: float,
    half_span_m: float,
    heights: Float32,
    steep: Float32,
    first_row: int,
    codes: Codes,
) -> None:
    """Look along each row of the swath, from near to far: fills codes (rows, columns).

    nodes: (…, …, 8), of solve_nodes; heights: on the map grid; steep: of steepness_rows. Places
    outside the grid or without height get code 0 and hide nothing.
    """
    rows, columns = codes.shape
    angles, ranges = np.empty(columns), np.empty(columns)
    start, slope, scratch = np.empty(8), np.empty(8), np.empty((3, step))
    skipped = np.empty((columns - 1) // step + 1, np.bool_)
    for r in range(rows):
        steepest, farthest = -np.inf, -np.inf
        layover = False
        for j in range(len(skipped)):
            first, last = j * step, min((j + 1) * step, columns)
            blend_nodes(nodes, step, first_row + r, j, start, slope)
            skipped[j] = False
            if is_gentle(start, slope, last - first, heights, steep, half_span_m):
                for k in (first, last - 1):
                    see(
                        start,
                        slope,
                        k - first,
                        height_m,
                        half_span_m,
                        heights,
                        scratch,
                        angles[k : k + 1],
                        ranges[k : k + 1],
                    )
                if angles[first] >= steepest and ranges[first] >= farthest:
                    codes[r, first:last] = 1
                    steepest, farthest = angles[last - 1], ranges[last - 1]
                    skipped[j] = True
                    continue
            part = angles[first:last], ranges[first:last]
            see(start, slope, 0, height_m, half_span_m, heights, scratch, part[0], part[1])
            steepest, farthest, found = judge(
                part[0], part[1], steepest, farthest, codes[r, first:last]
            )
            layover = layover or found
        if not layover:
            continue
        for j in range(len(skipped)):
            if skipped[j]:
                first, last = j * step, min((j + 1) * step, columns)
                blend_nodes(nodes, step, first_row + r, j, start, slope)
                part = angles[first:last], ranges[first:last]
                see(start, slope, 0, height_m, half_span_m, heights, scratch, part[0], part[1])
        look_back(ranges, codes[r])


@compiled
def blend_nodes(nodes: Array, step: int, row: int, j: int, start: Array, slope: Array) -> None:
    """Interpolate the nodes' eight quantities at the first place of a piece, and their step.

    Fills start and slope (8,).
    """
    i = row // step
    down = (row - i * step) / step
    for k in range(8):
        start[k] = nodes[i, j, k] + down * (nodes[i + 1, j, k] - nodes[i, j, k])
        right = nodes[i, j + 1, k] + down * (nodes[i + 1, j + 1, k] - nodes[i, j + 1, k])
        slope[k] = (right - start[k]) / step


@compiled
def is_gentle(
    start: Array, slope: Array, n: int, heights: Float32, steep: Float32, half_span_m: float
) -> bool:
    """True if angle and range must increase along the whole piece, whatever its terrain."""
    rows, columns = heights.shape
    y0, y1 = start[0], start[0] + (n - 1) * slope[0]
    x0, x1 = start[1], start[1] + (n - 1) * slope[1]
    y0, y1, x0, x1 = min(y0, y1), max(y0, y1), min(x0, x1), max(x0, x1)
    if not (y0 >= 0.0 and y1 < rows - 1.0 and x0 >= 0.0 and x1 < columns - 1.0):
        return False
    down, across = np.float32(0), np.float32(0)
    # One pixel more: the steps along the far side of the last cell start there.
    for b in range(int(y0) // BLOCK_PX, (int(y1) + 1) // BLOCK_PX + 1):
        for k in range(int(x0) // BLOCK_PX, (int(x1) + 1) // BLOCK_PX + 1):
            down, across = max(down, steep[b, k, 0]), max(across, steep[b, k, 1])
    # Largest change of u = (h − height_m) / half_span_m from place to place; |u| is 1 at most.
    change = SAFETY * (down * abs(slope[0]) + across * abs(slope[1])) / half_span_m
    for c in (2, 5):  # slant range, look angle
        rise = slope[c] - SAFETY * (abs(slope[c + 1]) + abs(slope[c + 2]))
        linear = max(abs(start[c + 1]), abs(start[c + 1] + n * slope[c + 1]))
        square = max(abs(start[c + 2]), abs(start[c + 2] + n * slope[c + 2]))
        if not rise > (linear + 2 * SAFETY * square) * change:
            return False
    return True


@compiled
def see(
    start: Array,
    slope: Array,
    skip: int,
    height_m: float,
    half_span_m: float,
    heights: Float32,
    scratch: Array,
    angles: Array,
    ranges: Array,
) -> None:
    """Look angle (rad) and slant range (m) of the terrain along a piece of a row.

    skip: places to skip at the start of the piece; scratch: (3, n or more). Fills angles and ranges
    (n,); NaN outside the map grid or without height.
    """
    map_rows, map_columns = heights.shape
    flat = heights.reshape(-1)
    per_metre = 1.0 / half_span_m
    n = angles.shape[0]
    places, downs, rights = scratch[0], scratch[1], scratch[2]
    y0, x0, y1, x1 = start[0], start[1], slope[0], slope[1]
    near = 0  # up to two pixels outside, the height of the edge is used
    for k in range(n):
        y, x = y0 + (skip + k) * y1, x0 + (skip + k) * x1
        near += (y >= -2.0) & (y <= map_rows + 1.0) & (x >= -2.0) & (x <= map_columns + 1.0)
    if near == 0:
        angles[:] = np.nan
        ranges[:] = np.nan
        return
    for k in range(n):
        y = min(max(y0 + (skip + k) * y1, 0.0), map_rows - 1.0)
        x = min(max(x0 + (skip + k) * x1, 0.0), map_columns - 1.0)
        # In the last row and column, the far end of the cell before them is used.
        m = min(np.int64(y), max(map_rows - 2, 0))
        o = min(np.int64(x), max(map_columns - 2, 0))
        downs[k], rights[k], places[k] = y - m, x - o, m * map_columns + o
    below = np.uint64(map_columns if map_rows > 1 else 0)
    beside = np.uint64(1 if map_columns > 1 else 0)
    for k in range(n):
        at, right = np.uint64(places[k]), rights[k]
        upper = flat[at] + right * (flat[at + beside] - flat[at])
        lower = flat[at + below] + right * (flat[at + below + beside] - flat[at + below])
        downs[k] = (upper + downs[k] * (lower - upper) - height_m) * per_metre
    b0, b1, b2, db0, db1, db2 = start[2], start[3], start[4], slope[2], slope[3], slope[4]
    a0, a1, a2, da0, da1, da2 = start[5], start[6], start[7], slope[5], slope[6], slope[7]
    for k in range(n):
        u, right = downs[k], np.float64(skip + k)
        ranges[k] = b0 + right * db0 + u * (b1 + right * db1 + u * (b2 + right * db2))
        angles[k] = a0 + right * da0 + u * (a1 + right * da1 + u * (a2 + right * da2))
    if near < n:
        for k in range(n):
            y, x = y0 + (skip + k) * y1, x0 + (skip + k) * x1
            if not (-2.0 <= y <= map_rows + 1.0 and -2.0 <= x <= map_columns + 1.0):
                angles[k] = ranges[k] = np.nan


@compiled
def judge(
    angles: Array, ranges: Array, steepest: float, farthest: float, codes: Codes
) -> tuple[float, float, bool]:
    """Code each place of a piece as far as the nearer ones determine it: fills codes (n,).

    0 without terrain; 3 (shadow) if its look angle is smaller than the greatest so far, `steepest`;
    otherwise 2 (layover) if its range is smaller than the greatest so far, `farthest`; otherwise 1.
    Returns the greatest angle and range including this piece, and whether it has layover.
    """
    n = codes.shape[0]
    rising = 1
    for k in range(1, n):
        rising += (angles[k] >= angles[k - 1]) & (ranges[k] >= ranges[k - 1])
    if rising == n and angles[0] >= steepest and ranges[0] >= farthest:
        codes[:] = 1
        return angles[n - 1], ranges[n - 1], False
    layover = False
    for k in range(n):
        if np.isnan(angles[k]):
            codes[k] = 0
        elif angles[k] < steepest:
            codes[k] = 3
        else:
            steepest = angles[k]
            codes[k] = 2 if ranges[k] < farthest else 1
            layover = layover or ranges[k] < farthest
            farthest = max(farthest, ranges[k])
    return steepest, farthest, layover


@compiled
def look_back(ranges: Array, codes: Codes) -> None:
    """Mark as layover (2) the lit places (1) of a row behind which one has a smaller range."""
    nearest = np.inf
    for k in range(codes.shape[0] - 1, -1, -1):
        if codes[k] == 1 or codes[k] == 2:
            if ranges[k] > nearest:
                codes[k] = 2
            nearest = min(nearest, ranges[k])


@compiled
def pick_rows(lattice: Array, step: int, seen: Codes, first_row: int, codes: Codes) -> None:
    """Give each map pixel the code of the nearest place in the swath: fills codes (rows, columns).

    lattice: (…, …, 2), swath row and column at the map's nodes, without height.
    """
    rows, columns = codes.shape
    swath_rows, swath_columns = seen.shape
    flat = seen.reshape(-1)
    places = np.empty(step, np.int64)
    per_step = 1.0 / step
    for r in range(rows):
        i = (first_row + r) // step
        down = (first_row + r - i * step) * per_step
        for first in range(0, columns, step):
            j, n = first // step, min(step, columns - first)
            y0 = lattice[i, j, 0] + down * (lattice[i + 1, j, 0] - lattice[i, j, 0]) + 0.5
            x0 = lattice[i, j, 1] + down * (lattice[i + 1, j, 1] - lattice[i, j, 1]) + 0.5
            y1 = lattice[i, j + 1, 0] + down * (lattice[i + 1, j + 1, 0] - lattice[i, j + 1, 0])
            x1 = lattice[i, j + 1, 1] + down * (lattice[i + 1, j + 1, 1] - lattice[i, j + 1, 1])
            y1, x1 = (y1 + 0.5 - y0) * per_step, (x1 + 0.5 - x0) * per_step
            inside = 0
            for k in range(n):
                y, x = y0 + k * y1, x0 + k * x1
                here = (y >= 0.0) & (y < swath_rows) & (x >= 0.0) & (x < swath_columns)
                inside += here
                places[k] = np.int64(y) * swath_columns + np.int64(x) if here else 0
            for k in range(n):
                codes[r, first + k] = flat[np.uint64(places[k])]
            if inside < n:
                for k in range(n):
                    y, x = y0 + k * y1, x0 + k * x1
                    if not (0.0 <= y < swath_rows and 0.0 <= x < swath_columns):
                        codes[r, first + k] = 0
