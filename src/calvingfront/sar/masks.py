"""Layover and shadow from the geometry that geocodes the scene.

Codes of the view: 0 no data, 1 valid, 2 layover (several places share the pixel's range), 3 shadow
(the terrain hides the place from the radar).

The terrain is laid out as the radar meets it: a row per azimuth time, and along it the ellipsoid's
ground range in equal steps. Along a row, a place lies in shadow where a nearer one was seen under
a greater look angle; among the lit places, one lies in layover where a nearer one has a greater
slant range or a farther one a smaller. The height moves a place along the track by some metres;
that is left out here (only here: the image itself is resampled with it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calvingfront.products.model import Array, Side
from calvingfront.sar.geometry import (
    on_look_side,
    range_doppler_point,
    to_earth_fixed,
    to_geodetic,
    vertical,
    zero_doppler,
)
from calvingfront.sar.grid import MapGrid, from_wgs84
from calvingfront.sar.kernels import Float32, compiled, over_rows
from calvingfront.sar.lattice import LEAST_SPAN_M
from calvingfront.sar.orbit import Orbit

NO_DATA, VALID, LAYOVER, SHADOW = 0, 1, 2, 3
STEP_PX, STEP_M = 64, 1280.0  # between the nodes, at most: places are then some 0.01 px wrong
Codes = npt.NDArray[np.uint8]
# A row of the swath crosses the terrain aslant: short pieces of a few rows meet the same lines.
FEW_ROWS, PIECE_STEPS = 8, 8


@dataclass(frozen=True)
class _Swath:
    """Rows at equal azimuth times, columns at equal ground ranges on a sphere through the scene.

    The sphere only numbers the columns: a slant range at height 0 belongs to one ground range.
    """

    first_s: float
    interval_s: float
    rows: int
    first_m: float
    spacing_m: float
    columns: int
    orbit_radius_m: float
    earth_radius_m: float

    def slant_range(self, ground_m: Array) -> Array:
        s, e = self.orbit_radius_m, self.earth_radius_m
        return np.asarray(np.sqrt(s * s + e * e - 2 * s * e * np.cos(ground_m / e)))


def view_codes(
    grid: MapGrid,
    heights: Float32,
    orbit: Orbit,
    look_side: Side,
    threads: int = 1,
    block_rows: int = 256,
) -> Codes:
    """Code of each map pixel (grid.height, grid.width): 1, 2 or 3; 0 beyond the orbit's span.

    heights: on the grid, m above the ellipsoid. Terrain outside the grid casts no shadow.
    """
    step = max(1, min(STEP_PX, int(STEP_M / grid.spacing_m)))
    swath, lattice = _lay_out(grid, orbit, look_side, step)
    span = float(np.nanmin(heights)), float(np.nanmax(heights))
    middle, half = (span[0] + span[1]) / 2, max(span[1] - span[0], LEAST_SPAN_M) / 2
    nodes = _solve_nodes(swath, grid, orbit, look_side, middle, half, step)
    seen = np.empty((swath.rows, swath.columns), np.uint8)
    codes = np.empty(heights.shape, np.uint8)

    def look(first: int, last: int) -> None:
        look_rows(nodes, step, middle, half, heights, first, seen[first:last])

    def pick(first: int, last: int) -> None:
        pick_rows(lattice, step, seen, first, codes[first:last])

    over_rows(look, swath.rows, block_rows, threads)
    over_rows(pick, grid.height, block_rows, threads)
    return codes


def _lay_out(grid: MapGrid, orbit: Orbit, look_side: Side, step: int) -> tuple[_Swath, Array]:
    """The swath over the map grid, and its row and column at each node of the map's lattice."""
    rows = step * np.arange((grid.height - 1) // step + 2)
    columns = step * np.arange((grid.width - 1) // step + 2)
    mesh = np.meshgrid(rows, columns, indexing="ij")
    longitude, latitude = grid.to_geographic(*grid.centre(mesh[0].ravel(), mesh[1].ravel()))
    points = to_earth_fixed(longitude, latitude, np.zeros(longitude.shape))
    time, slant_range = zero_doppler(points, orbit)
    time[~on_look_side(points, time, orbit, look_side)] = np.nan
    earth = float(np.linalg.norm(points.mean(axis=0)))
    position, velocity = orbit.evaluate(np.array([(orbit.start_s + orbit.stop_s) / 2]), 1)
    radius = float(np.linalg.norm(position))
    earth = min(earth, radius - 1.0)
    cosine = (radius**2 + earth**2 - slant_range**2) / (2 * radius * earth)
    ground = earth * np.arccos(np.clip(cosine, -1.0, 1.0))
    interval = grid.spacing_m / float(np.linalg.norm(velocity)) * radius / earth
    inside = np.isfinite(time)
    first_s = float(np.min(time[inside], initial=orbit.stop_s))
    last_s = float(np.max(time[inside], initial=orbit.start_s))
    first_m = float(np.min(ground[inside], initial=np.inf))
    last_m = float(np.max(ground[inside], initial=-np.inf))
    if not inside.any():
        first_s = last_s = orbit.start_s
        first_m = last_m = 0.0
    swath = _Swath(
        first_s,
        interval,
        int((last_s - first_s) / interval) + 2,
        first_m,
        grid.spacing_m,
        int((last_m - first_m) / grid.spacing_m) + 2,
        radius,
        earth,
    )
    place = [(time - first_s) / interval, (ground - first_m) / grid.spacing_m]
    return swath, np.stack(place, axis=-1).reshape(len(rows), len(columns), 2)


def _solve_nodes(
    swath: _Swath,
    grid: MapGrid,
    orbit: Orbit,
    look_side: Side,
    middle: float,
    half: float,
    step: int,
) -> Array:
    """At every step-th row and column of the swath: map row and column, slant range, look angle.

    Returns (rows, columns, 8): map row, map column, then slant range (m) and look angle (rad), each
    as c0, c1, c2 of u = (h − middle) / half.
    """
    rows = step * np.arange((swath.rows - 1) // step + 2)
    columns = step * np.arange((swath.columns - 1) // step + 2)
    mesh = np.meshgrid(rows, columns, indexing="ij")
    time: Array = swath.first_s + swath.interval_s * mesh[0].ravel().astype(np.float64)
    ground: Array = swath.first_m + swath.spacing_m * mesh[1].ravel().astype(np.float64)
    # The last nodes may lie past the span by a step; the polynomial holds that long.
    position = orbit.evaluate(time, 0)[0]
    on_sea = range_doppler_point(
        orbit, time, swath.slant_range(ground), np.zeros(time.shape), look_side
    )
    longitude, latitude, _ = to_geodetic(on_sea)
    map_row, map_column = grid.pixel(*from_wgs84(grid.crs, longitude, latitude))
    upward = vertical(longitude, latitude)
    ranges, angles = [], []
    for height in (middle, middle - half, middle + half):
        sight = on_sea + height * upward - position
        distance = np.linalg.norm(sight, axis=1)
        down = -np.einsum("ij,ij->i", sight, position)
        ranges.append(distance)
        angles.append(np.arccos(down / (distance * np.linalg.norm(position, axis=1))))
    nodes = np.stack([map_row, map_column, *_quadratic(*ranges), *_quadratic(*angles)], axis=-1)
    return nodes.reshape(len(rows), len(columns), 8)


def _quadratic(centre: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    return centre, (high - low) / 2, (high + low) / 2 - centre


@compiled
def look_rows(
    nodes: Array,
    step: int,
    height_m: float,
    half_span_m: float,
    heights: Float32,
    first_row: int,
    codes: Codes,
) -> None:
    """Look along each row of the swath, from near to far: fills codes (rows, columns).

    nodes: (…, …, 8), of _solve_nodes; heights: on the map grid. Places outside the grid or without
    height get code 0 and hide nothing.
    """
    rows, columns = codes.shape
    angles, ranges = np.empty((FEW_ROWS, columns)), np.empty((FEW_ROWS, columns))
    for top in range(0, rows, FEW_ROWS):
        few = min(FEW_ROWS, rows - top)
        for left in range(0, columns, PIECE_STEPS * step):
            right = min(left + PIECE_STEPS * step, columns)
            for r in range(few):
                see_row(
                    nodes,
                    step,
                    height_m,
                    half_span_m,
                    heights,
                    first_row + top + r,
                    left,
                    angles[r, left:right],
                    ranges[r, left:right],
                )
        for r in range(few):
            judge_row(angles[r], ranges[r], step, codes[top + r])


@compiled
def see_row(
    nodes: Array,
    step: int,
    height_m: float,
    half_span_m: float,
    heights: Float32,
    row: int,
    first_column: int,
    angles: Array,
    ranges: Array,
) -> None:
    """Look angle (rad) and slant range (m) of the terrain along a piece of a row of the swath.

    first_column: of the piece, a multiple of step. Fills angles and ranges (n,); NaN outside the
    map grid or without height.
    """
    map_rows, map_columns = heights.shape
    flat = heights.reshape(-1)
    i = row // step
    down = (row - i * step) / step
    per_step, per_metre = 1.0 / step, 1.0 / half_span_m
    left, slope = np.empty(8), np.empty(8)
    places = np.empty(step, np.int64)
    downs, rights = np.empty(step), np.empty(step)
    columns = angles.shape[0]
    for first in range(0, columns, step):
        j, n = (first_column + first) // step, min(step, columns - first)
        for k in range(8):
            left[k] = nodes[i, j, k] + down * (nodes[i + 1, j, k] - nodes[i, j, k])
            other = nodes[i, j + 1, k]
            slope[k] = (other + down * (nodes[i + 1, j + 1, k] - other) - left[k]) * per_step
        y0, x0, y1, x1 = left[0], left[1], slope[0], slope[1]
        near = 0  # within two pixels the edge's height holds, for the pixels at the edge
        for k in range(n):
            y, x = y0 + k * y1, x0 + k * x1
            near += (y >= -2.0) & (y <= map_rows + 1.0) & (x >= -2.0) & (x <= map_columns + 1.0)
        if near == 0:
            angles[first : first + n] = np.nan
            ranges[first : first + n] = np.nan
            continue
        for k in range(n):
            y = min(max(y0 + k * y1, 0.0), map_rows - 1.0)
            x = min(max(x0 + k * x1, 0.0), map_columns - 1.0)
            # Of the last row and column the neighbour before them serves, at its far end.
            m = min(np.int64(y), max(map_rows - 2, 0))
            o = min(np.int64(x), max(map_columns - 2, 0))
            downs[k], rights[k], places[k] = y - m, x - o, m * map_columns + o
        below = np.uint64(map_columns if map_rows > 1 else 0)
        beside = np.uint64(1 if map_columns > 1 else 0)
        a0, a1, a2, da0, da1, da2 = left[5], left[6], left[7], slope[5], slope[6], slope[7]
        b0, b1, b2, db0, db1, db2 = left[2], left[3], left[4], slope[2], slope[3], slope[4]
        for k in range(n):
            at, right = np.uint64(places[k]), rights[k]
            upper = flat[at] + right * (flat[at + beside] - flat[at])
            lower = flat[at + below] + right * (flat[at + below + beside] - flat[at + below])
            downs[k] = (upper + downs[k] * (lower - upper) - height_m) * per_metre
        for k in range(n):
            u = downs[k]
            angles[first + k] = a0 + k * da0 + u * (a1 + k * da1 + u * (a2 + k * da2))
            ranges[first + k] = b0 + k * db0 + u * (b1 + k * db1 + u * (b2 + k * db2))
        if near < n:
            for k in range(n):
                y, x = y0 + k * y1, x0 + k * x1
                if not (-2.0 <= y <= map_rows + 1.0 and -2.0 <= x <= map_columns + 1.0):
                    angles[first + k] = ranges[first + k] = np.nan


@compiled
def judge_row(angles: Array, ranges: Array, step: int, codes: npt.NDArray[np.uint8]) -> None:
    """Code of each place of a row of the swath: 0 without terrain, 1 valid, 2 layover, 3 shadow."""
    columns = codes.shape[0]
    steepest, farthest = -np.inf, -np.inf
    layover = False
    for first in range(0, columns, step):
        n = min(step, columns - first)
        rising = 0
        for k in range(first + 1, first + n):
            rising += (angles[k] >= angles[k - 1]) & (ranges[k] >= ranges[k - 1])
        if rising == n - 1 and angles[first] >= steepest and ranges[first] >= farthest:
            codes[first : first + n] = 1  # nothing hides or overtakes another here
            steepest, farthest = angles[first + n - 1], ranges[first + n - 1]
            continue
        for k in range(first, first + n):
            if np.isnan(angles[k]):
                codes[k] = 0
            elif angles[k] < steepest:
                codes[k] = 3
            else:
                steepest = angles[k]
                codes[k] = 2 if ranges[k] < farthest else 1
                layover = layover or ranges[k] < farthest
                farthest = max(farthest, ranges[k])
    if not layover:
        return
    nearest = np.inf
    for k in range(columns - 1, -1, -1):
        if codes[k] == 1 or codes[k] == 2:
            if ranges[k] > nearest:
                codes[k] = 2
            nearest = min(nearest, ranges[k])


@compiled
def pick_rows(lattice: Array, step: int, seen: Codes, first_row: int, codes: Codes) -> None:
    """Carry the codes of the swath to the nearest map pixels: fills codes (rows, columns).

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
