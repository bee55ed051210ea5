"""One simulated glacier's landscape: fjord, mountains, glacier surface and flow textures."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.simulation.world.frames import Frame, flow_angle
from calvingfront.simulation.world.noise import Field, fractal_noise, smooth_noise
from calvingfront.simulation.world.valleys import ValleyFields, draw_valleys, measure_valleys

DEM_SPACING_M = 40.0
TEXTURE_SPACING_M = 10.0
RELIEF = 0.062  # height of the mountains over the fjord, fraction of the long side
PLATEAU = 0.75  # its height, fraction of the relief
CLIFF_M = 45.0  # freeboard of the calving cliff


@dataclass(frozen=True)
class Terrain:
    """Fields constant in time, on the DEM grid (spacing DEM_SPACING_M) unless stated otherwise.

    dem:       surface height with the glacier at its greatest extent, m.
    wall:      distance beyond the edge of the valley floor, fraction of the long side,
               negative on the floor (where glacier or sea are), positive on land.
    rock:      > 0 where the ground is bare rock.
    along:     seaward coordinate in which the front position is measured, the same fraction.
    lateral:   coordinate across the fjord, ±1 at its walls.
    streaks:   flow lines, int8, 32 = one standard deviation, spacing TEXTURE_SPACING_M.
    crevasses: crevasses across the flow, the same units and grid.
    roughness: of the mountains, the same units and grid.
    """

    dem: Field
    wall: Field
    rock: Field
    along: Field
    lateral: Field
    streaks: npt.NDArray[np.int8]
    crevasses: npt.NDArray[np.int8]
    roughness: npt.NDArray[np.int8]


def resample(
    field: npt.NDArray[np.generic],
    spacing_m: float,
    shape: tuple[int, int],
    pixel_size_m: float,
    interpolation: int = cv2.INTER_LINEAR,
) -> Field:
    """Resample a field to another grid with the same upper left corner, by exact pixel centres."""
    source = field.astype(np.float32, copy=False)
    height_m, width_m = source.shape[0] * spacing_m, source.shape[1] * spacing_m
    if abs(shape[0] * pixel_size_m - height_m) + abs(shape[1] * pixel_size_m - width_m) < 1e-3:
        # both grids fill the same rectangle: cv2.resize is equivalent and several times faster
        resized = cv2.resize(source, (shape[1], shape[0]), interpolation=interpolation)
        return np.asarray(resized, dtype=np.float32)
    ratio = pixel_size_m / spacing_m
    move = np.array([[ratio, 0, 0.5 * ratio - 0.5], [0, ratio, 0.5 * ratio - 0.5]])
    return np.asarray(
        cv2.warpAffine(
            source,
            move,
            (shape[1], shape[0]),
            flags=interpolation | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.float32,
    )


def build_terrain(frame: Frame, kind: int, rng: np.random.Generator) -> Terrain:
    """Draw a landscape for `frame`; kind as in `valleys.draw_valleys`."""
    shape = frame.shape(DEM_SPACING_M)
    extent = frame.extent_m
    angle = flow_angle(kind, rng)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    x = ((x + 0.5) * DEM_SPACING_M - frame.width_m / 2) / extent
    y = ((y + 0.5) * DEM_SPACING_M - frame.height_m / 2) / extent
    s = np.cos(angle) * x + np.sin(angle) * y
    t = -np.sin(angle) * x + np.cos(angle) * y
    # bend the axes a little, so that walls and valleys are irregular
    s = s + 0.007 * fractal_noise(shape, 5, 1, rng)
    t = t + 0.007 * fractal_noise(shape, 5, 1, rng)
    valleys = draw_valleys(kind, rng)
    fields = measure_valleys(valleys, s, t)
    wall = fields.edge.min(axis=0) + 0.009 * fractal_noise(shape, 12, 3, rng, 0.6)
    islands = _nunataks(s, t, valleys[0].s, valleys[0].t, valleys[0].half_width, rng)
    wall = np.maximum(wall, islands)
    # a tributary glacier persists longer than the trunk: its front retreats later
    along = s - 0.6 * np.maximum(fields.edge[0], 0.0)
    dem, rock = _heights(shape, extent, wall, islands, s, rng)
    streaks, crevasses = _textures(frame, fields, rng)
    rough = fractal_noise(frame.shape(TEXTURE_SPACING_M), extent / 250.0, 4, rng, 0.9)
    return Terrain(
        dem,
        wall.astype(np.float32),
        rock,
        along.astype(np.float32),
        fields.lateral[0].astype(np.float32),
        streaks,
        crevasses,
        _packed(rough),
    )


def _nunataks(
    s: npt.NDArray[np.float64],
    t: npt.NDArray[np.float64],
    axis_s: npt.NDArray[np.float64],
    axis_t: npt.NDArray[np.float64],
    half_width: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Rock islands in the fjord: distance inside their edge (positive on the rock)."""
    result = np.full(s.shape, -1.0)
    for place in (rng.uniform(-0.02, 0.12), rng.uniform(-0.4, -0.25)):
        index = int(np.argmin(np.abs(axis_s - place)))
        off = rng.choice([-1, 1]) * rng.uniform(0.45, 0.7) * half_width[index]
        size = rng.uniform(0.016, 0.026)
        across, down = (t - axis_t[index] - off) / 0.75, s - place
        result = np.maximum(result, size - np.hypot(across, down))
    return result


def _heights(
    shape: tuple[int, int],
    extent_m: float,
    wall: npt.NDArray[np.float64],
    islands: npt.NDArray[np.float64],
    s: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[Field, Field]:
    """Surface heights (m) and the rock field."""
    relief = RELIEF * extent_m
    floor = CLIFF_M + 0.045 * extent_m * np.maximum(0.25 - s, 0.0) ** 1.3
    floor = floor + 0.003 * relief * fractal_noise(shape, 30, 2, rng)
    crests = fractal_noise(shape, 5.0, 6, rng, persistence=0.5, ridged=True)
    broad = fractal_noise(shape, 4, 2, rng)
    rise = np.clip(wall / 0.06, 0.0, 1.0)
    rise = rise * rise * (3 - 2 * rise)
    mountain = relief * rise * np.clip(0.45 + 0.85 * crests + 0.18 * broad, 0.08, None)
    # the plateau: heights near the relief are flattened, as by an ice cap, above steep walls
    share = mountain / (PLATEAU * relief)
    flat = 0.7 + 0.3 * np.tanh((share - 0.7) / 0.3)
    mountain = PLATEAU * relief * np.where(share < 0.7, share, flat)
    nunatak = 0.25 * relief * np.clip(islands / 0.012, 0.0, 1.0)
    dem = (floor + np.maximum(mountain, nunatak)).astype(np.float32)
    smooth = cv2.GaussianBlur(dem, (0, 0), 1.2)
    down, right = np.gradient(smooth, DEM_SPACING_M)
    slope = np.hypot(down, right)
    outcrop = slope - 0.62 + 0.12 * fractal_noise(shape, 24, 3, rng)
    coast = np.where((wall > 0) & (wall < 0.012), 0.2, -1.0)
    rock = np.maximum(outcrop, coast)
    rock[islands > -0.004] = 0.3
    return dem, rock.astype(np.float32)


def _textures(
    frame: Frame, fields: ValleyFields, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Flow lines and crevasses in the coordinates of the nearest valley."""
    shape = frame.shape(TEXTURE_SPACING_M)
    streaks, crevasses = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    total = np.full(shape, 1e-12, np.float32)
    for edge, along, lateral in zip(fields.edge, fields.along, fields.lateral, strict=True):
        fine_edge = resample(edge, DEM_SPACING_M, shape, TEXTURE_SPACING_M)
        a = resample(along, DEM_SPACING_M, shape, TEXTURE_SPACING_M)
        b = resample(lateral, DEM_SPACING_M, shape, TEXTURE_SPACING_M)
        lines = smooth_noise((1024, 64), (14, 4), rng) * 0.5
        for cells, part in ((40, 0.35), (110, 0.5), (300, 0.45)):
            lines += np.float32(part) * smooth_noise((1024, 64), (cells, 6), rng)
        # crevasses are arcs, a few tens of metres apart, in patches
        cracks = smooth_noise((512, 2048), (26, 330), rng)
        cracks += 0.7 * smooth_noise((512, 2048), (40, 700), rng)
        cracks *= np.clip(0.75 + 0.6 * smooth_noise((512, 2048), (5, 14), rng), 0.0, None)
        across = np.clip((b + 1.6) / 3.2, 0, 1)
        arc = a + 0.03 * b * b
        row, column = across * 1023, np.clip(a / 2.0, 0, 1) * 63
        line = cv2.remap(lines, column, row, cv2.INTER_LINEAR)
        crack = cv2.remap(
            cracks, arc / 2.0 * 2047, across * 511, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        # glaciers that meet flow side by side: a soft seam where both are equally near
        weight = cv2.exp(np.clip(-fine_edge / np.float32(0.006), -60.0, 60.0))
        streaks += weight * line
        crevasses += weight * crack
        total += weight
    return _packed(streaks / total), _packed(crevasses / total)


def _packed(texture: Field) -> npt.NDArray[np.int8]:
    return np.asarray(np.clip(np.rint(texture * 32.0), -127, 127), dtype=np.int8)
