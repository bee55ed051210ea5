"""Lines on maps and on the ellipsoid: CRSs, lengths, the antimeridian, bounding boxes."""

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
# A wider step in longitude, degrees, means that a line passes too close to a pole for degrees.
WIDEST_STEP = 90.0
# A larger factor means a map of the other hemisphere: EPSG:3413 stretches Antarctica by a factor
# of 20 or more, Web Mercator northern Greenland by 9.
MOST_STRETCH = 10.0
_GEOD = Geod(ellps="WGS84")


class PoleError(ValueError):
    """A line that passes too close to a pole to be represented in degrees."""


@lru_cache(maxsize=64)
def parsed(crs: str) -> CRS:
    """Parse the text of a CRS. Raises ValueError where pyproj does not recognise it."""
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        reason = str(error).partition(": (Internal")[0]
        raise ValueError(f"{crs!r} is not a CRS ({reason})") from None


@lru_cache(maxsize=64)
def crs_text(crs: str) -> str:
    """The code of a CRS, such as EPSG:3031, or WKT 2 where no authority defines it.

    Raises ValueError unless the text is a projected or geographic CRS.
    """
    known = parsed(crs)
    if not (known.is_projected or known.is_geographic):
        raise ValueError(f"{crs!r} is neither a map projection nor longitude and latitude")
    code = known.to_authority(min_confidence=100)
    return ":".join(code) if code else known.to_wkt()


def is_geographic(crs: str) -> bool:
    """Whether x and y are longitude and latitude."""
    return bool(parsed(crs).is_geographic)


def same_crs(one: str | None, other: str | None) -> bool:
    """Whether two texts mean the same CRS; None matches only None."""
    if one is None or other is None or one == other:
        return one == other
    return bool(parsed(one) == parsed(other))


@lru_cache(maxsize=16)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(parsed(source), parsed(target), always_xy=True)


def to_crs(line: Floats, source: str, target: str) -> Floats:
    """Transform points (n, 2) to another CRS; x is east or longitude, whatever its axis order.

    Raises ValueError where a point cannot be transformed, or where `target` stretches the line
    `MOST_STRETCH` times or more.
    """
    if same_crs(source, target):
        return line
    try:
        x, y = _transformer(source, target).transform(line[:, 0], line[:, 1], errcheck=True)
    except ProjError as error:
        raise ValueError(f"has points that have no position in {target} ({error})") from None
    points = np.column_stack([x, y]).astype(np.float64)
    if not np.isfinite(points).all():
        raise ValueError(f"has points that have no position in {target}")
    if not is_geographic(target) and not (times := stretch(points, target)) < MOST_STRETCH:
        raise ValueError(f"lies where {target} stretches it by a factor of {times:.3g}")
    return points


def length_m(lines: Sequence[Floats], crs: str | None) -> float | None:
    """Total length of all pieces on the WGS 84 ellipsoid, m; without a CRS, in the image.

    None without a piece. Source: Karney (2013), Algorithms for geodesics.
    """
    if not lines:
        return None
    if crs is None:
        return float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines))
    degrees = [to_crs(line, crs, WGS84) for line in lines]
    return float(sum(_GEOD.line_length(line[:, 0], line[:, 1]) for line in degrees))


def stretch(line: Floats, crs: str) -> float:
    """Length of a line (n, 2) on the map of a projected CRS divided by its length on the ground."""
    ground = length_m([line], crs)
    unit_m = parsed(crs).axis_info[0].unit_conversion_factor
    return float(unit_m * np.hypot(*np.diff(line, axis=0).T).sum() / ground) if ground else 1.0


def steps(longitudes: Floats) -> Floats:
    """Differences (n - 1,) of longitudes the short way round, degrees, -180 to 180."""
    return np.asarray((np.diff(longitudes) + 180) % 360 - 180)


def _passes_pole(line: Floats, width: Floats) -> bool:
    at_pole = np.abs(line[:, 1]) >= LATITUDE_LIMIT - 1e-9
    return bool((np.abs(width) > WIDEST_STEP).any() or at_pole.any())


def cut_at_antimeridian(line: Floats, errors: Floats) -> tuple[list[Floats], list[Floats]]:
    """Cut a line (n, 2) in degrees at ±180°; return its pieces and the errors of their vertices.

    At each crossing, one piece ends at ±180° and the next begins at ∓180°, at the same latitude,
    as RFC 7946 requires (3.1.9). errors: (n, …) m; an inserted vertex has none (NaN) unless it
    coincides with an original vertex.
    Raises PoleError where longitude changes by more than 90° in one step, or a vertex is a pole.
    """
    width = steps(line[:, 0])
    if _passes_pole(line, width):
        raise PoleError("passes over or near a pole, where degrees cannot represent it")
    jumps = np.flatnonzero(np.abs(np.diff(line[:, 0])) > 180)
    if not len(jumps):
        return [line], [errors]
    points, faults, begins = list(line[:1]), list(errors[:1]), [0]
    for i in range(len(line) - 1):
        if i in jumps:
            side = 180.0 if line[i, 0] > 0 else -180.0
            share = (side - line[i, 0]) / width[i] if width[i] else 0.0
            latitude = line[i, 1] + share * (line[i + 1, 1] - line[i, 1])
            fault = {0.0: errors[i], 1.0: errors[i + 1]}.get(share, np.full_like(errors[i], np.nan))
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
    """Bounding box of lines in degrees: west, south, east, north (RFC 7946, 5.2).

    Across 180°, west > east. The box leaves out the widest gap in longitude between the lines. If
    a line passes over or near a pole, the box covers all longitudes and extends to that pole.
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
            if start + abs(step) > 360:  # it wraps around to the first longitudes
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
