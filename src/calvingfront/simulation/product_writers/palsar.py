"""Write a simulated ALOS PALSAR image as JAXA's product: VOL-, LED-, IMG-HH-, TRL-…

Level 1.1 is complex in slant range; its lines are timed at zero Doppler or in the middle of the
beam, as the image's geometry says. Level 1.5 is detected, without timing. Both have polynomials
between pixels and latitude, longitude on the ellipsoid.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.palsar import (
    COMPLEX_OFFSET_DB,
    DOPPLER_AT,
    SLANT_RANGE_AT,
)
from calvingfront.products.ceos.palsar_map import LEVEL_AT
from calvingfront.products.ceos.palsar_polynomials import TO_GROUND_AT, TO_PIXEL_AT
from calvingfront.radar.model import SPEED_OF_LIGHT, DopplerCentroid, SlantRange
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers import ceos_records as ceos
from calvingfront.simulation.product_writers.ground_polynomials import GroundFit, fit_ground

BACKSCATTER = "sigma0"
NOMINAL_FACTOR_DB = -83.0
PREFIX = {"1.1": 412, "1.5": 192}


def write(
    image: RadarImage,
    folder: Path | str,
    annotated: DopplerCentroid | None = None,
    polynomials: bool = True,
) -> Path:
    """Write a level 1.1 (complex) or 1.5 (detected) image into `folder`; return the LED's path.

    annotated: the Doppler centroid that a level 1.1 leader states; None takes the geometry's. A
    real leader states that of the echoes, even if the lines' times are zero-Doppler times.
    polynomials: whether a level 1.1 leader has those between pixels and the ground.
    Line times of level 1.1 are rounded to 1 ms and its near range to 1 m, as in the format.
    Raises ProductError if the format cannot hold the image.
    """
    geometry = ceos.shared_facts(image, BACKSCATTER)
    folder = Path(folder)
    is_complex = bool(np.iscomplexobj(image.values))
    level = "1.1" if is_complex else "1.5"
    if is_complex and not (
        isinstance(geometry.range, SlantRange) and geometry.range.interval_s > 0
    ):
        what = "is not in slant range, or its ranges decrease"
        remedy = "Simulate level 1.1 with increasing slant ranges"
        raise ProductError("simulated PALSAR 1.1 image", what, remedy)
    factor = NOMINAL_FACTOR_DB
    if is_complex:
        scale = 10 ** (-(factor + COMPLEX_OFFSET_DB) / 20)
        values = np.ascontiguousarray(image.values, np.complex64)
        parts = values.view(np.float32).reshape(*values.shape, 2)
        samples = (parts * np.float32(scale)).astype(">f4")
    else:
        largest = ceos.detected_scale(image, 10 ** (-factor / 20))
        factor = float(np.ceil(-20 * np.log10(largest) * 1e3) / 1e3)
        samples = ceos.detected_integers(image, 10 ** (-factor / 20))
    scene = f"ALPSRP{image.acquired:%y%j}0000-H{level}{'__' if is_complex else 'GU'}" + (
        "A" if image.pass_direction == "ascending" else "D"
    )
    lines = image.values.shape[0]
    prefix = PREFIX[level]
    code = (50, 10, 18, 20) if is_complex else (50, 11, 18, 20)
    prefixes = ceos.line_prefixes(image, code, prefix, prefix + samples.nbytes // lines)
    if is_complex:
        near = geometry.range.slant_range(
            np.zeros(lines), geometry.azimuth.time(np.arange(lines, dtype=float))
        )
        ceos.integers_at(prefixes)(SLANT_RANGE_AT, np.round(near))
    ceos.write_imagery(
        folder / f"IMG-{image.polarisation}-{scene}",
        ceos.file_descriptor((50, 192, 18, 18), "ALPSR SARCIMOP"),
        prefixes,
        samples,
        ("COMPLEX REAL*8", "C*8") if is_complex else ("UNSIGNED INTEGER*2", "IU2"),
        prefix,
    )
    files = [("SARL", "SARLEADER FILE"), ("IMOP", "IMAGERY OPTIONS FILE"), ("SART", "TRAILER")]
    ceos.write_bytes(folder / f"VOL-{scene}", ceos.volume_directory(files, scene))
    trailer = ceos.file_descriptor((63, 192, 18, 18), "ALPSR SARCSART")
    ceos.write_bytes(folder / f"TRL-{scene}", trailer.done())
    leader = folder / f"LED-{scene}"
    ceos.write_bytes(leader, _leader(image, level, factor, annotated, polynomials))
    return leader


def _leader(
    image: RadarImage,
    level: str,
    factor: float,
    annotated: DopplerCentroid | None,
    polynomials: bool,
) -> bytes:
    geometry = image.geometry
    summary = ceos.summary(
        image, (18, 10, 18, 20), "ALOS", f"ALOS  -L  -      -{image.polarisation}"
    )
    # Mission-specific: PRF in mHz; the pass direction in the other missions' line-direction field.
    summary.real(935, 16, 1e3 / abs(geometry.azimuth.interval_s))
    summary.text(LEVEL_AT, 16, level)
    summary.text(1535, 8, "ASCEND" if image.pass_direction == "ascending" else "DESCEND")
    across = geometry.range
    if isinstance(across, SlantRange):
        summary.real(711, 16, 1e-6 / across.interval_s)
        doppler = annotated or geometry.doppler
        for at, value in zip(DOPPLER_AT, _by_pixel(doppler, across), strict=True):
            summary.real(at, 16, value, ".7E")
    else:
        summary.real(711, 16, 32.0)
    radiometric = ceos.RecordBuilder(4, (18, 50, 18, 20), 9860)
    radiometric.integer(13, 4, 1)
    radiometric.integer(17, 4, 1)
    radiometric.real(21, 16, factor)
    middle = []
    facility = ceos.RecordBuilder(6, (18, 200, 18, 70), 5000)
    facility.integer(13, 4, 5)
    if level == "1.5" or polynomials:
        fit = fit_ground(image)
        if level == "1.5":
            middle.append(_map_projection(image, fit))
        for start, values in ((TO_GROUND_AT, fit.to_ground), (TO_PIXEL_AT, fit.to_pixel)):
            for k, value in enumerate(values):
                facility.real(start + 20 * k, 20, value, ".12E")
    return b"".join(
        [
            ceos.file_descriptor((11, 192, 18, 18), "ALPSR SARCSARL").done(),
            summary.done(),
            *middle,
            ceos.position_record(image.orbit, 3, (18, 30, 18, 20), 8960, "ECR"),
            radiometric.done(),
            facility.done(),
        ]
    )


def _by_pixel(doppler: DopplerCentroid | None, across: SlantRange) -> list[float]:
    """Doppler centroid (Hz) as a quadratic polynomial of the sample."""
    if doppler is None:
        return [0.0, 0.0, 0.0]
    near, step = (0.5 * SPEED_OF_LIGHT * time for time in (across.first_time_s, across.interval_s))
    by_range = np.polynomial.Polynomial(doppler.coefficients)
    by_sample = by_range(np.polynomial.Polynomial([near - doppler.origin_m, step]))
    return [*by_sample.coef, 0.0, 0.0][:3]


def _map_projection(image: RadarImage, fit: GroundFit) -> bytes:
    record = ceos.RecordBuilder(3, (18, 20, 18, 20), 1620)
    lines, samples = image.values.shape
    record.text(29, 32, "GEOREFERENCE")
    record.integer(61, 16, samples)
    record.integer(77, 16, lines)
    record.real(93, 16, abs(fit.line_spacing_m))
    record.real(109, 16, abs(fit.sample_spacing_m))
    for k, (latitude, longitude) in enumerate(fit.corners):
        record.real(1073 + 32 * k, 16, latitude)
        record.real(1089 + 32 * k, 16, longitude)
    return record.done()
