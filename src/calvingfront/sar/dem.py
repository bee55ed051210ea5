"""Ellipsoidal heights on the map grid, from a terrain model of any raster format and CRS."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from calvingfront.errors import CalvingFrontError, GeocodingError
from calvingfront.files import PathLike
from calvingfront.sar.coverage import reach_px
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.heights.files import Terrain
from calvingfront.sar.heights.names import missing_tiles
from calvingfront.sar.heights.telling import Found, refuse_far_gaps, told_of
from calvingfront.sar.heights.tiles import HeightTiles, open_tiles
from calvingfront.sar.heights.vertical import geoid_named
from calvingfront.sar.heights.voids import DOUBTFUL_M, Mask, close_voids
from calvingfront.sar.kernels import Float32

log = logging.getLogger(__name__)
Datum = Literal["ellipsoid", "geoid"]
MARGINS_PX = (64, 32, 16, 8)  # looked at beyond an edge of the area that a void reaches


@dataclass(frozen=True)
class Heights:
    """Heights above the ellipsoid on a map grid.

    metres: (height, width) float32 without gaps. doubtful: the same shape, where a filled height
    may shift the image by more than MOST_SHIFT_M; None if nowhere. told: sentences about voids and
    the geoid. warned: those among them that ask for a look.
    """

    metres: Float32
    doubtful: Mask | None = None
    told: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)


def heights_on_grid(
    dem: Terrain, grid: MapGrid, datum: Datum, geoid: PathLike | None = None, threads: int = 1
) -> Float32:
    """The metres of `read_heights`."""
    return read_heights(dem, grid, datum, geoid, threads).metres


def read_heights(
    dem: Terrain, grid: MapGrid, datum: Datum, geoid: PathLike | None = None, threads: int = 1
) -> Heights:
    """Heights above the ellipsoid on the grid, with the sea and the gaps of the model filled.

    dem: see `heights.files.terrain_files`. datum: the reference of the terrain model's heights;
    "geoid" requires `geoid`. geoid: a raster of the geoid's height above the ellipsoid, m.
    Where the model has no height there is sea or a gap, as `heights.voids` tells them. The sea has
    the height of the geoid, or 0 m if no geoid is given (a geoid height of 20 m then shifts the sea
    by 47 m in a 23° image). See `heights.raster.VOIDS` for the values that count as no data
    without a tag. What was done is logged, too.
    Raises GeocodingError if a file cannot be read, if the model does not meet the grid, if the
    geoid does not cover it, if values are no heights in m or refer to something else than `datum`,
    or if a gap is farther than FARTHEST_M from any ground.
    """
    if datum not in ("ellipsoid", "geoid"):
        raise GeocodingError("vertical datum", f"is {datum!r}", "Write ellipsoid or geoid.")
    tiles = open_tiles(dem)
    if datum == "geoid" and geoid is None:
        raise GeocodingError(
            tiles.name,
            "has heights above the geoid, but no geoid is given",
            "Give a raster of the geoid's height above the ellipsoid (e.g. EGM2008).",
        )
    told = [(logging.WARNING, sentence) for sentence in _check_datum(tiles, datum, geoid)]
    metres = tiles.on_grid(grid, threads)
    void = np.isnan(metres)
    if void.all():
        raise GeocodingError(
            tiles.name,
            "has no height within the map area",
            "Give a terrain model with heights there.",
        )
    undulation: Float32 | None = None
    if geoid is not None and (datum == "geoid" or void.any()):
        undulation = _undulation(geoid, grid, threads)
    doubtful = None
    if void.any():
        seen, margins = _seen_from_beyond(tiles, grid, void)
        if seen != grid:
            metres = tiles.on_grid(seen, threads)
        inner = tuple(
            slice(before, size - after)
            for size, (before, after) in zip(metres.shape, margins, strict=True)
        )
        level = np.zeros_like(metres)  # of the sea, in the model's own heights
        if undulation is not None and datum == "ellipsoid":
            level = np.pad(undulation, margins, mode="edge")
        voids = close_voids(metres - level, grid.spacing_m, tiles.posting_m)
        refuse_far_gaps(tiles.name, voids)
        metres[voids.gap] = voids.filled + level[voids.gap]
        metres[voids.sea] = level[voids.sea]
        wrong_m = np.zeros_like(metres)
        wrong_m[voids.gap] = voids.doubt_m
        metres, doubtful = np.ascontiguousarray(metres[inner]), wrong_m[inner] > DOUBTFUL_M
        found = Found(
            voids.sea[inner], voids.gap[inner], wrong_m[inner], voids.largest_m, voids.steep_share
        )
        missing = missing_tiles(tiles.tiles, grid)
        told += told_of(found, undulation is not None, tiles.covers(grid), missing)
    if datum == "geoid" and undulation is not None:
        metres += undulation
    for level_of_log, sentence in told:
        log.log(level_of_log, "%s", sentence)
    if doubtful is not None and not doubtful.any():
        doubtful = None
    warned = [sentence for level_of_log, sentence in told if level_of_log == logging.WARNING]
    return Heights(metres, doubtful, [sentence for _, sentence in told], warned)


def _undulation(geoid: PathLike, grid: MapGrid, threads: int) -> Float32:
    """The geoid's height above the ellipsoid. Raises GeocodingError where it has none."""
    tiles = open_tiles(geoid)
    tiles.check_cover(grid)
    metres = tiles.on_grid(grid, threads)
    if np.isnan(metres).any():
        raise GeocodingError(geoid, "has gaps within the map area", "Give a complete geoid.")
    return metres


def _seen_from_beyond(
    tiles: HeightTiles, grid: MapGrid, void: Mask
) -> tuple[MapGrid, list[tuple[int, int]]]:
    """A grid with margins, px before and after its rows and columns, where a void goes on.

    Whether a void that reaches the edge is sea, and what it is filled with, depends on what lies
    beyond. Where the model ends there is nothing to learn.
    """
    step, high, wide = grid.spacing_m, grid.height, grid.width

    def margin(edge: Mask, row: int, column: int, rows: int, columns: int) -> int:
        """How far the model goes on beyond an edge. rows, columns: signed, of a strip there."""
        if not edge.any():
            return 0
        for size in MARGINS_PX:
            top, left = row + min(rows * size, 0), column + min(columns * size, 0)
            shape = abs(rows * size) or high, abs(columns * size) or wide
            place = grid.left + left * step, grid.top - top * step
            if tiles.covers(MapGrid(grid.crs, *place, step, *shape)):
                return size
        return 0

    above, below = margin(void[0], 0, 0, -1, 0), margin(void[-1], high, 0, 1, 0)
    before, after = margin(void[:, 0], 0, 0, 0, -1), margin(void[:, -1], 0, wide, 0, 1)
    left, top = grid.left - before * step, grid.top + above * step
    seen = MapGrid(grid.crs, left, top, step, above + high + below, before + wide + after)
    return seen, [(above, below), (before, after)]


def heights_around(
    heights: Float32,
    dem: Terrain,
    grid: MapGrid,
    datum: Datum,
    geoid: PathLike | None = None,
    threads: int = 1,
) -> Float32:
    """Heights on the grid and `coverage.REACH_M` around it: of ground that may hide the map's.

    heights: on the grid. Around it, NaN where the terrain model has none: nothing is filled, and
    whatever is wrong with the model there is logged and counts as no height.
    """
    px = reach_px(grid.spacing_m)
    wide = grid.widened(px)
    around = np.full((wide.height, wide.width), np.nan, np.float32)
    try:
        around = open_tiles(dem).on_grid(wide, threads)
        if datum == "geoid" and geoid is not None:
            around += open_tiles(geoid).on_grid(wide, threads)
    except CalvingFrontError as error:
        log.warning("Terrain around the map area is not used: %s %s", error.where, error.what)
    around[px:-px, px:-px] = heights
    return around


def check_terrain(path: Terrain, grid: MapGrid | None = None) -> None:
    """Raise GeocodingError unless a terrain model can be opened and meets the grid (None: any)."""
    tiles = open_tiles(path)
    if grid is not None:
        tiles.check_overlap(grid)


def check_geoid(path: PathLike, grid: MapGrid | None = None) -> None:
    """Raise GeocodingError unless a geoid can be opened and covers the grid (None: any)."""
    tiles = open_tiles(path)
    if grid is not None:
        tiles.check_cover(grid)


def check_datum(dem: Terrain, datum: Datum) -> None:
    """Raise GeocodingError if a terrain model says that its heights refer to something else."""
    _check_datum(open_tiles(dem), datum, None)


def _check_datum(tiles: HeightTiles, datum: Datum, geoid: PathLike | None) -> list[str]:
    stated = tiles.datum
    if stated is None:
        return []
    if stated.above_geoid and datum == "ellipsoid":
        raise GeocodingError(
            tiles.name,
            f"has heights above the geoid {stated.surface} by {stated.by} and not above the "
            "ellipsoid",
            f"Write vertical_datum: geoid and geoid: the raster of {stated.surface}; if the "
            "heights were converted to the ellipsoid, rename the file or correct its CRS.",
        )
    if not stated.above_geoid and datum == "geoid":
        raise GeocodingError(
            tiles.name,
            f"has heights above the ellipsoid by {stated.by} and not above a geoid",
            "Write vertical_datum: ellipsoid, and keep geoid for the sea; if the heights were "
            "converted to a geoid, rename the file or correct its CRS.",
        )
    if datum == "geoid" and geoid is not None:
        model = geoid_named(Path(geoid))
        if model is not None and model != stated.surface:
            return [
                f"{tiles.name} has heights above {stated.surface} by {stated.by} but {geoid} is "
                f"{model}: the two differ by some metres, and the image shifts by up to "
                "2.4 times as much"
            ]
    return []
