"""ALOS PALSAR in JAXA's CEOS format: level 1.1 (complex, slant range) and 1.5 (detected, map grid).

Source: ALOS PALSAR level 1.1/1.5 product format description (JAXA, NEB-070062B). ALOS-2 has the
same summary, orbit, calibration and polynomial fields, in records of other lengths (map projection
before the orbit); its prefix of level 1.1 is longer, as the descriptor says.
Level 1.1 does not say whether its lines' times are zero-Doppler times: see palsar_squint.
Calibration (Shimada et al. 2009): σ⁰ = DN² · 10^(CF/10), for level 1.1 with CF − 32 dB.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.lines import fit_line_times
from calvingfront.products.ceos.orbit import seconds_since, state_vectors
from calvingfront.products.ceos.palsar_map import read_map, refuse_level
from calvingfront.products.ceos.palsar_squint import Places, settle
from calvingfront.products.ceos.product import shared_fields
from calvingfront.products.ceos.records import (
    DAMAGED,
    Leader,
    Record,
    look_side,
    platform_of,
    product_files,
    scene_time,
)
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    AzimuthTime,
    Calibration,
    DopplerCentroid,
    MapGeometry,
    Product,
    RadarGeometry,
    SlantRange,
    StateVectors,
)

FORMAT = "ALOS PALSAR CEOS"
SLANT_RANGE_AT = 117  # of a level 1.1 line's prefix, m
COMPLEX_OFFSET_DB = -32.0
TO_GROUND_AT = 1025  # of the facility record: 25 + 25 coefficients E20.10, then pixel and line
TO_PIXEL_AT = 2065  # the inverse: 25 + 25 coefficients, then latitude and longitude
TERMS = 25
DOPPLER_AT = (1479, 1495, 1511)  # of the summary: Hz, Hz per sample, Hz per sample²
PLACES_AT = (193, 197, 201, 205, 209, 213)  # of a line: latitudes, then longitudes, 1e-6 degree


def recognises(path: Path | str) -> bool:
    """Whether a folder, LED, IMG or VOL file belongs to an ALOS PALSAR product."""
    return re.fullmatch(r"ALOS-?2?", platform_of(Path(path))) is not None


def read(path: Path | str, polarisation: str | None = None) -> Product:
    """Read one polarisation (by default co-polarised); ProductError or OrbitError if damaged."""
    path = Path(path)
    leader_path, images = product_files(path)
    wanted, image = _choose(images, polarisation, path)
    leader = Leader.open(leader_path)
    refuse_level(leader)
    imagery = Imagery.open(image)
    imagery.check_lines()
    summary = leader.summary
    orbit, notes = state_vectors(leader.one(30, "platform position"))
    side = look_side(summary)
    geometry: RadarGeometry | MapGeometry
    points = None
    is_alos2 = "2" in summary.text(397, 16, "platform")
    if imagery.is_complex:
        timed = read_geometry(leader, imagery, orbit)
        settled = settle(
            path,
            timed,
            orbit,
            imagery.shape,
            read_doppler(leader, timed),
            read_places(leader, imagery),
            zero_doppler_known=is_alos2,
        )
        geometry, points = settled.geometry, settled.points
        notes += settled.notes
        middle = float(geometry.azimuth.time(np.array((imagery.shape[0] - 1) / 2)))
    else:
        geometry, more = read_map(leader, imagery.shape, side, read_polynomials)
        notes += more
        middle = seconds_since(orbit, scene_time(summary), summary, "scene centre time")
    return Product(
        **shared_fields(path, leader, imagery, orbit, middle, wavelength_m=(0.2, 0.3)),
        format="ALOS PALSAR CEOS",
        mission="PALSAR",
        platform="ALOS-2" if is_alos2 else "ALOS",
        level="1.1" if imagery.is_complex else "1.5",
        polarisation=wanted,
        geometry=geometry,
        calibration=read_calibration(leader, imagery.is_complex),
        ground_points=points,
        mean_height_m=float("nan") if points is None else float(points.height.mean()),
        notes=notes,
    )


def _choose(images: Sequence[Path], polarisation: str | None, path: Path) -> tuple[str, Path]:
    """The polarisation to read ("" if the names say none) and its image."""
    choice: dict[str, list[Path]] = {}
    for image in images:
        choice.setdefault(_polarisation(image), []).append(image)
    if not choice:
        raise ProductError(path, "has no IMG file", "Keep the product's files together")
    unnamed = set(choice) == {""} and polarisation is None
    wanted = "" if unnamed else choose_polarisation(choice, polarisation, path)
    if len(choice[wanted]) > 1:
        what = f"has {len(choice[wanted])} images of {wanted or 'one polarisation'}"
        remedy = "Order a ScanSAR scene as level 1.5: its subswaths are not joined; else give one."
        raise ProductError(path, what, remedy)
    return wanted, choice[wanted][0]


def _polarisation(image: Path) -> str:
    """Return the polarisation in the name of an IMG file, or "" if there is none."""
    match = re.match(r"IMG-([HV]{2})-", image.name.upper())
    return match[1] if match else ""


def read_calibration(leader: Leader, is_complex: bool) -> Calibration:
    """Return σ⁰ from the calibration factor CF (byte 21 of the radiometric record)."""
    factor = leader.one(50, "radiometric data").number(21, 16, "calibration factor", -150, 50)
    decibel = factor + (COMPLEX_OFFSET_DB if is_complex else 0.0)
    return Calibration.constant("sigma0", float(10 ** (decibel / 10)))


def read_geometry(leader: Leader, imagery: Imagery, orbit: StateVectors) -> RadarGeometry:
    """Return timing and range of a level 1.1 image from its leader and the prefixes of its lines.

    The line interval is the pulse interval, checked against the fitted line times.
    """
    summary = leader.summary
    fitted = fit_line_times(imagery, orbit)
    if fitted is None:
        where = f"{imagery.path}, line times (bytes 37–48)"
        raise ProductError(where, "are the same for all lines", DAMAGED)
    prf = summary.number(935, 16, "pulse repetition frequency (mHz)", 1e5, 1e7) / 1e3
    lines = imagery.shape[0]
    lasting = (lines - 1) * abs(fitted.interval_s)
    if abs((lines - 1) / prf - lasting) > 0.003 + 1e-3 * lasting:
        what = f"{lines} lines at {prf:g} Hz do not take the {lasting:.3f} s of the line times"
        raise summary.fault(935, "pulse repetition frequency", what)
    middle = float(fitted.time(np.array((lines - 1) / 2)))
    interval = float(np.copysign(1 / prf, fitted.interval_s))
    ranges = imagery.line_integers(SLANT_RANGE_AT)[:, 0]
    if not (ranges.min() > 6e5 and ranges.max() < 1.3e6 and np.ptp(ranges) < 100):
        where = f"{imagery.path}, slant range (byte {SLANT_RANGE_AT} of the lines)"
        what = f"{ranges.min()} … {ranges.max()} m is not the near range of one image"
        raise ProductError(where, what, DAMAGED)
    rate = summary.number(711, 16, "sampling rate", 8.0, 110.0) * 1e6
    first = 2 * float(ranges.mean()) / SPEED_OF_LIGHT
    side = look_side(summary)
    azimuth = AzimuthTime(middle - interval * (lines - 1) / 2, interval)
    return RadarGeometry(azimuth, SlantRange(first, 1 / rate), side)


def read_doppler(leader: Leader, geometry: RadarGeometry) -> DopplerCentroid | None:
    """Return the annotated Doppler centroid of level 1.1; None if the fields are blank."""
    summary = leader.summary
    if any(summary.is_blank(at, 16, "Doppler centroid") for at in DOPPLER_AT):
        return None
    hertz = [
        summary.number(at, 16, "Doppler centroid", -most, most)
        for at, most in zip(DOPPLER_AT, (1e4, 10.0, 1e-2), strict=True)
    ]
    wavelength = summary.number(501, 16, "wavelength", 0.2, 0.3)
    first, second = geometry.range.slant_range(np.array([0.0, 1.0]), np.zeros(2))
    return DopplerCentroid(wavelength, float(first), hertz / (second - first) ** np.arange(3))


def read_places(leader: Leader, imagery: Imagery) -> Places | None:
    """Return where level 1.1 itself places its pixels; None if it does not say.

    By the polynomials of the facility record, else by the first, middle and last sample of each
    line, as its prefix has them.
    """
    lines, samples = (float(extent - 1) for extent in imagery.shape)
    records = _long_facility(leader)
    if records and _has_polynomials(records[-1]):
        _, to_ground = read_polynomials(leader)
        line, sample = (
            places.ravel()
            for places in np.meshgrid(np.linspace(0, lines, 5), np.linspace(0, samples, 5))
        )
        latitude, longitude = to_ground(line, sample)
        return Places("the polynomials", line, sample, latitude, longitude)
    rows = np.unique(np.linspace(0, lines, 9).astype(int))
    stated = imagery.line_integers(*PLACES_AT)[rows] / 1e6
    if not stated.any():
        return None
    return Places(
        "the coordinates of the lines",
        np.repeat(rows.astype(float), 3),
        np.tile(np.floor(np.array([0.0, samples / 2, samples])), len(rows)),
        stated[:, :3].ravel(),
        stated[:, 3:].ravel(),
    )


def _long_facility(leader: Leader) -> list[Record]:
    return [r for r in leader.all_of(200) if len(r.content) >= TO_PIXEL_AT + 20 * 52 - 1]


def _has_polynomials(record: Record) -> bool:
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
    records = _long_facility(leader)
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
