"""The six missions of the paper as simulated: band, noise, orbits and years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Orbit:
    """One relative orbit from which a mission sees the glaciers.

    number:        relative orbit, as in the scene's name.
    ascending:     flight direction; with the look side it decides which slopes are bright.
    incidence_deg: incidence angle on a horizontal surface at the scene's centre.
    left_looking:  look side; all look right except RADARSAT-1 in its Antarctic mapping.
    """

    number: str
    ascending: bool
    incidence_deg: float
    left_looking: bool = False


@dataclass(frozen=True)
class Mission:
    """How a mission's scenes are simulated.

    band:             radar band, C, L or X: the key of the backscatter table.
    resolution_tag_m: rounded pixel size in scene names.
    first, last:      decimal years between which scenes exist.
    share:            images in the paper's collection of 244: the weight in a planned archive.
    noise_db:         noise equivalent σ0.
    """

    name: str
    band: str
    resolution_tag_m: int
    first: float
    last: float
    share: int
    noise_db: float
    orbits: tuple[Orbit, ...]


_TERRASAR_ORBITS = (Orbit("110", False, 37.5), Orbit("125", True, 33.0), Orbit("049", True, 41.0))
_ALL = (
    Mission(
        "ERS", "C", 20, 1995.0, 2011.5, 30, -24.0,
        (Orbit("152", False, 23.3), Orbit("424", True, 23.1), Orbit("390", False, 22.8)),
    ),
    Mission(
        "ENVISAT", "C", 20, 2002.3, 2012.2, 52, -22.0,
        (Orbit("152", False, 22.9), Orbit("424", True, 23.2), Orbit("381", True, 28.0)),
    ),
    Mission(
        "RSAT", "C", 12, 1996.2, 2010.9, 49, -21.0,
        (Orbit("282", True, 31.0), Orbit("063", False, 37.0), Orbit("306", True, 44.0, True)),
    ),
    Mission(
        "PALSAR", "L", 17, 2006.3, 2011.3, 28, -25.0,
        (Orbit("127", True, 38.7), Orbit("129", True, 38.7), Orbit("132", True, 38.7)),
    ),
    Mission("TSX", "X", 7, 2008.0, 2015.0, 54, -21.0, _TERRASAR_ORBITS),
    Mission("TDX", "X", 7, 2010.5, 2015.0, 31, -21.0, _TERRASAR_ORBITS),
)  # fmt: skip

MISSIONS: Mapping[str, Mission] = MappingProxyType({mission.name: mission for mission in _ALL})


def find_orbit(mission: str, number: str) -> Orbit:
    """Return the mission's orbit with this number; KeyError if there is none."""
    for orbit in MISSIONS[mission].orbits:
        if orbit.number == number:
            return orbit
    raise KeyError(f"{mission} has no simulated orbit {number}")
