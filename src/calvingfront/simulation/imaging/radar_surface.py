"""The ground that the simulated radar looks at: heights, backscatter and sea on a map."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from calvingfront.radar.model import Array
from calvingfront.simulation.imaging.backscatter import BANDS, ice_level
from calvingfront.simulation.imaging.texture import ice_texture
from calvingfront.simulation.imaging.viewing import look_direction
from calvingfront.simulation.missions import MISSIONS, find_orbit
from calvingfront.simulation.world.glacier import OCEAN, ROCK, Glacier, front_mask
from calvingfront.simulation.world.noise import Field
from calvingfront.simulation.world.sea import add_icebergs, draw_sea_state, sea_level
from calvingfront.simulation.world.terrain import DEM_SPACING_M, RELIEF, resample
from calvingfront.simulation.world.world import World

HEIGHT_SPACING_M = 10.0  # posting of the heights that the facets are cut from


@dataclass(frozen=True)
class Surface:
    """A piece of the Earth on a map; beyond its edges it is mirrored.

    heights: m above the ellipsoid, spacing height_spacing_m; ocean: 1 at sea, where the height is 0
    whatever `heights` says; level: σ0 (m² / m²) at the reference incidence of
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
    """The seed of one scene's random numbers: the same scene always gives the same bits."""
    return [world_seed, zlib.crc32(f"{glacier} {day} {mission} {orbit} radar".encode())]


def smooth_heights(place: Glacier, spacing_m: float) -> Field:
    """The terrain's heights (m) on a finer grid, without the kinks that a radar would see.

    A cubic spline through the terrain's 40 m grid is smoother than a cubic convolution or bilinear
    patches, whose slopes have kinks or jumps.
    """
    ratio = spacing_m / DEM_SPACING_M
    down, right = (
        cubic_spline(nodes, np.clip((np.arange(count) + 0.5) * ratio - 0.5, 0, nodes - 1))
        for nodes, count in zip(place.terrain.dem.shape, place.frame.shape(spacing_m), strict=True)
    )
    return np.asarray(down @ place.terrain.dem @ right.T, dtype=np.float32)


def cubic_spline(nodes: int, places: Array) -> Array:
    """Matrix (places, nodes) from values at 0, 1 … nodes − 1 to those of the cubic spline.

    The third derivative is continuous at the second node from either end ("not-a-knot").
    """
    # equations for the slopes at the nodes: the second derivative has no jumps
    left, right = np.zeros((nodes, nodes)), np.zeros((nodes, nodes))
    inner = np.arange(1, nodes - 1)
    left[inner, inner - 1] = left[inner, inner + 1] = 1.0
    left[inner, inner] = 4.0
    right[inner, inner - 1], right[inner, inner + 1] = -3.0, 3.0
    left[0, :2], left[-1, -2:] = (1.0, 2.0), (2.0, 1.0)
    right[0, :3], right[-1, -3:] = (-2.5, 2.0, 0.5), (-0.5, -2.0, 2.5)
    slopes = np.linalg.solve(left, right)
    before = np.clip(places.astype(int), 0, nodes - 2)
    t = (places - before)[:, np.newaxis]
    values = np.eye(nodes)
    rise = values[before + 1] - values[before]
    bend = (1 - t) * (slopes[before] - rise) - t * (slopes[before + 1] - rise)
    return np.asarray(values[before] + t * rise + t * (1 - t) * bend)


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
    """The surface on a day, with its brightness in a mission's band.

    The levels do not depend on the viewing geometry, except for the painted faces of icebergs.
    quality: 1 best … 6; see sea.draw_sea_state. spacing_m: grid of level and ocean.
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
