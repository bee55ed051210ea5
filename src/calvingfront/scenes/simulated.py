"""Scenes of the simulated archive: their products are made by the workflow itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.errors import ConfigError, Faults
from calvingfront.scenes.scene_table import scene_table
from calvingfront.simulation.plan import plan_scenes
from calvingfront.simulation.world.frames import CRS, plan_frames

if TYPE_CHECKING:
    import pandas as pd

Config = Mapping[str, Any]


def from_config(config: Config) -> pd.DataFrame:
    """The scene table of the simulated archive. Raises Faults for excluded scenes it has not."""
    exclude = config["source"]["exclude"] or {}
    planned = plan_scenes(config["source"]["simulated"], config["results"])
    unknown = sorted(set(exclude) - set(planned["scene"]))
    if unknown:
        raise Faults(
            [
                ConfigError(
                    f"source.exclude.{name}", "there is no such scene", "Correct or delete the key."
                )
                for name in unknown
            ],
            "The simulated scenes change with source.simulated.",
        )
    spacing_m = config["map"]["spacing_m"]
    fronts = str(Path(config["results"]) / "archive/fronts.gpkg")
    rows = planned[~planned["scene"].isin(list(exclude))].to_dict("records")
    for row in rows:
        # The place on the map is known once the scene is geocoded.
        row |= dict.fromkeys(("pixel_size_x_m", "pixel_size_y_m"), spacing_m[str(row["mission"])])
        row |= {"image": row["product"], "front": fronts}
    return scene_table({str(key): value for key, value in row.items()} for row in rows)


def faults(config: Config) -> Iterator[ConfigError]:
    """What cannot work together among the keys of `source.simulated`."""
    simulated = config["source"]["simulated"]
    if simulated["first_year"] > simulated["last_year"]:
        yield ConfigError(
            "source.simulated.first_year",
            f"{simulated['first_year']} lies after last_year",
            f"Write at most {simulated['last_year']}",
        )
    if simulated["glaciers"] * 3 > simulated["scenes"]:
        yield ConfigError(
            "source.simulated.scenes",
            f"{simulated['scenes']} scenes are too few for {simulated['glaciers']} glaciers",
            f"Write at least {3 * simulated['glaciers']}",
        )


def map_settings(config: Config) -> dict[str, Any]:
    """The map of the simulated world: its own grid, terrain model and glaciers."""
    simulated = config["source"]["simulated"]
    frames = plan_frames(simulated["glaciers"], simulated["extent_m"])
    return dict(config["map"]) | {
        "crs": CRS,
        "dem": str(Path(config["results"]) / "archive/dem.tif"),
        "vertical_datum": "ellipsoid",
        "geoid": None,
        "areas": {
            frame.glacier: [
                frame.upper_left_x,
                frame.upper_left_y - frame.height_m,
                frame.upper_left_x + frame.width_m,
                frame.upper_left_y,
            ]
            for frame in frames
        },
    }
