"""The sea in front of the glacier on a day: mélange, sea ice or open water, and icebergs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.simulation.imaging.backscatter import BANDS
from calvingfront.simulation.world.noise import Field, fractal_noise, smooth_noise

COVERS = ("melange", "sea_ice", "open_sea")
# chance of each cover next to the front and farther out: winter and spring, summer and autumn
_NEAR = {True: (0.65, 0.25, 0.1), False: (0.55, 0.2, 0.25)}
_FAR = {True: (0.4, 0.45, 0.15), False: (0.2, 0.2, 0.6)}

# σ0 of each cover next to the front over the median of the ice, dB: mean, and standard deviation
# over days. In real images the sea within 1 km of the front is as bright as the ice there, whose
# crevasses lift its mean over its median: 0.5 dB brighter in the median, −1.4 to 2.7 dB in 80 % of
# CaFFe's images (docs/grey_levels.md).
_OVER_ICE = {"melange": (2.8, 1.5), "sea_ice": (1.2, 2.0), "open_sea": (-7.0, 3.0)}


@dataclass(frozen=True)
class SeaState:
    """The cover by zones: `near` extends `reach` (fraction of the long side) from the front.

    near_db, far_db: σ0 of the two zones, dB.
    """

    near: str
    far: str
    reach: float
    near_db: float
    far_db: float


def draw_sea_state(
    band: str, day: date, ice_db: float, quality: int, rng: np.random.Generator
) -> SeaState:
    """Draw the state of the sea on a day.

    ice_db:  σ0 of the glacier at the front. Mélange and sea ice next to it are often as bright.
    quality: 1 best … 6; the poorer, the more alike.
    """
    frozen = 5 <= day.month <= 11
    near, far = (str(rng.choice(COVERS, p=table[frozen])) for table in (_NEAR, _FAR))
    reach = float(rng.choice([1.5, rng.uniform(0.05, 0.4)], p=[0.5, 0.5]))
    mean, spread = _OVER_ICE[near]
    clear = 1.25 - 0.1 * quality
    near_db = ice_db + clear * float(mean + spread * rng.standard_normal())
    far_db = float(getattr(BANDS[band], far) + 2.0 * rng.standard_normal())
    return SeaState(near, far, reach, near_db, far_db)


def sea_level(
    state: SeaState, seaward: Field, pixel_size_m: float, rng: np.random.Generator
) -> tuple[Field, npt.NDArray[np.bool_]]:
    """σ0 (dB) of the sea on the grid of `seaward` (distance from the front, fraction of the
    long side), and where mélange lies.
    """
    shape = seaward.shape
    size_m = max(shape) * pixel_size_m
    # the fields are drawn on a coarser grid: nothing in them is finer than about 30 m
    coarse = tuple(max(8, int(side * pixel_size_m / 20.0)) for side in shape)
    small = (coarse[0], coarse[1])
    edge = 0.06 * fractal_noise(small, 7, 4, rng, 0.6)
    beyond = cv2.resize(seaward, small[::-1], interpolation=cv2.INTER_AREA)
    zone = 1.0 / (1.0 + np.exp(-np.clip((beyond + edge - state.reach) / 0.003, -40, 40)))
    level = np.zeros(small, np.float32)
    for cover, db, share in (
        (state.near, state.near_db, 1 - zone),
        (state.far, state.far_db, zone),
    ):
        level += (share * (db + _texture(cover, small, size_m, rng))).astype(np.float32)
    melange = zone < 0.5 if state.near == "melange" else np.zeros(small, bool)
    if state.far == "melange":
        melange = melange | (zone >= 0.5)
    full = (shape[1], shape[0])
    return (
        np.asarray(cv2.resize(level, full, interpolation=cv2.INTER_LINEAR), dtype=np.float32),
        cv2.resize(melange.astype(np.uint8), full, interpolation=cv2.INTER_NEAREST) > 0,
    )


def _texture(cover: str, shape: tuple[int, int], size_m: float, rng: np.random.Generator) -> Field:
    """Variation of a cover's σ0, dB."""
    if cover == "melange":  # brash and bergy bits between floes
        broad = 0.9 * fractal_noise(shape, 4, 2, rng)
        fine = 1.4 * fractal_noise(shape, size_m / 70.0, 2, rng, 0.8)
        return np.asarray(broad + fine, dtype=np.float32)
    if cover == "sea_ice":  # floes of unequal brightness, parted by dark leads
        floes = 1.3 * np.tanh(2.0 * fractal_noise(shape, 6, 5, rng, 0.7))
        leads = np.abs(fractal_noise(shape, 6, 3, rng, 0.45)) < 0.025
        return np.asarray(floes - 5.0 * leads, dtype=np.float32)
    wind = smooth_noise(shape, (3, 3), rng)
    return np.asarray(1.2 * wind + 0.4 * fractal_noise(shape, 12, 2, rng), dtype=np.float32)


def add_icebergs(
    level: Field,
    ocean: npt.NDArray[np.bool_],
    melange: npt.NDArray[np.bool_],
    pixel_size_m: float,
    look: tuple[float, float],
    rng: np.random.Generator,
) -> Field:
    """Draw icebergs into σ0 (dB): a smooth dark top, a bright edge towards the radar, a shadow.

    Dense in mélange, a few elsewhere; sizes follow a power law.
    """
    rows, columns = np.nonzero(ocean[::8, ::8])
    if rows.size == 0:
        return level
    area_km2 = float(ocean.sum()) * pixel_size_m**2 / 1e6
    count = int(min(14.0 * area_km2, 900))
    pick = rng.integers(rows.size, size=count)
    lengths = 25.0 * (1.0 - rng.random(count)) ** (-1 / 1.6)
    result = level.copy()
    for index, length in zip(pick, lengths, strict=True):
        row, column = int(rows[index]) * 8, int(columns[index]) * 8
        keep, turn, flat = rng.random(), rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 0.95)
        radii, top = rng.uniform(0.7, 1.1, 7), rng.uniform(-4.5, 0.5)
        if keep > (1.0 if melange[row, column] else 0.08):
            continue
        length = min(length, 230.0) / pixel_size_m
        corner = np.linspace(0, 2 * np.pi, 7, endpoint=False)
        u, v = length * radii * np.cos(corner), length * flat * radii * np.sin(corner)
        outline = np.column_stack(
            [
                column + u * np.cos(turn) - v * np.sin(turn),
                row + u * np.sin(turn) + v * np.cos(turn),
            ]
        )
        around = float(level[row, column])
        high = max(1.0, 20.0 / pixel_size_m) * np.asarray(look)
        for offset, value in (
            (high, around - 6.0),
            (-high, around + 5.0),
            (0.0 * high, around + top),
        ):
            points = np.round((outline + offset) * 16).astype(np.int32)
            cv2.fillConvexPoly(result, points, value, cv2.LINE_8, shift=4)
    return np.where(ocean, result, level)
