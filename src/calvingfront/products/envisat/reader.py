"""Envisat ASAR (.N1) and ERS (.E1, .E2) in Envisat's format: complex and detected images.

Image mode (IMS, IMP, IMM), alternating polarisation (APS, APP, APM: one data set for each of two
polarisations) and wide swath (WSM) have the same headers and annotation (PO-RS-MDA-GS-2009, volume
8; D. Small and A. Schubert, Guide to ASAR Geocoding, RSL-ASAR-GC-AD, 2008). The medium-resolution
ones (IMM, APM, WSM) have pixels of 75 m and may be strips of many scenes.

Calibration: β0 = |DN|² / K, times (R / R_reference)³ for complex images, in which range spreading
loss is not compensated (ESA ENVI-CLVL-EOPG-TN-03-0010), or to the fourth power for APS. Their
elevation antenna pattern is given only in an external file and remains in the image; a note says
so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from calvingfront.products.envisat.header import MAGIC, EnvisatHeader, read_header
from calvingfront.products.envisat.records import (
    GRID,
    GROUND_RANGE,
    Processing,
    read_ground_points,
    read_ground_range,
    read_processing,
)
from calvingfront.products.pixels import RecordPixels
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.products.reading import LARGEST_IMAGE_SIDE, fault
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    AzimuthTime,
    Calibration,
    GroundPoints,
    GroundRange,
    Mission,
    Product,
    RadarGeometry,
    SlantRange,
)

FORMAT = "Envisat"
RECORD_LEAD_BYTES = 17  # time (12), quality (1), line number (4)

# Of the ground points of medium-resolution images: two pixels, as no real header was available.
COARSE_TOLERANCE_M = 150.0
# Power of the range with which the range spreading loss of a complex image is compensated.
SPREADING_POWER = {"IMS": 3.0, "APS": 4.0}
DETECTED = ("IMP", "IMM", "APP", "APM", "WSM")
_LEVELS = (*SPREADING_POWER, *DETECTED)
# What other levels are, and which level of the same scene to order.
_INSTEAD = {
    "IMG": ("a map without terrain correction", "IMP"),
    "APG": ("a map without terrain correction", "APP"),
    "WSS": ("a complex image of five subswaths", "WSM"),
    "GM1": ("of 1 km resolution", "WSM"),
    "IM_": ("raw data", "IMS or IMP"),
    "AP_": ("raw data", "APS or APP"),
    "WS_": ("raw data", "WSM"),
}
_MISSIONS: dict[str, Mission] = {"ASA": "ENVISAT", "SAR": "ERS"}
_PLATFORMS = {"N1": "Envisat", "E1": "ERS-1", "E2": "ERS-2"}
_PASSES: dict[str, Literal["ascending", "descending"]] = {
    "ASCENDING": "ascending",
    "DESCENDING": "descending",
}


def recognises(path: Path) -> bool:
    """Whether the file begins like an ASAR or ERS product in Envisat's format."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(len(MAGIC) + 4)
    return start.startswith(MAGIC) and start[len(MAGIC) :] in (b"ASA_", b"SAR_")


def read(path: Path, polarisation: str | None = None) -> Product:
    """Read the headers of a product; the pixels are read later, through `Product.pixels`.

    polarisation: e.g. "VV"; None takes a co-polarised one.
    Raises ProductError for a damaged header.
    """
    header = read_header(path)
    main, specific = header.main, header.specific
    name = main.text("PRODUCT")
    mission, level = _MISSIONS.get(name[:3]), name[4:7]
    if mission is None or level not in _LEVELS:
        kind, instead = _INSTEAD.get(level, ("no image that can be geocoded", "IMS or IMP"))
        what = f"is {name[:10]!r}, {kind}"
        raise fault(path, "MPH PRODUCT", what, f"Order the scene as {instead}.")
    suffix = name.rpartition(".")[2]
    if suffix not in _PLATFORMS:
        what = f"ends with {suffix[:5]!r}, not {' or '.join(_PLATFORMS)}"
        raise fault(path, "MPH PRODUCT", what)
    is_complex = level in SPREADING_POWER
    specific.choice("SAMPLE_TYPE", {"COMPLEX" if is_complex else "DETECTED": True})
    specific.choice("DATA_TYPE", {"SWORD" if is_complex else "UWORD": True})
    index, chosen = _choose(header, polarisation)
    processing = read_processing(header, index, is_complex)
    epoch = processing.orbit.epoch
    samples = specific.integer("LINE_LENGTH", 1, LARGEST_IMAGE_SIDE)
    record_bytes = RECORD_LEAD_BYTES + samples * (4 if is_complex else 2)
    image = header.data_set(f"MDS{index + 1}", (record_bytes,), most=LARGEST_IMAGE_SIDE)
    shape = (image.records, samples)
    azimuth = AzimuthTime(
        (specific.utc("FIRST_LINE_TIME") - epoch).total_seconds(),
        specific.number("LINE_TIME_INTERVAL", 1e-5, 1.0),
    )
    points = read_ground_points(header, epoch, processing.average_height_m)
    if level.endswith("M"):
        points = replace(points, tolerance_m=COARSE_TOLERANCE_M)
    in_range: SlantRange | GroundRange
    if is_complex:
        in_range = _slant_range(header, processing, points)
    else:
        in_range = _ground_range(header, processing, points, samples)
    middle_s = float(azimuth.time(np.array((shape[0] - 1) / 2)))
    if abs(middle_s) > 86_400:
        what = f"is {middle_s:.0f} s away from the first state vector"
        raise fault(path, "SPH FIRST_LINE_TIME", what)
    calibration, notes = _calibrate(level, processing, in_range, samples)
    return Product(
        path=path,
        files=(path,),
        format=FORMAT,
        mission=mission,
        platform=_PLATFORMS[suffix],
        level=level,
        acquired=epoch + timedelta(seconds=middle_s),
        polarisation=chosen,
        pass_direction=specific.choice("PASS", _PASSES),
        shape=shape,
        is_complex=is_complex,
        looks=(
            float(specific.integer("AZIMUTH_LOOKS", 1, 1000)),
            float(specific.integer("RANGE_LOOKS", 1, 1000)),
        ),
        radar_frequency_hz=processing.radar_frequency_hz,
        orbit=processing.orbit,
        # Both radars only ever looked to the right.
        geometry=RadarGeometry(azimuth, in_range, "right"),
        calibration=calibration,
        pixels=RecordPixels(
            path,
            image.offset_bytes,
            record_bytes,
            RECORD_LEAD_BYTES,
            shape,
            ">i2" if is_complex else ">u2",
            is_complex,
        ),
        ground_points=points,
        mean_height_m=processing.average_height_m,
        beam=specific.text("SWATH"),
        notes=notes,
    )


def _choose(header: EnvisatHeader, polarisation: str | None) -> tuple[int, str]:
    """The number of the data set and its polarisation, e.g. "V/V" read as "VV"."""
    offered = []
    for index in (0, 1):
        text = header.specific.values.get(f"MDS{index + 1}_TX_RX_POLAR", "").replace("/", "")
        if text in ("HH", "HV", "VH", "VV"):
            offered.append((index, text))
    numbers = {text: index for index, text in reversed(offered)}
    chosen = choose_polarisation(numbers, polarisation, f"{header.path}, SPH MDS1_TX_RX_POLAR")
    return numbers[chosen], chosen


def _slant_range(header: EnvisatHeader, processing: Processing, points: GroundPoints) -> SlantRange:
    # The grid's times are float32 with a step of 0.5 ns (7 cm): the average of all is finer.
    step = 1.0 / processing.sampling_rate_hz
    near, far = points.sample == points.sample.min(), points.sample == points.sample.max()
    rise = points.slant_range_time_s[far].mean() - points.slant_range_time_s[near].mean()
    interval = step if rise >= 0 else -step
    first = points.slant_range_time_s - points.sample * interval
    if np.ptp(first) > 10 * step:
        what = f"slant range times do not follow the sampling rate of {1 / step:g} Hz"
        raise fault(header.path, GRID, what)
    return SlantRange(float(first.mean()), interval)


def _ground_range(
    header: EnvisatHeader, processing: Processing, points: GroundPoints, samples: int
) -> GroundRange:
    spacing = header.specific.number("RANGE_SPACING", 0.1, 1000.0)
    times, origins, coefficients = read_ground_range(header, processing.orbit.epoch)
    near, far = points.sample == points.sample.min(), points.sample == points.sample.max()
    rises = points.slant_range_time_s[far].mean() >= points.slant_range_time_s[near].mean()
    # The polynomial counts the ground range from near range, whichever side comes first.
    first, step = (0.0, spacing) if rises else ((samples - 1) * spacing, -spacing)
    result = GroundRange(first, step, times, origins, coefficients)
    ends = result.slant_range(np.array([0.0, samples - 1.0]), times[:1])
    if not ((ends > 1e5) & (ends < 1e7)).all():
        what = f"give implausible slant ranges from {ends[0]:g} to {ends[1]:g} m"
        raise fault(header.path, f"{GROUND_RANGE}: coefficients", what)
    return result


def _calibrate(
    level: str, processing: Processing, in_range: SlantRange | GroundRange, samples: int
) -> tuple[Calibration, tuple[str, ...]]:
    gain = 1.0 / processing.calibration
    if processing.is_spreading_compensated or not isinstance(in_range, SlantRange):
        calibration = Calibration.constant("beta0", gain)
    else:
        # The gain is smooth: interpolation between nodes every 1/16 of the swath is exact to 1e-5.
        nodes = np.linspace(0.0, samples - 1.0, 17 if samples > 1 else 1)
        slant_range_m = 0.5 * SPEED_OF_LIGHT * (in_range.first_time_s + nodes * in_range.interval_s)
        gains = gain * (slant_range_m / processing.reference_range_m) ** SPREADING_POWER[level]
        calibration = Calibration("beta0", gains[np.newaxis], np.zeros(1), nodes)
    if level in SPREADING_POWER and not processing.is_antenna_compensated:
        note = (
            "the elevation antenna pattern is not compensated: "
            "backscatter falls off towards the edges of the swath"
        )
        return calibration, (note,)
    if level.endswith("M"):
        return calibration, ("medium resolution: 150 m, in pixels of 75 m",)
    return calibration, ()
