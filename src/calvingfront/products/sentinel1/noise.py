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
MOST_VECTORS = 10_000
# The list of vectors along range and their values, in new and in old products.
_TABLES = (
    ("noiseRangeVectorList/noiseRangeVector", "noiseRangeLut"),
    ("noiseVectorList/noiseVector", "noiseLut"),
)


def thermal_note(noise: XmlFields, calibration: Calibration) -> tuple[str, ...]:
    """A note about the thermal noise, from the vector in the middle of the annotation."""
    for path, values in _TABLES:
        if noise.optional(path) is None:
            continue
        vectors = noise.every(path, 1, MOST_VECTORS)
        middle = vectors[len(vectors) // 2]
        at, power = middle.numbers("pixel", 0, 1e6), middle.numbers(values)
        if at.size != power.size:
            return ()
        gains = np.interp(at, calibration.samples, calibration.gains[len(calibration.gains) // 2])
        return noise_note(power * gains, calibration.kind)
    return ()


def border_note(manifest: XmlFields) -> tuple[str, ...]:
    """A note about low values at the border, if an old processor wrote the product."""
    versions = [
        tuple(int(part) for part in found.groups())
        for element in manifest.element.iter()
        if element.tag.endswith("}software") and "IPF" in element.get("name", "")
        if (found := re.fullmatch(r"(\d{3})\.(\d{2})", element.get("version", ""))) is not None
    ]
    if not versions or max(versions) >= CLEAN_SINCE:
        return ()
    version = "{}.{:02}".format(*max(versions))
    return (
        f"IPF {version}: noise of low values stays at the border of the image, "
        "where newer products have no data",
    )
