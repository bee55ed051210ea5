"""The satellite missions whose products can be geocoded, in the order of the paper's archive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mission:
    """One mission.

    name:      as written in the scene table, CaFFe's file names and the configuration.
    label:     printed name.
    spacing_m: default pixel spacing of its maps, close to that of the published images.
    """

    name: str
    label: str
    spacing_m: float


_ALL = (
    Mission("ERS", "ERS-1 and ERS-2", 20),
    Mission("ENVISAT", "Envisat ASAR", 20),
    Mission("RSAT", "RADARSAT-1", 20),
    Mission("PALSAR", "ALOS PALSAR", 17),
    Mission("TSX", "TerraSAR-X", 7),
    Mission("TDX", "TanDEM-X", 7),
    Mission("S1", "Sentinel-1", 20),
)
MISSIONS: dict[str, Mission] = {mission.name: mission for mission in _ALL}
