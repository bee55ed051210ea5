"""Tiles with a common pixel grid, read as one array, so that no seam shows between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.crs import CRS

from calvingfront.sar.grid import Bounds, MapGrid
from calvingfront.sar.heights.raster import HeightRaster
from calvingfront.sar.kernels import Float32

# Tiles whose pixels coincide to within this part of a pixel are one mosaic.
COINCIDE_PX = 0.02
MARGIN_PX = 4  # around the map area; bilinear needs one


@dataclass(frozen=True)
class Window:
    """Rows and columns of a mosaic, counted from the first pixel of its first piece."""

    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True)
class Piece:
    """A tile, moved by `shift` degrees of longitude (0 in a projected CRS)."""

    tile: HeightRaster
    shift: float

    @property
    def left(self) -> float:
        """Its left edge where it is needed."""
        return self.tile.left + self.shift

    def place_in(self, first: Piece) -> tuple[int, int]:
        """Row and column of its first pixel, counted from that of another piece."""
        row, column = self._exact(first)
        return round(row), round(column)

    def coincides(self, first: Piece) -> bool:
        """Whether its pixels continue those of another piece."""
        mine, other = self.tile, first.tile
        # Over a whole tile the postings must not add up to a shift.
        most = COINCIDE_PX / max(mine.width, mine.height)
        if abs(mine.across / other.across - 1) > most or abs(mine.down / other.down - 1) > most:
            return False
        return all(abs(place - round(place)) <= COINCIDE_PX for place in self._exact(first))

    def _exact(self, first: Piece) -> tuple[float, float]:
        row = (first.tile.top - self.tile.top) / first.tile.down
        return row, (self.left - first.left) / first.tile.across


def groups_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces in groups whose pixels coincide, as those of one band of latitude of GLO-30."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        for group in groups:
            if piece.coincides(group[0]):
                group.append(piece)
                break
        else:
            groups.append([piece])
    return groups


def window_of(group: Sequence[Piece], needed: Bounds, grid: MapGrid) -> Window:
    """What a group is needed of, in pixels of its first piece; one pixel beyond its edges."""
    left, bottom, right, top = needed
    first = group[0]
    across, down = first.tile.across, first.tile.down
    # A coarser grid averages over several pixels.
    wide = MARGIN_PX * across + 2 * (right - left) / grid.width
    high = MARGIN_PX * down + 2 * (top - bottom) / grid.height
    places = [piece.place_in(first) for piece in group]
    edge_row, edge_column = min(r for r, _ in places) - 1, min(c for _, c in places) - 1
    last_row = max(r + piece.tile.height for piece, (r, _) in zip(group, places, strict=True)) + 1
    last_column = max(c + piece.tile.width for piece, (_, c) in zip(group, places, strict=True)) + 1
    row = max(edge_row, math.floor((first.tile.top - top - high) / down + 1e-6))
    column = max(edge_column, math.floor((left - wide - first.left) / across + 1e-6))
    end_row = min(last_row, math.ceil((first.tile.top - bottom + high) / down - 1e-6))
    end_column = min(last_column, math.ceil((right + wide - first.left) / across - 1e-6))
    if first.tile.crs.is_geographic:  # nothing lies beyond the poles
        row = max(row, round((first.tile.top - 90) / down))
        end_row = min(end_row, round((first.tile.top + 90) / down))
    return Window(row, column, end_row - row, end_column - column)


def mosaic(
    group: Sequence[Piece], window: Window, threads: int = 1
) -> tuple[Float32, npt.NDArray[np.bool_]]:
    """Heights of a window, NaN where there are none, and where a tile covers it."""
    values = np.full((window.height, window.width), np.nan, np.float32)
    covered = np.zeros(values.shape, np.bool_)
    for piece in group:
        rows, columns = _within(piece, group[0], window)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            continue
        row, column = piece.place_in(group[0])
        part = values[rows, columns]
        read = piece.tile.read(
            window.row + rows.start - row,
            window.column + columns.start - column,
            rows.stop - rows.start,
            columns.stop - columns.start,
            threads,
        )
        np.copyto(part, read, where=np.isnan(part))
        covered[rows, columns] = True
    return values, covered


def ringed(
    group: Sequence[Piece], window: Window, values: Float32, covered: npt.NDArray[np.bool_]
) -> Float32:
    """The same heights with the outermost pixels of the tiles repeated once around them."""
    result = values.copy()
    height, width = values.shape
    for piece in group:
        rows, columns = _within(piece, group[0], window)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            continue
        outer = np.pad(values[rows, columns], 1, mode="edge")
        top, left = max(0, rows.start - 1), max(0, columns.start - 1)
        bottom, right = min(height, rows.stop + 1), min(width, columns.stop + 1)
        row, column = top - (rows.start - 1), left - (columns.start - 1)
        outer = outer[row : row + bottom - top, column : column + right - left]
        place = (slice(top, bottom), slice(left, right))
        np.copyto(result[place], outer, where=~covered[place] & np.isnan(result[place]))
    return result


def aligned(
    first: Piece, window: Window, values: Float32, grid: MapGrid, crs: Any
) -> Float32 | None:
    """The mosaic on a grid with whose pixels it coincides; None if they differ."""
    tile, step = first.tile, grid.spacing_m
    if (tile.across, tile.down) != (step, step) or crs != CRS.from_user_input(grid.crs):
        return None
    row, column = (tile.top - grid.top) / step, (grid.left - first.left) / step
    if abs(row - round(row)) > 1e-6 or abs(column - round(column)) > 1e-6:
        return None
    result = np.full((grid.height, grid.width), np.nan, np.float32)
    row, column = round(row) - window.row, round(column) - window.column
    top, left = max(0, row), max(0, column)
    bottom = min(window.height, row + grid.height)
    right = min(window.width, column + grid.width)
    if bottom > top and right > left:
        place = (slice(top - row, bottom - row), slice(left - column, right - column))
        result[place] = values[top:bottom, left:right]
    return result


def _within(piece: Piece, first: Piece, window: Window) -> tuple[slice, slice]:
    """Rows and columns of a window that a piece covers."""
    row, column = piece.place_in(first)
    rows = slice(max(0, row - window.row), min(window.height, row + piece.tile.height - window.row))
    left = max(0, column - window.column)
    right = min(window.width, column + piece.tile.width - window.column)
    return rows, slice(left, right)
