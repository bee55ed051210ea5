"""The sources of scenes. Plain data: the code of a source is imported only when chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.errors import ConfigError
from calvingfront.scenes.places.names import unknown_glaciers
from calvingfront.vocabulary.glaciers import CAFFE_HEMISPHERES
from calvingfront.vocabulary.references import load

if TYPE_CHECKING:
    import pandas as pd

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """One source of scenes; its keys are in `source.{name}` of the configuration.

    name:     the value of `source.kind`.
    text:     what it is, for the documentation.
    scenes:   function from the configuration to the scene table, from names and headers only.
    faults:   function from the configuration to the ConfigErrors of its own keys.
    products: whether its scenes are radar products, which must be geocoded first.
    imported: whether its images and fronts are converted to 8 bit and one grid by `import_scene`;
              those of other sources are ready to read.
    map:      function from the configuration to the settings of the map; None: `map` unchanged.
    zones:    whether its scenes can have masks of zones.
    data, licence: of its scenes, as written into an exported model unless `locating` says it.
    hemispheres: glacier → north or south, of the glaciers that this source is known to have.
    """

    name: str
    text: str
    scenes: str
    faults: str
    products: bool = False
    imported: bool = True
    map: str | None = None
    zones: bool = False
    data: str = "own data, see scenes.tsv"
    licence: str = "not stated"
    hemispheres: Mapping[str, str] = field(default_factory=dict)


_HERE = "calvingfront.scenes"
_ALL = (
    Source(
        "simulated", "radar products of a simulated world",
        f"{_HERE}.simulated:from_config", f"{_HERE}.simulated:faults",
        products=True, map=f"{_HERE}.simulated:map_settings",
        data="the simulated archive of calvingfront", licence="MIT",
    ),
    Source(
        "caffe", "a folder in the layout of the published CaFFe data",
        f"{_HERE}.caffe:from_config", f"{_HERE}.caffe:faults", imported=False, zones=True,
        data="CaFFe (Gourmelon et al. 2022, doi:10.1594/PANGAEA.940950), CC-BY-4.0",
        licence="CC-BY-4.0",
        hemispheres=CAFFE_HEMISPHERES,
    ),
    Source(
        "images", "a table of one's own geocoded images",
        f"{_HERE}.images:from_config", f"{_HERE}.images:faults", zones=True,
    ),
    Source(
        "products", "a table of level-1 radar products, geocoded with the terrain model of `map`",
        f"{_HERE}.products:from_config", f"{_HERE}.products:faults", products=True,
    ),
)  # fmt: skip
SOURCES: dict[str, Source] = {source.name: source for source in _ALL}


def source_of(config: Config) -> Source:
    """The configured source. Raises ConfigError if there is none of this name."""
    kind = config["source"]["kind"]
    if kind not in SOURCES:
        raise ConfigError(
            "source.kind", f"{kind!r} is not a source", f"Write one of {', '.join(SOURCES)}."
        )
    return SOURCES[kind]


def list_scenes(config: Config) -> pd.DataFrame:
    """The scene table of the configured source, from names and file headers only.

    A scene whose front is to be located has an empty cell `front`.
    Excluded scenes are left out; `attrs["notes"]` contains sentences for the scene report, and
    `attrs["zones"]` the mask of zones of each scene, if networks learn zones. The
    columns image and front are the source's own files; see `prepared_scenes`.
    Raises Faults with all faults.
    """
    table: pd.DataFrame = load(source_of(config).scenes)(config)
    load(f"{_HERE}.lists.split_lists:check_listed")(config, table)
    return table


def listed_in(config: Config) -> str:
    """The file or folder that lists the scenes of the configured source, for messages."""
    own = config["source"][source_of(config).name]
    return str(own.get("table") or own.get("folder") or f"source.{source_of(config).name}")


def map_settings(config: Config) -> dict[str, Any]:
    """The map onto which products are geocoded: the configured one, or the source's own."""
    source = source_of(config)
    return dict(load(source.map)(config) if source.map else config["map"])


def known_hemispheres(glaciers: Collection[str], config: Config) -> dict[str, str]:
    """Glacier → north or south, as far as configuration and source know it.

    glaciers: of the scene table. A glacier named in `source.hemisphere` comes first, then the
    glaciers of the source, then a hemisphere for all.
    Raises ConfigError if `source.hemisphere` names a glacier that no scene has.
    """
    given = config["source"]["hemisphere"]
    named: dict[str, str] = dict(given) if isinstance(given, Mapping) else {}
    names = sorted(set(glaciers))
    for fault in unknown_glaciers("source.hemisphere", named, names):
        raise fault
    found = dict.fromkeys(names, given) if isinstance(given, str) else {}
    found |= {name: value for name, value in source_of(config).hemispheres.items() if name in names}
    return dict(sorted((found | named).items()))


def prepared_scenes(scenes: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The same table with the 8-bit image and the front mask that the sample rules read.

    Files written by `import_scene` and `import_new_scene` replace the source's own; images of
    products stay georeferenced. A scene without a front has none here either.
    """
    from calvingfront.scenes.scene_table import records, scene_table  # slow: not for every job

    source = source_of(config)
    if not source.imported:
        return scenes
    suffix = "tif" if source.products else "png"
    results = Path(config["results"])
    rows = records(scenes)
    for row in rows:
        if row["front"] is None:
            row["image"] = str(results / "new_images" / f"{row['scene']}.{suffix}")
        else:
            folder = results / "imported" / row["scene"]
            row |= {"image": str(folder / f"image.{suffix}"), "front": str(folder / "front.png")}
    prepared = scene_table(rows)
    prepared.attrs |= scenes.attrs
    return prepared


def of_training(config: Config, scenes: pd.DataFrame) -> dict[str, Any]:
    """The configuration without what concerns only scenes without a front.

    scenes: from `list_scenes`. Whatever changes about such scenes, this stays the same.
    """
    new = scenes.attrs.get("excluded_new", ())
    exclude = config["source"]["exclude"] or {}
    kept = {scene: reason for scene, reason in exclude.items() if scene not in new}
    simulated = dict(config["source"]["simulated"])
    simulated.pop("new_scenes", None)
    source = dict(config["source"]) | {"exclude": kept, "simulated": simulated}
    source.pop("leave_out_failed", None)  # the scenes that it leaves out are in exclude
    return {key: value for key, value in config.items() if key != "locating"} | {"source": source}
