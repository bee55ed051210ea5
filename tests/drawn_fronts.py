"""Probability images of fronts that are known exactly, and what is measured on their lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.fronts.subpixel import SubpixelLine

Floats = npt.NDArray[np.float64]
SHAPE = (64, 64)


def drawn(
    front: shapely.Geometry, width: float, kind: str = "box", shape: tuple[int, int] = SHAPE
) -> Floats:
    """The probability of a front: 1 within half a width of it (soft edge), or a Gaussian bell."""
    distance = shapely.distance(shapely.points(*np.indices(shape).astype(np.float64)), front)
    if kind == "box":
        return np.clip(width / 2 + 0.5 - distance, 0, 1)
    return np.asarray(np.exp(-0.5 * (distance / (width / 2.355)) ** 2))


def noisy(image: Floats, amount: float, seed: int = 1) -> Floats:
    noise = amount * np.random.default_rng(seed).standard_normal(image.shape)
    return np.clip(image + noise, 0, 1)


def points(line: SubpixelLine) -> Floats:
    return np.column_stack([line.rows, line.cols])


def as_shape(line: SubpixelLine) -> shapely.Geometry:
    return shapely.LineString(points(line))


def errors(line: SubpixelLine, front: shapely.Geometry, ends: int = 2) -> Floats:
    """Distances of the vertices from the front, without the `ends` px where it stops."""
    vertices = points(line) if line.closed else points(line)[ends : len(line.rows) - ends]
    return np.asarray(shapely.distance(shapely.points(vertices), front))


def straight(angle: float, offset: float, half: float = 22.0) -> shapely.Geometry:
    """A front through the middle of the image; its prolongation would be its own too."""
    centre, along = np.array([31.5, 31.5]), np.array([np.sin(angle), np.cos(angle)])
    centre = centre + offset * np.array([along[1], -along[0]])
    return shapely.LineString([centre - half * along, centre + half * along])


def arc(radius: float, start: float, stop: float, at: tuple[float, float]) -> shapely.Geometry:
    angles = np.linspace(start, stop, 400)
    return shapely.LineString(
        np.column_stack([at[0] - radius * np.cos(angles), at[1] + radius * np.sin(angles)])
    )


def turned(array: Floats, quarter: int, mirrored: bool) -> Floats:
    array = np.rot90(array, quarter)
    return array[:, ::-1] if mirrored else array


def turned_back(vertices: Floats, quarter: int, mirrored: bool, shape: tuple[int, int]) -> Floats:
    """Pixel coordinates of a turned image in the image as it was, by its corner pixels."""
    grid = [turned(axis.astype(np.float64), quarter, mirrored) for axis in np.indices(shape)]
    origin = np.array([axis[0, 0] for axis in grid])
    down = np.array([axis[1, 0] - axis[0, 0] for axis in grid])
    right = np.array([axis[0, 1] - axis[0, 0] for axis in grid])
    return np.asarray(origin + vertices[:, :1] * down + vertices[:, 1:] * right)
