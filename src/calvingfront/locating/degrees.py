"""Lines between maps and the ellipsoid: other CRSs, lengths, the antimeridian, boxes in degrees."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, ProjError

Floats = npt.NDArray[np.float64]

WGS84 = "EPSG:4326"
LATITUDE_LIMIT = 90.0
# A step as wide as this lies so near a pole that a line in degrees no longer follows it.
WIDEST_STEP = 90.0
# Beyond this a map is that of the other hemisphere: EPSG:3413 stretches Antarctica 20 times and
# more; Web Mercator stretches northern Greenland nine times.
MOST_STRETCH = 10.0
_GEOD = Geod(ellps="WGS84")


class PoleError(ValueError):
    """A line that passes so near a pole that degrees cannot follow it."""


@lru_cache(maxsize=64)
def parsed(crs: str) -> CRS:
    """The CRS that a text means. Raises ValueError where pyproj knows none."""
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        reason = str(error).partition(": (Internal")[0]
        raise ValueError(f"{crs!r} is no CRS ({reason})") from None


@lru_cache(maxsize=64)
def crs_text(crs: str) -> str:
    """Its code (EPSG:3031) where the CRS is one that an authority defines, else WKT 2.

    Raises ValueError where it is none, or one without a place on the Earth.
    """
    known = parsed(crs)
    if not (known.is_projected or known.is_geographic):
        raise ValueError(f"{crs!r} is neither a map projection nor longitude and latitude")
    code = known.to_authority(min_confidence=100)
    return ":".join(code) if code else known.to_wkt()


def is_geographic(crs: str) -> bool:
    """Whether x, y are longitude and latitude."""
    return bool(parsed(crs).is_geographic)


def same_crs(one: str | None, other: str | None) -> bool:
    """Whether two texts mean the same CRS; None is the same as None only."""
    if one is None or other is None or one == other:
        return one == other
    return bool(parsed(one) == parsed(other))


@lru_cache(maxsize=16)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(parsed(source), parsed(target), always_xy=True)


def to_crs(line: Floats, source: str, target: str) -> Floats:
    """Points (n, 2) of one CRS in another; x is east or longitude, whatever the CRSs' axes.

    Raises ValueError where a point has no place there, or the map of `target` is for elsewhere.
    """
    if same_crs(source, target):
        return line
    try:
        x, y = _transformer(source, target).transform(line[:, 0], line[:, 1], errcheck=True)
    except ProjError as error:
        raise ValueError(f"has points without a place in {target} ({error})") from None
    points = np.column_stack([x, y]).astype(np.float64)
    if not np.isfinite(points).all():
        raise ValueError(f"has points without a place in {target}")
    if not is_geographic(target) and not (times := stretch(points, target)) < MOST_STRETCH:
        raise ValueError(f"lies where {target} stretches it {times:.3g} times")
    return points


def length_m(lines: Sequence[Floats], crs: str | None) -> float | None:
    """Length of all pieces on the ellipsoid of WGS 84, m; in the image's metres without a CRS.

    None where there is no piece. Source: Karney (2013), Algorithms for geodesics.
    """
    if not lines:
        return None
    if crs is None:
        return float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines))
    degrees = [to_crs(line, crs, WGS84) for line in lines]
    return float(sum(_GEOD.line_length(line[:, 0], line[:, 1]) for line in degrees))


def stretch(line: Floats, crs: str) -> float:
    """How many times as long as on the ground a line (n, 2) is on the map of a projected CRS."""
    ground = length_m([line], crs)
    unit_m = parsed(crs).axis_info[0].unit_conversion_factor
    return float(unit_m * np.hypot(*np.diff(line, axis=0).T).sum() / ground) if ground else 1.0


def steps(longitudes: Floats) -> Floats:
    """Steps (n - 1,) from longitude to longitude the short way round, degrees, -180 to 180."""
    return np.asarray((np.diff(longitudes) + 180) % 360 - 180)


def _passes_pole(line: Floats, width: Floats) -> bool:
    at_pole = np.abs(line[:, 1]) >= LATITUDE_LIMIT - 1e-9
    return bool((np.abs(width) > WIDEST_STEP).any() or at_pole.any())


def cut_at_antimeridian(line: Floats, errors: Floats) -> tuple[list[Floats], list[Floats]]:
    """Pieces of a line (n, 2) in degrees that do not cross 180°, and the errors of their vertices.

    Where it crosses, one piece ends at ±180° and the next begins at ∓180° on the same latitude, as
    RFC 7946 asks (3.1.9). errors: (n,) m; the points put in have none (NaN) unless they lie on a
    vertex.
    Raises PoleError where longitude steps by more than 90°, or a vertex is a pole.
    """
    width = steps(line[:, 0])
    if _passes_pole(line, width):
        raise PoleError("passes a pole, where degrees cannot follow it")
    jumps = np.flatnonzero(np.abs(np.diff(line[:, 0])) > 180)
    if not len(jumps):
        return [line], [errors]
    points, faults, begins = list(line[:1]), list(errors[:1]), [0]
    for i in range(len(line) - 1):
        if i in jumps:
            side = 180.0 if line[i, 0] > 0 else -180.0
            share = (side - line[i, 0]) / width[i] if width[i] else 0.0
            latitude = line[i, 1] + share * (line[i + 1, 1] - line[i, 1])
            fault = {0.0: errors[i], 1.0: errors[i + 1]}.get(share, np.nan)
            if share > 0:
                points.append(np.array([side, latitude]))
                faults.append(fault)
            begins.append(len(points))
            if share < 1:
                points.append(np.array([-side, latitude]))
                faults.append(fault)
        points.append(line[i + 1])
        faults.append(errors[i + 1])
    pieces = zip(
        np.split(np.array(points), begins[1:]), np.split(np.array(faults), begins[1:]), strict=True
    )
    kept = [(piece, fault) for piece, fault in pieces if len(piece) > 1]
    return [piece for piece, _ in kept], [fault for _, fault in kept]


def box(lines: Sequence[Floats]) -> tuple[float, float, float, float]:
    """West, south, east and north of lines in degrees; west > east across 180° (RFC 7946, 5.2).

    It leaves out the widest stretch of longitudes without a line. A line past a pole makes it go
    all round, up to that pole.
    """
    south = min(float(line[:, 1].min()) for line in lines)
    north = max(float(line[:, 1].max()) for line in lines)
    arcs = []
    for line in lines:
        width = steps(line[:, 0])
        if _passes_pole(line, width):
            pole = np.copysign(LATITUDE_LIMIT, line[:, 1].mean())
            return -180.0, min(south, pole), 180.0, max(north, pole)
        for begin, end, step in zip(line[:-1, 0], line[1:, 0], width, strict=True):
            west, east = (begin, end) if step >= 0 else (end, begin)
            start = float(west % 360)
            arcs.append((start, abs(step), west, east))
            if start + abs(step) > 360:  # it covers the first longitudes too
                arcs.append((start - 360, abs(step), west, east))
    arcs.sort()
    reach, east = arcs[0][0], arcs[0][3]
    gaps = []
    for start, step, west, end in [*arcs, (arcs[0][0] + 360, 0.0, arcs[0][2], arcs[0][3])]:
        gaps.append((start - reach, east, west))
        if start + step >= reach:
            reach, east = start + step, end
    widest, east, west = max(gaps[1:])
    if widest <= 0:
        return -180.0, south, 180.0, north
    return float(west), south, float(east), north
