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
    zero_doppler,
)
from calvingfront.sar.grid import MapGrid, from_wgs84
from calvingfront.sar.kernels import Float32, compiled, locate_row, over_rows
from calvingfront.sar.lattice import LEAST_SPAN_M, STEP_PX
from calvingfront.sar.orbit import Orbit

NO_DATA, VALID, LAYOVER, SHADOW = 0, 1, 2, 3
Codes = npt.NDArray[np.uint8]


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
    swath, lattice = _lay_out(grid, orbit, look_side)
    span = float(np.nanmin(heights)), float(np.nanmax(heights))
    middle, half = (span[0] + span[1]) / 2, max(span[1] - span[0], LEAST_SPAN_M) / 2
    nodes = _solve_nodes(swath, grid, orbit, look_side, middle, half)
    seen = np.empty((swath.rows, swath.columns), np.uint8)
    codes = np.empty(heights.shape, np.uint8)

    def look(first: int, last: int) -> None:
        look_rows(nodes, STEP_PX, middle, half, heights, first, seen[first:last])

    def pick(first: int, last: int) -> None:
        pick_rows(lattice, STEP_PX, seen, first, codes[first:last])

    over_rows(look, swath.rows, block_rows, threads)
    over_rows(pick, grid.height, block_rows, threads)
    return codes


def _lay_out(grid: MapGrid, orbit: Orbit, look_side: Side) -> tuple[_Swath, Array]:
    """The swath over the map grid, and its row and column at each node of the map's lattice."""
    rows = STEP_PX * np.arange((grid.height - 1) // STEP_PX + 2)
    columns = STEP_PX * np.arange((grid.width - 1) // STEP_PX + 2)
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
    lattice = np.zeros((len(rows), len(columns), 6))
    lattice[..., 0] = ((time - first_s) / interval).reshape(mesh[0].shape)
    lattice[..., 3] = ((ground - first_m) / grid.spacing_m).reshape(mesh[0].shape)
    return swath, lattice


def _solve_nodes(
    swath: _Swath, grid: MapGrid, orbit: Orbit, look_side: Side, middle: float, half: float
) -> Array:
    """At every 32nd row and column of the swath: map row and column, slant range, look angle.

    Returns (rows, columns, 8): map row, map column, then slant range (m) and look angle (rad), each
    as c0, c1, c2 of u = (h − middle) / half.
    """
    rows = STEP_PX * np.arange((swath.rows - 1) // STEP_PX + 2)
    columns = STEP_PX * np.arange((swath.columns - 1) // STEP_PX + 2)
    mesh = np.meshgrid(rows, columns, indexing="ij")
    time: Array = swath.first_s + swath.interval_s * mesh[0].ravel().astype(np.float64)
    ground: Array = swath.first_m + swath.spacing_m * mesh[1].ravel().astype(np.float64)
    # The last nodes may lie past the span by 32 rows; the polynomial holds that long.
    position = orbit.evaluate(time, 0)[0]
    on_sea = range_doppler_point(
        orbit, time, swath.slant_range(ground), np.zeros(time.shape), look_side
    )
    longitude, latitude, _ = to_geodetic(on_sea)
    map_row, map_column = grid.pixel(*from_wgs84(grid.crs, longitude, latitude))
    ranges, angles = [], []
    for height in (middle, middle - half, middle + half):
        sight = to_earth_fixed(longitude, latitude, np.full(time.shape, height)) - position
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
    map_rows, map_columns = heights.shape
    ranges = np.empty(columns)
    left, slope = np.empty(8), np.empty(8)
    for r in range(rows):
        i = (first_row + r) // step
        down = (first_row + r - i * step) / step
        steepest = -np.inf
        for c in range(columns):
            j = c // step
            if c == j * step:
                for k in range(8):
                    left[k] = nodes[i, j, k] + down * (nodes[i + 1, j, k] - nodes[i, j, k])
                    other = nodes[i, j + 1, k]
                    slope[k] = other + down * (nodes[i + 1, j + 1, k] - other) - left[k]
            right = (c - j * step) / step
            codes[r, c] = 0
            y, x = left[0] + right * slope[0], left[1] + right * slope[1]
            if not (-2.0 <= y <= map_rows + 1.0 and -2.0 <= x <= map_columns + 1.0):
                continue  # within two pixels the edge's height holds, for the pixels at the edge
            y, x = min(max(y, 0.0), map_rows - 1.0), min(max(x, 0.0), map_columns - 1.0)
            m, n = int(y), int(x)
            m1, n1 = min(m + 1, map_rows - 1), min(n + 1, map_columns - 1)
            above = heights[m, n] + (x - n) * (heights[m, n1] - heights[m, n])
            below = heights[m1, n] + (x - n) * (heights[m1, n1] - heights[m1, n])
            u = (above + (y - m) * (below - above) - height_m) / half_span_m
            if np.isnan(u):
                continue
            angle = left[5] + right * slope[5]
            angle += u * (left[6] + right * slope[6] + u * (left[7] + right * slope[7]))
            distance = left[2] + right * slope[2]
            distance += u * (left[3] + right * slope[3] + u * (left[4] + right * slope[4]))
            ranges[c] = distance
            if angle < steepest:
                codes[r, c] = 3
            else:
                codes[r, c] = 1
                steepest = angle
        farthest = -np.inf
        for c in range(columns):
            if codes[r, c] == 1:
                if ranges[c] < farthest:
                    codes[r, c] = 2
                farthest = max(farthest, ranges[c])
        nearest = np.inf
        for c in range(columns - 1, -1, -1):
            if codes[r, c] == 1 or codes[r, c] == 2:
                if ranges[c] > nearest:
                    codes[r, c] = 2
                nearest = min(nearest, ranges[c])


@compiled
def pick_rows(lattice: Array, step: int, seen: Codes, first_row: int, codes: Codes) -> None:
    """Carry the codes of the swath to the nearest map pixels: fills codes (rows, columns).

    lattice: (…, …, 6), swath row and column at the map's nodes, without height.
    """
    rows, columns = codes.shape
    swath_rows, swath_columns = seen.shape
    flat = np.zeros(columns, np.float32)
    lines, samples = np.empty(columns), np.empty(columns)
    for r in range(rows):
        locate_row(lattice, step, 0.0, 1.0, first_row + r, 0, flat, lines, samples)
        for c in range(columns):
            y, x = lines[c] + 0.5, samples[c] + 0.5
            codes[r, c] = 0
            if 0.0 <= y < swath_rows and 0.0 <= x < swath_columns:
                codes[r, c] = seen[int(y), int(x)]
