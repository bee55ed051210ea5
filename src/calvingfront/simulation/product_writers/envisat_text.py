"""The text headers of a simulated product in Envisat's format, and its times and orbit."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta

import numpy as np

from calvingfront.products.annotated_orbit import interpolate_orbit
from calvingfront.products.envisat import header, records
from calvingfront.radar.model import SPEED_OF_LIGHT, SlantRange, StateVectors
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.tie_grid import TieGrid

DESCRIPTORS = {
    "IMS": "Image Mode SLC Image",
    "IMP": "Image Mode Precision Image",
    "IMM": "Image Mode Medium Res Image",
    "APS": "AP Mode SLC Image",
    "APP": "AP Mode Precision Image",
    "APM": "AP Mode Medium Res Image",
    "WSM": "Wide Swath Mode Image",
}
_SAMPLING_STEP_S = 1e-6  # the format counts times in microseconds


def utc(image: RadarImage, time_s: float) -> datetime:
    """UTC of a time in seconds since the orbit's epoch, to the microsecond."""
    return image.orbit.epoch + timedelta(microseconds=round(time_s / _SAMPLING_STEP_S))


def mjd(time: datetime) -> bytes:
    """Days, seconds and microseconds since 2000: 12 bytes."""
    passed = time - datetime(2000, 1, 1)
    return struct.pack(">iII", passed.days, passed.seconds, passed.microseconds)


def _text_time(time: datetime) -> str:
    month = header.MONTHS[time.month - 1]
    return f'"{time.day:02d}-{month}-{time:%Y %H:%M:%S.%f}"'


def line_time(image: RadarImage, line: float) -> datetime:
    """Zero-Doppler time of a line."""
    return utc(image, image.geometry.azimuth.first_s + line * image.geometry.azimuth.interval_s)


def five_vectors(image: RadarImage) -> StateVectors:
    """The orbit as in the format: five vectors, by default from the first line to the last.

    An orbit of five vectors is returned unchanged.
    """
    orbit = image.orbit
    if len(orbit.times_s) == records.ORBIT_VECTORS:
        return orbit
    last = image.geometry.azimuth.time(np.array(image.values.shape[0] - 1.0))
    times = np.linspace(image.geometry.azimuth.first_s, float(last), records.ORBIT_VECTORS)
    times = np.rint(times / _SAMPLING_STEP_S) * _SAMPLING_STEP_S
    positions, velocities = interpolate_orbit(orbit, times)
    return StateVectors(orbit.epoch, times, positions, velocities)


def _padded(lines: list[str], size: int) -> bytes:
    """Header lines, filled with one line of spaces to their size."""
    text = "".join(f"{line}\n" for line in lines).encode("ascii")
    return text + b" " * (size - len(text) - 1) + b"\n"


def text_headers(
    image: RadarImage,
    name: str,
    grid: TieGrid,
    sizes: list[tuple[str, str, int, int]],
    polarisations: list[str],
) -> bytes:
    """Main and specific product header and the data set descriptors.

    sizes: name, type, number of records and bytes of a record of each data set, in order.
    polarisations: of the one or two images.
    """
    specific = _specific(image, grid, polarisations)
    sph_bytes = len(specific) + len(sizes) * header.DSD_BYTES
    offset = header.MPH_BYTES + sph_bytes
    descriptors = []
    for data_set, kind, count, size in sizes:
        used = count > 0
        lines = [
            f'DS_NAME="{data_set:<28}"',
            f"DS_TYPE={kind}",
            f'FILENAME="{"" if used else "NOT USED":<62}"',
            f"DS_OFFSET={offset if used else 0:+021d}<bytes>",
            f"DS_SIZE={count * size:+021d}<bytes>",
            f"NUM_DSR={count:+011d}",
            f"DSR_SIZE={size:+011d}<bytes>",
        ]
        descriptors.append(_padded(lines, header.DSD_BYTES))
        offset += count * size
    main = _main(image, name, offset, sph_bytes, len(sizes), sum(size[2] > 0 for size in sizes))
    return main + specific + b"".join(descriptors)


def _main(
    image: RadarImage, name: str, total: int, sph_bytes: int, descriptors: int, used: int
) -> bytes:
    start, stop = line_time(image, 0), line_time(image, image.values.shape[0] - 1)
    orbit = five_vectors(image)
    (x, y, z), (vx, vy, vz) = orbit.positions_m[0], orbit.velocities_m_s[0]
    lines = [
        f'PRODUCT="{name:<62}"',
        "PROC_STAGE=N",
        'REF_DOC="PO-RS-MDA-GS-2009_4/C  "',
        " " * 40,
        f'ACQUISITION_STATION="{"simulated":<20}"',
        'PROC_CENTER="none  "',
        f"PROC_TIME={_text_time(stop)}",
        f'SOFTWARE_VER="{"simulated":<14}"',
        " " * 40,
        f"SENSING_START={_text_time(start)}",
        f"SENSING_STOP={_text_time(stop)}",
        " " * 40,
        "PHASE=X",
        "CYCLE=+001",
        "REL_ORBIT=+00001",
        "ABS_ORBIT=+00001",
        f"STATE_VECTOR_TIME={_text_time(utc(image, float(orbit.times_s[0])))}",
        "DELTA_UT1=+.000000<s>",
        f"X_POSITION={x:+012.3f}<m>",
        f"Y_POSITION={y:+012.3f}<m>",
        f"Z_POSITION={z:+012.3f}<m>",
        f"X_VELOCITY={vx:+012.6f}<m/s>",
        f"Y_VELOCITY={vy:+012.6f}<m/s>",
        f"Z_VELOCITY={vz:+012.6f}<m/s>",
        'VECTOR_SOURCE="PC"',
        " " * 40,
        f"UTC_SBT_TIME={_text_time(start)}",
        "SAT_BINARY_TIME=+0000000000",
        "CLOCK_STEP=+0000000000<ps>",
        " " * 32,
        f"LEAP_UTC={_text_time(datetime(2000, 1, 1))}",
        "LEAP_SIGN=+001",
        "LEAP_ERR=0",
        " " * 40,
        "PRODUCT_ERR=0",
        f"TOT_SIZE={total:+021d}<bytes>",
        f"SPH_SIZE={sph_bytes:+011d}<bytes>",
        f"NUM_DSD={descriptors:+011d}",
        f"DSD_SIZE={header.DSD_BYTES:+011d}<bytes>",
        f"NUM_DATA_SETS={used:+011d}",
    ]
    return _padded(lines, header.MPH_BYTES)


def _specific(image: RadarImage, grid: TieGrid, polarisations: list[str]) -> bytes:
    lines, samples = image.values.shape
    is_complex = bool(np.iscomplexobj(image.values))
    in_range = image.geometry.range
    if isinstance(in_range, SlantRange):
        spacing = SPEED_OF_LIGHT / 2 * in_range.interval_s
    else:
        spacing = in_range.spacing_m
    corners = []
    middle = len(grid.samples) // 2
    for row, line in ((0, "FIRST"), (-1, "LAST")):
        for column, place in ((0, "NEAR"), (middle, "MID"), (-1, "FAR")):
            latitude = round(grid.latitude[row, column] * 1e6)
            longitude = round(grid.longitude[row, column] * 1e6)
            corners.append(f"{line}_{place}_LAT={latitude:+011d}<10-6degN>")
            corners.append(f"{line}_{place}_LONG={longitude:+011d}<10-6degE>")
    positions, _ = interpolate_orbit(image.orbit, grid.azimuth_time_s[[0, -1], 0])
    azimuth_spacing = float(np.linalg.norm(positions[1] - positions[0])) / max(lines - 1, 1)
    kind = DESCRIPTORS[image.level]
    first, second = [*(f"{name[0]}/{name[-1]}" for name in polarisations), "   "][:2]
    text = [
        f'SPH_DESCRIPTOR="{kind:<28}"',
        "STRIPLINE_CONTINUITY_INDICATOR=+000",
        "SLICE_POSITION=+001",
        "NUM_SLICES=+001",
        f"FIRST_LINE_TIME={_text_time(line_time(image, 0))}",
        f"LAST_LINE_TIME={_text_time(line_time(image, lines - 1))}",
        *corners,
        " " * 35,
        f'SWATH="{image.beam[:3]:<3}"',
        f'PASS="{image.pass_direction.upper():<10}"',
        f'SAMPLE_TYPE="{"COMPLEX" if is_complex else "DETECTED":<8}"',
        'ALGORITHM="RAN/DOP"',
        f'MDS1_TX_RX_POLAR="{first}"',
        f'MDS2_TX_RX_POLAR="{second}"',
        'COMPRESSION="FBAQ4"',
        f"AZIMUTH_LOOKS={round(image.looks[0]):+04d}",
        f"RANGE_LOOKS={round(image.looks[1]):+04d}",
        f"RANGE_SPACING={spacing:+.8E}<m>",
        f"AZIMUTH_SPACING={azimuth_spacing:+.8E}<m>",
        f"LINE_TIME_INTERVAL={image.geometry.azimuth.interval_s:+.8E}<s>",
        f"LINE_LENGTH={samples:+06d}<samples>",
        f'DATA_TYPE="{"SWORD" if is_complex else "UWORD"}"',
    ]
    size = sum(len(line) + 1 for line in text) + 51
    return _padded(text, size)
