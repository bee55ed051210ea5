"""The ground that the simulated radar looks at: heights, backscatter and sea on a map."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RectBivariateSpline

from calvingfront.simulation.backscatter import BANDS, ice_level
from calvingfront.simulation.missions import MISSIONS, find_orbit
from calvingfront.simulation.noise import Field
from calvingfront.simulation.render import ice_texture
from calvingfront.simulation.sea import add_icebergs, draw_sea_state, sea_level
from calvingfront.simulation.terrain import DEM_SPACING_M, RELIEF, resample
from calvingfront.simulation.viewing import look_direction
from calvingfront.simulation.world import OCEAN, ROCK, Glacier, World, front_mask

HEIGHT_SPACING_M = 10.0  # posting of the heights that the facets are cut from


@dataclass(frozen=True)
class Surface:
    """A piece of the Earth on a map; beyond its edges it goes on as in a mirror.

    heights: m above the ellipsoid, spacing height_spacing_m; ocean: 1 where the sea stands, at
    height 0 whatever `heights` says there; level: σ0 (m² / m²) at the reference incidence of
    `backscatter`, on the same grid as ocean, spacing level_spacing_m. Both grids fill the same
    rectangle, whose upper left corner is upper_left (x, y in m).
    """

    crs: str
    upper_left: tuple[float, float]
    heights: Field
    height_spacing_m: float
    level: Field
    ocean: npt.NDArray[np.uint8]
    level_spacing_m: float

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the rectangle, m."""
        rows, columns = self.level.shape
        return columns * self.level_spacing_m, rows * self.level_spacing_m

    @property
    def centre(self) -> tuple[float, float]:
        """Map x, y of the rectangle's middle, m."""
        width, height = self.size_m
        return self.upper_left[0] + width / 2, self.upper_left[1] - height / 2


def scene_seed(world_seed: int, glacier: str, day: date, mission: str, orbit: str) -> list[int]:
    """What the random numbers of one scene start from: the same scene, the same bits."""
    return [world_seed, zlib.crc32(f"{glacier} {day} {mission} {orbit} radar".encode())]


def smooth_heights(place: Glacier, spacing_m: float) -> Field:
    """The terrain's heights (m) on a finer grid, without the kinks that a radar would see.

    A cubic spline through the 40 m of the terrain: its slopes have no jumps, as those of a cubic
    convolution or of bilinear patches have.
    """
    rows, columns = place.terrain.dem.shape
    down, right = np.arange(rows), np.arange(columns)
    spline = RectBivariateSpline(down, right, place.terrain.dem)
    ratio = spacing_m / DEM_SPACING_M
    shape = place.frame.shape(spacing_m)
    i, j = ((np.arange(count) + 0.5) * ratio - 0.5 for count in shape)
    fine = spline(np.clip(i, 0, rows - 1), np.clip(j, 0, columns - 1))
    return np.asarray(fine, dtype=np.float32)


def surface_of_day(
    world: World,
    glacier: str,
    mission: str,
    day: date,
    orbit: str,
    quality: int,
    spacing_m: float,
    rng: np.random.Generator,
) -> Surface:
    """The surface on a day, as bright as a mission's band finds it.

    The world's own levels, without any effect of the viewing geometry save the painted faces of
    icebergs. quality: 1 best … 6; see sea.draw_sea_state. spacing_m: grid of level and ocean.
    Raises SceneError for a day outside the simulated years.
    """
    place, instrument = world[glacier], MISSIONS[mission]
    zones = place.classes(day, spacing_m)
    shape = zones.shape
    heights = smooth_heights(place, HEIGHT_SPACING_M)
    share = np.clip(place.terrain.dem / (RELIEF * place.frame.extent_m), 0.0, 1.0)
    land = resample(ice_level(instrument.band, day, share), DEM_SPACING_M, shape, spacing_m)
    seaward = place.fine(place.seaward(day), spacing_m)
    land += ice_texture(place, seaward, instrument.band, spacing_m, shape)
    levels = BANDS[instrument.band]
    land[zones == ROCK] += np.float32(levels.rock - levels.ice_winter)
    at_front = land[front_mask(zones)]
    ice_db = float(np.median(at_front)) if at_front.size else levels.ice_winter
    state = draw_sea_state(instrument.band, day, ice_db, quality, rng)
    water, melange = sea_level(state, seaward, spacing_m, rng)
    ocean = zones == OCEAN
    look = look_direction(find_orbit(mission, orbit), place.frame.longitude_rad)
    water = add_icebergs(water, ocean, melange, spacing_m, look, rng)
    level = 10.0 ** (np.where(ocean, water, land) / np.float32(10.0))
    return Surface(
        World.crs,
        (place.frame.upper_left_x, place.frame.upper_left_y),
        heights,
        HEIGHT_SPACING_M,
        level.astype(np.float32),
        ocean.astype(np.uint8),
        spacing_m,
    )
