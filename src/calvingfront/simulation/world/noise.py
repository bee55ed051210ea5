"""Smooth random fields, interpolated from coarse random grids."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]


def smooth_noise(
    shape: tuple[int, int], cells: tuple[float, float], rng: np.random.Generator
) -> Field:
    """One octave: about `cells` (rows, columns) independent normal values, cubic in between.

    Returns float32 of `shape`, mean about 0, standard deviation about 1.
    """
    rows, columns = max(1, round(cells[0])), max(1, round(cells[1]))
    # one cell of margin on every side, so that the resize never reaches the border
    grid = rng.standard_normal((rows + 4, columns + 4), dtype=np.float32)
    scale = np.array(
        [[(columns + 1) / shape[1], 0, 1.5], [0, (rows + 1) / shape[0], 1.5]], dtype=np.float64
    )
    size = (shape[1], shape[0])
    field = cv2.warpAffine(grid, scale, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return np.asarray(field * np.float32(1.4), dtype=np.float32)


def fractal_noise(
    shape: tuple[int, int],
    cells: float,
    octaves: int,
    rng: np.random.Generator,
    persistence: float = 0.5,
    ridged: bool = False,
) -> Field:
    """Sum of octaves, each with twice the cells and `persistence` times the amplitude.

    cells:  cells of the first octave along the long side.
    ridged: sum 1 − |noise| instead, which gives sharp crests (Musgrave et al. 1989, ridged
            multifractal); values then lie at about 0.4 ± 0.3.
    """
    total: Field = np.zeros(shape, np.float32)
    weight, norm = 1.0, 0.0
    longest = max(shape)
    for octave in range(octaves):
        count = cells * 2.0**octave
        layer = smooth_noise(shape, (count * shape[0] / longest, count * shape[1] / longest), rng)
        if ridged:
            layer = np.float32(1.0) - np.abs(layer)
        total = total + np.float32(weight) * layer
        norm += weight if ridged else weight**2
        weight *= persistence
    return np.asarray(total / np.float32(norm if ridged else np.sqrt(norm)), dtype=np.float32)
