"""The model of a radar product, independent of its format: geometry, calibration, pixels.

Conventions. Line 0 is the first line in the file and sample 0 the first sample of a line; whole
numbers denote pixel centres. Times are UTC seconds since the orbit's `epoch`. Coordinates are
Earth-fixed (WGS 84, ITRF), in metres. Units are SI without prefixes unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

SPEED_OF_LIGHT = 299_792_458.0  # m/s, exact

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.complex64] | npt.NDArray[np.float32]
Mission = Literal["ERS", "ENVISAT", "RSAT", "PALSAR", "TSX", "TDX", "S1"]
Side = Literal["right", "left"]


@dataclass(frozen=True)
class StateVectors:
    """The annotated orbit: at least two state vectors, in order of time.

    epoch: UTC without time zone; times_s: (n,) since epoch; positions_m, velocities_m_s: (n, 3),
    Earth-fixed (a point that rotates with the Earth has zero velocity).
    source: where they come from, e.g. "annotation" or the name of an orbit file.
    """

    epoch: datetime
    times_s: Array
    positions_m: Array
    velocities_m_s: Array
    source: str = "annotation"


@dataclass(frozen=True)
class SlantRange:
    """Samples at equal steps of two-way time; a negative interval runs from far to near range."""

    first_time_s: float
    interval_s: float

    def slant_range(self, sample: Array, time_s: Array) -> Array:
        """Slant range (m) of the samples; `time_s` is not used."""
        return 0.5 * SPEED_OF_LIGHT * (self.first_time_s + sample * self.interval_s)


@dataclass(frozen=True)
class GroundRange:
    """Samples at equal steps on the ground, with slant-range polynomials updated along the track.

    Slant range (m) = Σ_k coefficients[i, k] · (g − origins_m[i])^k at the ground range
    g = first_m + sample · spacing_m, where set i applies at azimuth time times_s[i]. Between two
    sets the slant range is interpolated linearly in time; outside them the nearest set applies.
    A negative spacing runs from far to near range. times_s: (m,), increasing; origins_m: (m,);
    coefficients: (m, k), in increasing degree.
    """

    first_m: float
    spacing_m: float
    times_s: Array
    origins_m: Array
    coefficients: Array

    def slant_range(self, sample: Array, time_s: Array) -> Array:
        """Slant range (m) at samples and azimuth times of equal (or broadcastable) shape."""
        sample, time_s = np.broadcast_arrays(np.asarray(sample, float), np.asarray(time_s, float))
        ground = self.first_m + sample * self.spacing_m
        each = np.stack(
            [
                np.polynomial.polynomial.polyval(ground - origin, row)
                for origin, row in zip(self.origins_m, self.coefficients, strict=True)
            ]
        )
        if len(self.times_s) == 1:
            return np.asarray(each[0])
        position = np.interp(time_s, self.times_s, np.arange(len(self.times_s), dtype=float))
        low = np.clip(position.astype(int), 0, len(self.times_s) - 2)
        share = position - low
        below = np.take_along_axis(each, low[np.newaxis], axis=0)[0]
        above = np.take_along_axis(each, low[np.newaxis] + 1, axis=0)[0]
        return np.asarray(below + share * (above - below))


@dataclass(frozen=True)
class AzimuthTime:
    """Time of a line: first_s + line · interval_s (negative: newest line first).

    It is the zero-Doppler time, unless the image's geometry has a Doppler centroid.
    """

    first_s: float
    interval_s: float

    def time(self, line: Array) -> Array:
        """Azimuth time (s since the orbit's epoch) of the lines."""
        return self.first_s + np.asarray(line, float) * self.interval_s


@dataclass(frozen=True)
class DopplerCentroid:
    """Doppler centroid of an image whose points lie in the middle of the beam, not abeam.

    f (Hz) = Σ_k coefficients[k] · (r − origin_m)^k at slant range r (m); positive where the beam
    points ahead of the satellite.
    """

    wavelength_m: float
    origin_m: float
    coefficients: Array

    def lead(self, slant_range_m: Array, speed_m_s: Array) -> Array:
        """Distance (m) along the velocity from the satellite to a point: λ r f / 2v.

        From f = 2 v·s / (λ r), with s the line of sight (Curlander and McDonough 1991, section
        8.2). speed_m_s: of the satellite over the Earth.
        """
        ranges = np.asarray(slant_range_m, float)
        hertz = np.polynomial.polynomial.polyval(ranges - self.origin_m, self.coefficients)
        return np.asarray(0.5 * self.wavelength_m * ranges * hertz / speed_m_s)


@dataclass(frozen=True)
class RadarGeometry:
    """Geometry of an image whose lines follow azimuth time and whose samples follow range.

    doppler: None if the lines' times are zero-Doppler times; otherwise a point is imaged at the
    time and slant range at which it has this Doppler frequency.
    """

    azimuth: AzimuthTime
    range: SlantRange | GroundRange
    look_side: Side
    doppler: DopplerCentroid | None = None


@dataclass(frozen=True)
class MapGeometry:
    """Geometry of a product on a ground or map grid, given by polynomials only (PALSAR 1.5).

    to_pixel: maps latitude and longitude (degrees) to line and sample, at height 0; to_ground is
    the inverse. Height shifts a pixel in range: geocoding uses the orbit for that.
    """

    to_pixel: Callable[[Array, Array], tuple[Array, Array]]
    to_ground: Callable[[Array, Array], tuple[Array, Array]]
    look_side: Side


@dataclass(frozen=True)
class Calibration:
    """Converts stored values to backscatter: (|DN|² + offset) · gain.

    kind: the resulting coefficient. gains: (m, n), on a grid of lines (m,) and samples (n,);
    interpolated bilinearly, and constant beyond the edges. A constant gain is a 1 × 1 grid.
    """

    kind: Literal["beta0", "sigma0"]
    gains: Array
    lines: Array = field(default_factory=lambda: np.zeros(1))
    samples: Array = field(default_factory=lambda: np.zeros(1))
    offset: float = 0.0

    @classmethod
    def constant(cls, kind: Literal["beta0", "sigma0"], gain: float) -> Calibration:
        """The same gain for each pixel."""
        return cls(kind, np.full((1, 1), gain))


@dataclass(frozen=True)
class GroundPoints:
    """Ground control points given by the product itself: for checks, never for geocoding.

    line, sample: (n,); latitude, longitude: (n,) degrees; height: (n,) m above the ellipsoid;
    slant_range_time_s, azimuth_time_s: (n,), NaN where the product does not give them.
    tolerance_m: how far orbit and timing of an undamaged product may miss the points.
    """

    line: Array
    sample: Array
    latitude: Array
    longitude: Array
    height: Array
    azimuth_time_s: Array
    slant_range_time_s: Array
    tolerance_m: float = 50.0


class PixelReader(Protocol):
    """Reads lines of a product's image."""

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        ...

    @property
    def is_complex(self) -> bool:
        """Whether the values are complex64 (else float32 amplitudes)."""
        ...

    def read(self, first: int, count: int) -> Pixels:
        """Return lines first … first + count − 1: (count, samples), complex64 or float32 DN."""
        ...


@dataclass(frozen=True)
class Product:
    """One image of one polarisation, ready for multilooking and geocoding.

    acquired: UTC at the middle of the image. radar_frequency_hz: of the carrier. looks: nominal
    looks in azimuth and range already in the image (1, 1 for complex ones). mean_height_m: average
    terrain height used for the product's ground control points (NaN if unknown).
    path: the file or folder that was opened; files: every file that is read.
    """

    path: Path
    files: tuple[Path, ...]
    format: str
    mission: Mission
    platform: str  # as annotated, e.g. "ERS-2", "TanDEM-X"
    level: str  # e.g. "IMS", "SLC", "1.5", "MGD"
    acquired: datetime
    polarisation: str
    pass_direction: Literal["ascending", "descending"]
    shape: tuple[int, int]
    is_complex: bool
    looks: tuple[float, float]
    radar_frequency_hz: float
    orbit: StateVectors
    geometry: RadarGeometry | MapGeometry
    calibration: Calibration
    pixels: PixelReader
    ground_points: GroundPoints | None = None
    mean_height_m: float = float("nan")
    beam: str = ""
    notes: tuple[str, ...] = ()
