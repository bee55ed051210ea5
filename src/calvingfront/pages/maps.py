"""Which maps a page has: one for each glacier, in metres, with its north and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pyproj import CRS

from calvingfront.errors import SceneError
from calvingfront.locating.degrees import (
    WGS84,
    Floats,
    parsed,
    same_crs,
    stretch,
    to_crs,
)
from calvingfront.locating.located_front import LocatedFront

UNNAMED = "glacier without a name"
IN_IMAGE = "no map position"
_STEP_M = 500.0  # a step in which north and scale hardly change


@dataclass(frozen=True)
class Map:
    """The fronts of one glacier in one plane of metres, y up.

    glacier: as the fronts name it. title: as the page shows it.
    crs:     of the lines; None without a map position.
    frame:   what x and y are, in words.
    fronts:  in `crs`, ordered by time and scene.
    stretch: metres of the map for one metre on the ground, at the middle of the fronts.
    north:   direction of true north there, degrees clockwise from up; None without a map position.
    """

    glacier: str
    title: str
    crs: str | None
    frame: str
    fronts: Sequence[LocatedFront]
    stretch: float
    north: float | None

    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north of the lines, m; None without a line."""
        points = [piece for front in self.fronts for piece in upright(front)]
        if not points:
            return None
        every = np.concatenate(points)
        (west, south), (east, north) = every.min(axis=0), every.max(axis=0)
        return float(west), float(south), float(east), float(north)


def upright(front: LocatedFront) -> list[Floats]:
    """The pieces of a front with y upwards; in an image, y is negative below its upper edge."""
    if front.crs is not None:
        return list(front.lines)
    return [piece * (1.0, -1.0) for piece in front.lines]


def maps_of(fronts: Sequence[LocatedFront]) -> list[Map]:
    """Group fronts by glacier; those without a map position have maps of their own.

    A map has the CRS of the glacier's first front if its unit is the metre, else an equal-area
    projection around the glacier. Scenes without a line join the map of their glacier.
    Raises SceneError where a line cannot be represented in its map's CRS.
    """
    ordered = sorted(fronts, key=lambda front: (front.acquired, front.scene))
    maps = []
    for glacier in sorted({front.glacier for front in fronts}):
        its = [front for front in ordered if front.glacier == glacier]
        located = [front for front in its if front.crs is not None and front.lines]
        in_image = [front for front in its if front.crs is None and front.lines]
        lineless = [front for front in its if not front.lines]
        if located or not in_image:
            maps.append(_on_map(glacier, located, lineless))
            lineless = []
        if in_image:
            maps.append(_in_image(glacier, [*in_image, *lineless]))
    return maps


def _in_image(glacier: str, fronts: Sequence[LocatedFront]) -> Map:
    frame = (
        "metres from the upper left corner of the image, which has no map position; fronts of "
        "different images match only as well as the images do"
    )
    title = f"{glacier or UNNAMED} ({IN_IMAGE})"
    return Map(glacier, title, None, frame, _in_order(fronts), 1.0, None)


def _on_map(glacier: str, located: Sequence[LocatedFront], lineless: Sequence[LocatedFront]) -> Map:
    title = glacier or UNNAMED
    if not located:
        return Map(glacier, title, None, "no scene has a line", _in_order(lineless), 1.0, None)
    first = located[0].crs
    assert first is not None
    crs, frame = first, _named(first)
    if not _in_metres(parsed(first)):
        crs, frame = _around(located)
    placed = [_moved(front, crs) for front in located]
    every = np.concatenate([piece for front in placed for piece in front.lines])
    middle = (every.min(axis=0) + every.max(axis=0)) / 2
    step = middle + np.array([[-_STEP_M, 0.0], [_STEP_M, 0.0]])
    east, north = to_crs(middle[None], crs, WGS84)[0]
    up = to_crs(np.array([[east, north + np.copysign(0.01, -north)]]), WGS84, crs)
    x, y = (up[0] - middle) * np.copysign(1, -north)
    angle = float(np.degrees(np.arctan2(x, y)))
    return Map(
        glacier, title, crs, frame, _in_order([*placed, *lineless]), stretch(step, crs), angle
    )


def _in_order(fronts: Sequence[LocatedFront]) -> list[LocatedFront]:
    return sorted(fronts, key=lambda front: (front.acquired, front.scene))


def _in_metres(crs: CRS) -> bool:
    axis = crs.axis_info[0]
    return bool(crs.is_projected) and abs(axis.unit_conversion_factor - 1) < 1e-9


def _named(crs: str) -> str:
    return f"{parsed(crs).name} ({crs})" if crs.startswith("EPSG:") else parsed(crs).name


def _around(fronts: Sequence[LocatedFront]) -> tuple[str, str]:
    """An equal-area projection centred on fronts, and its name."""
    spots = []
    for front in fronts:
        assert front.crs is not None
        spots += [to_crs(piece, front.crs, WGS84) for piece in front.lines]
    east, north = np.radians(np.concatenate(spots)).T
    x, y, z = np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)
    longitude = np.degrees(np.arctan2(y.mean(), x.mean()))
    latitude = np.degrees(np.arctan2(z.mean(), np.hypot(x.mean(), y.mean())))
    projection = (
        f"+proj=laea +lat_0={latitude:.4f} +lon_0={longitude:.4f} +datum=WGS84 +units=m +type=crs"
    )
    where = (
        f"{abs(latitude):.2f}° {'N' if latitude >= 0 else 'S'}, "
        f"{abs(longitude):.2f}° {'E' if longitude >= 0 else 'W'}"
    )
    return projection, f"Lambert azimuthal equal-area projection around {where}"


def _moved(front: LocatedFront, crs: str) -> LocatedFront:
    assert front.crs is not None
    if same_crs(front.crs, crs):
        return front
    try:
        lines = [to_crs(piece, front.crs, crs) for piece in front.lines]
    except ValueError as error:
        raise SceneError(
            front.scene,
            f"its line {error}",
            "Give the fronts of a glacier in one CRS that covers it.",
        ) from None
    return replace(front, crs=crs, lines=lines)
