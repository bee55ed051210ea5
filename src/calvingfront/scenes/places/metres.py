"""Whether a metre of a map is a metre on the ground, and which map to take instead."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

if TYPE_CHECKING:
    import pandas as pd

LARGEST_STRETCH = 0.10  # a map on which lengths are more wrong than this is refused
TOLD_STRETCH = 0.02
STEP_M = 100.0
DEGREES_PIXEL = 0.1  # smaller pixels are in degrees, whatever the CRS says
POLAR_LATITUDE, UTM_LATITUDE = 60.0, 84.0


class MapFault(NamedTuple):
    """Why a map cannot be used.

    what: the end of a sentence. better: CRSs in metres for the place. mislabelled: whether the
    coordinates seem to be in another CRS than the one stated.
    """

    what: str
    better: str
    mislabelled: bool = False

    @property
    def remedy(self) -> str:
        """What to do with an image on this map."""
        if self.mislabelled:
            return "Write the CRS that its coordinates are in, with gdal_edit.py -a_srs."
        return f"Warp it first, for example with gdalwarp -t_srs {self.better}."


class Stretch(NamedTuple):
    """Metres of the map for a metre on the ground, in the directions where they differ most."""

    smallest: float
    largest: float

    @property
    def worst(self) -> float:
        """The one that is farther from 1."""
        return self.largest if self.largest - 1 >= 1 - self.smallest else self.smallest


@lru_cache(maxsize=64)
def flat_crs(crs: str) -> CRS:
    """The horizontal part of any CRS. Raises CRSError if it is none."""
    system = CRS.from_user_input(crs)
    if system.is_compound:
        system = system.sub_crs_list[0]
    if system.is_bound and system.source_crs is not None:
        system = system.source_crs
    return system.to_2d()


def is_undefined(crs: CRS) -> bool:
    """Whether a CRS only stands for one that is not known, as GDAL writes it into a GeoPackage."""
    name = crs.name.lower()
    return crs.is_engineering or name.startswith("undefined") or not (
        crs.is_geographic or crs.is_projected or crs.is_compound or crs.is_bound
        or crs.is_geocentric or crs.is_derived
    )  # fmt: skip


def map_fault(
    crs: str, points: npt.ArrayLike = (), pixel_size: float | None = None
) -> MapFault | None:
    """Why lengths cannot be measured on a map, or None if they can.

    crs: anything that PROJ reads. points: (n, 2) map x, y, the first in the middle of the place;
    none if it is not known. pixel_size: of an image there, in units of the map.
    """
    places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    return _map_fault(crs, tuple(map(tuple, places.tolist())), pixel_size)


@lru_cache(maxsize=4096)  # the images of a glacier often share their grid
def _map_fault(
    crs: str, points: tuple[tuple[float, ...], ...], pixel_size: float | None
) -> MapFault | None:
    places = np.array(points, dtype=np.float64).reshape(-1, 2)
    try:
        flat = flat_crs(crs)
    except (CRSError, ProjError) as error:
        reason = " ".join(str(error).split())[:120]
        return MapFault(f"has a CRS that cannot be read ({reason})", advice(None))
    name = str(flat.to_string())
    middle = place_of(name, *places[0]) if len(places) else None
    better = advice(middle)
    wrong = _no_metres(name)
    if wrong is not None:
        off = bool(len(places)) and flat.is_geographic and np.abs(places).max() > 360
        wrong += ", and its coordinates are no degrees" if off else ""
        return MapFault(wrong, better, off or is_undefined(flat))
    if not len(places):
        return None
    shown = short_name(name)
    if pixel_size is not None and pixel_size < DEGREES_PIXEL and looks_like_degrees(places):
        what = f"is in {shown} (metres), but its coordinates look like degrees"
        return MapFault(what, advice(None), mislabelled=True)
    stretch = stretch_at(name, places)
    if middle is None or not np.isfinite(stretch.largest):
        return MapFault(f"lies where {shown} has no place on Earth", better, mislabelled=True)
    if abs(stretch.worst - 1) <= LARGEST_STRETCH:
        return None
    return MapFault(
        f"is in {shown}, where a metre on the ground is {stretch.worst:.3g} m on the map at its "
        f"place ({shown_place(middle)})",
        better,
    )


@lru_cache(maxsize=64)
def _no_metres(name: str) -> str | None:
    """Why a CRS is no map in metres, wherever the place; None if it is one."""
    flat, shown = flat_crs(name), short_name(name)
    if is_undefined(flat):
        return f"has no coordinate reference system (it says {flat.name})"
    if not flat.is_projected:
        kind = "degrees" if flat.is_geographic else "a CRS that is no map"
        return f"is in {shown}, not in projected metres but in {kind}"
    units = sorted({axis.unit_name for axis in flat.axis_info if axis.unit_conversion_factor != 1})
    if units:
        return f"is in {shown}, not in projected metres but in {', '.join(units)}"
    operation = flat.coordinate_operation
    if operation is not None and "Pseudo" in operation.method_name:
        return f"is in {shown} (Web Mercator), whose metres are no metres on the ground"
    return None


def stretch_at(crs: str, points: npt.ArrayLike) -> Stretch:
    """The smallest and largest stretch of a projected map at places, (n, 2) map x, y.

    Steps of 100 m along both axes are measured on the ellipsoid; the singular values of the two
    are the axes of Tissot's ellipse. NaN or infinite where the map has no place.
    """
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    to_degrees = _transformer(crs)
    geod = flat_crs(crs).get_geod()
    assert geod is not None, "a projected CRS has an ellipsoid"
    start = np.array(to_degrees.transform(xy[:, 0], xy[:, 1]))
    steps = []
    for dx, dy in ((STEP_M, 0.0), (0.0, STEP_M)):
        end = np.array(to_degrees.transform(xy[:, 0] + dx, xy[:, 1] + dy))
        if not (np.isfinite(start).all() and np.isfinite(end).all()):
            return Stretch(0.0, np.inf)
        azimuth, _, metres = geod.inv(start[0], start[1], end[0], end[1])
        turned = np.radians(azimuth)
        steps.append(np.stack([metres * np.sin(turned), metres * np.cos(turned)], axis=-1))
    on_ground = np.linalg.svd(np.stack(steps, axis=-1) / STEP_M, compute_uv=False)
    with np.errstate(divide="ignore"):
        return Stretch(float(1 / on_ground.max()), float(1 / on_ground.min()))


def looks_like_degrees(points: npt.ArrayLike) -> bool:
    """Whether coordinates, (n, 2), could be longitudes and latitudes."""
    places = np.abs(np.asarray(points, dtype=np.float64))
    return bool((places[:, 0] <= 360).all() and (places[:, 1] <= 90).all())


def stretched(scenes: pd.DataFrame) -> list[str]:
    """Sentences for the report on the maps of a scene table on which a metre is 2 % off or more."""
    lines = []
    known = scenes[scenes["front"].notna() & scenes["crs"].notna()]
    for (glacier, crs), group in known.groupby(["glacier", "crs"], sort=True):
        height = group["height_px"] * group["pixel_size_y_m"]
        x = group["upper_left_x"] + group["width_px"] * group["pixel_size_x_m"] / 2
        middle = [(x.mean(), (group["upper_left_y"] - height / 2).mean())]
        worst = stretch_at(str(crs), middle).worst
        if abs(worst - 1) >= TOLD_STRETCH:
            lines.append(
                f"{glacier}: a metre on the ground is {worst:.3f} m on its map "
                f"({short_name(str(crs))}), so that lengths in metres are "
                f"{100 * abs(worst - 1):.1f} % too {'large' if worst > 1 else 'small'}"
            )
    return lines


def advice(place: tuple[float, float] | None) -> str:
    """CRSs in metres for a place (longitude, latitude in degrees), for messages."""
    if place is None:
        return "EPSG:3413 (Arctic), EPSG:3031 (Antarctic) or the UTM zone"
    longitude, latitude = place
    zone = int((longitude + 180) % 360 // 6) + 1
    utm = f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"
    if abs(latitude) < POLAR_LATITUDE:
        return f"{utm} (UTM)"
    polar = "EPSG:3413" if latitude > 0 else "EPSG:3031"
    return polar if abs(latitude) > UTM_LATITUDE else f"{polar} or {utm} (UTM)"


def place_of(crs: str, x: float, y: float) -> tuple[float, float] | None:
    """Longitude and latitude, degrees, of a point of any CRS; None if it has none."""
    try:
        longitude, latitude = _transformer(crs).transform(float(x), float(y))
    except (CRSError, ProjError):
        return None
    if not (np.isfinite([longitude, latitude]).all() and abs(latitude) <= 90):
        return None
    return (longitude + 180) % 360 - 180, latitude


def shown_place(place: tuple[float, float]) -> str:
    """A place in words, as in 64.2° S, 60.5° W."""
    longitude, latitude = place[0], place[1]
    ns, ew = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.1f}° {ns}, {abs(longitude):.1f}° {ew}"


@lru_cache(maxsize=64)
def _transformer(crs: str) -> Transformer:
    """From a CRS to its own longitude and latitude."""
    flat = flat_crs(crs)
    geodetic = flat if flat.is_geographic else flat.geodetic_crs
    if geodetic is None:
        raise CRSError(f"{flat.name} has no geodetic CRS")
    return Transformer.from_crs(flat, geodetic, always_xy=True)


@lru_cache(maxsize=64)
def flat_name(crs: str) -> str:
    """The name of a CRS, without a vertical part that it may have."""
    return str(flat_crs(crs).to_string()) if CRS.from_user_input(crs).is_compound else crs


@lru_cache(maxsize=64)
def short_name(crs: str) -> str:
    """The code of a CRS, or the name that it gives itself, for messages."""
    return crs if len(crs) <= 20 else str(CRS.from_user_input(crs).name)
