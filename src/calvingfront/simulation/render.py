"""One 8-bit map image of the simulated world, as a mission would have seen it on a day."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.files import PathLike, replacing
from calvingfront.simulation.backscatter import BANDS, angle_term, ice_level
from calvingfront.simulation.missions import MISSIONS, Mission, Orbit, find_orbit
from calvingfront.simulation.noise import Field
from calvingfront.simulation.sea import add_icebergs, draw_sea_state, sea_level
from calvingfront.simulation.speckle import draw_speckle
from calvingfront.simulation.terrain import (
    CLIFF_M,
    DEM_SPACING_M,
    RELIEF,
    TEXTURE_SPACING_M,
    resample,
)
from calvingfront.simulation.viewing import View, look_direction, view_terrain
from calvingfront.simulation.world import OCEAN, ROCK, Glacier, World, front_mask

VIEW_SPACING_M = 20.0  # grid of slopes, shadow and layover
GREY_PER_UNIT = 330.0  # grey level of σ0 = 1: glacier ice falls at about 45, facing slopes saturate
BORDER_CHANCE = 0.35
BLACK_DB = -40.0
VOID_BLUR_M = 90.0  # layover smaller than this is not resolved by the DEM of a geocoder


@dataclass(frozen=True)
class Scene:
    """A rendered scene: 8-bit image, zones (0 no data, 64 rock, 127 glacier, 254 ocean), front."""

    image: npt.NDArray[np.uint8]
    zones: npt.NDArray[np.uint8]
    front: npt.NDArray[np.bool_]


def render_scene(
    world: World,
    glacier: str,
    mission: str,
    acquired: date,
    orbit: str,
    quality: int = 1,
    border: bool | None = None,
) -> Scene:
    """Render one scene at the mission's pixel size; the same arguments give the same bytes.

    quality: 1 best … 6; a poorer image has less contrast at the front and more noise.
    border:  with a no-data border or without; None draws it.
    """
    instrument, track = MISSIONS[mission], find_orbit(mission, orbit)
    place = world[glacier]
    key = zlib.crc32(f"{glacier} {acquired} {mission} {orbit}".encode())
    rng = np.random.default_rng([world.seed, key])
    look = look_direction(track, place.frame.longitude_rad)
    pixel = instrument.pixel_size_m
    zones = place.classes(acquired, pixel)
    front = front_mask(zones)
    level, hidden = _backscatter(
        place, acquired, instrument, track, look, zones, front, quality, rng
    )
    calibration = rng.normal(0.0, 1.3)
    intensity = _power(level) * draw_speckle(zones.shape, instrument.looks, rng)
    noise = 10 ** ((instrument.noise_db + 0.7 * (quality - 1)) / 10)
    # the processor subtracts the mean of the thermal noise; its fluctuation stays
    intensity += noise * (rng.standard_exponential(zones.shape, dtype=np.float32) - 0.5)
    grey = intensity * np.float32(GREY_PER_UNIT * 10 ** (calibration / 10))
    if border is None:
        border = bool(rng.random() < BORDER_CHANCE)
    empty = _border(zones.shape, front, look, rng) if border else np.zeros(zones.shape, bool)
    image = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    image[hidden | empty] = 0
    zones[hidden & (zones != OCEAN) | empty] = 0
    return Scene(image, zones, front & (zones > 0))  # a front that was not imaged is no truth


def simulate_scene(
    world: PathLike,
    scene: str,
    glacier: str,
    mission: str,
    acquired: str,
    orbit: str,
    quality: int,
    image: PathLike,
    front: PathLike,
    zones: PathLike | None = None,
) -> None:
    """Render a planned scene and write its image (GeoTIFF) and front (PNG, 0/255, one pixel).

    world:    file of `build_world`.
    acquired: YYYY-MM-DD. scene is named in errors only: the other fields say what to render.
    zones:    PNG with CaFFe's zone values, written when a path is given.
    """
    cv2.setNumThreads(1)  # one core per job: the scheduler runs jobs side by side
    try:
        day = date.fromisoformat(acquired)
        find_orbit(mission, orbit)
    except (ValueError, KeyError) as error:
        raise SceneError(
            scene, f"cannot be simulated: {error}", "Take a row of plan_scenes"
        ) from None
    loaded = World.load(world, only=glacier)
    result = render_scene(loaded, glacier, mission, day, orbit, int(quality))
    from calvingfront.geotiff import write_geotiff

    frame = loaded[glacier].frame
    corner = (frame.upper_left_x, frame.upper_left_y)
    write_geotiff(image, result.image, World.crs, corner, MISSIONS[mission].pixel_size_m)
    _write_png(front, result.front.astype(np.uint8) * 255)
    if zones is not None:
        _write_png(zones, result.zones)


def _write_png(path: PathLike, pixels: npt.NDArray[np.uint8]) -> None:
    with replacing(path) as temporary:
        if not cv2.imwrite(str(temporary), pixels):
            raise SceneError(path, "the PNG could not be written", "Check the folder and the disk")


def _power(level_db: Field) -> Field:
    return np.asarray(cv2.exp(level_db * np.float32(np.log(10) / 10)), dtype=np.float32)


def _backscatter(
    place: Glacier,
    day: date,
    mission: Mission,
    orbit: Orbit,
    look: tuple[float, float],
    zones: npt.NDArray[np.uint8],
    front: npt.NDArray[np.bool_],
    quality: int,
    rng: np.random.Generator,
) -> tuple[Field, npt.NDArray[np.bool_]]:
    """σ0 with the terrain's effect (dB), and where layover left no data."""
    pixel, shape = mission.pixel_size_m, zones.shape
    levels = BANDS[mission.band]
    view_shape = place.frame.shape(VIEW_SPACING_M)
    # the cliff is drawn at the image's own resolution, so the heights here go without it
    heights = resample(place.terrain.dem, DEM_SPACING_M, view_shape, VIEW_SPACING_M)
    view = view_terrain(heights, VIEW_SPACING_M, look, orbit.incidence_deg)
    share = np.clip(heights / (RELIEF * place.frame.extent_m), 0.0, 1.0)
    ground = ice_level(mission.band, day, share) + _terrain_term(view)
    lost = cv2.GaussianBlur(view.layover.astype(np.float32), (0, 0), VOID_BLUR_M / VIEW_SPACING_M)
    if mission.layover_void:  # layover that the geocoder kept lines what it gave up
        ground += np.float32(9.0) * np.minimum(2.0 * lost, 1.0)
    land = resample(ground, VIEW_SPACING_M, shape, pixel)
    seaward = place.fine(place.seaward(day), pixel)
    land += ice_texture(place, seaward, mission.band, pixel, shape)
    rocky = zones == ROCK
    land[rocky] += np.float32(levels.rock - levels.ice_winter)
    at_front = land[front]
    ice_db = float(np.median(at_front)) if at_front.size else levels.ice_winter
    state = draw_sea_state(mission.band, day, ice_db, quality, rng)
    water, melange = sea_level(state, seaward, pixel, rng)
    ocean = zones == OCEAN
    water = add_icebergs(water, ocean, melange, pixel, look, rng)
    level = np.where(ocean, water, land)
    _draw_cliff(level, place, day, ocean, front, pixel, look, orbit)
    shadow = resample(view.shadow, VIEW_SPACING_M, shape, pixel) > 0.5
    level[shadow & ~ocean] = BLACK_DB
    void = np.zeros(shape, bool)
    if mission.layover_void:
        void = (resample(lost, VIEW_SPACING_M, shape, pixel) > 0.5) & ~ocean
    return level, void


def _terrain_term(view: View) -> Field:
    """dB that slopes add: the angle of incidence and the foreshortened area."""
    return np.asarray(angle_term(view.local_cos) + 10 * np.log10(view.area), dtype=np.float32)


def ice_texture(
    place: Glacier, seaward: Field, band: str, pixel_size_m: float, shape: tuple[int, int]
) -> Field:
    """Flow lines, crevasses (most near the front) and the roughness of the mountains, dB.

    seaward: distance beyond the front on the grid of `shape`, fraction of the long side.
    """
    terrain = place.terrain
    streaks, crevasses, roughness = (
        resample(texture, TEXTURE_SPACING_M, shape, pixel_size_m)
        for texture in (terrain.streaks, terrain.crevasses, terrain.roughness)
    )
    wall = place.fine(terrain.wall, pixel_size_m)
    valley = np.clip(0.5 - wall / 0.012, 0.0, 1.0)
    near = cv2.exp(np.clip(seaward, -0.5, 0.0) / np.float32(0.06))
    cracks = np.float32(BANDS[band].crevasse / 32) * (0.3 + 0.8 * near) * crevasses
    flow = np.float32(1.2 / 32) * streaks + cracks
    mountains = np.float32(1.1 / 32) * roughness
    return np.asarray(valley * flow + (1 - valley) * mountains, dtype=np.float32)


def _draw_cliff(
    level: Field,
    place: Glacier,
    day: date,
    ocean: npt.NDArray[np.bool_],
    front: npt.NDArray[np.bool_],
    pixel_size_m: float,
    look: tuple[float, float],
    orbit: Orbit,
) -> None:
    """The calving cliff, in place: a bright seam where it faces the radar, a shadow where not.

    Both fall on the sea: layover is shifted towards the radar by h / tan θ, the shadow reaches
    h · tan θ.
    """
    rows, columns = np.nonzero(front)
    if rows.size == 0:
        return
    margin = int(np.ceil(3 * CLIFF_M / pixel_size_m)) + 2
    window = (
        slice(max(rows.min() - margin, 0), rows.max() + margin + 1),
        slice(max(columns.min() - margin, 0), columns.max() + margin + 1),
    )
    down, right = np.gradient(place.seaward(day))
    steep = np.hypot(down, right) + 1e-6
    away = place.fine((right * look[0] + down * look[1]) / steep, pixel_size_m)[window]
    distance = cv2.distanceTransform(
        (~front[window]).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    ) * np.float32(pixel_size_m)
    slope = np.tan(np.deg2rad(orbit.incidence_deg))
    sea, part = ocean[window], level[window]
    bright = sea & (away < 0) & (distance < np.maximum(CLIFF_M / slope * -away, pixel_size_m))
    dark = sea & (away > 0) & (distance < np.maximum(CLIFF_M * slope * away, pixel_size_m))
    part[bright] += 6.0 * np.sqrt(np.clip(-away[bright], 0, 1))
    part[dark] -= 8.0 * np.sqrt(np.clip(away[dark], 0, 1))


def _border(
    shape: tuple[int, int],
    front: npt.NDArray[np.bool_],
    look: tuple[float, float],
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """The edge of the swath or of the frame: a slanted no-data side that spares the front."""
    y, x = np.ogrid[0 : shape[0], 0 : shape[1]]
    along = rng.random() < 0.35
    right, down = (-look[1], look[0]) if along else look
    if rng.random() < 0.5:
        right, down = -right, -down
    position = x * np.float32(right) + y * np.float32(down)
    cut = float(np.quantile(position[::8, ::8], 1 - rng.uniform(0.04, 0.2)))
    if front.any():
        cut = max(cut, float(position[front].max()) + 0.03 * max(shape))
    return np.asarray(position > cut)
