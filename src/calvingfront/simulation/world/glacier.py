"""One glacier of the world: its ice, its front through time, its bed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.simulation.world.frames import Frame
from calvingfront.simulation.world.noise import Field
from calvingfront.simulation.world.terminus import NODES
from calvingfront.simulation.world.terrain import DEM_SPACING_M, Terrain, resample

ROCK, GLACIER, OCEAN = 64, 127, 254  # zone values of CaFFe; 0 = no data


@dataclass(frozen=True)
class Glacier:
    """One glacier of the world: where it lies, its terrain, its front on many days."""

    frame: Frame
    terrain: Terrain
    days: npt.NDArray[np.int64]
    positions: npt.NDArray[np.float32]

    def front_position(self, day: date) -> npt.NDArray[np.float64]:
        """Front position at the lateral nodes `terminus.NODES`, fraction of the long side.

        Raises SceneError for a day outside the simulated years.
        """
        number = day.toordinal()
        if not self.days[0] <= number <= self.days[-1]:
            first, last = (date.fromordinal(int(self.days[i])) for i in (0, -1))
            raise SceneError(
                f"{self.frame.glacier} on {day}",
                f"the simulated front is known only from {first} to {last}",
                "Choose a date in this period, or widen source.simulated.first_year and last_year",
            )
        after = int(np.clip(np.searchsorted(self.days, number), 1, self.days.size - 1))
        before = after - 1
        share = (number - self.days[before]) / (self.days[after] - self.days[before])
        result: npt.NDArray[np.float64] = (
            self.positions[before] * (1 - share) + self.positions[after] * share
        ).astype(np.float64)
        return result

    def seaward(self, day: date) -> Field:
        """Distance seaward of the front on the DEM grid, fraction of the long side.

        Continuous, zero on the front, negative over the glacier; also defined over land.
        """
        return self._beyond(self.front_position(day))

    def _beyond(self, position: npt.NDArray[np.floating[Any]]) -> Field:
        front = np.interp(self.terrain.lateral, NODES, position)
        return np.asarray(self.terrain.along - front, dtype=np.float32)

    def classes(self, day: date, pixel_size_m: float) -> npt.NDArray[np.uint8]:
        """ROCK, GLACIER or OCEAN on the grid of this pixel size that fills the frame.

        The ocean is one connected piece that reaches the frame's seaward end; pockets of sea and
        detached ice take the class that surrounds them.
        """
        return self._zones(self.seaward(day), pixel_size_m)

    def _zones(self, seaward: Field, pixel_size_m: float) -> npt.NDArray[np.uint8]:
        """The classes for a front that lies on the zero of `seaward`."""
        shape = self.frame.shape(pixel_size_m)
        beyond = self.fine(seaward, pixel_size_m)
        wall = self.fine(self.terrain.wall, pixel_size_m)
        rock = self.fine(self.terrain.rock, pixel_size_m)
        floor = wall < 0
        ocean = _largest(floor & (beyond > 0))
        ice = _largest(floor & ~ocean)
        ocean = _largest(floor & ~ice)
        result = np.full(shape, GLACIER, np.uint8)
        result[~floor & (rock > 0)] = ROCK
        result[~floor & (wall < 3.0 * pixel_size_m / self.frame.extent_m)] = ROCK
        # what neither sea nor glacier reaches lies behind rock: count it as rock
        result[floor & ~ice] = ROCK
        result[ocean] = OCEAN
        return result

    def surface(self, day: date) -> Field:
        """Heights on the DEM grid on a date, m: the DEM on land and ice, 0 at sea."""
        classes = self.classes(day, DEM_SPACING_M)
        return np.where(classes == OCEAN, np.float32(0), self.terrain.dem)

    def greatest_classes(self, pixel_size_m: float) -> npt.NDArray[np.uint8]:
        """The classes with ice wherever there was ice on any day; see `classes`."""
        return self._zones(self._beyond(self.positions.max(axis=0)), pixel_size_m)

    def fine(self, field: Field, pixel_size_m: float) -> Field:
        """A field of the DEM grid on a finer grid (cubic; the upper left corners agree)."""
        shape = self.frame.shape(pixel_size_m)
        return resample(field, DEM_SPACING_M, shape, pixel_size_m, cv2.INTER_CUBIC)

    def front_lines(self, day: date, spacing_m: float = 10.0) -> list[npt.NDArray[np.float64]]:
        """The front as polylines in map coordinates, each (n, 2) x, y in m, wall to wall.

        Several lines where a nunatak or a side wall splits the front. Vertices lie at most
        `spacing_m`·√2 apart, on the sub-pixel zero of `seaward`.
        """
        from skimage.measure import find_contours  # slow to import, not needed for rendering

        classes = self.classes(day, spacing_m)
        beyond = self.fine(self.seaward(day), spacing_m)
        ocean, ice = classes == OCEAN, classes == GLACIER
        wet = self.fine(self.terrain.wall, spacing_m) < 0
        inside = wet & ((ocean & (beyond > 0)) | (ice & (beyond <= 0)))
        lines = []
        contours: list[npt.NDArray[np.float64]] = find_contours(  # type: ignore[no-untyped-call]
            beyond, 0.0, mask=inside
        )
        for contour in contours:
            if len(contour) < 3:
                continue
            x = self.frame.upper_left_x + (contour[:, 1] + 0.5) * spacing_m
            y = self.frame.upper_left_y - (contour[:, 0] + 0.5) * spacing_m
            lines.append(np.column_stack([x, y]))
        return lines


def front_mask(classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """The front of a class map: glacier pixels with the ocean beside them, one pixel wide.

    8-connected along each piece of front; inner corners of steps are dropped.
    """
    ocean = (classes == OCEAN).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    front = (cv2.dilate(ocean, cross) > 0) & (classes == GLACIER)
    return _drop_corners(front)


def _drop_corners(line: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Remove pixels that only fill the inner corner of a step, in four fixed passes.

    A pixel is removed if two neighbours at right angles are set and the three on the opposite side
    are not: the two neighbours touch at their corners, so the line stays connected.
    """
    line = line.copy()
    for vertical, horizontal in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        padded = np.pad(line, 1)

        def at(
            down: int, right: int, grid: npt.NDArray[np.bool_] = padded
        ) -> npt.NDArray[np.bool_]:
            rows, columns = grid.shape[0] - 2, grid.shape[1] - 2
            return grid[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]

        corner = at(vertical, 0) & at(0, horizontal)
        free = ~at(-vertical, -horizontal) & ~at(-vertical, 0) & ~at(0, -horizontal)
        line &= ~(line & corner & free)
    return line


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The largest 4-connected piece of a mask; an empty mask stays empty."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S
    )
    if count <= 1:
        return mask
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == best)
