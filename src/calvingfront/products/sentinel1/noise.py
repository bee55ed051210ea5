"""What noise a Sentinel-1 product contains: thermal noise everywhere, low values at its border.

Before IPF 2.90 (March 2018) the processor left noise of low values outside the swath, where later
products hold zeros, which are no data: a dark fringe of up to some hundred pixels at the borders.
Source: ESA MPC-0243 (masking "no-value" pixels on GRD products) and MPC-0392 (thermal denoising).
"""

from __future__ import annotations

import re

import numpy as np

from calvingfront.products.noise import noise_note
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import Calibration

CLEAN_SINCE = (2, 90)  # version of the processor
SCALED_SINCE = (2, 50)  # since then the noise is annotated in squared numbers of the image
SUBTRACTED = "imageAnnotation/processingInformation/thermalNoiseCorrectionPerformed"
MOST_VECTORS = 10_000
# The list of vectors along range and their values, in new and in old products.
_TABLES = (
    ("noiseRangeVectorList/noiseRangeVector", "noiseRangeLut"),
    ("noiseVectorList/noiseVector", "noiseLut"),
)


def noise_notes(
    annotation: XmlFields,
    manifest: XmlFields,
    noise: XmlFields | None,
    calibration: Calibration,
) -> tuple[str, ...]:
    """Notes about the noise of a product.

    noise: its annotation of noise, if it has one. calibration: of the image. Raises ProductError if
    a document is damaged.
    """
    version = _processor_version(manifest)
    performed = annotation.optional(SUBTRACTED) is not None
    subtracted = performed and annotation.choice(SUBTRACTED, {"TRUE": True, "FALSE": False})
    return _border_note(version) + _thermal_note(noise, calibration, version, subtracted)


def _processor_version(manifest: XmlFields) -> tuple[int, int] | None:
    """The version of the instrument processing facility (IPF), the newest if there are several."""
    versions = [
        (int(found[1]), int(found[2]))
        for element in manifest.element.iter()
        if element.tag.endswith("}software") and "IPF" in element.get("name", "")
        if (found := re.fullmatch(r"(\d{3})\.(\d{2})", element.get("version", ""))) is not None
    ]
    return max(versions, default=None)


def _thermal_note(
    noise: XmlFields | None,
    calibration: Calibration,
    version: tuple[int, int] | None,
    subtracted: bool,
) -> tuple[str, ...]:
    """A note about the thermal noise, with its level from the middle of the annotation.

    subtracted: whether the processor did it. The scale of the annotation of old ones is unknown.
    """
    if subtracted:
        return ("thermal noise was subtracted by the processor",)
    if noise is None or (version is not None and version < SCALED_SINCE):
        return ("thermal noise stays in the image",)
    for path, values in _TABLES:
        if noise.optional(path) is None:
            continue
        vectors = noise.every(path, 1, MOST_VECTORS)
        middle = vectors[len(vectors) // 2]
        at, power = middle.numbers("pixel", 0, 1e6), middle.numbers(values)
        if at.size == power.size:
            row = calibration.gains[len(calibration.gains) // 2]
            gains = np.interp(at, calibration.samples, row)
            return noise_note(power * gains, calibration.kind)
    return ()


def _border_note(version: tuple[int, int] | None) -> tuple[str, ...]:
    """A note about low values at the border, if an old processor wrote the product."""
    if version is None or version >= CLEAN_SINCE:
        return ()
    return (
        f"IPF {version[0]}.{version[1]:02}: noise of low values stays at the border of the image, "
        "where newer products have no data",
    )
