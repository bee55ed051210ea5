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
from calvingfront.products.ceos.palsar_polynomials import (
    has_polynomials,
    long_facility,
    read_polynomials,
)
from calvingfront.products.ceos.palsar_squint import Places, settle
from calvingfront.products.ceos.product import shared_fields
from calvingfront.products.ceos.product_files import platform_of, product_files
from calvingfront.products.ceos.records import DAMAGED, Leader, look_side, scene_time
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
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
        geometry, more = read_map(leader, imagery.shape, side)
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
    records = long_facility(leader)
    if records and has_polynomials(records[-1]):
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
