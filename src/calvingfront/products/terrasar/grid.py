"""GEOREF.xml of TerraSAR-X and TanDEM-X: ground control points, and the delays in the times.

The annotated times include the signal's delay in ionosphere and atmosphere and a known shift of the
clock; the grid gives both. In a real scene they explain the whole difference between orbit and
grid: 2.21 m in range and 1.37 m in azimuth. Source: DLR TX-GS-DD-3307.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from calvingfront.products.reading import fault, finite
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import Array

MOST_POINTS = 200_000
MOST_EFFECTS = 20
LARGEST_DELAY_S = 1e-6  # 150 m
LARGEST_SHIFT_S = 1e-2  # 70 m


@dataclass(frozen=True)
class GeoreferenceGrid:
    """Annotated times of points, and the delays to subtract from them.

    azimuth_s: (n,) since the orbit's epoch; slant_range_s: (n,) two-way; latitude, longitude: (n,)
    degrees; height: (n,) m above the ellipsoid. row, column: (n,) from 1, of the image, rounded;
    NaN where the grid does not give them.
    """

    azimuth_s: Array
    slant_range_s: Array
    latitude: Array
    longitude: Array
    height: Array
    row: Array
    column: Array
    azimuth_shift_s: float
    range_delay_s: float


def read_grid(root: XmlFields, epoch: datetime) -> GeoreferenceGrid:
    """Read the document; `epoch` is the orbit's."""
    reference = root.one("geolocationGrid/gridReferenceTime")
    first_s = (reference.utc("tReferenceTimeUTC") - epoch).total_seconds()
    first_range_s = reference.number("tauReferenceTime", 1e-4, 1e-1)
    points = root.every("geolocationGrid/gridPoint", 4, MOST_POINTS)

    def column(name: str, low: float, high: float) -> Array:
        try:
            values = [float(point.element.findtext(name, "")) for point in points]
        except ValueError:
            field = f"gridPoint/{name}"
            raise fault(
                root.path, field, "is missing or not a number in one of the points"
            ) from None
        return finite(values, root.path, f"gridPoint/{name}", low, high)

    def whole(name: str) -> Array:
        if any(point.element.find(name) is None for point in points):
            return np.full(len(points), np.nan)
        return column(name, -1e6, 1e6)

    return GeoreferenceGrid(
        azimuth_s=first_s + column("t", -1e3, 1e4),
        slant_range_s=first_range_s + column("tau", -1e-2, 1e-1),
        latitude=column("lat", -90, 90),
        longitude=column("lon", -360, 360),
        height=column("height", -1e3, 1e4),
        row=whole("row"),
        column=whole("col"),
        azimuth_shift_s=_sum(root, "azimuthShift", LARGEST_SHIFT_S),
        range_delay_s=_sum(root, "rangeDelay", LARGEST_DELAY_S),
    )


def _sum(root: XmlFields, name: str, largest_s: float) -> float:
    """The sum of an effect's constant terms; higher degrees, which are not in use, are refused."""
    total = 0.0
    for effect in root.every(f"signalPropagationEffects/{name}", 0, MOST_EFFECTS):
        coefficients = effect.polynomial()
        if np.any(coefficients[1:]):
            what = "varies across the swath, which is not supported"
            raise fault(root.path, effect.at, what, "Remove GEOREF.xml from the product.")
        finite(coefficients, root.path, effect.at, -largest_s, largest_s)
        total += float(coefficients[0])
    return total
