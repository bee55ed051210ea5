"""Radiometric terrain flattening: γ0 = β0 · δr · δa / A_γ.

A_γ is the illuminated ground of an image pixel, projected onto the plane perpendicular to the look
direction. The terrain is divided into triangles between the map's pixel centres. Each lit triangle
adds its projected area to the image pixels in which it appears, so that areas in layover add up.
Source: Small (2011), Flattening gamma: radiometric terrain correction for SAR imagery, IEEE TGRS
49(8), doi:10.1109/TGRS.2011.2120616.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from calvingfront.orbits.earth import to_earth_fixed, to_geodetic
from calvingfront.orbits.orbit import Orbit
from calvingfront.orbits.zero_doppler import on_look_side, zero_doppler
from calvingfront.radar.model import Array, Side
from calvingfront.radar.view import SHADOW
from calvingfront.sar.coverage import Window
from calvingfront.sar.flattening.triangles import UNITS_PER_M2, project_triangles
from calvingfront.sar.geometry import to_ground
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.kernels import Float32, locate_rows, over_rows
from calvingfront.sar.lattice import Lattice, solve_lattice
from calvingfront.sar.multilook import Multilooked
from calvingfront.sar.sight import Codes

TILE_PX = 256
MARGIN_PX = 16  # flat ground added beyond the map's edge, to fill the image pixels there
LEAST_SHARE = 0.01  # A_γ / (δr · δa), a grazing angle of 0.6°: less is the fringe of a shadow
NODES_EVERY_PX = 64


@dataclass(frozen=True)
class ReferenceArea:
    """The reference of the image's own radiometry, at nodes (lines,) × (samples,) of the image.

    beta_m2: δr · δa; sine: of the incidence angle on the ellipsoid; both (lines, samples).
    """

    lines: Array
    samples: Array
    beta_m2: Array
    sine: Array

    def on_lines(self, values: Array, window: Window, first: int, last: int) -> Array:
        """beta_m2 or sine at each pixel of lines first … last − 1 of a part of the image."""
        across = np.arange(window.first_sample, window.last_sample, dtype=np.float64)
        rows = np.stack([np.interp(across, self.samples, row) for row in values])
        wanted = window.first_line + np.arange(first, last, dtype=np.float64)
        place = np.interp(wanted, self.lines, np.arange(len(self.lines), dtype=np.float64))
        low = np.clip(place.astype(int), 0, len(self.lines) - 2)
        share = (place - low)[:, np.newaxis]
        return np.asarray(rows[low] + share * (rows[low + 1] - rows[low]))


def reference_area(scene: Multilooked, orbit: Orbit) -> ReferenceArea:
    """The image's reference area at every 64th pixel: the pixel on the ellipsoid, times sin θ.

    In radar geometry this equals δr · δa; the form used here also holds for products on a map grid.
    """
    lines, samples = (
        np.linspace(0.0, max(n - 1.0, 1.0), max(2, -(-n // NODES_EVERY_PX) + 1))
        for n in scene.shape
    )
    line, sample = (a.ravel() for a in np.meshgrid(lines, samples, indexing="ij"))
    sea = np.zeros(line.shape)

    def ground(down: float, across: float) -> Array:
        return to_ground(line + down, sample + across, sea, orbit, scene.geometry)

    centre = ground(0, 0)
    along_line = ground(0, 0.5) - ground(0, -0.5)
    along_track = ground(0.5, 0) - ground(-0.5, 0)
    area = np.linalg.norm(np.cross(along_line, along_track), axis=1)
    time, slant_range = zero_doppler(centre, orbit)
    sight = (orbit.evaluate(time, 0)[0] - centre) / slant_range[:, np.newaxis]
    sine = np.linalg.norm(np.cross(sight, _up(centre)), axis=1)
    shape = len(lines), len(samples)
    return ReferenceArea(lines, samples, (area * sine).reshape(shape), sine.reshape(shape))


def illuminated_area(
    scene: Multilooked,
    grid: MapGrid,
    heights: Float32,
    view: Codes,
    orbit: Orbit,
    threads: int = 1,
    tile_px: int = TILE_PX,
) -> Array:
    """A_γ of each pixel of the scene's intensity, m²; 0 where the radar sees no ground of the map.

    heights, view: (grid.height, grid.width), as in geocode. Terrain in shadow and triangles that
    face away are left out. A triangle that spans more than a third of an image pixel is divided, so
    that the map may be coarser than the image. Beyond the map's edge the ground continues for 16
    pixels at the height of the edge; terrain farther away adds nothing.
    The result is bit-identical for any tile_px and threads.
    """
    heights = np.pad(heights, MARGIN_PX, mode="edge")
    lit = np.pad(view != SHADOW, MARGIN_PX, mode="edge")
    wide = grid.widened(MARGIN_PX)
    span = float(np.nanmin(heights)), float(np.nanmax(heights))
    part = scene.window
    lattice = solve_lattice(wide, span, orbit, scene.geometry, scene.shape)
    nodes = solve_sights(wide, lattice, orbit, scene.geometry.look_side)
    total = np.zeros(part.shape, np.int64)
    one_at_a_time = threading.Lock()
    across = -(-(wide.width - 1) // tile_px)
    down = -(-(wide.height - 1) // tile_px)

    def tile(number: int) -> None:
        row, column = (number // across) * tile_px, (number % across) * tile_px
        here = np.s_[row : row + tile_px + 1, column : column + tile_px + 1]
        lines, samples = np.empty(heights[here].shape), np.empty(heights[here].shape)
        locate_rows(
            lattice.coefficients,
            lattice.step,
            lattice.height_m,
            lattice.half_span_m,
            row,
            column,
            heights[here],
            lines,
            samples,
        )
        window = _window(lines, samples, part)
        if window is None:
            return
        areas = np.zeros(window.shape, np.int64)
        project_triangles(
            nodes,
            lattice.step,
            row,
            column,
            heights[here],
            lit[here],
            lines,
            samples,
            window.first_line,
            window.first_sample,
            areas,
        )
        rows = slice(window.first_line - part.first_line, window.last_line - part.first_line)
        left = window.first_sample - part.first_sample
        with one_at_a_time:
            total[rows, left : left + window.shape[1]] += areas

    def tiles(first: int, last: int) -> None:
        for number in range(first, last):
            tile(number)

    over_rows(tiles, across * down, 1, threads)
    return np.asarray(total / UNITS_PER_M2)


def flatten(
    scene: Multilooked,
    grid: MapGrid,
    heights: Float32,
    view: Codes,
    orbit: Orbit,
    threads: int = 1,
    tile_px: int = TILE_PX,
) -> Float32:
    """γ0 of the scene's intensity, float32, linear, in radar geometry.

    σ0 is first converted to β0 = σ0 / sin θ, with the incidence angle on the ellipsoid. NaN where
    the image has no data or the radar sees no lit ground of the map. Arguments as illuminated_area.
    """
    area = illuminated_area(scene, grid, heights, view, orbit, threads, tile_px)
    reference = reference_area(scene, orbit)
    gamma = np.empty(scene.intensity.shape, np.float32)
    part = scene.window

    def work(first: int, last: int) -> None:
        own = reference.on_lines(reference.beta_m2, part, first, last)
        share = area[first:last] / own
        share[share < LEAST_SHARE] = np.nan
        beta = scene.intensity[first:last].astype(np.float64)
        if scene.kind == "sigma0":
            beta /= reference.on_lines(reference.sine, part, first, last)
        gamma[first:last] = beta / share

    over_rows(work, len(gamma), TILE_PX, threads)
    return gamma


def _up(points_m: Array) -> Array:
    """Unit normal (n, 3) of the ellipsoid."""
    longitude, latitude, _ = to_geodetic(points_m)
    lon, lat = np.deg2rad(longitude), np.deg2rad(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)


def solve_sights(grid: MapGrid, lattice: Lattice, orbit: Orbit, look_side: Side) -> Array:
    """At each node of the lattice: point at height 0, normal there, position of the satellite.

    Returns (rows, columns, 9), Earth-fixed, m. Bilinear interpolation between the nodes is accurate
    to a few centimetres; the satellite's position is the one from which the middle height is seen.
    """
    rows, columns = lattice.coefficients.shape[:2]
    row, column = lattice.step * np.indices((rows, columns)).reshape(2, -1)
    longitude, latitude = grid.to_geographic(*grid.centre(row, column))
    on_sea = to_earth_fixed(longitude, latitude, np.zeros(longitude.shape))
    up = _up(on_sea)
    seen = on_sea + lattice.height_m * up
    time, _ = zero_doppler(seen, orbit)
    time[~on_look_side(seen, time, orbit, look_side)] = np.nan
    nodes = np.concatenate([on_sea, up, orbit.evaluate(time, 0)[0]], axis=1)
    return nodes.reshape(rows, columns, 9)


def _window(lines: Array, samples: Array, part: Window) -> Window | None:
    """What a tile covers of a part of the image, or None."""
    seen = np.isfinite(lines) & np.isfinite(samples)
    if not seen.any():
        return None
    along, across = lines[seen], samples[seen]
    window = Window(
        max(part.first_line, int(np.floor(along.min()))),
        min(part.last_line, int(np.ceil(along.max())) + 1),
        max(part.first_sample, int(np.floor(across.min()))),
        min(part.last_sample, int(np.ceil(across.max())) + 1),
    )
    return window if min(window.shape) > 0 else None
