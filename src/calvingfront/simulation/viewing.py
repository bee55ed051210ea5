"""How a radar sees the terrain, in map geometry: slopes, shadow and layover."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.simulation.missions import Orbit
from calvingfront.simulation.noise import Field

INCLINATION_DEG = 98.4  # of the near-polar orbits of all six missions
LATITUDE_DEG = -64.4


@dataclass(frozen=True)
class View:
    """Viewing geometry on the grid of the given heights.

    local_cos: cosine of the local incidence angle (≤ 0: turned away from the radar).
    area:      ground area per unit of slant range relative to flat ground: > 1 on slopes that
               face the radar (they are foreshortened and therefore bright).
    shadow, layover: bool.
    """

    local_cos: Field
    area: Field
    shadow: npt.NDArray[np.bool_]
    layover: npt.NDArray[np.bool_]


def look_direction(orbit: Orbit, longitude_rad: float) -> tuple[float, float]:
    """Unit vector of the horizontal look direction (away from the radar) in the image: right, down.

    The flight azimuth follows from sin(azimuth) = cos(inclination) / cos(latitude); north and east
    on the polar stereographic map turn with the longitude.
    """
    tilt = np.arcsin(np.cos(np.deg2rad(INCLINATION_DEG)) / np.cos(np.deg2rad(LATITUDE_DEG)))
    heading = tilt if orbit.ascending else np.pi - tilt
    azimuth = heading + (-1 if orbit.left_looking else 1) * np.pi / 2
    north = np.array([np.sin(longitude_rad), np.cos(longitude_rad)])
    east = np.array([np.cos(longitude_rad), -np.sin(longitude_rad)])
    x, y = np.cos(azimuth) * north + np.sin(azimuth) * east
    return float(x), float(-y)


def view_terrain(
    heights: Field, spacing_m: float, look: tuple[float, float], incidence_deg: float
) -> View:
    """Look at a grid of heights (m) under one incidence angle (parallel rays)."""
    down, right = np.gradient(heights, spacing_m)
    rise = look[0] * right + look[1] * down
    incidence = np.deg2rad(incidence_deg)
    steep = np.sqrt(1 + right**2 + down**2)
    local_cos = (np.cos(incidence) - np.sin(incidence) * -rise) / steep
    facing = np.arctan(rise)
    area = np.sin(incidence) / np.sin(np.clip(incidence - facing, np.deg2rad(4.0), None))
    shadow, layover = _hidden(heights, spacing_m, look, incidence)
    return View(local_cos.astype(np.float32), area.astype(np.float32), shadow, layover)


def _hidden(
    heights: Field, spacing_m: float, look: tuple[float, float], incidence: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Shadow and layover, found on the grid turned so that the radar looks along its rows.

    A point lies in shadow where a nearer one has a greater h + x / tan θ (the ray passes over it);
    in layover where a nearer one has a greater slant range x sin θ − h cos θ, or a farther one
    a smaller.
    """
    rows, columns = heights.shape
    side = int(np.ceil(np.hypot(rows, columns))) + 2
    turn = np.array([[look[0], -look[1], 0.0], [look[1], look[0], 0.0]])
    centre = np.array([(columns - 1) / 2, (rows - 1) / 2])
    turn[:, 2] = centre - turn[:, :2] @ np.full(2, (side - 1) / 2)
    turned = cv2.warpAffine(
        heights,
        turn,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    x = np.arange(side, dtype=np.float32) * np.float32(spacing_m)
    tolerance = 0.02 * spacing_m  # of the interpolation
    ray = turned + x / np.float32(np.tan(incidence))
    shadow = ray < np.maximum.accumulate(ray, axis=1) - tolerance
    range_m = x * np.float32(np.sin(incidence)) - turned * np.float32(np.cos(incidence))
    nearer = np.maximum.accumulate(range_m, axis=1)
    farther = np.minimum.accumulate(range_m[:, ::-1], axis=1)[:, ::-1]
    layover = (range_m < nearer - tolerance) | (range_m > farther + tolerance)
    both = cv2.merge([shadow.astype(np.float32), layover.astype(np.float32)])
    back = cv2.warpAffine(
        both,
        cv2.invertAffineTransform(turn),
        (columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    return back[..., 0] > 0.5, back[..., 1] > 0.5
