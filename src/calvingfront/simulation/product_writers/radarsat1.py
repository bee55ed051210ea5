"""Write a simulated RADARSAT-1 image as a CDPF product: VDF_DAT.001, LEA_01.001, DAT_01.001.

The state vectors are written in the inertial frame, as in the real product.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.radarsat1 import (
    MOST_GAINS,
    MOST_SETS,
    SET_LENGTH,
    SETS_AT,
    SLANT_RANGE_AT,
    SPACING_AT,
    TABLE_AT,
)
from calvingfront.radar.model import GroundRange, SlantRange
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers import ceos_records as ceos

BACKSCATTER = "beta0"
NOMINAL_SCALE = {"SLC": 300.0, "SGF": 2000.0}  # DN at a backscatter of 1
PREFIX = 192


def write(image: RadarImage, folder: Path | str) -> Path:
    """Write an SLC (complex, slant range) or SGF (detected, ground range) image into `folder`.

    Returns the leader's path. Line times are rounded to 1 ms and the slant ranges of the lines to
    1 m, as in the format. Raises ProductError if the format cannot hold the image.
    """
    geometry = ceos.shared_facts(image, BACKSCATTER)
    folder = Path(folder)
    is_complex = bool(np.iscomplexobj(image.values))
    level = "SLC" if is_complex else "SGF"
    if is_complex != isinstance(geometry.range, SlantRange):
        remedy = "Simulate SLC in slant range, SGF in ground range"
        where = f"simulated RADARSAT-1 {level} image"
        raise ProductError(where, "has the wrong kind of range", remedy)
    if is_complex:
        samples, scale = ceos.complex_integers(image, NOMINAL_SCALE[level])
    else:
        scale = ceos.detected_scale(image, NOMINAL_SCALE[level])
        samples = ceos.detected_integers(image, scale)
    gain = scale if is_complex else scale**2
    lines = image.values.shape[0]
    prefixes = ceos.line_prefixes(image, (50, 11, 18, 20), PREFIX, PREFIX + samples.nbytes // lines)
    put = ceos.integers_at(prefixes)
    ends = np.array([0.0, (samples.shape[1] - 1) // 2, samples.shape[1] - 1.0])
    times = geometry.azimuth.time(np.arange(lines, dtype=float))
    for at, sample in zip(SLANT_RANGE_AT, ends, strict=True):
        put(at, np.round(geometry.range.slant_range(np.full(lines, sample), times)))
    ceos.write_imagery(
        folder / "DAT_01.001",
        ceos.file_descriptor((63, 192, 18, 18), f"RSAT-1-SAR-{level}"),
        prefixes,
        samples,
        ("COMPLEX INTEGER*4", "CI*4") if is_complex else ("UNSIGNED INTEGER*2", "IU2"),
        180,
    )
    ceos.write_bytes(
        folder / "VDF_DAT.001",
        ceos.volume_directory([("SARL", "SARLEADER FILE"), ("IMOP", "IMAGERY FILE")], level),
    )
    leader = folder / "LEA_01.001"
    descriptor = ceos.file_descriptor((63, 192, 18, 18), f"RSAT-1-SAR-{level}")
    content = [
        descriptor.done(),
        _summary(image),
        _processing(image, level),
        ceos.position_record(image.orbit, 4, (18, 30, 18, 20), 8960, "INERTIAL"),
        _look_up_table(gain, samples.shape[1]),
    ]
    ceos.write_bytes(leader, b"".join(content))
    return leader


def _summary(image: RadarImage) -> bytes:
    summary = ceos.summary(image, (18, 10, 18, 20), "RSAT-1", "RSAT-1-C -    -HH")
    across = image.geometry.range
    step = across.interval_s if isinstance(across, SlantRange) else across.spacing_m
    summary.text(1527, 8, "INCREASE" if step > 0 else "DECREASE")
    if isinstance(across, SlantRange):
        summary.real(711, 16, 1e-6 / abs(across.interval_s))
    else:
        summary.real(711, 16, 32.317)
        summary.real(1703, 16, abs(across.spacing_m))
    summary.real(935, 16, 1 / abs(image.geometry.azimuth.interval_s))
    return summary.done()


def _processing(image: RadarImage, level: str) -> bytes:
    record = ceos.RecordBuilder(3, (18, 120, 18, 20), 7726)
    azimuth = image.geometry.azimuth.time(np.array([0.0, image.values.shape[0] - 1.0]))
    for at, time in ((192, azimuth.min()), (213, azimuth.max())):
        record.text(at, 21, _ordinal(image.orbit.epoch + timedelta(seconds=float(time))))
    record.integer(928, 4, 1)
    record.text(932, 3, image.beam[:3])
    across = image.geometry.range
    if isinstance(across, GroundRange):
        _sets(image, across, record)
    record.text(7366, 3, level)
    return record.done()


def _sets(image: RadarImage, across: GroundRange, record: ceos.RecordBuilder) -> None:
    """Write slant range as polynomials of the ground distance from the near edge."""
    if len(across.times_s) > MOST_SETS:
        what = f"has {len(across.times_s)} ground-range polynomials"
        raise ProductError("simulated RADARSAT-1 image", what, f"Use at most {MOST_SETS}")
    samples = image.values.shape[1]
    sample = np.linspace(0, samples - 1.0, 64)
    ground = (sample if across.spacing_m > 0 else samples - 1 - sample) * abs(across.spacing_m)
    record.integer(SETS_AT, 4, len(across.times_s))
    for k, time in enumerate(across.times_s):
        at = SETS_AT + 4 + k * SET_LENGTH
        record.text(at, 21, _ordinal(image.orbit.epoch + timedelta(seconds=float(time))))
        for power, value in enumerate(
            ceos.ground_polynomial(image, float(time), ground, sample, 5)
        ):
            # E16.8, not F16.7: the higher coefficients are below 1e-7.
            record.real(at + 21 + 16 * power, 16, float(value), ".8E")
    record.real(SPACING_AT, 16, abs(across.spacing_m))


def _look_up_table(gain: float, samples: int) -> bytes:
    record = ceos.RecordBuilder(5, (18, 50, 18, 20), 9860)
    record.integer(13, 4, 1)
    record.integer(17, 4, 1)
    record.integer(21, 8, 8320)
    record.text(37, 24, "OUTPUT SCALING GAIN")
    record.integer(61, 8, MOST_GAINS)
    record.integer(85, 4, -(-samples // MOST_GAINS))
    for k in range(MOST_GAINS):
        record.real(TABLE_AT + 16 * k, 16, gain, ".8E")
    record.real(8317, 16, 0.0, ".8E")
    return record.done()


def _ordinal(moment: datetime) -> str:
    rounded = moment + timedelta(microseconds=500)
    return f"{rounded:%Y-%j-%H:%M:%S}.{rounded.microsecond // 1000:03}"
