"""What a scene covers on the map, and which part of its image a map area needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from calvingfront.errors import GeocodingError
from calvingfront.orbits.earth import to_geodetic
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.model import MapGeometry, RadarGeometry, StateVectors
from calvingfront.sar.geometry import to_ground
from calvingfront.sar.grid import Bounds, MapGrid, from_wgs84, grid_over, overlap
from calvingfront.sar.lattice import Lattice, solve_lattice

# All ground: terrain models reach from −500 to 9000 m (heights.raster), geoids from −110 to 90 m.
GROUND_M = (-650.0, 9100.0)
MARGIN_PX = 2  # bilinear needs one
# Ground around a map may hide its own, or lie over it: mountains 1700 m above it reach so far in a
# 23° image, and ones 4000 m above it by their shadow at 45°.
REACH_M = 4000.0


class Imaged(Protocol):
    """A product, or its multilooked image. shape: of the whole image."""

    @property
    def orbit(self) -> StateVectors:
        """Its state vectors."""
        ...

    @property
    def geometry(self) -> RadarGeometry | MapGeometry:
        """Of the image's pixels."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        ...

    @property
    def mean_height_m(self) -> float:
        """Of the terrain; NaN if unknown."""
        ...


@dataclass(frozen=True)
class Window:
    """Part of an image: lines first_line … last_line − 1, and samples likewise."""

    first_line: int
    last_line: int
    first_sample: int
    last_sample: int

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        return self.last_line - self.first_line, self.last_sample - self.first_sample

    def holds(self, other: Window) -> bool:
        """Whether all pixels of another window are in this one."""
        return (
            self.first_line <= other.first_line
            and self.last_line >= other.last_line
            and self.first_sample <= other.first_sample
            and self.last_sample >= other.last_sample
        )


def footprint(scene: Imaged, crs: str) -> Bounds:
    """Left, bottom, right, top (m, in crs) of the image at height 0 and at its mean height."""
    orbit = scene_orbit(scene.orbit, scene.geometry, scene.shape)
    lines, samples = scene.shape
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
    scene: Imaged, crs: str, spacing_m: float, area: Bounds | None = None, name: str = "scene"
) -> MapGrid:
    """The map grid of a scene: its footprint, or the given area (left, bottom, right, top, m).

    name: of the scene, for messages. Raises GeocodingError if it does not overlap the area.
    """
    own = footprint(scene, crs)
    if area is None:
        return grid_over(crs, own, spacing_m)
    if overlap(own, area) is None:
        raise GeocodingError(
            name,
            f"covers {bounds_text(own)}, but the requested area is {bounds_text(area)} "
            f"(both in {crs})",
            "Choose an area that the scene covers, or leave the scene out.",
        )
    return grid_over(crs, area, spacing_m)


def image_window(scene: Imaged, grid: MapGrid) -> Window | None:
    """The part of a whole image that a map needs, wherever between −650 and 9100 m its ground lies.

    It follows from range and Doppler alone, so that no terrain model is read. None if the image
    shows nothing of the map.
    """
    orbit = scene_orbit(scene.orbit, scene.geometry, scene.shape)
    lattice = solve_lattice(grid, GROUND_M, orbit, scene.geometry, scene.shape)
    return lattice_window(lattice, scene.shape, MARGIN_PX)


def lattice_window(lattice: Lattice, shape: tuple[int, int], margin_px: int = 0) -> Window | None:
    """The part of an image of `shape` on which the places of a lattice lie, at any of its heights.

    Between the nodes, line and sample are means of theirs, and |u| ≤ 1: no place lies beyond.
    """
    bounds = []
    for k, extent in ((0, shape[0]), (3, shape[1])):
        centre = lattice.coefficients[..., k]
        spread = np.abs(lattice.coefficients[..., k + 1 : k + 3]).sum(axis=-1)
        if not np.isfinite(centre).any():
            return None
        low, high = np.nanmin(centre - spread), np.nanmax(centre + spread)
        bounds.append(int(np.clip(np.floor(low) - margin_px, 0, extent)))
        bounds.append(int(np.clip(np.floor(high) + 2 + margin_px, 0, extent)))
    window = Window(*bounds)
    return window if min(window.shape) > 0 else None


def reach_px(spacing_m: float) -> int:
    """REACH_M in pixels of the map."""
    return round(REACH_M / spacing_m)


def not_covered(name: str, grid: MapGrid) -> GeocodingError:
    """The fault of a scene that shows nothing of a map."""
    return GeocodingError(
        name,
        f"does not cover the map area {bounds_text(grid.bounds)} in {grid.crs}",
        "Choose an area that the scene covers, or leave the scene out.",
    )


def bounds_text(bounds: Bounds) -> str:
    """The edges of an area, for messages."""
    return "left {:.0f}, bottom {:.0f}, right {:.0f}, top {:.0f} m".format(*bounds)
