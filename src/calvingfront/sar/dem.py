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
from calvingfront.sar.heights.tiles import HeightTiles, open_tiles
from calvingfront.sar.heights.vertical import geoid_named
from calvingfront.sar.heights.voids import (
    DOUBTFUL_M,
    FARTHEST_M,
    MOST_SHIFT_M,
    OPEN_SHORE_M,
    STEEPEST_DEG,
    Mask,
    Voids,
    close_voids,
)
from calvingfront.sar.kernels import Float32

log = logging.getLogger(__name__)
Datum = Literal["ellipsoid", "geoid"]
# Above this share of steep ground along the sea, the sea may be a missing tile.
STEEP_SHARE = 0.1
SHOWN_NAMES = 5


@dataclass(frozen=True)
class Heights:
    """Heights above the ellipsoid on a map grid.

    metres: (height, width) float32 without gaps. doubtful: the same shape, where a filled height
    may shift the image by more than MOST_SHIFT_M; None if nowhere. told: sentences about voids.
    """

    metres: Float32
    doubtful: Mask | None = None
    told: list[str] = field(default_factory=list)


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
    sea: Float32 | None = None
    if geoid is not None and (datum == "geoid" or void.any()):
        undulation = open_tiles(geoid)
        undulation.check_cover(grid)
        sea = undulation.on_grid(grid, threads)
        if np.isnan(sea).any():
            raise GeocodingError(geoid, "has gaps within the map area", "Give a complete geoid.")
    if void.all():
        raise GeocodingError(
            tiles.name,
            "has no height within the map area",
            "Give a terrain model with heights there.",
        )
    doubtful = None
    if void.any():
        # What the sea has in the terrain model's own heights.
        level = np.broadcast_to(np.float32(0) if sea is None else sea, void.shape)
        if datum == "geoid":
            level = np.zeros_like(level)
        voids = close_voids(metres - level, grid.spacing_m, tiles.posting_m)
        _refuse_far_gaps(tiles.name, voids)
        metres[voids.gap] = voids.filled + level[voids.gap]
        metres[voids.sea] = level[voids.sea]
        doubtful = np.zeros(void.shape, np.bool_)
        doubtful[voids.gap] = voids.doubt_m > DOUBTFUL_M
        told += _told_of(voids, sea is not None, missing_tiles(tiles.tiles, grid))
    if datum == "geoid" and sea is not None:
        metres += sea
    for level_of_log, sentence in told:
        log.log(level_of_log, "%s", sentence)
    if doubtful is not None and not doubtful.any():
        doubtful = None
    return Heights(metres, doubtful, [sentence for _, sentence in told])


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


def _refuse_far_gaps(name: str, voids: Voids) -> None:
    if voids.farthest_m <= FARTHEST_M:
        return
    worst = float(voids.doubt_m.max())
    high, wide = voids.largest_m
    raise GeocodingError(
        name,
        f"has no data on {100 * voids.gap.mean():.2g} % of the map area, which is no sea by the "
        f"ground around it; the largest gap spans {wide / 1000:.1f} × {high / 1000:.1f} km, up to "
        f"{voids.farthest_m / 1000:.1f} km from any ground. Heights filled in there may be wrong "
        f"by {worst:.0f} m, which shifts the image by {_shift(worst):.0f} m",
        f"Add the tiles that are missing, write 0 m where it is sea, or choose a smaller area: "
        f"gaps are filled up to {FARTHEST_M / 1000:g} km from ground.",
    )


def _told_of(voids: Voids, with_geoid: bool, missing: list[str]) -> list[tuple[int, str]]:
    """What was done, with the level of each sentence in the log."""
    told = []
    if voids.sea.any():
        share = f"{100 * voids.sea.mean():.2g} % of the map area has no height and counts as sea"
        if with_geoid:
            told.append((logging.INFO, f"{share}, at the height of the geoid"))
        else:
            told.append((logging.WARNING, f"{share}, at 0 m, because map.geoid is not set"))
    if voids.sea.any() and missing:
        names = ", ".join(missing[:SHOWN_NAMES])
        more = f" and {len(missing) - SHOWN_NAMES} more" if len(missing) > SHOWN_NAMES else ""
        told.append((logging.INFO, f"Tiles that are not there, as over open sea: {names}{more}"))
    if voids.steep_share > STEEP_SHARE:
        told.append(
            (
                logging.WARNING,
                f"{100 * voids.steep_share:.0f} % of the ground along this sea lies more than "
                f"{OPEN_SHORE_M:g} m above it: is a part of the terrain model missing?",
            )
        )
    if voids.gap.any():
        high, wide = voids.largest_m
        worst = float(voids.doubt_m.max())
        doubtful = (voids.doubt_m > DOUBTFUL_M).sum() / voids.gap.size
        told.append(
            (
                logging.WARNING,
                f"{100 * voids.gap.mean():.2g} % of the map area had no height and was filled from "
                f"the ground around; the largest gap spans {wide / 1000:.2g} × {high / 1000:.2g} "
                f"km. The heights may be wrong by up to {worst:.0f} m, which shifts the image by "
                f"{_shift(worst):.0f} m at {STEEPEST_DEG:g}°; on {100 * doubtful:.2g} % of the "
                f"area by more than {MOST_SHIFT_M:g} m",
            )
        )
    return told


def _shift(height_m: float) -> float:
    """By how much an error of height shifts the steepest images, m."""
    return float(height_m * MOST_SHIFT_M / DOUBTFUL_M)
