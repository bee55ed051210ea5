"""Lengths and areas on the ellipsoid, for geometry in a map projection.

Map units are not metres on the ground: in EPSG:3413 a square kilometre is drawn 8 % too large at
60° N and 4.5 % too small at 80° N. Source of the formulas: Karney (2013), through pyproj.Geod.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Proj, Transformer

from calvingfront.errors import PositionError

Coordinates = npt.NDArray[np.float64]
STEP_M = 250.0  # straight map lines are not geodesics: they are cut into steps this long
REPROJECT = "Reproject it: EPSG:3413 (Greenland), EPSG:3031 (Antarctica), or the glacier's UTM zone"


class Frame:
    """The map projection of the fronts, and its ellipsoid."""

    def __init__(self, crs: CRS | None, where: object) -> None:
        """Take a projected CRS in metres.

        where: the file it comes from, for messages.
        Raises PositionError if there is none, and for degrees, other units, a sphere or EPSG:3857.
        """
        if crs is None:
            raise PositionError(
                where,
                "has no coordinate reference system",
                "Write its CRS into the file (a Shapefile needs its .prj).",
            )
        flat = (crs.source_crs or crs).to_2d() if crs.is_bound else crs.to_2d()
        self.crs = flat
        _refuse(flat, where)
        geod = flat.get_geod()
        assert geod is not None, "a projected CRS has an ellipsoid"
        self.geod = geod
        self._degrees = Transformer.from_crs(flat, flat.geodetic_crs, always_xy=True)

    def to_degrees(self, coordinates: Coordinates) -> Coordinates:
        """(n, 2) x, y in map metres → (n, 2) longitude, latitude in degrees."""
        lon, lat = self._degrees.transform(coordinates[:, 0], coordinates[:, 1])
        degrees = np.column_stack([lon, lat])
        if not np.isfinite(degrees).all():
            raise PositionError(
                self.crs.to_string(), "does not cover all coordinates", REPROJECT + "."
            )
        return degrees

    def from_degrees(self, degrees: Coordinates) -> Coordinates:
        """(n, 2) longitude, latitude in degrees → (n, 2) x, y in map metres."""
        x, y = self._degrees.transform(degrees[:, 0], degrees[:, 1], direction="INVERSE")
        return np.column_stack([x, y])

    def area_m2(self, polygon: Any) -> float:
        """Area of a (multi)polygon on the ellipsoid, m²."""
        fine = shapely.segmentize(polygon, STEP_M)
        total = 0.0
        for part in shapely.get_parts(fine):
            rings = [self._ring_m2(ring) for ring in (part.exterior, *part.interiors)]
            total += rings[0] - sum(rings[1:])
        return total

    def _ring_m2(self, ring: Any) -> float:
        degrees = self.to_degrees(shapely.get_coordinates(ring))
        area, _ = self.geod.polygon_area_perimeter(degrees[:, 0], degrees[:, 1])
        return abs(float(area))

    def length_m(self, line: Any) -> float:
        """Length of a (multi)line on the ellipsoid, m."""
        fine = shapely.segmentize(line, STEP_M)
        return float(
            sum(self.distances_m(shapely.get_coordinates(p))[-1] for p in shapely.get_parts(fine))
        )

    def distances_m(self, coordinates: Coordinates) -> npt.NDArray[np.float64]:
        """Distance on the ellipsoid from the first vertex along a line, (n,) m for (n, 2) x, y."""
        degrees = self.to_degrees(coordinates)
        _, _, steps = self.geod.inv(
            degrees[:-1, 0], degrees[:-1, 1], degrees[1:, 0], degrees[1:, 1]
        )
        return np.concatenate([[0.0], np.cumsum(steps)])

    def latitude(self, geometry: Any) -> float:
        """Latitude of a geometry's centroid, degrees, north positive."""
        return float(self.to_degrees(shapely.get_coordinates(geometry.centroid))[0, 1])

    def azimuth(self, start: Any, end: Any) -> float:
        """Direction from one point to another, degrees clockwise from true north, 0 to 360."""
        ends = self.to_degrees(shapely.get_coordinates([start, end]))
        forward, _, _ = self.geod.inv(*ends[0], *ends[1])
        return float(forward) % 360


class LocalMap:
    """An azimuthal equidistant map around a place, true to 10⁻⁵ within 50 km of it.

    Offsets are drawn in this map, because its metres are metres on the ground.
    """

    def __init__(self, frame: Frame, around: Any) -> None:
        lon, lat = frame.to_degrees(shapely.get_coordinates(around.centroid))[0]
        self._frame = frame
        self._proj = Proj(
            proj="aeqd", lat_0=lat, lon_0=lon, a=frame.geod.a, b=frame.geod.b, units="m"
        )

    def into(self, geometry: Any) -> Any:
        """Geometry in the frame's CRS → in this map."""
        return shapely.transform(shapely.segmentize(geometry, STEP_M), self._forward)

    def back(self, geometry: Any) -> Any:
        """Geometry in this map → in the frame's CRS."""
        return shapely.transform(shapely.segmentize(geometry, STEP_M), self._backward)

    def _forward(self, coordinates: Coordinates) -> Coordinates:
        degrees = self._frame.to_degrees(coordinates)
        return np.column_stack(self._proj(degrees[:, 0], degrees[:, 1]))

    def _backward(self, coordinates: Coordinates) -> Coordinates:
        degrees = np.column_stack(self._proj(coordinates[:, 0], coordinates[:, 1], inverse=True))
        return self._frame.from_degrees(degrees)


def _refuse(crs: CRS, where: object) -> None:
    """Raise PositionError unless a CRS is projected, in metres, on an ellipsoid, and not 3857."""
    name = crs.to_string()
    if not crs.is_projected:
        kind = "is in degrees" if crs.is_geographic else "is not a map projection"
        raise PositionError(where, f"{kind} ({name}); positions need metres", REPROJECT + ".")
    operation = crs.coordinate_operation
    if operation is not None and "Pseudo Mercator" in operation.method_name:
        raise PositionError(
            where,
            f"is in Web Mercator ({name}), which draws polar glaciers several times too large",
            REPROJECT + ".",
        )
    if crs.ellipsoid is None or crs.ellipsoid.inverse_flattening == 0:
        raise PositionError(where, f"has a CRS on a sphere ({name})", REPROJECT + ".")
    if any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        units = ", ".join(sorted({axis.unit_name for axis in crs.axis_info}))
        raise PositionError(where, f"is in {units} ({name}), not in metres", REPROJECT + ".")
