"""A tiny Sentinel-1 GRD product in a SAFE folder, with exact geometry."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

import simulated_images as images
from calvingfront.radar.model import AzimuthTime, RadarGeometry

SHAPE = (40, 60)
SPACING_M = 10.0
EPOCH = datetime(2021, 12, 23, 5, 10, 21, 29300)
FIRST_S, INTERVAL_S = 61.565141, 1.496569996245720e-03


def geometry_of(shape: tuple[int, int]) -> RadarGeometry:
    """The geometry of an image of this many lines and samples."""
    near_m, times_s = 7.993414445516695e5, (60.0, 70.0)
    across = images.ground_range(near_m, SPACING_M, shape[1], 7.07e6, times_s, degree=5)
    return RadarGeometry(AzimuthTime(FIRST_S, INTERVAL_S), across, "right")


GEOMETRY = geometry_of(SHAPE)
NAME = "S1B_IW_GRDH_1SSH_20211223T051122_20211223T051147_030148_039993_5371.SAFE"


def numbers_of(polarisation: str) -> np.ndarray:
    """The digital numbers of a polarisation."""
    rng = np.random.default_rng(len(polarisation) + ord(polarisation[-1]))
    return rng.integers(0, 2000, SHAPE).astype(np.uint16)


def write_numbers(path: Path, polarisation: str) -> None:
    """Write the image of a polarisation as a GeoTIFF."""
    facts = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", dtype="uint16", **facts) as raster:
            raster.write(numbers_of(polarisation), 1)


def write_sentinel1(
    folder: Path,
    polarisations: tuple[str, ...] = ("hh",),
    shape: tuple[int, int] = SHAPE,
    write_image: Callable[[Path, str], None] = write_numbers,
) -> Path:
    """Write the SAFE folder and return it."""
    root = folder / NAME
    for name in ("annotation/calibration", "measurement"):
        (root / name).mkdir(parents=True)
    (root / "manifest.safe").write_text("<xfdu:XFDU xmlns:xfdu='urn:ccsds:schema:xfdu:1'/>")
    for number, polarisation in enumerate(polarisations, start=1):
        stem = f"s1b-iw-grd-{polarisation}-20211223t051122-20211223t051147-030148-039993-00{number}"
        annotation = _annotation(polarisation.upper(), shape)
        (root / "annotation" / f"{stem}.xml").write_text(annotation)
        (root / "annotation/calibration" / f"calibration-{stem}.xml").write_text(
            _calibration(shape)
        )
        write_image(root / "measurement" / f"{stem}.tiff", polarisation)
    return root


def zip_safe(root: Path) -> Path:
    """Pack the folder as it is downloaded."""
    path = root.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, file.relative_to(root.parent))
    return path


def _time(seconds: float) -> str:
    return (EPOCH + timedelta(seconds=float(seconds))).isoformat(timespec="microseconds")


def _annotation(polarisation: str, shape: tuple[int, int]) -> str:
    geometry = geometry_of(shape)
    orbit = images.circular_orbit(np.arange(14) * 10.0, EPOCH, radius_m=7.07e6)
    vectors = "".join(
        f"<orbit><time>{_time(time)}</time><frame>Earth Fixed</frame>"
        + _vector("position", position)
        + _vector("velocity", velocity)
        + "</orbit>"
        for time, position, velocity in zip(
            orbit.times_s, orbit.positions_m, orbit.velocities_m_s, strict=True
        )
    )
    points = images.tie_points(orbit, geometry, shape, 30.0, count=5)
    grid = "".join(
        f"<geolocationGridPoint><azimuthTime>{_time(points.azimuth_time_s[i])}</azimuthTime>"
        f"<slantRangeTime>{points.slant_range_time_s[i]:.15e}</slantRangeTime>"
        f"<line>{points.line[i]}</line><pixel>{points.sample[i]}</pixel>"
        f"<latitude>{points.latitude[i]:.15e}</latitude>"
        f"<longitude>{points.longitude[i]:.15e}</longitude>"
        f"<height>{points.height[i]:.15e}</height></geolocationGridPoint>"
        for i in range(points.line.size)
    )
    conversions = "".join(
        f"<coordinateConversion><azimuthTime>{_time(time)}</azimuthTime><gr0>{origin:.15e}</gr0>"
        f"<grsrCoefficients count='6'>{' '.join(f'{c:.15e}' for c in row)}</grsrCoefficients>"
        "</coordinateConversion>"
        for time, origin, row in zip(
            geometry.range.times_s,
            geometry.range.origins_m,
            geometry.range.coefficients,
            strict=True,
        )
    )
    last = FIRST_S + (shape[0] - 1) * INTERVAL_S
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<product><adsHeader><missionId>S1B</missionId>"
        f"<productType>GRD</productType><polarisation>{polarisation}</polarisation>"
        "<mode>IW</mode><swath>IW</swath></adsHeader><generalAnnotation><productInformation>"
        "<pass>Descending</pass><radarFrequency>5.405000454334350e+09</radarFrequency>"
        f"</productInformation><orbitList>{vectors}</orbitList></generalAnnotation>"
        "<imageAnnotation><imageInformation>"
        f"<productFirstLineUtcTime>{_time(FIRST_S)}</productFirstLineUtcTime>"
        f"<productLastLineUtcTime>{_time(last)}</productLastLineUtcTime>"
        f"<rangePixelSpacing>{SPACING_M:e}</rangePixelSpacing>"
        f"<azimuthTimeInterval>{INTERVAL_S:.15e}</azimuthTimeInterval>"
        f"<numberOfSamples>{shape[1]}</numberOfSamples><numberOfLines>{shape[0]}</numberOfLines>"
        "</imageInformation><processingInformation><swathProcParamsList><swathProcParams>"
        "<rangeProcessing><numberOfLooks>5</numberOfLooks></rangeProcessing>"
        "<azimuthProcessing><numberOfLooks>1</numberOfLooks></azimuthProcessing>"
        "</swathProcParams></swathProcParamsList></processingInformation></imageAnnotation>"
        f"<geolocationGrid><geolocationGridPointList>{grid}</geolocationGridPointList>"
        "</geolocationGrid><coordinateConversion><coordinateConversionList>"
        f"{conversions}</coordinateConversionList></coordinateConversion></product>"
    )


def _vector(name: str, values: np.ndarray) -> str:
    inside = "".join(
        f"<{axis}>{value:.15e}</{axis}>" for axis, value in zip("xyz", values, strict=True)
    )
    return f"<{name}>{inside}</{name}>"


def _calibration(shape: tuple[int, int]) -> str:
    last = shape[1] - 1
    vectors = "".join(
        f"<calibrationVector><line>{line}</line><pixel count='3'>0 {(last + 1) // 2} {last}</pixel>"
        f"<sigmaNought count='3'>600 610 620</sigmaNought>"
        f"<betaNought count='3'>{value} {value} {value}</betaNought></calibrationVector>"
        for line, value in ((-10, 400.0), (shape[0] + 10, 500.0))
    )
    return f"<calibration><calibrationVectorList>{vectors}</calibrationVectorList></calibration>"
