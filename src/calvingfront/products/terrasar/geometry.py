"""Azimuth time, range and ground control points of a TerraSAR-X or TanDEM-X image."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from calvingfront.products.reading import LARGEST_IMAGE_SIDE, fault
from calvingfront.products.terrasar.grid import GeoreferenceGrid
from calvingfront.products.terrasar.slant_range import invert_ground_range
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    AzimuthTime,
    GroundPoints,
    GroundRange,
    SlantRange,
)

TOLERANCE_M = 10.0  # of GEOREF.xml; 8296 points of a real SSC lie within 0.03 m, 2 m with delays
MOST_LINES_OFF = 5.0  # of rows and columns; 8296 of a real SSC are whole, within 1
# Whether the lines and the samples run backwards.
_ORDERS = {
    "EARLYAZNEARRG": (False, False),
    "EARLYAZFARRG": (False, True),
    "LATEAZNEARRG": (True, False),
    "LATEAZFARRG": (True, True),
}


@dataclass(frozen=True)
class ImageRaster:
    """Size and spacing of the image; rows are range lines (one azimuth time each)."""

    shape: tuple[int, int]
    row_spacing: float
    column_spacing: float
    looks: tuple[float, float]


def read_raster(fields: XmlFields) -> ImageRaster:
    """Read <imageRaster>."""
    return ImageRaster(
        (
            fields.integer("numberOfRows", 2, LARGEST_IMAGE_SIDE),
            fields.integer("numberOfColumns", 2, LARGEST_IMAGE_SIDE),
        ),
        fields.number("rowSpacing", 1e-10, 1e3),
        fields.number("columnSpacing", 1e-6, 1e3),
        (fields.number("azimuthLooks", 0.1, 1e3), fields.number("rangeLooks", 0.1, 1e3)),
    )


def _backwards(root: XmlFields) -> tuple[bool, bool]:
    names = ("complexImageInfo", "projectedImageInfo")
    for name in names:
        info = root.optional(f"productSpecific/{name}")
        if info is not None and info.optional("imageDataStartWith") is not None:
            return info.choice("imageDataStartWith", _ORDERS)
    return False, False


def read_azimuth(
    root: XmlFields, raster: ImageRaster, epoch: datetime, grid: GeoreferenceGrid | None
) -> AzimuthTime:
    """Times of the lines, corrected for the clock shift given in the grid."""
    scene = root.one("productInfo/sceneInfo")
    start, stop = scene.utc("start/timeUTC"), scene.utc("stop/timeUTC")
    lasts = (stop - start).total_seconds()
    if not 1e-3 < lasts < 1000:
        raise fault(root.path, "productInfo/sceneInfo/stop", f"the scene lasts {lasts} s")
    since_epoch = (start - epoch).total_seconds()
    if abs(since_epoch) > 86_400:
        what = f"is {since_epoch:.0f} s away from the first state vector"
        raise fault(root.path, "productInfo/sceneInfo/start", what)
    interval = lasts / (raster.shape[0] - 1)
    annotated = root.optional("productInfo/imageDataInfo/imageRaster/columnSpacing")
    if annotated is not None and annotated.element.get("units") == "s":
        # In seconds for complex images, and finer than the microseconds of start and stop.
        if abs(raster.column_spacing - interval) * raster.shape[0] > 1e-4:
            what = f"{raster.column_spacing:g} s per line do not add up to {lasts:g} s"
            raise fault(root.path, annotated.at, what)
        interval = raster.column_spacing
    shift = grid.azimuth_shift_s if grid is not None else 0.0
    first = since_epoch - shift
    if _backwards(root)[0]:
        return AzimuthTime(first + interval * (raster.shape[0] - 1), -interval)
    return AzimuthTime(first, interval)


def read_range(
    root: XmlFields,
    level: str,
    raster: ImageRaster,
    grid: GeoreferenceGrid | None,
) -> SlantRange | GroundRange:
    """Range of the samples, corrected for the signal delay given in the grid."""
    times = root.one("productInfo/sceneInfo/rangeTime")
    near, far = times.number("firstPixel", 1e-3, 2e-2), times.number("lastPixel", 1e-3, 2e-2)
    if near > far:
        near, far = far, near
    delay = grid.range_delay_s if grid is not None else 0.0
    reverse = _backwards(root)[1]
    samples = raster.shape[1]
    if level == "SSC":
        interval = raster.row_spacing
        if abs((far - near) - interval * (samples - 1)) > 10 * interval:
            what = f"{samples} samples of {interval:g} s do not match {near:g} … {far:g} s"
            raise fault(root.path, "imageRaster/rowSpacing", what)
        if reverse:
            return SlantRange(near - delay + interval * (samples - 1), -interval)
        return SlantRange(near - delay, interval)
    origin_m, coefficients = invert_ground_range(
        root.one("productSpecific/projectedImageInfo/slantToGroundRangeProjection"),
        near,
        raster.row_spacing * (samples - 1),
    )
    coefficients[0] -= 0.5 * SPEED_OF_LIGHT * delay
    first, step = (samples - 1.0, -1.0) if reverse else (0.0, 1.0)
    return GroundRange(
        first * raster.row_spacing,
        step * raster.row_spacing,
        np.zeros(1),
        np.array([origin_m]),
        coefficients[np.newaxis],
    )


def place_ground_points(
    grid: GeoreferenceGrid,
    azimuth: AzimuthTime,
    in_range: SlantRange | GroundRange,
    raster: ImageRaster,
    path: Path,
) -> GroundPoints:
    """Give each point the line and sample at which the image's own geometry has its times.

    Raises ProductError if the grid itself gives a complex image's points other rows and columns:
    the times of the image and of the grid, which stand in different files, then disagree.
    """
    time_s = grid.azimuth_s - grid.azimuth_shift_s
    range_time_s = grid.slant_range_s - grid.range_delay_s
    if isinstance(in_range, SlantRange):
        sample = (range_time_s - in_range.first_time_s) / in_range.interval_s
    else:
        # Slant range is nearly linear between 4097 nodes: the error is below 1e-4 samples.
        nodes = np.linspace(-0.1, 1.1, 4097) * (raster.shape[1] - 1)
        ranges = in_range.slant_range(nodes, np.zeros(1))
        order = np.argsort(ranges)
        wanted = 0.5 * SPEED_OF_LIGHT * range_time_s
        sample = np.interp(wanted, ranges[order], nodes[order])
    line = (time_s - azimuth.first_s) / azimuth.interval_s
    if isinstance(in_range, SlantRange) and azimuth.interval_s > 0 and in_range.interval_s > 0:
        for name, stated, found in (("row", grid.row, line), ("col", grid.column, sample)):
            apart = float(np.nan_to_num(np.abs(stated - 1 - found)).max())
            if apart > MOST_LINES_OFF:
                what = f"is up to {apart:.0f} off the point's times, by the times of the image"
                raise fault(path, f"gridPoint/{name}", what)
    return GroundPoints(
        line=line,
        sample=np.asarray(sample),
        latitude=grid.latitude,
        longitude=grid.longitude,
        height=grid.height,
        azimuth_time_s=time_s,
        slant_range_time_s=range_time_s,
        tolerance_m=TOLERANCE_M,
    )
