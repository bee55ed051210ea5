"""Simple surfaces and views for the tests of the simulated radar."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np
import numpy.typing as npt

from calvingfront.simulation.imaging.acquisition import find_mode
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.imaging.radar_view import RadarView, map_to_earth
from calvingfront.simulation.imaging.view_planning import plan_view

ACQUIRED = datetime(2004, 2, 3, 4, 5, 6)
CORNER = (-2_458_000.0, 1_421_000.0)
SIDE_M = 2000.0


def flat(
    height_m: float = 0.0, level: float = 1.0, spacing_m: float = 5.0, side_m: float = SIDE_M
) -> Surface:
    """A level square, land everywhere."""
    size, coarse = int(side_m / spacing_m), int(side_m / 10.0)
    return Surface(
        "EPSG:3031",
        CORNER,
        np.full((coarse, coarse), height_m, np.float32),
        10.0,
        np.full((size, size), level, np.float32),
        np.zeros((size, size), np.uint8),
        spacing_m,
    )


@cache
def view_of(
    mission: str = "ERS",
    level: str = "SLC",
    ascending: bool = False,
    left: bool = False,
    incidence_deg: float = 23.0,
    highest_m: float = 0.0,
    side_m: float = SIDE_M,
) -> RadarView:
    """A view of the square; highest_m makes room for relief."""
    mode = find_mode(mission, level)
    surface = flat(highest_m, side_m=side_m)
    view = plan_view(surface, mode, ascending, left, incidence_deg, ACQUIRED)
    return replace(view, mean_height_m=0.0)


def centres(surface: Surface) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Map x, y of the centres of the grid of levels."""
    rows, columns = surface.level.shape
    x = CORNER[0] + (np.arange(columns) + 0.5) * surface.level_spacing_m
    y = CORNER[1] - (np.arange(rows) + 0.5) * surface.level_spacing_m
    right, down = np.meshgrid(x, y)
    return right, down


def seen_at(
    view: RadarView, surface: Surface, height_m: float = 0.0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Exact line and sample of every cell of the surface at a height."""
    x, y = centres(surface)
    points, _ = map_to_earth(surface.crs, x.ravel(), y.ravel(), height_m)
    lines, samples = view.line_sample(points)
    return lines.reshape(x.shape), samples.reshape(x.shape)
