"""Layover and shadow, from the same geometry as the geocoding.

View codes (radar/view.py): 0 no data, 1 valid, 2 layover (several points share the pixel's range),
3 shadow (the terrain hides the point from the radar), 4 a height that was filled in.

The terrain is arranged as the radar sees it: one row per azimuth time, with equal steps of ground
range on the ellipsoid along the row. A point is in shadow if a nearer point of its row has a
greater look angle. An illuminated point is in layover if a nearer illuminated point has a greater
slant range, or a farther one a smaller. Height also shifts a point along the track by a few
metres; the masks neglect this shift, the resampling of the image does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calvingfront.orbits.earth import to_earth_fixed, to_geodetic, vertical
from calvingfront.orbits.orbit import Orbit
from calvingfront.orbits.zero_doppler import on_look_side, zero_doppler
from calvingfront.radar.model import Array, Side
from calvingfront.radar.view import VALID
from calvingfront.sar.geometry import range_doppler_point
from calvingfront.sar.grid import MapGrid, from_wgs84
from calvingfront.sar.kernels import Float32, over_rows
from calvingfront.sar.lattice import LEAST_SPAN_M
from calvingfront.sar.sight import BLOCK_PX, Codes, look_rows, pick_rows, steepness_rows

STEP_PX, STEP_M = 64, 1280.0  # most between nodes: positions are then accurate to about 0.01 px


@dataclass(frozen=True)
class _Swath:
    """Rows at equal azimuth times, columns at equal ground ranges on a sphere through the scene.

    The sphere only defines the columns: each slant range at height 0 has one ground range.
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
    steep = np.empty((*(-(-n // BLOCK_PX) for n in heights.shape), 2), np.float32)
    seen = np.empty((swath.rows, swath.columns), np.uint8)
    codes = np.empty(heights.shape, np.uint8)

    def measure(first: int, last: int) -> None:
        steepness_rows(heights, first, steep[first:last])

    def look(first: int, last: int) -> None:
        look_rows(nodes, step, middle, half, heights, steep, first, seen[first:last])

    def pick(first: int, last: int) -> None:
        pick_rows(lattice, step, seen, first, codes[first:last])

    over_rows(measure, len(steep), 4, threads)
    over_rows(look, swath.rows, block_rows, threads)
    # Most scenes over sea and ice sheets are valid everywhere: there is nothing to carry over.
    complete = np.isfinite(steep).all() and np.isfinite(lattice).all()
    if complete and int(seen.max(initial=0)) == VALID:
        codes[:] = VALID
        return codes
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
    # The last nodes may lie a step beyond the span; the polynomial is still accurate there.
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
