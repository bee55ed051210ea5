"""Backward range-Doppler geocoding: multilooked intensity is resampled onto a map."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import GeocodingError
from calvingfront.files import PathLike
from calvingfront.orbits.earth import to_geodetic
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.view import FILLED, LAYOVER, SHADOW, VALID
from calvingfront.sar.dem import Datum, read_heights
from calvingfront.sar.geometry import to_ground
from calvingfront.sar.grid import Bounds, MapGrid, from_wgs84, grid_over, overlap
from calvingfront.sar.heights.files import Terrain
from calvingfront.sar.intensity_file import read_intensity
from calvingfront.sar.kernels import Float32, geocode_rows, over_rows
from calvingfront.sar.lattice import Lattice, solve_lattice
from calvingfront.sar.map_file import write_map
from calvingfront.sar.masks import view_codes
from calvingfront.sar.multilook import Multilooked
from calvingfront.sar.terrain_flattening import flatten

TILE_ROWS = 256


@dataclass(frozen=True)
class MapImage:
    """A scene on the map.

    backscatter: (grid.height, grid.width) float32, linear `kind`, NaN = no data.
    view: the same shape, uint8, codes of masks.py (0 no data, 1 valid, 2 layover, 3 shadow, 4 a
    height that was filled in).
    """

    grid: MapGrid
    backscatter: Float32
    view: npt.NDArray[np.uint8]
    kind: str
    facts: dict[str, str]


def footprint(scene: Multilooked, crs: str) -> Bounds:
    """Left, bottom, right, top (m, in crs) of the image at height 0 and at its mean height."""
    orbit = scene_orbit(scene.orbit, scene.geometry, scene.intensity.shape)
    lines, samples = scene.intensity.shape
    down, across = np.linspace(-0.5, lines - 0.5, 17), np.linspace(-0.5, samples - 0.5, 17)
    line = np.concatenate([down, down, np.full(17, down[0]), np.full(17, down[-1])])
    sample = np.concatenate([np.full(17, across[0]), np.full(17, across[-1]), across, across])
    heights = {0.0, scene.mean_height_m if np.isfinite(scene.mean_height_m) else 0.0}
    found = []
    for height in sorted(heights):
        points = to_ground(line, sample, np.full(line.shape, height), orbit, scene.geometry)
        longitude, latitude, _ = to_geodetic(points)
        found.append(from_wgs84(crs, longitude, latitude))
    x, y = np.hstack([np.stack(pair) for pair in found])
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise GeocodingError(
            f"crs {crs}", "does not cover the scene", "Choose a CRS made for the scene's region."
        )
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def scene_grid(
    scene: Multilooked, crs: str, spacing_m: float, area: Bounds | None = None
) -> MapGrid:
    """The map grid of a scene: its footprint, or the given area (left, bottom, right, top, m).

    Raises GeocodingError if the scene does not overlap the area.
    """
    own = footprint(scene, crs)
    if area is None:
        return grid_over(crs, own, spacing_m)
    if overlap(own, area) is None:
        raise GeocodingError(
            scene.facts.get("product", "scene"),
            f"covers {_text(own)}, but the requested area is {_text(area)} (both in {crs})",
            "Choose an area that the scene covers, or leave the scene out.",
        )
    return grid_over(crs, area, spacing_m)


def geocode(
    scene: Multilooked,
    grid: MapGrid,
    heights: Float32,
    threads: int = 1,
    tile_rows: int = TILE_ROWS,
    terrain_flattening: bool = False,
) -> MapImage:
    """Resample a scene onto the map grid.

    heights: (grid.height, grid.width), m above the ellipsoid; NaN gives no data.
    terrain_flattening: compute γ0 (kind gamma0), NaN in shadow and where no lit ground is seen.
    The result is bit-identical for any tile_rows and threads.
    Raises GeocodingError if no map pixel lies in the scene or the heights have the wrong shape.
    """
    if heights.shape != (grid.height, grid.width):
        raise GeocodingError(
            "heights",
            f"have shape {heights.shape}, but the map grid has {(grid.height, grid.width)}",
            "Read them with heights_on_grid.",
        )
    if np.isnan(heights).all():
        raise GeocodingError("heights", "are all NaN", "Check the terrain model.")
    span = float(np.nanmin(heights)), float(np.nanmax(heights))
    shape = scene.intensity.shape
    orbit = scene_orbit(scene.orbit, scene.geometry, shape)
    # The serial parts of one task run alongside the loops of the other.
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(
            view_codes, grid, heights, orbit, scene.geometry.look_side, threads, tile_rows
        )
        if threads == 1:
            wait([looking])
        lattice = solve_lattice(grid, span, orbit, scene.geometry, shape)
        values = _resample(scene.intensity, heights, lattice, threads, tile_rows)
        view = looking.result()
    view[np.isnan(values)] = 0
    if not view.any():
        raise GeocodingError(
            scene.facts.get("product", "scene"),
            f"does not cover the map area {_text(grid.bounds)} in {grid.crs}",
            "Choose an area that the scene covers, or leave the scene out.",
        )
    if not terrain_flattening:
        return MapImage(grid, values, view, scene.kind, scene.facts)
    del values
    gamma = flatten(scene, grid, heights, view, orbit, threads)
    values = _resample(gamma, heights, lattice, threads, tile_rows)
    values[view == SHADOW] = np.nan
    view[np.isnan(values) & (view != SHADOW)] = 0
    return MapImage(grid, values, view, "gamma0", scene.facts)


def geocode_scene(
    scene: Multilooked,
    dem: Terrain,
    output: PathLike,
    view: PathLike,
    *,
    crs: str,
    spacing_m: float,
    vertical_datum: Datum,
    geoid: PathLike | None = None,
    area: Bounds | None = None,
    threads: int = 1,
    terrain_flattening: bool = False,
) -> None:
    """Geocode a scene and write backscatter (output) and codes (view) as COGs.

    What asks for a look about the terrain model is a tag of both, too.
    Arguments and errors as in scene_grid, read_heights and geocode.
    """
    grid = scene_grid(scene, crs, spacing_m, area)
    heights = read_heights(dem, grid, vertical_datum, geoid, threads)
    image = geocode(scene, grid, heights.metres, threads, terrain_flattening=terrain_flattening)
    if heights.doubtful is not None:
        image.view[heights.doubtful & np.isin(image.view, (VALID, LAYOVER))] = FILLED
    facts = image.facts | {"terrain": ". ".join(heights.warned)}
    write_map(output, view, grid, image.backscatter, image.view, image.kind, facts, threads)


def geocode_file(
    intensity: PathLike,
    *,
    product: PathLike | None = None,
    threads: int = 1,
    **options: Any,
) -> None:
    """Run geocode_scene on an intensity.tif; `options` are its other arguments.

    product: the scene's product.json, for products on a map grid.
    """
    geocode_scene(read_intensity(intensity, threads, product), threads=threads, **options)


def _resample(
    image: Float32, heights: Float32, lattice: Lattice, threads: int, tile_rows: int
) -> Float32:
    """Resample an image from radar geometry onto the map; the result has the heights' shape."""
    values = np.empty(heights.shape, np.float32)

    def work(first: int, last: int) -> None:
        geocode_rows(
            image,
            heights[first:last],
            lattice.coefficients,
            lattice.step,
            lattice.height_m,
            lattice.half_span_m,
            first,
            0,
            values[first:last],
        )

    over_rows(work, len(heights), tile_rows, threads)
    return values


def _text(bounds: Bounds) -> str:
    return "left {:.0f}, bottom {:.0f}, right {:.0f}, top {:.0f} m".format(*bounds)
