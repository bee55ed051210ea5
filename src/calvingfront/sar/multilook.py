"""Calibrate and multilook a product's pixels to intensity in radar geometry."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from calvingfront.errors import GeocodingError, ProductError
from calvingfront.radar.model import (
    Array,
    Calibration,
    MapGeometry,
    Product,
    RadarGeometry,
    StateVectors,
)
from calvingfront.sar.coverage import Window, bounds_text, image_window, not_covered, scene_grid
from calvingfront.sar.grid import SPACING_M, Bounds, MapGrid
from calvingfront.sar.kernels import Float32, edge_zeros, multilook_rows, over_rows
from calvingfront.sar.looks import averaged

BLOCK_PIXELS = 400_000  # read at once by each thread: 3 MB of complex numbers fit in the cache


@dataclass(frozen=True)
class Multilooked:
    """An intensity image in radar geometry, with everything that geocoding needs.

    intensity: (lines, samples) float32, linear `kind`, NaN = no data; the whole image, or its part
    `part`. geometry: of the whole image's pixels, not of the product's. looks: averaged in azimuth
    and range. facts: of the product, for the tags. whole: lines and samples of the whole image;
    None if `intensity` is that.
    """

    intensity: Float32
    kind: Literal["beta0", "sigma0"]
    orbit: StateVectors
    geometry: RadarGeometry | MapGeometry
    looks: tuple[int, int]
    mean_height_m: float = float("nan")
    facts: dict[str, str] = field(default_factory=dict)
    part: Window | None = None
    whole: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples of the whole image."""
        return self.whole or (self.intensity.shape[0], self.intensity.shape[1])

    @property
    def window(self) -> Window:
        """The part of the whole image that `intensity` is."""
        return self.part or Window(0, self.shape[0], 0, self.shape[1])

    @property
    def name(self) -> str:
        """Of the product, for messages."""
        return self.facts.get("product", "scene")


def multilook(
    product: Product,
    spacing_m: float | None = None,
    threads: int = 1,
    grid: MapGrid | None = None,
) -> Multilooked:
    """Read a product once, calibrate it and average it to about `spacing_m` on the ground.

    spacing_m: of the map to be made; None takes the mission's default.
    grid: of that map, for which only the lines and samples that it can need are read and kept, with
    the values that they have in the whole image.
    Lines of zeros, lines that repeat the one before, zeros at a line's ends and NaN are no data;
    an averaged pixel is the mean of its data if these fill at least half of it. Lines and samples
    at the end that do not fill a whole pixel are left out. The product's reader is called by one
    thread at a time unless its attribute `concurrent` is True.
    Raises ProductError if the reader returns the wrong number of pixels, or none contain data;
    GeocodingError if it shows nothing of the map, or has no data there.
    """
    spacing_m = SPACING_M[product.mission] if spacing_m is None else spacing_m
    image = averaged(product, spacing_m)
    looks, window = image.looks, Window(0, image.shape[0], 0, image.shape[1])
    if grid is not None:
        part = image_window(image, grid)
        if part is None:
            raise not_covered(product.path.name, grid)
        window = part
    intensity = np.empty(window.shape, np.float32)
    # The samples of the part; lines are read whole, since zeros are no data at their ends only.
    left, right = window.first_sample * looks[1], window.last_sample * looks[1]
    gains = _Gains(product.calibration, looks, window)
    # A file handle serves one thread at a time, unless the reader opens one for each call.
    shared = getattr(product.pixels, "concurrent", False)
    one_reader = nullcontext() if shared else threading.Lock()

    def work(first: int, last: int) -> None:
        start, stop = ((window.first_line + line) * looks[0] for line in (first, last))
        before = min(start, 1)  # one more line, to detect repeated lines across blocks
        with one_reader:
            block = product.pixels.read(start - before, stop - start + before)
        if block.shape != (stop - start + before, product.shape[1]):
            raise ProductError(
                product.path,
                f"returned {block.shape} pixels for lines {start - before} to {stop - 1}",
                "Fetch the product again: it is shorter than its header says.",
            )
        if not before:
            block = np.concatenate([np.zeros_like(block[:1]), block])
        edges = np.empty((len(block), 2), np.int64)
        edge_zeros(block, edges)
        cells = block[1:] if grid is None else np.ascontiguousarray(block[1:, left:right])
        multilook_rows(cells, edges[1:] - left, looks[0], looks[1], intensity[first:last])
        gains.apply(intensity[first:last], first)

    rows = max(1, BLOCK_PIXELS // (product.shape[1] * looks[0]))
    over_rows(work, len(intensity), rows, threads)
    if not np.isfinite(intensity).any():
        if grid is not None:
            what = f"has no data in the map area {bounds_text(grid.bounds)} in {grid.crs}"
            raise GeocodingError(product.path.name, what, "Leave the scene out, or fetch it again.")
        raise ProductError(product.path, "contains no data", "Fetch the product again.")
    return Multilooked(
        intensity,
        product.calibration.kind,
        product.orbit,
        image.geometry,
        looks,
        product.mean_height_m,
        product_facts(product),
        window,
        image.shape,
    )


def multilook_area(
    product: Product, spacing_m: float, crs: str, area: Bounds | None, threads: int = 1
) -> Multilooked:
    """Multilook what a map of `area` (left, bottom, right, top, m, in crs) needs; all without one.

    Raises what `multilook` raises; GeocodingError, too, if the scene does not overlap the area.
    """
    if area is None:
        return multilook(product, spacing_m, threads)
    grid = scene_grid(product, crs, spacing_m, area, product.path.name)
    return multilook(product, spacing_m, threads, grid)


def product_facts(product: Product) -> dict[str, str]:
    """The facts about a product that become tags of the map."""
    return {
        "product": product.path.name,
        "format": product.format,
        "mission": product.mission,
        "platform": product.platform,
        "level": product.level,
        "acquired": product.acquired.isoformat(),
        "polarisation": product.polarisation,
        "pass_direction": product.pass_direction,
        "look_side": product.geometry.look_side,
        "beam": product.beam,
        "orbit_source": product.orbit.source,
        "notes": "; ".join(product.notes),
    }


class _Gains:
    """(|DN|² + offset) · gain, with the gain at the averaged pixels' centres: it varies slowly."""

    def __init__(self, calibration: Calibration, looks: tuple[int, int], window: Window) -> None:
        self.calibration = calibration
        self.looks = looks
        self.first_line = window.first_line
        centre = (looks[1] - 1) / 2
        centres = np.arange(window.first_sample, window.last_sample) * looks[1] + centre
        self.across = np.stack(
            [np.interp(centres, calibration.samples, row) for row in calibration.gains]
        )

    def apply(self, intensity: Float32, first: int) -> None:
        """Calibrate rows first … of the window in place."""
        intensity += np.float32(self.calibration.offset)
        if self.calibration.gains.size == 1:
            intensity *= np.float32(self.calibration.gains[0, 0])
            return
        intensity *= self._rows(self.first_line + first + np.arange(len(intensity)))

    def _rows(self, rows: npt.NDArray[Any]) -> Float32:
        lines = self.calibration.lines
        centres = rows * self.looks[0] + (self.looks[0] - 1) / 2
        place: Array = np.interp(centres, lines, np.arange(len(lines), dtype=np.float64))
        low = np.clip(place.astype(int), 0, max(0, len(lines) - 2))
        high = np.minimum(low + 1, len(lines) - 1)
        share = (place - low)[:, np.newaxis]
        gains = self.across[low] + share * (self.across[high] - self.across[low])
        return np.asarray(gains, dtype=np.float32)
