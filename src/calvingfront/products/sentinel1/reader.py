"""Sentinel-1 ground range detected products (GRD), as a SAFE folder.

Source of the fields: ESA S1-RS-MDA-52-7441 (Sentinel-1 Product Specification). Calibration:
β0 = |DN|² / A², with A from the betaNought vectors; like the gains of all other formats, it does
not depend on the terrain.

The line times leave part of the bistatic delay in the image: (τ − τ of mid-swath) / 2, up to 2 m
along the track at the edges of the swath, a fifth of a pixel (measured on a real product).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from calvingfront.products.annotated_orbit import annotated_orbit
from calvingfront.products.pixels import RasterPixels
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.products.reading import LARGEST_IMAGE_SIDE, fault, finite
from calvingfront.products.sentinel1.noise import noise_notes
from calvingfront.products.sentinel1.safe import MANIFEST, SafeFolder, open_safe
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import (
    Array,
    AzimuthTime,
    Calibration,
    GroundPoints,
    GroundRange,
    Product,
    RadarGeometry,
    StateVectors,
)

FORMAT = "Sentinel-1"
MOST_RECORDS = 10_000
_ANY = re.compile(r"(?:annotation|measurement)/s1[a-d]-[a-z0-9]+-(slc|ocn|raw|grd)-[^/]*")
TOLERANCE_M = 20.0  # of the geolocation grid; 210 points of a real GRDH lie within 7 m
_ANNOTATION = re.compile(r"annotation/s1[a-d]-[a-z0-9]+-grd-(hh|vv|hv|vh)-[^/]*\.xml")
_PLATFORMS = {f"S1{unit}": f"Sentinel-1{unit}" for unit in "ABCD"}
_PASSES: dict[str, Literal["ascending", "descending"]] = {
    "ASCENDING": "ascending",
    "DESCENDING": "descending",
}


@dataclass(frozen=True)
class _Sources:
    polarisation: str
    annotation: str
    calibration: str
    measurement: str
    noise: str | None


def recognises(path: Path) -> bool:
    """Whether the path is a SAFE folder, or the manifest in it, of any level."""
    safe = open_safe(path)
    return safe is not None and any(_ANY.fullmatch(name) for name in safe.names)


def read(path: Path, polarisation: str | None = None) -> Product:
    """Read the annotation of a product; the pixels are read later, through `Product.pixels`.

    polarisation: e.g. "HH"; None takes the co-polarised one. Raises ProductError for a faulty
    product.
    """
    safe = open_safe(path)
    if safe is None:
        raise fault(path, "manifest.safe", "is missing")
    sources = _choose(safe, polarisation)
    root = safe.parse(sources.annotation)
    header = root.one("adsHeader")
    header.choice("productType", {"GRD": True})
    header.choice("polarisation", {sources.polarisation: True})
    general, image = root.one("generalAnnotation"), root.one("imageAnnotation/imageInformation")
    shape = (
        image.integer("numberOfLines", 2, LARGEST_IMAGE_SIDE),
        image.integer("numberOfSamples", 2, LARGEST_IMAGE_SIDE),
    )
    orbit = _orbit(general)
    azimuth = _azimuth(image, orbit.epoch, shape[0])
    middle_s = float(azimuth.time(np.array((shape[0] - 1) / 2)))
    points = _ground_points(root, orbit.epoch)
    calibration = _calibrate(safe.parse(sources.calibration))
    noise = None if sources.noise is None else safe.parse(sources.noise)
    notes = noise_notes(root, safe.parse(MANIFEST), noise, calibration)
    return Product(
        path=path,
        files=tuple(
            safe.path / name
            for name in (sources.annotation, sources.calibration, sources.measurement)
        ),
        format=FORMAT,
        mission="S1",
        platform=header.choice("missionId", _PLATFORMS),
        level="GRD",
        acquired=orbit.epoch + timedelta(seconds=middle_s),
        polarisation=sources.polarisation,
        pass_direction=general.choice("productInformation/pass", _PASSES),
        shape=shape,
        is_complex=False,
        looks=_looks(root),
        radar_frequency_hz=general.number("productInformation/radarFrequency", 1e9, 1e11),
        orbit=orbit,
        # The antenna only ever looks to the right.
        geometry=RadarGeometry(azimuth, _range(root, image, orbit.epoch), "right"),
        calibration=calibration,
        pixels=RasterPixels(safe.path / sources.measurement, shape),
        ground_points=points,
        mean_height_m=float(points.height.mean()),
        beam=header.text("swath"),
        notes=notes,
    )


def _choose(safe: SafeFolder, polarisation: str | None) -> _Sources:
    annotations: dict[str, list[str]] = {}
    for name in safe.names:
        match = _ANNOTATION.fullmatch(name)
        if match is not None:
            annotations.setdefault(match[1].upper(), []).append(name)
    if not annotations:
        kinds = {match[1] for name in safe.names if (match := _ANY.fullmatch(name))}
        what = f"is {' and '.join(sorted(kinds)).upper()}, not GRD"
        raise fault(safe.path, "product type", what, "Order the scene as GRD, such as IW_GRDH.")
    choice = choose_polarisation(annotations, polarisation, safe.path)
    annotation = annotations[choice][0]
    stem = annotation.removeprefix("annotation/").removesuffix(".xml")
    calibration = _entry(safe, "annotation/calibration/calibration-{}.xml", stem)
    measurement = _entry(safe, "measurement/{}.tiff", stem)
    noise = calibration.replace("/calibration-", "/noise-")
    return _Sources(
        choice, annotation, calibration, measurement, noise if noise in safe.names else None
    )


def _entry(safe: SafeFolder, name: str, stem: str) -> str:
    """The file of an annotation's name; of a cloud-optimised product it may end with -cog."""
    plain = stem.removesuffix("-cog")
    for spelling in (stem, plain, f"{plain}-cog"):
        if name.format(spelling) in safe.names:
            return name.format(spelling)
    raise fault(safe.path, name.format(stem), "is missing from the product")


def _orbit(general: XmlFields) -> StateVectors:
    vectors = general.every("orbitList/orbit", 2, MOST_RECORDS)
    for vector in vectors:
        vector.choice("frame", {"EARTH FIXED": True})
    positions = [[vector.number(f"position/{axis}") for axis in "xyz"] for vector in vectors]
    velocities = [[vector.number(f"velocity/{axis}") for axis in "xyz"] for vector in vectors]
    times = [vector.utc("time") for vector in vectors]
    return annotated_orbit(times, positions, velocities, general.path, f"{general.at}/orbitList")


def _azimuth(image: XmlFields, epoch: datetime, lines: int) -> AzimuthTime:
    first = (image.utc("productFirstLineUtcTime") - epoch).total_seconds()
    last = (image.utc("productLastLineUtcTime") - epoch).total_seconds()
    interval = image.number("azimuthTimeInterval", 1e-5, 1.0)
    if abs(first + (lines - 1) * interval - last) > interval:
        what = f"{lines} lines of {interval:g} s do not add up to {last - first:g} s"
        raise fault(image.path, f"{image.at}/azimuthTimeInterval", what)
    return AzimuthTime(first, interval)


def _range(root: XmlFields, image: XmlFields, epoch: datetime) -> GroundRange:
    """Ground-to-slant polynomials, each valid around its azimuth time."""
    records = root.every(
        "coordinateConversion/coordinateConversionList/coordinateConversion", 1, MOST_RECORDS
    )
    sets = [record.numbers("grsrCoefficients") for record in records]
    if len({values.size for values in sets}) != 1 or not 1 <= sets[0].size <= 16:
        what = "the polynomials have different lengths, or more than 16 coefficients"
        raise fault(root.path, "coordinateConversion/grsrCoefficients", what)
    times = np.array([(record.utc("azimuthTime") - epoch).total_seconds() for record in records])
    if not (np.diff(times) > 0).all():
        raise fault(root.path, "coordinateConversion/azimuthTime", "the times do not increase")
    origins = np.array([record.number("gr0", -1e7, 1e7) for record in records])
    spacing = image.number("rangePixelSpacing", 0.1, 1e4)
    return GroundRange(0.0, spacing, times, origins, np.stack(sets))


def _ground_points(root: XmlFields, epoch: datetime) -> GroundPoints:
    points = root.every("geolocationGrid/geolocationGridPointList/geolocationGridPoint", 4, 100_000)

    def column(name: str, low: float, high: float) -> Array:
        try:
            values = [float(point.element.findtext(name, "")) for point in points]
        except ValueError:
            field = f"geolocationGridPoint/{name}"
            raise fault(
                root.path, field, "is missing or not a number in one of the points"
            ) from None
        return finite(values, root.path, f"geolocationGridPoint/{name}", low, high)

    times = [(point.utc("azimuthTime") - epoch).total_seconds() for point in points]
    return GroundPoints(
        line=column("line", 0, 1e6),
        sample=column("pixel", 0, 1e6),
        latitude=column("latitude", -90, 90),
        longitude=column("longitude", -360, 360),
        height=column("height", -1e3, 1e4),
        azimuth_time_s=np.array(times),
        slant_range_time_s=column("slantRangeTime", 1e-3, 2e-2),
        tolerance_m=TOLERANCE_M,
    )


def _looks(root: XmlFields) -> tuple[float, float]:
    """Average looks of the sub-swaths in azimuth and range."""
    swaths = root.every(
        "imageAnnotation/processingInformation/swathProcParamsList/swathProcParams", 1, 20
    )
    azimuth = [swath.number("azimuthProcessing/numberOfLooks", 1, 1000) for swath in swaths]
    in_range = [swath.number("rangeProcessing/numberOfLooks", 1, 1000) for swath in swaths]
    return float(np.mean(azimuth)), float(np.mean(in_range))


def _calibrate(root: XmlFields) -> Calibration:
    vectors = root.every("calibrationVectorList/calibrationVector", 1, MOST_RECORDS)
    lines = np.array([vector.integer("line", -LARGEST_IMAGE_SIDE, 10**6) for vector in vectors])
    samples = vectors[0].numbers("pixel", 0, 1e6)
    if not (np.diff(samples) > 0).all() or not (np.diff(lines) > 0).all():
        raise fault(root.path, "calibrationVector", "the lines or pixels do not increase")
    gains = np.empty((len(vectors), samples.size))
    if gains.size > 50_000_000:
        raise fault(root.path, "calibrationVectorList", f"has {gains.size} values, too many")
    for row, vector in enumerate(vectors):
        at, values = vector.numbers("pixel", 0, 1e6), vector.numbers("betaNought", 1e-3, 1e9)
        if at.size != values.size or not (np.diff(at) > 0).all():
            what = f"has {at.size} pixels and {values.size} values, or pixels that do not increase"
            raise fault(root.path, vector.at, what)
        gains[row] = np.interp(samples, at, values) ** -2
    return Calibration("beta0", gains, lines.astype(np.float64), samples)
