"""The polynomials of a PALSAR leader between pixels and latitude, longitude on the ellipsoid.

Source: ALOS PALSAR level 1.1/1.5 product format description (JAXA, NEB-070062B).
"""

from __future__ import annotations

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.records import DAMAGED, Leader, Record
from calvingfront.radar.model import Array

TO_GROUND_AT = 1025  # of the facility record: 25 + 25 coefficients E20.10, then pixel and line
TO_PIXEL_AT = 2065  # the inverse: 25 + 25 coefficients, then latitude and longitude
TERMS = 25


def long_facility(leader: Leader) -> list[Record]:
    """The facility records that are long enough to hold polynomials."""
    return [r for r in leader.all_of(200) if len(r.content) >= TO_PIXEL_AT + 20 * 52 - 1]


def has_polynomials(record: Record) -> bool:
    """Whether the coefficients are more than blanks and zeros."""
    text = record.content[TO_GROUND_AT - 1 : TO_GROUND_AT - 1 + 20 * (2 * TERMS + 2)]
    return bool(text.strip(b" 0.E+-\0"))


class Polynomial:
    """Two polynomials of degree 4 in two variables about an origin, as in the facility record.

    Term 5 r + s multiplies v^(4−r) · u^(4−s); u, v are the distances from the origin: line and
    pixel (from 0) or longitude and latitude (degrees).
    """

    def __init__(self, record: Record, at: int, name: str) -> None:
        values = record.numbers(at, 20, 2 * TERMS + 2, name)
        self.origin_v, self.origin_u = values[2 * TERMS :]
        self._grids = [
            np.array(values[k : k + TERMS]).reshape(5, 5)[::-1, ::-1] for k in (0, TERMS)
        ]
        if not any(grid.any() for grid in self._grids):
            raise record.fault(at, name, "all coefficients are zero")

    def __call__(self, v: Array, u: Array) -> tuple[Array, Array]:
        """Return the two polynomials' values."""
        apart_v = np.asarray(v, float) - self.origin_v
        apart_u = np.asarray(u, float) - self.origin_u
        with np.errstate(over="ignore", invalid="ignore"):
            first, second = (
                np.polynomial.polynomial.polyval2d(apart_v, apart_u, grid) for grid in self._grids
            )
        return np.asarray(first), np.asarray(second)


class ToPixel:
    """Latitude, longitude (degrees) → line, sample."""

    def __init__(self, record: Record) -> None:
        self.polynomial = Polynomial(record, TO_PIXEL_AT, "polynomial to pixels")

    def __call__(self, latitude: Array, longitude: Array) -> tuple[Array, Array]:
        """Return line and sample, of the arguments' shape."""
        origin = self.polynomial.origin_u
        near = (np.asarray(longitude, float) - origin + 180) % 360 - 180 + origin
        sample, line = self.polynomial(latitude, near)
        return line, sample


class ToGround:
    """Line, sample → latitude, longitude (degrees)."""

    def __init__(self, record: Record) -> None:
        self.polynomial = Polynomial(record, TO_GROUND_AT, "polynomial to the ground")

    def __call__(self, line: Array, sample: Array) -> tuple[Array, Array]:
        """Return latitude and longitude, of the arguments' shape."""
        return self.polynomial(sample, line)


def read_polynomials(leader: Leader) -> tuple[ToPixel, ToGround]:
    """Return the polynomials of level 1.5 from the last facility record, checked on each other.

    Raises ProductError unless mapping to the ground and back returns to the origin pixel.
    """
    records = long_facility(leader)
    if not records:
        raise ProductError(leader.path, "has no facility record with polynomials", DAMAGED)
    record = records[-1]
    to_pixel, to_ground = ToPixel(record), ToGround(record)
    origin = to_ground.polynomial
    start = np.array([origin.origin_u, origin.origin_v])
    latitude, longitude = to_ground(start[:1], start[1:])
    if abs(latitude[0]) > 90 or abs(longitude[0]) > 360 or np.abs(start).max() > 1e6:
        what = f"the origin pixel lies at {latitude[0]:g}°, {longitude[0]:g}°"
        raise record.fault(TO_GROUND_AT, "polynomial to the ground", what)
    line, sample = to_pixel(latitude, longitude)
    apart = np.hypot(line[0] - start[0], sample[0] - start[1])
    if not apart < 1:
        what = f"mapping to the ground and back misses the origin by {apart:.1f} pixels"
        raise record.fault(TO_PIXEL_AT, "polynomial to pixels", what)
    return to_pixel, to_ground
