"""Write a simulated image as a TerraSAR-X or TanDEM-X product: SSC (COSAR) or MGD (GeoTIFF).

The main annotation and GEOREF.xml follow DLR TX-GS-DD-3302 and 3307; elements that are not
simulated are left out.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint

from calvingfront.errors import ProductError
from calvingfront.files import folder_beside
from calvingfront.geofiles.whole_rasters import replacing_raster
from calvingfront.products.annotated_orbit import interpolate_orbit
from calvingfront.radar.model import SPEED_OF_LIGHT, Array, GroundRange, SlantRange
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.cosar import write_cosar
from calvingfront.simulation.product_writers.digital_numbers import (
    amplitude_numbers,
    choose_gain,
    require_beta0,
)
from calvingfront.simulation.product_writers.tie_grid import TieGrid, resample_tie_points
from calvingfront.simulation.product_writers.xml_building import append, put, save

GRID_POINTS = 11  # of GEOREF.xml, along and across
HIGHEST_DEGREE = 10
PROJECTION_RESIDUAL_M = 1e-5
_UNITS = {"TSX": ("TSX1", "TSX-1"), "TDX": ("TDX1", "TDX-1")}


def write_terrasar(image: RadarImage, folder: Path) -> Path:
    """Write the product's folder into `folder`; return its path.

    Raises ProductError for an image that the format cannot hold.
    """
    _require_fitting(image)
    name = _product_name(image)
    gain = choose_gain(image.values)
    lines, samples = image.values.shape
    grid = resample_tie_points(
        image, np.linspace(0, lines - 1, GRID_POINTS), np.linspace(0, samples - 1, GRID_POINTS)
    )
    beam = image.beam or "strip_001"
    suffix = "cos" if image.level == "SSC" else "tif"
    file_name = f"IMAGE_{image.polarisation}_SRA_{beam}.{suffix}"
    target = folder / name
    with folder_beside(target) as temporary:
        for part in ("IMAGEDATA", "ANNOTATION"):
            (temporary / part).mkdir(parents=True)
        if image.level == "SSC":
            write_cosar(temporary / "IMAGEDATA" / file_name, image.values, gain)
        else:
            _write_geotiff(temporary / "IMAGEDATA" / file_name, image, grid, gain)
        save(temporary / "ANNOTATION" / "GEOREF.xml", _georeference(image, grid))
        save(temporary / f"{name}.xml", _annotation(image, grid, gain, name, file_name, beam))
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    return target


def _require_fitting(image: RadarImage) -> None:
    where = f"simulated {image.mission} image"
    require_beta0(image, "TerraSAR-X")
    in_range, azimuth = image.geometry.range, image.geometry.azimuth
    expected = {"SSC": SlantRange, "MGD": GroundRange}.get(image.level)
    if expected is None or image.mission not in _UNITS:
        what = f"is {image.mission} {image.level}, which the format does not support"
        raise ProductError(where, what, "Simulate SSC or MGD of TSX or TDX.")
    if not isinstance(in_range, expected) or (image.level == "SSC") != np.iscomplexobj(
        image.values
    ):
        remedy = "Simulate SSC complex in slant range, MGD detected in ground range."
        raise ProductError(where, f"does not match the level {image.level}", remedy)
    step = in_range.interval_s if isinstance(in_range, SlantRange) else in_range.spacing_m
    if step <= 0 or azimuth.interval_s <= 0:
        remedy = "Simulate it with the earliest line and near range first."
        raise ProductError(where, "is not ordered as the format requires", remedy)
    if isinstance(in_range, GroundRange) and len(in_range.times_s) != 1:
        what = f"has {len(in_range.times_s)} ground range polynomials"
        raise ProductError(where, what, "Use one.")
    if image.values.shape[1] * 4 + 8 < 48:
        raise ProductError(where, "is too narrow for a COSAR header", "Simulate more samples.")


def _utc(image: RadarImage, time_s: float) -> datetime:
    return image.orbit.epoch + timedelta(microseconds=round(time_s * 1e6))


def _ends(image: RadarImage) -> tuple[datetime, datetime]:
    last = image.geometry.azimuth.time(np.array(image.values.shape[0] - 1.0))
    return _utc(image, image.geometry.azimuth.first_s), _utc(image, float(last))


def _product_name(image: RadarImage) -> str:
    start, stop = _ends(image)
    unit = _UNITS[image.mission][0]
    return f"{unit}_SAR__{image.level}______SM_S_SRA_{start:%Y%m%dT%H%M%S}_{stop:%Y%m%dT%H%M%S}"


def _write_geotiff(path: Path, image: RadarImage, grid: TieGrid, gain: float) -> None:
    lines, samples = image.values.shape
    points = [
        GroundControlPoint(
            row=line + 0.5,
            col=sample + 0.5,
            x=grid.longitude[row, column],
            y=grid.latitude[row, column],
            z=grid.height[row, column],
        )
        for row, line in enumerate(grid.lines)
        for column, sample in enumerate(grid.samples)
    ]
    numbers = amplitude_numbers(image.values, gain)
    with (
        replacing_raster(path, [numbers]) as temporary,
        rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            width=samples,
            height=lines,
            count=1,
            dtype="uint16",
            gcps=points,
            crs="EPSG:4326",
        ) as raster,
    ):
        raster.write(numbers, 1)


def _annotation(
    image: RadarImage, grid: TieGrid, gain: float, name: str, file_name: str, beam: str
) -> ElementTree.Element:
    root = ElementTree.Element("level1Product")
    header = append(root, "generalHeader", fileName=f"{name}.xml", fileVersion="1.0")
    mission = _UNITS[image.mission][1]
    put(header, "itemName", "Level 1B Product")
    put(header, "mission", mission)
    put(header, "source", "simulated")
    _components(root, image, file_name)
    _product_info(root, image, grid, mission, beam)
    _product_specific(root, image)
    put(root, "processing/geometry/geometryCoordinateType", "ZERODOPPLER")
    put(root, "instrument/radarParameters/centerFrequency", float(image.radar_frequency_hz))
    constant = append(root, "calibration/calibrationConstant", layerIndex="1")
    put(constant, "polLayer", image.polarisation)
    put(constant, "beamID", beam)
    put(constant, "calFactor", float(gain))
    _orbit(root, image)
    return root


def _components(root: ElementTree.Element, image: RadarImage, file_name: str) -> None:
    annotation = append(root, "productComponents/annotation")
    put(annotation, "type", "GEOREF")
    put(annotation, "file/location/host", ".")
    put(annotation, "file/location/path", "ANNOTATION")
    put(annotation, "file/location/filename", "GEOREF.xml")
    data = append(root, "productComponents/imageData", layerIndex="1")
    put(data, "polLayer", image.polarisation)
    put(data, "file/location/host", ".")
    put(data, "file/location/path", "IMAGEDATA")
    put(data, "file/location/filename", file_name)


def _product_info(
    root: ElementTree.Element, image: RadarImage, grid: TieGrid, mission: str, beam: str
) -> None:
    info = append(root, "productInfo")
    is_complex = image.level == "SSC"
    lines, samples = image.values.shape
    put(info, "missionInfo/mission", mission)
    put(info, "missionInfo/orbitDirection", image.pass_direction.upper())
    put(info, "acquisitionInfo/sensor", "SAR")
    put(info, "acquisitionInfo/imagingMode", "SM")
    put(info, "acquisitionInfo/lookDirection", image.geometry.look_side.upper())
    put(info, "acquisitionInfo/polarisationMode", "SINGLE")
    put(info, "acquisitionInfo/polarisationList/polLayer", image.polarisation)
    put(info, "acquisitionInfo/elevationBeamConfiguration", beam)
    variant = "SSC____SM_S" if is_complex else "MGD_SE_SM_S"
    put(info, "productVariantInfo/productType", variant)
    put(info, "productVariantInfo/productVariant", image.level)
    projection = "SLANTRANGE" if is_complex else "GROUNDRANGE"
    put(info, "productVariantInfo/projection", projection)
    put(info, "productVariantInfo/radiometricCorrection", "CALIBRATED")
    data = append(info, "imageDataInfo")
    put(data, "pixelValueID", "RADAR BRIGHTNESS")
    put(data, "imageDataType", "COMPLEX" if is_complex else "DETECTED")
    put(data, "imageDataFormat", "COSAR" if is_complex else "GEOTIFF")
    put(data, "numberOfLayers", 1)
    put(data, "imageDataDepth", 32 if is_complex else 16)
    put(data, "imageStorageOrder", "ROWBYROW")
    put(data, "rowContent", "RANGELINES")
    put(data, "columnContent", "AZIMUTHLINES")
    put(data, "imageRaster/numberOfRows", lines)
    put(data, "imageRaster/numberOfColumns", samples)
    units = "s" if is_complex else "m"
    row, column = _spacings(image)
    put(data, "imageRaster/rowSpacing", row, units=units)
    put(data, "imageRaster/columnSpacing", column, units=units)
    put(data, "imageRaster/azimuthLooks", float(image.looks[0]))
    put(data, "imageRaster/rangeLooks", float(image.looks[1]))
    start, stop = _ends(image)
    scene = append(info, "sceneInfo")
    put(scene, "start/timeUTC", start)
    put(scene, "stop/timeUTC", stop)
    middle = grid.slant_range_time_s[GRID_POINTS // 2]
    put(scene, "rangeTime/firstPixel", float(middle[0]))
    put(scene, "rangeTime/lastPixel", float(middle[-1]))
    put(scene, "sceneAverageHeight", float(image.mean_height_m))
    for line, sample in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        corner = append(scene, "sceneCornerCoord")
        put(corner, "refRow", round(grid.lines[line]) + 1)
        put(corner, "refColumn", round(grid.samples[sample]) + 1)
        put(corner, "lat", float(grid.latitude[line, sample]))
        put(corner, "lon", float(grid.longitude[line, sample]))
        put(corner, "azimuthTimeUTC", _utc(image, float(grid.azimuth_time_s[line, sample])))
        put(corner, "rangeTime", float(grid.slant_range_time_s[line, sample]))
        put(corner, "incidenceAngle", float(grid.incidence[line, sample]))


def _spacings(image: RadarImage) -> tuple[float, float]:
    """Spacing along a row (range) and a column (azimuth): s for complex images, else m."""
    in_range, azimuth = image.geometry.range, image.geometry.azimuth
    if isinstance(in_range, SlantRange):
        return float(in_range.interval_s), float(azimuth.interval_s)
    ends = azimuth.time(np.array([0.0, image.values.shape[0] - 1.0]))
    positions, _ = interpolate_orbit(image.orbit, ends)
    # On the ground the beam moves slower than the satellite, by the ratio of the radii.
    shrink = 6.371e6 / np.linalg.norm(positions, axis=1).mean()
    way = np.linalg.norm(positions[1] - positions[0]) * shrink
    return float(in_range.spacing_m), float(way / max(image.values.shape[0] - 1, 1))


def _product_specific(root: ElementTree.Element, image: RadarImage) -> None:
    in_range = image.geometry.range
    if isinstance(in_range, SlantRange):
        specific = append(root, "productSpecific/complexImageInfo")
        put(specific, "commonPRF", float(1 / image.geometry.azimuth.interval_s))
        put(specific, "commonRSF", float(1 / in_range.interval_s))
        put(specific, "imageCoordinateType", "ZERODOPPLER")
        put(specific, "imageDataStartWith", "EARLYAZNEARRG")
        return
    specific = append(root, "productSpecific/projectedImageInfo")
    put(specific, "imageCoordinateType", "ZERODOPPLER")
    put(specific, "imageDataStartWith", "EARLYAZNEARRG")
    projection = append(specific, "slantToGroundRangeProjection")
    reference, first, last, coefficients = _slant_to_ground(in_range, image.values.shape[1])
    put(projection, "validityRangeMin", first)
    put(projection, "validityRangeMax", last)
    put(projection, "referencePoint", reference)
    put(projection, "polynomialDegree", len(coefficients) - 1)
    for degree, value in enumerate(coefficients):
        put(projection, "coefficient", float(value), exponent=str(degree))


def _slant_to_ground(in_range: GroundRange, samples: int) -> tuple[float, float, float, Array]:
    """Ground range from the first sample as a polynomial of two-way time after a reference."""
    sample = np.linspace(0, samples - 1, 257)
    times = 2 / SPEED_OF_LIGHT * in_range.slant_range(sample, np.zeros(sample.size))
    reference, half = 0.5 * (times[0] + times[-1]), 0.5 * (times[-1] - times[0])
    scaled, ground = (times - reference) / half, sample * in_range.spacing_m
    for degree in range(1, HIGHEST_DEGREE + 1):
        fitted = np.polynomial.polynomial.polyfit(scaled, ground, degree)
        residual = np.polynomial.polynomial.polyval(scaled, fitted) - ground
        if np.abs(residual).max() < PROJECTION_RESIDUAL_M:
            break
    coefficients = fitted / half ** np.arange(fitted.size)
    return float(reference), float(times[0]), float(times[-1]), coefficients


def _orbit(root: ElementTree.Element, image: RadarImage) -> None:
    orbit = append(root, "platform/orbit")
    put(orbit, "orbitHeader/sensor", "simulated")
    put(orbit, "orbitHeader/stateVectorRefFrame", "WGS84-G1150")
    put(orbit, "orbitHeader/numStateVectors", len(image.orbit.times_s))
    for number, time_s in enumerate(image.orbit.times_s):
        vector = append(orbit, "stateVec", maneuver="NO", num=str(number + 1), qualInd="1")
        put(vector, "timeUTC", _utc(image, float(time_s)))
        for axis, value in zip("XYZ", image.orbit.positions_m[number], strict=True):
            put(vector, f"pos{axis}", float(value))
        for axis, value in zip("XYZ", image.orbit.velocities_m_s[number], strict=True):
            put(vector, f"vel{axis}", float(value))


def _georeference(image: RadarImage, grid: TieGrid) -> ElementTree.Element:
    root = ElementTree.Element("geoReference")
    append(root, "signalPropagationEffects")  # the simulated signal travels through a vacuum
    geolocation = append(root, "geolocationGrid")
    put(geolocation, "numberOfGridPoints/total", grid.latitude.size)
    put(geolocation, "numberOfGridPoints/azimuth", grid.lines.size)
    put(geolocation, "numberOfGridPoints/range", grid.samples.size)
    start = _ends(image)[0]
    first_s = (start - image.orbit.epoch).total_seconds()
    first_range_s = float(grid.slant_range_time_s[0, 0])
    put(geolocation, "gridReferenceTime/tReferenceTimeUTC", start)
    put(geolocation, "gridReferenceTime/tauReferenceTime", first_range_s)
    for row, line in enumerate(grid.lines):
        for column, sample in enumerate(grid.samples):
            point = append(geolocation, "gridPoint", iaz=str(row + 1), irg=str(column + 1))
            put(point, "t", float(grid.azimuth_time_s[row, column] - first_s))
            put(point, "tau", float(grid.slant_range_time_s[row, column] - first_range_s))
            put(point, "lat", float(grid.latitude[row, column]))
            put(point, "lon", float(grid.longitude[row, column]))
            put(point, "row", int(line) + 1)
            put(point, "col", int(sample) + 1)
            put(point, "inc", float(grid.incidence[row, column]))
            put(point, "height", float(grid.height[row, column]))
    return root
