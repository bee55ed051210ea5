"""The scenes of the configured source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import ConfigError, Faults
from calvingfront.scenes.scene_table import scene_table

Config = Mapping[str, Any]


def list_scenes(config: Config) -> pd.DataFrame:
    """The scene table of the configured source, from names and file headers only.

    Excluded scenes are left out; `attrs["notes"]` holds sentences for the scene report. The columns
    image and front are the files as the source has them; see `prepared_scenes`.
    Raises Faults with everything that is wrong.
    """
    source = config["source"]
    exclude = dict(source.get("exclude") or {})
    if source["kind"] == "caffe":
        from calvingfront.scenes.caffe import list_caffe

        return list_caffe(**source["caffe"], exclude=exclude, listed=_listed(config["split"]))
    if source["kind"] == "images":
        from calvingfront.scenes.images import list_images

        return list_images(**source["images"], exclude=exclude)
    if source["kind"] == "products":
        from calvingfront.scenes.products import list_products

        table = source["products"]["table"]
        return list_products(table, config["map"]["spacing_m"], exclude)
    if source["kind"] == "simulated":
        return _list_simulated(config, exclude)
    raise ConfigError(
        "source.kind",
        f"{source['kind']!r} is unknown",
        "Write simulated, caffe, images or products.",
    )


def from_products(config: Config) -> bool:
    """Whether the scenes start from radar products, which have to be geocoded first."""
    source = config["source"]
    if source["kind"] == "simulated":
        return bool(source["simulated"]["geometry"] == "radar")
    return bool(source["kind"] == "products")


def map_settings(config: Config) -> dict[str, Any]:
    """The map onto which products are geocoded: the configured one, or the simulated world's."""
    settings = dict(config["map"])
    if config["source"]["kind"] != "simulated":
        return settings
    from calvingfront.simulation.world.frames import CRS, plan_frames

    simulated = config["source"]["simulated"]
    frames = plan_frames(simulated["glaciers"], simulated["extent_m"])
    return settings | {
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


def prepared_scenes(scenes: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The same table with the 8-bit image and the front mask that the sample rules read.

    They differ from the source's own files where `import_scene` has written them: for `images`,
    and for products, whose images keep their place on the map.
    """
    if not from_products(config) and config["source"]["kind"] != "images":
        return scenes
    suffix = "tif" if from_products(config) else "png"
    folder = Path(config["results"]) / "imported"
    prepared = scenes.copy()
    prepared["image"] = [str(folder / scene / f"image.{suffix}") for scene in scenes["scene"]]
    prepared["front"] = [str(folder / scene / "front.png") for scene in scenes["scene"]]
    return prepared


def plan_simulated(config: Config) -> pd.DataFrame:
    """The plan of the simulated archive: one row per scene, with what its simulation needs."""
    if from_products(config):
        from calvingfront.simulation.radar_plan import plan_radar_scenes as plan
    else:
        from calvingfront.simulation.archive import plan_scenes as plan
    planned: pd.DataFrame = plan(config["source"]["simulated"], config["results"])
    return planned


def _list_simulated(config: Config, exclude: Mapping[str, str]) -> pd.DataFrame:
    planned = plan_simulated(config)
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
    rows = planned[~planned["scene"].isin(list(exclude))].to_dict("records")
    if from_products(config):
        spacing_m = config["map"]["spacing_m"]
        fronts = str(Path(config["results"]) / "archive/fronts.gpkg")
        for row in rows:
            # The map's grid is known once the scene is geocoded.
            row |= dict.fromkeys(("width_px", "height_px", "upper_left_x", "upper_left_y", "crs"))
            row |= dict.fromkeys(
                ("pixel_size_x_m", "pixel_size_y_m"), spacing_m[str(row["mission"])]
            )
            row |= {"image": row["product"], "front": fronts}
    return scene_table({str(key): value for key, value in row.items()} for row in rows)


def _listed(split: Config) -> set[str] | None:
    if split["method"] != "paper" or not split.get("lists"):
        return None
    from calvingfront.dataset.splits import read_lists

    lists = read_lists(split["lists"], split["lists_scene_column"], split["lists_subset_column"])
    return set(lists.table["scene"])
