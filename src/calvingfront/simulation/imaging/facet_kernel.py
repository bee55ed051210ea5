"""The loop over terrain facets, compiled: exact zero Doppler, shadow, energy into radar cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

NEWTON_LIMIT_S = 1e-6  # convergence is quadratic: after such a step the error is below 1e-12 s
NEWTON_STEPS = 20
PIECES_PER_SAMPLE = 4.0  # the energy of a flat surface then ripples by 1 %


Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile at the first call and keep the result on disk."""
    return cast(Function, numba.njit(nogil=True, cache=True)(function))


@compiled
def _value(coefficients: Array, x: float) -> tuple[float, float, float]:
    """A polynomial with values in space, coefficients (degree + 1, 3)."""
    a = b = c = 0.0
    for k in range(coefficients.shape[0] - 1, -1, -1):
        a = a * x + coefficients[k, 0]
        b = b * x + coefficients[k, 1]
        c = c * x + coefficients[k, 2]
    return a, b, c


@compiled
def zero_doppler_time(
    path: Array, rate: Array, bend: Array, scale_s: float, x: float, y: float, z: float, time: float
) -> float:
    """Solve (X − P(t)) · V(t) = 0 by Newton's method from a first guess; t in s.

    path, rate, bend: coefficients of position and of its first two derivatives in t / scale_s.
    """
    s = time / scale_s
    for _ in range(NEWTON_STEPS):
        px, py, pz = _value(path, s)
        vx, vy, vz = _value(rate, s)
        ax, ay, az = _value(bend, s)
        dx, dy, dz = x - px, y - py, z - pz
        f = dx * vx + dy * vy + dz * vz
        slope = dx * ax + dy * ay + dz * az - (vx * vx + vy * vy + vz * vz)
        step = f / slope
        s -= step
        if abs(step) * scale_s < NEWTON_LIMIT_S:
            break
    return s * scale_s


@compiled
def _bilinear(grid: Float32, row: float, column: float) -> float:
    """Value at a fractional place, mirrored beyond the edges as the rest of the world is."""
    rows, columns = grid.shape
    row, column = _mirrored(row, rows), _mirrored(column, columns)
    i, j = min(int(row), rows - 2), min(int(column), columns - 2)
    u, v = row - i, column - j
    upper = grid[i, j] + v * (grid[i, j + 1] - grid[i, j])
    lower = grid[i + 1, j] + v * (grid[i + 1, j + 1] - grid[i + 1, j])
    return float(upper + u * (lower - upper))


@compiled
def _mirrored(place: float, size: int) -> float:
    """A pixel coordinate folded back at the outer edges −0.5 and size − 0.5, held at centres."""
    if 0.0 <= place <= size - 1.0:
        return place
    place = (place + 0.5) % (2 * size)
    if place > size:
        place = 2 * size - place
    return float(min(max(place - 0.5, 0.0), size - 1.0))


@compiled
def sample_row(
    heights: Float32,
    level: Float32,
    ocean: Bytes,
    start: Array,
    step: Array,
    height_scale: float,
    level_scale: float,
    out_height: Array,
    out_level: Float32,
    out_ocean: Bytes,
) -> None:
    """Heights (m), level and ocean flag at the nodes of one row.

    start, step: (2,) map offset from the upper left corner (right, down), m, of the first node
    and between nodes; height_scale, level_scale: grid spacings, m.
    """
    rows, columns = level.shape
    for j in range(out_height.shape[0]):
        right, down = start[0] + j * step[0], start[1] + j * step[1]
        i = int(_mirrored(down / level_scale - 0.5, rows) + 0.5)
        k = int(_mirrored(right / level_scale - 0.5, columns) + 0.5)
        out_level[j] = level[i, k]
        out_ocean[j] = ocean[i, k]
        if ocean[i, k]:
            out_height[j] = 0.0
        else:
            out_height[j] = _bilinear(
                heights, down / height_scale - 0.5, right / height_scale - 0.5
            )


@compiled
def splat_row(
    ground: Array,
    normal: Array,
    path: Array,
    rate: Array,
    bend: Array,
    scale_s: float,
    guess_s: float,
    nodes: Array,
    height: Array,
    before: Array,
    after: Array,
    level: Float32,
    ocean: Bytes,
    ocean_before: Bytes,
    ocean_after: Bytes,
    along_m: float,
    across_m: float,
    exponent: float,
    reference_cos: float,
    cliff_gain: float,
    first_line_s: float,
    line_interval_s: float,
    first_range_m: float,
    range_step_m: float,
    sample_of_range: Array,
    delay_of_range: Array,
    energy: Array,
) -> float:
    """Add the energy of one row of facets, near to far range, to the radar's cells.

    ground, normal: polynomials in the row's coordinate `nodes` (n,) of the Earth-fixed point at
    height 0 (m) and of the unit normal. height, level, ocean: (n,) at the nodes, and of the rows
    before and after in azimuth. along_m, across_m: sides of a facet on flat ground, m.
    A facet lies between two nodes; its energy, σ0 (m² / m²) · area (m²), is spread evenly over the
    stretch of range that its visible part covers, bilinearly over lines and samples.
    sample_of_range: samples at equal steps of slant range (first_range_m, range_step_m), and
    delay_of_range: time (s) from broadside to the middle of the beam there.
    Returns the time of the first node.
    Local incidence from the facet's area vector; a cliff (land beside ocean) has cliff_gain over
    its level and no dependence on the angle: its ice is broken.
    """
    lines, samples = energy.shape
    count = nodes.shape[0]
    time = guess_s
    first_time = guess_s
    farthest = 2.0
    old_time = old_seen = old_sample = old_look = drift = 0.0
    for j in range(count):
        gx, gy, gz = _value(ground, nodes[j])
        nx, ny, nz = _value(normal, nodes[j])
        h = height[j]
        x, y, z = gx + h * nx, gy + h * ny, gz + h * nz
        # along a row the time changes evenly: from an extrapolation, one Newton step is enough
        time = zero_doppler_time(path, rate, bend, scale_s, x, y, z, time + drift)
        drift = time - old_time if j > 0 else 0.0
        px, py, pz = _value(path, time / scale_s)
        dx, dy, dz = x - px, y - py, z - pz
        slant = np.sqrt(dx * dx + dy * dy + dz * dz)
        radius = np.sqrt(px * px + py * py + pz * pz)
        # cosine of the look angle: falls as the ray rises from nadir
        look = -(dx * px + dy * py + dz * pz) / (slant * radius)
        place = (slant - first_range_m) / range_step_m
        k = min(max(int(place), 0), sample_of_range.shape[0] - 2)
        sample = sample_of_range[k] + (place - k) * (sample_of_range[k + 1] - sample_of_range[k])
        delay = delay_of_range[k] + (place - k) * (delay_of_range[k + 1] - delay_of_range[k])
        seen = time + delay
        if j == 0:
            first_time = time
            farthest = look
        else:
            hidden = 1.0
            if look < farthest and look < old_look:
                hidden = 0.0
                if old_look > farthest:
                    hidden = (old_look - farthest) / (old_look - look)
            if hidden < 1.0:
                cos_up = -(dx * nx + dy * ny + dz * nz) / slant
                sin_up = np.sqrt(1.0 - cos_up * cos_up)
                rise = h - height[j - 1]
                cliff = ocean[j] != ocean[j - 1] and rise > 0.0
                facing = along_m * (across_m * cos_up + rise * sin_up)
                if cliff:
                    power = level[j] * cliff_gain * along_m * rise
                    # the level foot of the cliff keeps its own backscatter
                    flat = min(cos_up / reference_cos, 1.0 / reference_cos)
                    power += level[j - 1] * flat**exponent * along_m * across_m
                else:
                    side = 0.0
                    if ocean[j] == ocean_before[j] and ocean[j] == ocean_after[j]:
                        side = 0.5 * (after[j] - before[j])
                    area = np.sqrt(
                        (rise * along_m) ** 2 + (side * across_m) ** 2 + (along_m * across_m) ** 2
                    )
                    power = 0.0
                    if facing > 0.0:
                        local = facing / area / reference_cos
                        mean = 0.5 * (level[j] + level[j - 1])
                        power = mean * local**exponent * area
                power *= 1.0 - hidden
                if power > 0.0:
                    near = old_sample + hidden * (sample - old_sample)
                    start = old_seen + hidden * (seen - old_seen)
                    pieces = int(PIECES_PER_SAMPLE * abs(sample - near)) + 1
                    part = power / pieces
                    for piece in range(pieces):
                        share = (piece + 0.5) / pieces
                        s = near + share * (sample - near)
                        line = (start + share * (seen - start) - first_line_s) / line_interval_s
                        if s > -1.0 and line > -1.0 and s < samples and line < lines:
                            a = int(line + 1.0) - 1  # both lie above −1
                            b = int(s + 1.0) - 1
                            u, v = line - a, s - b
                            if a >= 0 and b >= 0:
                                energy[a, b] += part * (1 - u) * (1 - v)
                            if a >= 0 and b + 1 < samples:
                                energy[a, b + 1] += part * (1 - u) * v
                            if a + 1 < lines and b >= 0:
                                energy[a + 1, b] += part * u * (1 - v)
                            if a + 1 < lines and b + 1 < samples:
                                energy[a + 1, b + 1] += part * u * v
            farthest = min(farthest, look)
        old_time, old_seen, old_sample, old_look = time, seen, sample, look
    return first_time


@compiled
def splat_surface(
    heights: Float32,
    level: Float32,
    ocean: Bytes,
    height_spacing_m: float,
    level_spacing_m: float,
    start: Array,
    along: Array,
    across: Array,
    rows: int,
    nodes: Array,
    row_nodes: Array,
    ground: Array,
    normal: Array,
    path: Array,
    rate: Array,
    bend: Array,
    scale_s: float,
    along_m: float,
    across_m: float,
    exponent: float,
    reference_cos: float,
    cliff_gain: float,
    first_line_s: float,
    line_interval_s: float,
    first_range_m: float,
    range_step_m: float,
    sample_of_range: Array,
    delay_of_range: Array,
    energy: Array,
) -> None:
    """Add the energy of all facets; memory grows with a row, not with the number of facets.

    start, along, across: (2,) map offsets (right, down) from the upper left corner, m, of the
    first node, from row to row and from node to node. row_nodes (rows + 2,) and nodes (n,):
    coordinates of the polynomials ground and normal (p, q, 3), in powers of the row's and of the
    node's coordinate. The other arguments as in splat_row.
    """
    count = nodes.shape[0]
    height = np.zeros((3, count))
    levels = np.zeros((3, count), np.float32)
    oceans = np.zeros((3, count), np.uint8)
    degree = ground.shape[0]
    row_ground = np.zeros((degree, 3))
    row_normal = np.zeros((degree, 3))
    time = 0.0
    for row in range(rows + 2):
        newest = row % 3
        sample_row(
            heights,
            level,
            ocean,
            start + (row - 1) * along,
            across,
            height_spacing_m,
            level_spacing_m,
            height[newest],
            levels[newest],
            oceans[newest],
        )
        if row < 2:
            continue
        now, before = (row - 1) % 3, (row - 2) % 3
        u = row_nodes[row - 1]
        for q in range(degree):
            for axis in range(3):
                a = b = 0.0
                for p in range(degree - 1, -1, -1):
                    a = a * u + ground[p, q, axis]
                    b = b * u + normal[p, q, axis]
                row_ground[q, axis] = a
                row_normal[q, axis] = b
        time = splat_row(
            row_ground,
            row_normal,
            path,
            rate,
            bend,
            scale_s,
            time,
            nodes,
            height[now],
            height[before],
            height[newest],
            levels[now],
            oceans[now],
            oceans[before],
            oceans[newest],
            along_m,
            across_m,
            exponent,
            reference_cos,
            cliff_gain,
            first_line_s,
            line_interval_s,
            first_range_m,
            range_step_m,
            sample_of_range,
            delay_of_range,
            energy,
        )
