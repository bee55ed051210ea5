"""From simulated ground to the map and back: reflectors, overlays, fronts, shadow.

The simulator places energy by the exact geometry of its own orbit; everything from the written
product on is the library's: readers, multilooking, orbit interpolation, lattice, masks.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from radar_surfaces import CORNER, flat
from round_trip import (
    Field,
    Scene,
    edge_offsets,
    inner,
    peak_offsets,
    shift_between,
    to_map,
    write_heights,
)
from scipy.ndimage import gaussian_filter

from calvingfront.radar.view import LAYOVER, SHADOW, VALID
from calvingfront.sar.grid import SPACING_M
from calvingfront.simulation.archive import (
    LEVEL_SPACING_ELSE_M,
    LEVEL_SPACING_M,
    write_dem,
    write_fronts,
)
from calvingfront.simulation.imaging.acquisition import Mode, find_mode
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.imaging.radar_render import PointTarget, render_radar
from calvingfront.simulation.imaging.radar_surface import Surface, surface_of_day
from calvingfront.simulation.imaging.view_planning import plan_view
from calvingfront.simulation.product_writers.registry import LAYOUTS
from calvingfront.simulation.world.world import World

INCIDENCE_DEG = {
    "ERS": 23.0, "ENVISAT": 23.0, "RSAT": 37.0, "PALSAR": 38.7, "TSX": 37.5, "TDX": 37.5,
}  # fmt: skip
ORBITS = {"ERS": "152", "ENVISAT": "152", "RSAT": "282", "PALSAR": "127", "TSX": "110"}
# Annotated line times of ERS CEOS are whole milliseconds: 0.5 ms are 3.4 m on the ground
CEOS_CLOCK_M = 0.5e-3 * 6700.0
# The near range of PALSAR 1.1 is a whole number of metres: 0.5 m are 0.8 m on the ground
PALSAR_RANGE_M = 0.5 / np.sin(np.deg2rad(INCIDENCE_DEG["PALSAR"]))
ACQUIRED = datetime(2004, 2, 3, 4, 5, 6, 123_456)


def take(
    surface: Surface,
    mission: str,
    level: str,
    ascending: bool,
    left: bool = False,
    targets: tuple[PointTarget, ...] = (),
    incidence_deg: float | None = None,
    noise: bool = True,
) -> RadarImage:
    """One image of the surface, with speckle of its own, at a time when the mission flew."""
    year = 2009 if mission in ("PALSAR", "TSX", "TDX") else 2004
    return take_as(
        find_mode(mission, level), surface, ascending, left, targets, incidence_deg, noise,
        acquired=ACQUIRED.replace(year=year),
    )  # fmt: skip


def take_as(
    mode: Mode,
    surface: Surface,
    ascending: bool,
    left: bool = False,
    targets: tuple[PointTarget, ...] = (),
    incidence_deg: float | None = None,
    noise: bool = True,
    acquired: datetime = ACQUIRED,
) -> RadarImage:
    """The same in any mode, at any time."""
    mission, level = mode.mission, mode.level
    angle = INCIDENCE_DEG[mission] if incidence_deg is None else incidence_deg
    view = plan_view(surface, mode, ascending, left, angle, acquired)
    rng = np.random.default_rng(zlib.crc32(f"{mission} {level} {ascending} {left}".encode()))
    return render_radar(view, surface, rng, targets, noise=noise)


# --- corner reflectors ----------------------------------------------------------------------------

SIDE_M = 3000.0
PLAIN_M = 40.0
SLOPE = 0.12  # of the right half


@dataclass(frozen=True)
class Reflectors:
    """Corner reflectors on a plain and on the slope beside it."""

    surface: Surface
    dem: Path
    targets: tuple[PointTarget, ...]
    x: Field
    y: Field
    on_slope: np.ndarray


@pytest.fixture(scope="module")
def reflectors(tmp_path_factory: pytest.TempPathFactory) -> Reflectors:
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
    return Reflectors(surface, dem, targets, x, y, across > SIDE_M / 2)


VIEWS = [
    (mission, level, ascending, False)
    for mission, level in LAYOUTS
    for ascending in (True, False)
    if level != "SSC"
] + [("RSAT", "SGF", True, True), ("RSAT", "SGF", False, True), ("TSX", "SSC", True, False)]


@pytest.mark.parametrize(("mission", "level", "ascending", "left"), VIEWS)
def test_corner_reflectors_come_back_within_a_tenth_of_a_map_pixel(
    mission: str,
    level: str,
    ascending: bool,
    left: bool,
    reflectors: Reflectors,
    tmp_path: Path,
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
    most = 0.1 + (PALSAR_RANGE_M / spacing if level == "1.1" else 0.0)
    assert np.median(fine) < most
    assert plain < most
    assert slope < most
    assert np.hypot(*bias) < most


@pytest.mark.parametrize("doppler_hz", [0.0, -300.0])
def test_reflectors_of_palsar_1_1_come_back_at_zero_doppler_and_far_from_it(
    doppler_hz: float, reflectors: Reflectors, tmp_path: Path
) -> None:
    """At 60 Hz, as others are simulated, it is 800 m along the track; at −300 Hz, 4 km."""
    mode = replace(find_mode("PALSAR", "1.1"), doppler_hz=doppler_hz)
    spacing = SPACING_M["PALSAR"]
    acquired = ACQUIRED.replace(year=2009)
    image = take_as(mode, reflectors.surface, True, False, reflectors.targets, acquired=acquired)
    area = inner(reflectors.surface, 200.0)
    scene = to_map(image, reflectors.dem, area, tmp_path, spacing / 2)
    offsets = np.hypot(*peak_offsets(scene, reflectors.x, reflectors.y, 8, np.median).T) / 2
    assert np.median(offsets) < 0.1 + PALSAR_RANGE_M / spacing


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("level", ["SLC", "PRI"])
def test_reflectors_of_an_ers_scene_timed_in_milliseconds_come_back_in_the_median_of_its_phases(
    level: str, ascending: bool, reflectors: Reflectors, tmp_path: Path
) -> None:
    """State vectors that begin elsewhere, as in the ERS-2 leader, leave the rounded line times.

    Where within a millisecond an image begins is chance. An unlucky phase may be off by all of the
    rounding; the median of phases may not.
    """
    mode = replace(find_mode("ERS", level), vector_spacing_s=4.167)
    spacing = SPACING_M["ERS"]
    area = inner(reflectors.surface, 200.0)
    found = []
    for microseconds in (0, 250, 500, 750):
        start = ACQUIRED + timedelta(microseconds=microseconds)
        image = take_as(
            mode, reflectors.surface, ascending, False, reflectors.targets, acquired=start
        )
        scene = to_map(image, reflectors.dem, area, tmp_path / str(microseconds), spacing / 2)
        offsets = peak_offsets(scene, reflectors.x, reflectors.y, 8, np.median) / 2
        found.append(np.hypot(*offsets.T))
    each = np.median(found, axis=1)
    print(
        f"PHASES ERS {level} {'ascending' if ascending else 'descending'}: "
        f"median {np.median(found):.3f}, of each phase {', '.join(f'{m:.3f}' for m in each)}"
    )
    assert np.median(found) < 0.1
    assert each.max() < 0.1 + CEOS_CLOCK_M / spacing


# --- overlays -------------------------------------------------------------------------------------

View = tuple[str, str, bool, bool]  # mission, level, ascending, left
ERS_DOWN: View = ("ERS", "IMP", False, False)
ERS_UP: View = ("ERS", "IMP", True, False)
ENVISAT_DOWN: View = ("ENVISAT", "IMS", False, False)
RSAT_DOWN: View = ("RSAT", "SGF", False, False)
RSAT_UP: View = ("RSAT", "SGF", True, False)
RSAT_LEFT: View = ("RSAT", "SGF", True, True)
TSX_DOWN: View = ("TSX", "MGD", False, False)
PALSAR_SLANT: View = ("PALSAR", "1.1", True, False)
PALSAR_MAP: View = ("PALSAR", "1.5", True, False)


@pytest.fixture(scope="module")
def hills(tmp_path_factory: pytest.TempPathFactory) -> dict[View, Scene]:
    """The same hilly ground as each view brings it to one map of 20 m."""
    rng = np.random.default_rng(11)

    def smooth(shape: tuple[int, int], sigma: float) -> Field:
        field = gaussian_filter(rng.standard_normal(shape), sigma, mode="reflect")
        return np.asarray(field / field.std())

    surface = flat(side_m=4000.0, spacing_m=5.0)
    surface = replace(
        surface,
        heights=(250.0 + 40.0 * smooth((400, 400), 60.0)).astype(np.float32),
        level=(0.1 * 10 ** (0.4 * smooth((800, 800), 8.0))).astype(np.float32),
    )
    folder = tmp_path_factory.mktemp("hills")
    dem, area = write_heights(surface, folder / "dem.tif"), inner(surface, 300.0)
    views = (
        ERS_DOWN, ERS_UP, ENVISAT_DOWN, RSAT_DOWN, RSAT_UP, RSAT_LEFT, TSX_DOWN, PALSAR_SLANT,
        PALSAR_MAP,
    )  # fmt: skip
    return {
        view: to_map(take(surface, *view), dem, area, folder / str(number), 20.0)
        for number, view in enumerate(views)
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ERS_DOWN, ENVISAT_DOWN),
        (RSAT_DOWN, TSX_DOWN),
        (ERS_UP, PALSAR_SLANT),
        (PALSAR_SLANT, PALSAR_MAP),
        (ERS_UP, ERS_DOWN),
        (RSAT_UP, RSAT_LEFT),
    ],
)
def test_two_views_of_the_same_ground_lie_on_each_other(
    one: View, other: View, hills: dict[View, Scene]
) -> None:
    """Two missions, two levels, two passes, two look sides: the relief shifts each differently."""
    shift, likeness = shift_between(hills[one], hills[other])
    print(f"OVERLAY {one} {other}: {shift[0]:+.2f} {shift[1]:+.2f} px, r = {likeness:.2f}")
    assert likeness > 0.8  # else the shift would say nothing
    assert np.hypot(*shift) < 0.3


# --- fronts ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def terrain_model(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fronts") / "dem.tif"
    write_dem(world, path)
    return path


@pytest.mark.parametrize(
    ("mission", "level", "ascending", "left"),
    [
        ("ERS", "IMP", False, False),
        ("ENVISAT", "IMS", True, False),
        ("RSAT", "SGF", True, True),
        ("RSAT", "SGF", False, False),
        ("PALSAR", "1.5", True, False),
        ("TSX", "MGD", True, False),
        ("TSX", "MGD", False, False),
    ],
)
def test_the_front_lies_on_the_edge_between_ice_and_water(
    mission: str,
    level: str,
    ascending: bool,
    left: bool,
    world: World,
    terrain_model: Path,
    tmp_path: Path,
) -> None:
    """The world's terrain and front, under ice and water of one backscatter each.

    Seen from the sea, cliff, ice and sea add up behind the edge; seen from the land, the sea before
    it lies in shadow. Both change at the cliff's upper edge, whose height the terrain model has.
    """
    import geopandas
    import pandas as pd

    glacier = world.glaciers[0]
    year = 2009 if mission in ("PALSAR", "TSX") else 2004
    rows = pd.DataFrame([{"scene": "one", "glacier": glacier, "acquired": f"{year}-02-03"}])
    write_fronts(world, rows, tmp_path / "fronts.gpkg")
    front = geopandas.read_file(tmp_path / "fronts.gpkg").geometry.iloc[0]
    line = np.array(max(front.geoms, key=lambda part: part.length).coords)
    day = datetime(year, 2, 3).date()
    spacing = LEVEL_SPACING_M.get(mission, LEVEL_SPACING_ELSE_M)
    rng = np.random.default_rng(1)
    surface = surface_of_day(world, glacier, mission, day, ORBITS[mission], 1, spacing, rng)
    level_of = np.where(surface.ocean > 0, np.float32(0.01), np.float32(0.2))
    image = take(replace(surface, level=level_of), mission, level, ascending, left)
    scene = to_map(image, terrain_model, inner(surface, 100.0), tmp_path)
    offsets = edge_offsets(scene, line)
    median, most = float(np.median(offsets)), float(np.percentile(np.abs(offsets), 90))
    print(
        f"FRONT {mission} {level} {'ascending' if ascending else 'descending'} "
        f"{'left' if left else 'right'}: median {median:+.2f}, 90 % within {most:.2f} px "
        f"of {scene.spacing_m:.0f} m, {offsets.size} places"
    )
    assert offsets.size > 100
    assert abs(median) < 0.3
    assert most < 1.0


# --- shadow ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mission", "level", "ascending", "left"),
    [
        ("ENVISAT", "IMP", True, False),
        ("RSAT", "SGF", True, True),
        ("RSAT", "SGF", True, False),
        ("RSAT", "SGF", False, False),
        ("PALSAR", "1.5", True, False),
        ("TSX", "MGD", False, False),
    ],
)
def test_what_the_radar_does_not_reach_has_the_code_of_shadow(
    mission: str, level: str, ascending: bool, left: bool, tmp_path: Path
) -> None:
    """A steep ridge, without thermal noise: no energy at all comes from the ground behind it."""
    surface = flat(level=0.2, side_m=4000.0, spacing_m=10.0)
    down, right = np.mgrid[0:400, 0:400] * 10.0 + 5.0 - 2000.0
    ridge = 600.0 * np.exp(-((right + 100.0) ** 2 + down**2) / 300.0**2)
    ridge += 500.0 * np.exp(-((right - 250.0) ** 2 + (down - 200.0) ** 2) / 260.0**2)
    surface = replace(surface, heights=ridge.astype(np.float32))
    dem = write_heights(surface, tmp_path / "dem.tif")
    image = take(surface, mission, level, ascending, left, (), 44.0, noise=False)
    scene = to_map(image, dem, inner(surface, 200.0), tmp_path)
    dark = scene.backscatter == 0
    agreement = float(np.mean(scene.view[dark] == SHADOW))
    share = float(np.mean(dark[scene.view == SHADOW]))
    print(
        f"SHADOW {mission} {level} {'ascending' if ascending else 'descending'} "
        f"{'left' if left else 'right'}: {agreement:.3f} of {dark.sum()} dark pixels are shadow, "
        f"{share:.3f} of {np.sum(scene.view == SHADOW)} shadow pixels are dark"
    )
    assert dark.sum() > 200
    assert agreement >= 0.9
    # the rest shares its slant range with lit ground, or a pixel with it
    assert share > 0.6
    assert not np.isnan(scene.backscatter).any()
    assert np.mean(dark[scene.view == VALID]) < 0.002
    # where the ridge faces the radar, several places share a pixel and their energies add up
    flat_ground = np.median(scene.backscatter[scene.view == VALID])
    assert np.median(scene.backscatter[scene.view == LAYOVER]) > 2 * flat_ground
