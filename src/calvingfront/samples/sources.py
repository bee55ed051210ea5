"""The scenes of the configured source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import ConfigError, Faults
from calvingfront.samples.scene_table import scene_table

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
        from calvingfront.samples.caffe import list_caffe

        return list_caffe(**source["caffe"], exclude=exclude, listed=_listed(config["split"]))
    if source["kind"] == "images":
        from calvingfront.samples.images import list_images

        return list_images(**source["images"], exclude=exclude)
    if source["kind"] == "products":
        from calvingfront.samples.products import list_products

        table = source["products"]["table"]
        return list_products(table, config["map"]["spacing_m"], exclude)
    if source["kind"] == "simulated":
        return _list_simulated(config, exclude)
    raise ConfigError(
        "source.kind",
        f"{source['kind']!r} is unknown",
        "Write simulated, caffe, images or products.",
    )


def prepared_scenes(scenes: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The same table with the 8-bit image and the front mask that the sample rules read.

    They differ from the source's own files where `import_scene` has written them: with
    `source.kind` images, and products, whose images keep their place on the map.
    """
    suffix = {"images": "png", "products": "tif"}.get(config["source"]["kind"])
    if suffix is None:
        return scenes
    folder = Path(config["results"]) / "imported"
    prepared = scenes.copy()
    prepared["image"] = [str(folder / scene / f"image.{suffix}") for scene in scenes["scene"]]
    prepared["front"] = [str(folder / scene / "front.png") for scene in scenes["scene"]]
    return prepared


def _list_simulated(config: Config, exclude: Mapping[str, str]) -> pd.DataFrame:
    from calvingfront.simulation.archive import plan_scenes

    planned: pd.DataFrame = plan_scenes(config["source"]["simulated"])
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
    planned = planned[~planned["scene"].isin(list(exclude))]
    archive = Path(config["results"]) / "archive"
    rows = [
        {str(key): value for key, value in row.items()}
        | {
            "image": str(archive / "scenes" / f"{row['scene']}.tif"),
            "front": str(archive / "fronts" / f"{row['scene']}_front.png"),
        }
        for row in planned.to_dict("records")
    ]
    return scene_table(rows)


def _listed(split: Config) -> set[str] | None:
    if split["method"] != "paper" or not split.get("lists"):
        return None
    from calvingfront.samples.splits import read_lists

    lists = read_lists(split["lists"], split["lists_scene_column"], split["lists_subset_column"])
    return set(lists.table["scene"])
