"""The plan of the simulated archive in radar geometry: cheap, because every workflow reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from calvingfront.simulation.archive import plan_scenes
from calvingfront.simulation.missions import MISSIONS

if TYPE_CHECKING:
    import pandas as pd

# Product levels by turns. TerraSAR-X's complex SSC can be simulated too, but its cells of 2 m take
# ten times as long as the detected product that the paper's images come from.
LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ERS": ("SLC", "IMS", "PRI", "IMP"),
        "ENVISAT": ("IMS", "IMP"),
        "RSAT": ("SGF",),
        "PALSAR": ("1.1", "1.5"),
        "TSX": ("MGD",),
        "TDX": ("MGD",),
    }
)
# Local solar hour of descending and ascending passes of the missions' sun-synchronous orbits
_LOCAL_HOURS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "ERS": (10.5, 22.5),
        "ENVISAT": (10.0, 22.0),
        "RSAT": (6.0, 18.0),
        "PALSAR": (10.5, 22.5),
        "TSX": (6.0, 18.0),
        "TDX": (6.0, 18.0),
    }
)


def plan_radar_scenes(simulated: Mapping[str, Any], results: str = "results") -> pd.DataFrame:
    """Return the scenes of the simulated archive with what radar geometry adds to them.

    simulated: the configuration's source.simulated, as for `archive.plan_scenes`, whose dates,
    missions and qualities these are. Orbits and levels go by turns within a mission, so that each
    pass, look side and layout occurs. New columns: level, acquired_utc (ISO, UTC), product (the
    record that `simulate_product` writes). Raises ConfigError as `plan_scenes` does.
    """
    import pandas as pd

    base = plan_scenes(simulated, results).sort_values(["acquired", "glacier"])
    folder = PurePosixPath(results) / "archive"
    turns: Counter[str] = Counter()
    rows = []
    for row in base.to_dict("records"):
        mission = MISSIONS[str(row["mission"])]
        turn = turns[mission.name]
        turns[mission.name] += 1
        orbit = mission.orbits[turn % len(mission.orbits)]
        # three orbits and 1, 2 or 4 levels: without a common factor, every pair has its turn
        level = LEVELS[mission.name][turn % len(LEVELS[mission.name])]
        day = date.fromisoformat(str(row["acquired"]))
        scene = (
            f"{row['glacier']}_{day}_{mission.name}_{row['resolution_tag_m']}"
            f"_{row['quality']}_{orbit.number}"
        )
        rows.append(
            {
                **{str(key): value for key, value in row.items()},
                "scene": scene,
                "orbit": orbit.number,
                "level": level,
                "acquired_utc": _time_of_pass(day, mission.name, orbit.ascending, scene),
                "image": str(folder / "scenes" / f"{scene}.tif"),
                "front": str(folder / "fronts" / f"{scene}_front.png"),
                "product": str(folder / "products" / scene / "product.json"),
            }
        )
    return pd.DataFrame(rows).sort_values("scene", ignore_index=True)


def _time_of_pass(day: date, mission: str, ascending: bool, scene: str) -> str:
    """UTC of the scene's middle: the local solar hour at 60° W, some minutes around it."""
    hour = (_LOCAL_HOURS[mission][int(ascending)] + 4.0) % 24
    seed = np.frombuffer(scene.encode(), np.uint8).tolist()
    around = float(np.random.default_rng(seed).uniform(-1200.0, 1200.0))
    middle = datetime(day.year, day.month, day.day) + timedelta(hours=hour)
    return (middle + timedelta(milliseconds=round(1000 * around))).isoformat(
        timespec="milliseconds"
    )
