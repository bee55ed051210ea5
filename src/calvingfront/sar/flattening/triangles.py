"""Compiled loops that project terrain triangles onto the plane across the look direction.

For terrain.py; numba as in kernels.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array
from calvingfront.sar.kernels import Float32, compiled

UNITS_PER_M2 = 2.0**32  # areas are summed as integers: any order gives the same sum


@compiled
def sight_row(
    nodes: Array, step: int, row: int, first_column: int, heights: Float32, points: Array
) -> None:
    """Locate each pixel of one row: fills points (n, 9) with point, normal and satellite (m)."""
    i = row // step
    down = (row - i * step) / step
    for c in range(heights.shape[0]):
        j = (first_column + c) // step
        right = (first_column + c - j * step) / step
        for k in range(9):
            upper = nodes[i, j, k] + right * (nodes[i, j + 1, k] - nodes[i, j, k])
            lower = nodes[i + 1, j, k] + right * (nodes[i + 1, j + 1, k] - nodes[i + 1, j, k])
            points[c, k] = upper + down * (lower - upper)
        for k in range(3):
            points[c, k] += np.float64(heights[c]) * points[c, 3 + k]


@compiled
def project_triangles(
    nodes: Array,
    step: int,
    first_row: int,
    first_column: int,
    heights: Float32,
    lit: npt.NDArray[np.bool_],
    lines: Array,
    samples: Array,
    first_line: int,
    first_sample: int,
    areas: npt.NDArray[np.int64],
) -> None:
    """Add the projected area of each triangle of a tile to the image pixels that show it.

    nodes: of solve_sights; heights, lit, lines, samples: (rows, columns) of the tile's corners.
    first_line, first_sample: of the image, at which `areas` begins.
    Each triangle is divided into n² equal ones no longer than a third of an image pixel (n ≤ 64),
    and each of these distributes its area bilinearly over the four pixels around its centre. A
    triangle partly in shadow counts in proportion to its lit corners. Adds to areas, in 2⁻³² m².
    """
    rows, columns = heights.shape
    above, below = np.empty((columns, 9)), np.empty((columns, 9))
    sight_row(nodes, step, first_row, first_column, heights[0], above)
    for r in range(rows - 1):
        sight_row(nodes, step, first_row + r + 1, first_column, heights[r + 1], below)
        for c in range(columns - 1):
            for half in range(2):
                # From the corner at the square's upper left, or at its lower right, outwards.
                if half == 0:
                    p, q, s = above[c], below[c], above[c + 1]
                    y0, y1, y2 = lines[r, c], lines[r + 1, c], lines[r, c + 1]
                    x0, x1, x2 = samples[r, c], samples[r + 1, c], samples[r, c + 1]
                    bright = int(lit[r, c]) + int(lit[r + 1, c]) + int(lit[r, c + 1])
                else:
                    p, q, s = below[c + 1], above[c + 1], below[c]
                    y0, y1, y2 = lines[r + 1, c + 1], lines[r, c + 1], lines[r + 1, c]
                    x0, x1, x2 = samples[r + 1, c + 1], samples[r, c + 1], samples[r + 1, c]
                    bright = int(lit[r + 1, c + 1]) + int(lit[r, c + 1]) + int(lit[r + 1, c])
                a0, a1, a2 = q[0] - p[0], q[1] - p[1], q[2] - p[2]
                b0, b1, b2 = s[0] - p[0], s[1] - p[1], s[2] - p[2]
                n0, n1, n2 = a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0
                l0, l1, l2 = p[6] - p[0], p[7] - p[1], p[8] - p[2]
                distance = np.sqrt(l0 * l0 + l1 * l1 + l2 * l2)
                area = 0.5 * (n0 * l0 + n1 * l1 + n2 * l2) / distance * bright / 3.0
                if n0 * p[3] + n1 * p[4] + n2 * p[5] < 0:  # a map whose x or y is reversed
                    area = -area
                extent = max(
                    max(abs(y1 - y0), abs(y2 - y0), abs(y2 - y1)),
                    max(abs(x1 - x0), abs(x2 - x0), abs(x2 - x1)),
                )
                if not (area > 0.0 and extent < np.inf):  # turned away, in shadow, or NaN
                    continue
                n = int(min(64.0, max(1.0, np.ceil(3.0 * extent))))
                part = area / (n * n) * UNITS_PER_M2
                for i in range(n):
                    for j in range(2 * (n - i) - 1):
                        # Upright triangles and, between them, inverted ones.
                        third = 1.0 + j % 2
                        u, v = (i + third / 3.0) / n, (j // 2 + third / 3.0) / n
                        y = y0 + u * (y1 - y0) + v * (y2 - y0)
                        x = x0 + u * (x1 - x0) + v * (x2 - x0)
                        m, k = int(np.floor(y)), int(np.floor(x))
                        for down in range(2):
                            for right in range(2):
                                line, sample = m - first_line + down, k - first_sample + right
                                if 0 <= line < areas.shape[0] and 0 <= sample < areas.shape[1]:
                                    share = abs(1 - down - (y - m)) * abs(1 - right - (x - k))
                                    areas[line, sample] += np.int64(np.floor(part * share + 0.5))
        for c in range(columns):
            for k in range(9):
                above[c, k] = below[c, k]
