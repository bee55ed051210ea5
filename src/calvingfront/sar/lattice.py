"""The range-Doppler solution on a coarse lattice of the map, for any height.

Line and sample vary smoothly with position and height: the exact solution at every 32nd pixel,
interpolated bilinearly and quadratic in height, is accurate to a hundredth of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calvingfront.orbits.earth import to_earth_fixed, vertical
from calvingfront.orbits.orbit import Orbit
from calvingfront.radar.model import Array, MapGeometry, RadarGeometry
from calvingfront.sar.geometry import to_line_sample
from calvingfront.sar.grid import MapGrid

STEP_PX = 32
FINE_SPACING_M, FINE_STEP_M = 10.0, 160.0  # sharper images need a denser lattice
LEAST_SPAN_M = 100.0  # of the three heights, so that the quadratic is well determined


@dataclass(frozen=True)
class Lattice:
    """Line and sample as polynomials of u = (h − height_m) / half_span_m at each node.

    Node (i, j) lies on the centre of map pixel (i · step, j · step).
    coefficients: (rows, columns, 6) = line c0, c1, c2, sample c0, c1, c2; NaN where the radar does
    not pass within the orbit's span.
    """

    step: int
    height_m: float
    half_span_m: float
    coefficients: Array


def solve_lattice(
    grid: MapGrid,
    heights_m: tuple[float, float],
    orbit: Orbit,
    geometry: RadarGeometry | MapGeometry,
    shape: tuple[int, int],
) -> Lattice:
    """Solve the nodes of the grid's lattice for three heights.

    heights_m: lowest and highest height to be used; shape: of the image.
    """
    step = STEP_PX
    if grid.spacing_m < FINE_SPACING_M:
        step = max(1, min(STEP_PX, int(FINE_STEP_M / grid.spacing_m)))
    rows = step * np.arange((grid.height - 1) // step + 2)
    columns = step * np.arange((grid.width - 1) // step + 2)
    mesh = np.meshgrid(rows, columns, indexing="ij")
    longitude, latitude = grid.to_geographic(*grid.centre(mesh[0].ravel(), mesh[1].ravel()))
    middle = (heights_m[0] + heights_m[1]) / 2
    half = max(heights_m[1] - heights_m[0], LEAST_SPAN_M) / 2
    ground = to_earth_fixed(longitude, latitude, np.zeros(longitude.shape))
    upward = vertical(longitude, latitude)
    guess = None
    found = []
    for height in (middle, middle - half, middle + half):
        points = ground + height * upward
        line, sample, time = to_line_sample(points, orbit, geometry, shape, guess)
        guess = time  # a first guess for the next height: height hardly moves it
        found.append((line, sample))
    (line, sample), (line_low, sample_low), (line_high, sample_high) = found
    coefficients = np.stack(
        [
            line,
            (line_high - line_low) / 2,
            (line_high + line_low) / 2 - line,
            sample,
            (sample_high - sample_low) / 2,
            (sample_high + sample_low) / 2 - sample,
        ],
        axis=-1,
    )
    return Lattice(step, middle, half, coefficients.reshape(len(rows), len(columns), 6))
