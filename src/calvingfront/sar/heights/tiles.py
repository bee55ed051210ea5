"""A terrain model of one or many rasters, resampled onto the map grid.

Only the tiles that meet the grid are read, and of these only what lies in and around it. The grid
is divided until one part needs at most MOST_PX pixels: neither a large mosaic, nor a map that lies
askew on it, nor one near a pole takes more memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import reproject, transform, transform_bounds

from calvingfront.errors import GeocodingError
from calvingfront.sar.grid import Bounds, MapGrid
from calvingfront.sar.heights.files import Terrain, terrain_files, terrain_name
from calvingfront.sar.heights.mosaicking import (
    MARGIN_PX,
    Piece,
    Window,
    aligned,
    groups_of,
    mosaic,
    ringed,
    window_of,
)
from calvingfront.sar.heights.raster import HeightRaster, read_head
from calvingfront.sar.heights.vertical import Datum
from calvingfront.sar.kernels import Float32

HEADERS_AT_ONCE = 8
MOST_PX = 25_000_000  # read at a time: 0.1 GB as float32
LEAST_SIDE = 32  # of a part of the grid, px
METRES_PER_DEGREE = 111_320.0
LATTICE = 17  # points a side at which the cover is checked


@dataclass(frozen=True)
class HeightTiles:
    """Rasters of heights in one CRS, the first where they overlap."""

    name: str
    tiles: Sequence[HeightRaster]

    @property
    def crs(self) -> Any:
        """Their common CRS."""
        return self.tiles[0].crs

    @property
    def datum(self) -> Datum | None:
        """What the heights refer to, as far as the files say it."""
        return next((tile.datum for tile in self.tiles if tile.datum), None)

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of all."""
        left, bottom, right, top = zip(*(tile.bounds for tile in self.tiles), strict=True)
        return min(left), min(bottom), max(right), max(top)

    @property
    def posting_m(self) -> float:
        """Distance between the coarsest heights, m."""
        step = max(max(tile.down, min(tile.across, tile.down)) for tile in self.tiles)
        return step * METRES_PER_DEGREE if self.crs.is_geographic else step

    def check_overlap(self, grid: MapGrid) -> None:
        """Raise GeocodingError if no tile meets the grid."""
        side = max(LEAST_SIDE, math.ceil(max(grid.height, grid.width) / 8))
        if any(self._pieces(self._needed(part), 0) for part in _parts(grid, side)):
            return
        many = f"{len(self.tiles)} tiles cover" if len(self.tiles) > 1 else "covers"
        raise GeocodingError(
            self.name,
            f"{many} {_text(self.bounds)} in {_crs(self.crs)}, but the map area is "
            f"{_text(self._needed(grid))} there ({_text(grid.bounds)} in {grid.crs})",
            "Give a raster that overlaps the map area, or choose another area.",
        )

    def check_cover(self, grid: MapGrid) -> None:
        """Raise GeocodingError unless the tiles cover the grid, as a geoid must."""
        if not self.covers(grid):
            raise GeocodingError(
                self.name,
                f"covers {_text(self.bounds)} in {_crs(self.crs)}, but the map area is "
                f"{_text(self._needed(grid))} there ({_text(grid.bounds)} in {grid.crs})",
                "Give a raster that covers the map area, or choose a smaller area.",
            )

    def covers(self, grid: MapGrid) -> bool:
        """Whether the tiles cover the grid to within a pixel, whatever gaps they have."""
        row, column = np.meshgrid(
            np.linspace(-0.5, grid.height - 0.5, LATTICE),
            np.linspace(-0.5, grid.width - 0.5, LATTICE),
        )
        x, y = grid.centre(row.ravel(), column.ravel())
        try:
            found = np.array(transform(grid.crs, self.crs, x.tolist(), y.tolist()))
        except (RasterioError, CPLE_BaseError) as error:
            raise self._unplaced(grid, error) from None
        for tile in self.tiles:
            left, bottom, right, top = tile.bounds
            across = found[0] - left + tile.across
            if self.crs.is_geographic:
                across = across % 360
            wide = across <= right - left + 2 * tile.across
            wide &= across >= 0
            tall = (found[1] >= bottom - tile.down) & (found[1] <= top + tile.down)
            found = found[:, ~(wide & tall)]
        return not found.size

    def on_grid(self, grid: MapGrid, threads: int = 1) -> Float32:
        """Heights (grid.height, grid.width), bilinear, m; NaN where there are none.

        Raises GeocodingError if no tile meets the grid, or a tile cannot be read.
        """
        self.check_overlap(grid)
        heights = np.full((grid.height, grid.width), np.nan, np.float32)
        self._fill(grid, heights, threads)
        return heights

    def _fill(self, grid: MapGrid, heights: Float32, threads: int) -> None:
        needed = self._needed(grid)
        pieces = self._pieces(needed, MARGIN_PX)
        found = [(group, window_of(group, needed, grid)) for group in groups_of(pieces)]
        size = sum(window.height * window.width for _, window in found)
        if size > MOST_PX and max(heights.shape) > LEAST_SIDE:
            for part in _parts(grid, math.ceil(max(heights.shape) / 2)):
                row = round((grid.top - part.top) / grid.spacing_m)
                column = round((part.left - grid.left) / grid.spacing_m)
                inner = heights[row : row + part.height, column : column + part.width]
                self._fill(part, inner, threads)
            return
        edges = []
        for group, window in found:
            if window.height > 0 and window.width > 0:
                values, covered = mosaic(group, window, threads)
                self._resample(group[0], window, values, grid, heights, threads)
                if not covered.all():
                    edges.append((group, window, values, covered))
        # A model that ends less than a pixel inside the grid makes no void there.
        for group, window, values, covered in edges:
            if np.isnan(heights).any():
                ring = ringed(group, window, values, covered)
                self._resample(group[0], window, ring, grid, heights, threads)

    def _resample(
        self,
        first: Piece,
        window: Window,
        values: Float32,
        grid: MapGrid,
        heights: Float32,
        threads: int,
    ) -> None:
        """Fill the gaps of `heights` from a mosaic."""
        same = aligned(first, window, values, grid, self.crs)
        if same is None:
            same = np.full_like(heights, np.nan)
            tile = first.tile
            place = Affine(tile.across, 0, first.left, 0, -tile.down, tile.top)
            reproject(
                values,
                same,
                src_transform=place @ Affine.translation(window.column, window.row),
                src_crs=self.crs,
                src_nodata=np.nan,
                dst_transform=from_origin(grid.left, grid.top, grid.spacing_m, grid.spacing_m),
                dst_crs=grid.crs,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
                num_threads=threads,
                warp_mem_limit=128,
            )
        np.copyto(heights, same, where=np.isnan(heights))

    def _needed(self, grid: MapGrid) -> Bounds:
        """The grid's bounds in the tiles' CRS; right exceeds 180 across that meridian."""
        try:
            found = transform_bounds(grid.crs, self.crs, *grid.bounds, densify_pts=21)
        except (RasterioError, CPLE_BaseError) as error:
            raise self._unplaced(grid, error) from None
        left, bottom, right, top = found
        return left, bottom, right + 360 if right < left else right, top

    def _unplaced(self, grid: MapGrid, error: Exception) -> GeocodingError:
        what = f"has a CRS that the map's, {grid.crs}, cannot be converted to ({error})"
        return GeocodingError(self.name, what, "Check its CRS.")

    def _pieces(self, needed: Bounds, margin_px: int) -> list[Piece]:
        """The tiles that meet some bounds, each as often as it does around the world."""
        left, bottom, right, top = needed
        shifts = (0.0, 360.0, -360.0) if self.crs.is_geographic else (0.0,)
        found = []
        for tile in self.tiles:
            own, wide, high = tile.bounds, margin_px * tile.across, margin_px * tile.down
            if not (own[1] < top + high and own[3] > bottom - high):
                continue
            found += [
                Piece(tile, shift)
                for shift in shifts
                if own[0] + shift < right + wide and own[2] + shift > left - wide
            ]
        return found


def open_tiles(dem: Terrain) -> HeightTiles:
    """Read where the rasters of a terrain model or geoid lie, but none of their heights.

    Raises GeocodingError if one cannot be used, or if they differ in CRS or in what their heights
    refer to.
    """
    files = terrain_files(dem)
    with ThreadPoolExecutor(HEADERS_AT_ONCE) as pool:
        tiles = list(pool.map(read_head, files))
    first = tiles[0]
    for tile in tiles[1:]:
        if tile.crs != first.crs:
            raise GeocodingError(
                terrain_name(dem),
                f"has tiles in {_crs(first.crs)} ({first.path.name}) and in {_crs(tile.crs)} "
                f"({tile.path.name})",
                "Give tiles of one CRS, or warp the others with gdalwarp -t_srs.",
            )
    stated = {tile.datum.surface: tile for tile in tiles if tile.datum}
    if len(stated) > 1:
        one, other, *_ = stated.items()
        raise GeocodingError(
            terrain_name(dem),
            f"has heights above {one[0]} ({one[1].path.name}) and above {other[0]} "
            f"({other[1].path.name})",
            "Give tiles of one data set.",
        )
    # Where tiles overlap, the finer ones come first.
    ordered = sorted(tiles, key=lambda tile: tile.across * tile.down)
    return HeightTiles(terrain_name(dem), ordered)


def _parts(grid: MapGrid, side: int) -> Iterator[MapGrid]:
    """The grid in parts of at most side × side pixels."""
    step = grid.spacing_m
    for row in range(0, grid.height, side):
        for column in range(0, grid.width, side):
            yield MapGrid(
                grid.crs,
                grid.left + column * step,
                grid.top - row * step,
                step,
                min(side, grid.height - row),
                min(side, grid.width - column),
            )


def _text(bounds: Bounds) -> str:
    return "left {:.6g}, bottom {:.6g}, right {:.6g}, top {:.6g}".format(*bounds)


def _crs(crs: Any) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())[:60]
