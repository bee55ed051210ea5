"""Backward range-Doppler geocoding: multilooked intensity is resampled onto a map."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import GeocodingError
from calvingfront.files import PathLike
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.view import FILLED, LAYOVER, SHADOW, VALID
from calvingfront.sar.coverage import Window, lattice_window, not_covered, scene_grid
from calvingfront.sar.dem import Datum, heights_around, read_heights
from calvingfront.sar.flattening.terrain import MARGIN_PX, flatten
from calvingfront.sar.grid import Bounds, MapGrid
from calvingfront.sar.heights.files import Terrain
from calvingfront.sar.intensity_file import read_intensity
from calvingfront.sar.kernels import Float32, geocode_rows, over_rows
from calvingfront.sar.lattice import Lattice, solve_lattice
from calvingfront.sar.map_file import write_map
from calvingfront.sar.masks import view_codes
from calvingfront.sar.multilook import Multilooked

TILE_ROWS = 256
EDGE_PX = 2  # as far as the masks use the height of the edge


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


def geocode(
    scene: Multilooked,
    grid: MapGrid,
    heights: Float32,
    threads: int = 1,
    tile_rows: int = TILE_ROWS,
    terrain_flattening: bool = False,
    around: Float32 | None = None,
) -> MapImage:
    """Resample a scene onto the map grid.

    heights: (grid.height, grid.width), m above the ellipsoid; NaN gives no data.
    around: the same within an equal margin on all sides, whose ground may hide or cover the map's.
    terrain_flattening: compute γ0 (kind gamma0), NaN in shadow and where no lit ground is seen.
    The result is bit-identical for any tile_rows and threads, and for any part of the image that
    holds what the map needs.
    Raises GeocodingError if no map pixel lies in the scene, the heights have the wrong shape, or
    the scene holds another part of the image.
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
    shape = scene.shape
    orbit = scene_orbit(scene.orbit, scene.geometry, shape)
    around = heights if around is None else around
    margin_px = (len(around) - len(heights)) // 2
    wide, inner = grid.widened(margin_px), slice(margin_px, len(around) - margin_px)
    known = _with_edge(around, heights, margin_px, EDGE_PX)
    inside = inner, slice(margin_px, around.shape[1] - margin_px)
    # The serial parts of one task run alongside the loops of the other.
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(
            view_codes, wide, known, orbit, scene.geometry.look_side, threads, tile_rows
        )
        if threads == 1:
            wait([looking])
        lattice = solve_lattice(grid, span, orbit, scene.geometry, shape)
        _check_part(scene, lattice, grid)
        values = _resample(scene.intensity, scene.window, heights, lattice, threads, tile_rows)
        wide_view = looking.result()
    view = wide_view[inside].copy()
    view[np.isnan(values)] = 0
    if not view.any():
        raise not_covered(scene.name, grid)
    if not terrain_flattening:
        return MapImage(grid, values, view, scene.kind, scene.facts)
    del values
    known = _with_edge(around, heights, margin_px, MARGIN_PX)
    gamma = flatten(scene, wide, known, wide_view, orbit, threads)
    values = _resample(gamma, scene.window, heights, lattice, threads, tile_rows)
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
    grid = scene_grid(scene, crs, spacing_m, area, scene.name)
    heights = read_heights(dem, grid, vertical_datum, geoid, threads)
    around = None
    if area is not None:
        around = heights_around(heights.metres, dem, grid, vertical_datum, geoid, threads)
    image = geocode(
        scene,
        grid,
        heights.metres,
        threads,
        terrain_flattening=terrain_flattening,
        around=around,
    )
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


def _check_part(scene: Multilooked, lattice: Lattice, grid: MapGrid) -> None:
    needed = lattice_window(lattice, scene.shape)
    if needed is None:
        raise not_covered(scene.name, grid)
    if not scene.window.holds(needed):
        raise GeocodingError(
            scene.name,
            "was multilooked for another map area",
            "Run multilook again with this area.",
        )


def _with_edge(around: Float32, heights: Float32, margin_px: int, edge_px: int) -> Float32:
    """The heights around a map; its own go on for `edge_px` where none are known."""
    if margin_px == 0:
        return around
    near = min(edge_px, margin_px)
    flat = np.pad(heights, near, mode="edge")
    flat = np.pad(flat, margin_px - near, constant_values=np.nan)
    return np.where(np.isnan(around), flat, around)


def _resample(
    image: Float32,
    window: Window,
    heights: Float32,
    lattice: Lattice,
    threads: int,
    tile_rows: int,
) -> Float32:
    """Resample an image from radar geometry onto the map; the result has the heights' shape.

    window: the part of the whole image that `image` is.
    """
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
            window.first_line,
            window.first_sample,
        )

    over_rows(work, len(heights), tile_rows, threads)
    return values
