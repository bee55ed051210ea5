"""Surface texture of a glacier and its mountains, added to their backscatter."""

from __future__ import annotations

import cv2
import numpy as np

from calvingfront.simulation.imaging.backscatter import BANDS
from calvingfront.simulation.world.glacier import Glacier
from calvingfront.simulation.world.noise import Field
from calvingfront.simulation.world.terrain import TEXTURE_SPACING_M, resample


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
    flow = np.float32(1.5 / 32) * streaks + cracks
    mountains = np.float32(1.8 / 32) * roughness
    return np.asarray(valley * flow + (1 - valley) * mountains, dtype=np.float32)
