"""The map grid onto which a scene is geocoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from calvingfront.errors import GeocodingError
from calvingfront.radar.model import Array, Mission

# Close to the resolution of each mission's images, so that a front is as sharp as its scene.
SPACING_M: dict[Mission, float] = {
    "ERS": 20.0,
    "ENVISAT": 20.0,
    "RSAT": 20.0,
    "PALSAR": 17.0,
    "TSX": 7.0,
    "TDX": 7.0,
    "S1": 20.0,
}

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class MapGrid:
    """Square pixels of a projected map, row 0 in the north (at the largest y).

    crs: anything that PROJ reads, e.g. "EPSG:3031"; left, top: outer corner of pixel (0, 0), m.
    """

    crs: str
    left: float
    top: float
    spacing_m: float
    height: int
    width: int

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of the outer edges, m."""
        right = self.left + self.width * self.spacing_m
        return self.left, self.top - self.height * self.spacing_m, right, self.top

    def widened(self, px: int) -> MapGrid:
        """The grid with `px` more pixels on each side."""
        margin = px * self.spacing_m
        size = self.height + 2 * px, self.width + 2 * px
        return MapGrid(self.crs, self.left - margin, self.top + margin, self.spacing_m, *size)

    def centre(self, row: npt.ArrayLike, column: npt.ArrayLike) -> tuple[Array, Array]:
        """Map x, y (m) of pixel centres."""
        x = self.left + (np.asarray(column, dtype=np.float64) + 0.5) * self.spacing_m
        return x, self.top - (np.asarray(row, dtype=np.float64) + 0.5) * self.spacing_m

    def pixel(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Row and column (0 at the centre of the first pixel) of map coordinates."""
        column = (np.asarray(x, dtype=np.float64) - self.left) / self.spacing_m - 0.5
        return (self.top - np.asarray(y, dtype=np.float64)) / self.spacing_m - 0.5, column

    def to_geographic(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Longitude and latitude (WGS 84, degrees) of map coordinates."""
        longitude, latitude = to_wgs84(self.crs).transform(x, y)
        return np.asarray(longitude), np.asarray(latitude)


@cache
def to_wgs84(crs: str) -> Transformer:
    """Transformer from a projected CRS in metres. Raises GeocodingError for any other CRS."""
    remedy = "Give a projected CRS in metres, such as EPSG:3031."
    try:
        system = CRS.from_user_input(crs)
        if not system.is_projected or any(a.unit_conversion_factor != 1 for a in system.axis_info):
            raise GeocodingError(f"crs {crs}", "is not projected in metres", remedy)
        return Transformer.from_crs(system, "EPSG:4326", always_xy=True)
    except (CRSError, ProjError) as error:
        raise GeocodingError(f"crs {crs}", f"is not a known CRS ({error})", remedy) from None


def from_wgs84(crs: str, longitude: Array, latitude: Array) -> tuple[Array, Array]:
    """Map x, y (m) of geographic points (WGS 84, degrees)."""
    x, y = to_wgs84(crs).transform(longitude, latitude, direction="INVERSE")
    return np.asarray(x), np.asarray(y)


def grid_over(crs: str, bounds: Bounds, spacing_m: float) -> MapGrid:
    """The smallest grid over `bounds` whose pixel edges are multiples of the spacing.

    The scenes of one glacier can then be overlaid without resampling.
    Raises GeocodingError if the spacing is not positive or the area is empty.
    """
    to_wgs84(crs)
    left, bottom, right, top = bounds
    if not (spacing_m > 0 and right > left and top > bottom and np.isfinite(bounds).all()):
        raise GeocodingError(
            "map grid",
            f"cannot have spacing {spacing_m} m and area {bounds}",
            "Give a spacing above zero and an area as left, bottom, right, top.",
        )
    first_column = math.floor(left / spacing_m + 1e-6)
    last_column = math.ceil(right / spacing_m - 1e-6)
    first_row = math.floor(bottom / spacing_m + 1e-6)
    last_row = math.ceil(top / spacing_m - 1e-6)
    return MapGrid(
        crs,
        first_column * spacing_m,
        last_row * spacing_m,
        spacing_m,
        last_row - first_row,
        last_column - first_column,
    )


def overlap(one: Bounds, other: Bounds) -> Bounds | None:
    """The common area of two bounds, or None."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    right, top = min(one[2], other[2]), min(one[3], other[3])
    return (left, bottom, right, top) if left < right and bottom < top else None
