"""From simulated ground to the map and back: reflectors, overlays, fronts, shadow.

The simulator places energy by the exact geometry of its own orbit; everything from the written
product on is the library's: readers, multilooking, orbit interpolation, lattice, masks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from radar_surfaces import CORNER, flat
from round_trip import Field, inner, peak_offsets, to_map, write_heights

from calvingfront.sar.grid import SPACING_M
from calvingfront.simulation.acquisition import find_mode
from calvingfront.simulation.product_registry import LAYOUTS
from calvingfront.simulation.radar_image import RadarImage
from calvingfront.simulation.radar_render import PointTarget, render_radar
from calvingfront.simulation.radar_surface import Surface
from calvingfront.simulation.radar_view import plan_view

INCIDENCE_DEG = {
    "ERS": 23.0, "ENVISAT": 23.0, "RSAT": 37.0, "PALSAR": 38.7, "TSX": 37.5, "TDX": 37.5,
}  # fmt: skip
# ERS CEOS tells the first line's time in whole milliseconds: 0.5 ms are 3.4 m on the ground
CEOS_CLOCK_M = 0.5e-3 * 6700.0


def take(
    surface: Surface,
    mission: str,
    level: str,
    ascending: bool,
    left: bool = False,
    targets: tuple[PointTarget, ...] = (),
    incidence_deg: float | None = None,
    speckle: bool = True,
) -> RadarImage:
    """One image of the surface, at a time when the mission flew."""
    year = 2009 if mission in ("PALSAR", "TSX", "TDX") else 2004
    angle = INCIDENCE_DEG[mission] if incidence_deg is None else incidence_deg
    acquired = datetime(year, 2, 3, 4, 5, 6, 123_456)
    view = plan_view(surface, find_mode(mission, level), ascending, left, angle, acquired)
    return render_radar(view, surface, np.random.default_rng(5), targets, speckle=speckle)


# --- corner reflectors ----------------------------------------------------------------------------

SIDE_M = 3000.0
PLAIN_M = 40.0
SLOPE = 0.12  # of the right half


@dataclass(frozen=True)
class Field25:
    """Corner reflectors on a plain and on the slope beside it."""

    surface: Surface
    dem: Path
    targets: tuple[PointTarget, ...]
    x: Field
    y: Field
    on_slope: np.ndarray


@pytest.fixture(scope="module")
def reflectors(tmp_path_factory: pytest.TempPathFactory) -> Field25:
    surface = flat(PLAIN_M, level=0.003, side_m=SIDE_M, spacing_m=10.0)

    def height(right: Field) -> Field:
        return PLAIN_M + SLOPE * np.maximum(right - SIDE_M / 2, 0.0)

    _, right = np.mgrid[0:300, 0:300] * 10.0 + 5.0
    surface = replace(surface, heights=height(right).astype(np.float32))
    rng = np.random.default_rng(3)
    lattice = np.meshgrid(540.0 + 480.0 * np.arange(5), 540.0 + 480.0 * np.arange(5))
    # the middle column stays clear of the bend between plain and slope
    across, down = (axis.ravel() + rng.uniform(-60.0, 60.0, 25) for axis in lattice)
    across[2::5] = SIDE_M / 2 + np.where(np.arange(5) % 2, -1.0, 1.0) * (100 + 20 * np.arange(5))
    x, y = CORNER[0] + across, CORNER[1] - down
    to_degrees = Transformer.from_crs(surface.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    targets = tuple(
        PointTarget(lat, lon, h, 1.0e5)
        for lat, lon, h in zip(latitude, longitude, height(across), strict=True)
    )
    dem = write_heights(surface, tmp_path_factory.mktemp("reflectors") / "dem.tif")
    return Field25(surface, dem, targets, x, y, across > SIDE_M / 2)


VIEWS = [
    (mission, level, ascending, False)
    for mission, level in LAYOUTS
    for ascending in (True, False)
    if level != "SSC"
] + [("RSAT", "SGF", True, True), ("RSAT", "SGF", False, True), ("TSX", "SSC", True, False)]


@pytest.mark.parametrize(("mission", "level", "ascending", "left"), VIEWS)
def test_corner_reflectors_come_back_within_a_tenth_of_a_map_pixel(
    mission: str, level: str, ascending: bool, left: bool, reflectors: Field25, tmp_path: Path
) -> None:
    """Each reflector on an image twice as fine, and all on average on the image as it is used.

    Looks averaged to the map's own spacing hold a reflector of one cell in one or two pixels, and
    no estimate of its place is better than the part of a pixel that it fills: only the mean tells.
    """
    image = take(reflectors.surface, mission, level, ascending, left, reflectors.targets)
    spacing = SPACING_M[image.mission]
    area = inner(reflectors.surface, 200.0)
    offsets = []
    for name, step, reach in (("fine", spacing / 2, 8), ("own", spacing, 4)):
        scene = to_map(image, reflectors.dem, area, tmp_path / name, step)
        found = peak_offsets(scene, reflectors.x, reflectors.y, reach, np.median)
        offsets.append(found * step / spacing)
    fine = np.hypot(*offsets[0].T)
    plain, slope = (float(np.median(fine[reflectors.on_slope == side])) for side in (False, True))
    bias = offsets[1].mean(axis=0)
    direction = f"{'ascending' if ascending else 'descending'} {'left' if left else 'right'}"
    print(
        f"REFLECTORS {mission} {level} {direction}: median {np.median(fine):.3f} "
        f"(plain {plain:.3f}, slope {slope:.3f}), greatest {fine.max():.3f}, "
        f"mean at own spacing {bias[0]:+.3f} {bias[1]:+.3f} px of {spacing:.0f} m"
    )
    clock = CEOS_CLOCK_M / spacing if (mission, level) in (("ERS", "SLC"), ("ERS", "PRI")) else 0.0
    assert np.median(fine) < 0.1 + clock
    assert plain < 0.1 + clock
    assert slope < 0.1 + clock
    assert np.hypot(*bias) < 0.1 + clock
