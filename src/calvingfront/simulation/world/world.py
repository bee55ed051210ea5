"""The simulated world: terrain and calving front through time, independent of any radar.

A renderer queries it for heights, classes and front lines on a date.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np

from calvingfront.errors import ConfigError, SceneError
from calvingfront.files import PathLike, replacing
from calvingfront.simulation.world.frames import CRS, Frame, plan_frames, terrain_rng
from calvingfront.simulation.world.glacier import Glacier
from calvingfront.simulation.world.noise import Field
from calvingfront.simulation.world.terminus import simulate_history
from calvingfront.simulation.world.terrain import CLIFF_M, DEM_SPACING_M, Terrain, build_terrain
from calvingfront.storage.sealed import reading

FORMAT = 1


class World:
    """All glaciers of a simulated world; made by `build_world`, read by `World.load`."""

    crs = CRS
    cliff_m = CLIFF_M

    def __init__(self, glaciers: dict[str, Glacier], seed: int) -> None:
        self._glaciers = glaciers
        self.seed = seed

    @property
    def glaciers(self) -> list[str]:
        """Names, in order."""
        return list(self._glaciers)

    def __getitem__(self, glacier: str) -> Glacier:
        return self._glaciers[glacier]

    def dem(self, glacier: str) -> tuple[Field, tuple[float, float, float]]:
        """Heights (m, the glacier at its greatest extent) and (upper left x, y, spacing), m."""
        place = self[glacier].frame
        return self[glacier].terrain.dem, (place.upper_left_x, place.upper_left_y, DEM_SPACING_M)

    @classmethod
    def load(cls, path: PathLike, only: str | None = None) -> World:
        """Read a world file, or one glacier of it. Raises SceneError if it does not match."""
        with reading(path), np.load(path, allow_pickle=False) as stored:
            meta = json.loads(str(stored["meta"]))
            if meta.get("format") != FORMAT or (only and only not in meta["frames"]):
                raise SceneError(
                    path,
                    f"is not a world of format {FORMAT}"
                    + (f" with the glacier {only}" if only else ""),
                    "Delete the file and rerun the workflow: it will be rebuilt",
                )
            glaciers = {}
            for name, frame in meta["frames"].items():
                if only and name != only:
                    continue
                parts = {f.name: stored[f"{name}.{f.name}"] for f in fields(Terrain)}
                glaciers[name] = Glacier(
                    Frame(**frame),
                    Terrain(**parts),
                    stored[f"{name}.days"],
                    stored[f"{name}.positions"],
                )
        return cls(glaciers, int(meta["seed"]))

    def save(self, path: PathLike) -> None:
        """Write the world as one uncompressed npz."""
        arrays: dict[str, Any] = {}
        frames = {}
        for name, glacier in self._glaciers.items():
            frames[name] = vars(glacier.frame)
            for field in fields(Terrain):
                arrays[f"{name}.{field.name}"] = getattr(glacier.terrain, field.name)
            arrays[f"{name}.days"] = glacier.days
            arrays[f"{name}.positions"] = glacier.positions
        meta = json.dumps({"format": FORMAT, "seed": self.seed, "frames": frames})
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, meta=np.array(meta), **arrays)


def build_world(
    glaciers: int = 2,
    seed: int = 1,
    first_year: int = 1995,
    last_year: int = 2014,
    extent_m: float = 12_000.0,
    output: PathLike | None = None,
) -> World:
    """Build the world of a simulated archive, and write it to `output` when given.

    extent_m: long side of each glacier's map, m; all geometry scales with it.
    Raises ConfigError for years out of order and for impossible extents.
    """
    if not 1900 <= first_year <= last_year <= 2100:
        raise ConfigError(
            "source.simulated.first_year",
            f"{first_year} … {last_year} is not a range of years between 1900 and 2100",
            "Write first_year ≤ last_year, for example 1995 and 2014",
        )
    built = {}
    for number, frame in enumerate(plan_frames(glaciers, extent_m)):
        terrain = build_terrain(frame, number, terrain_rng(seed, number))
        days, positions = simulate_history(
            first_year, last_year, np.random.default_rng([seed, number, 2])
        )
        built[frame.glacier] = Glacier(frame, terrain, days, positions)
    world = World(built, seed)
    if output is not None:
        world.save(output)
    return world
