"""Names in the configuration that no scene has."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from calvingfront.errors import ConfigError
from calvingfront.scenes.places.names import unknown_glaciers
from calvingfront.scenes.sources import source_of

if TYPE_CHECKING:
    import pandas as pd

Config = Mapping[str, Any]
MOST_LISTED = 6


def name_faults(
    config: Config, known: pd.DataFrame
) -> Iterator[tuple[tuple[str, ...], list[ConfigError]]]:
    """Yield the faults of each key that names glaciers, with the sections that it needs.

    known: the columns glacier and front of all scenes, even of a table with faults.
    """
    named = known[known["glacier"].notna()]
    every, labelled, new = (
        sorted(set(names["glacier"].astype(str)))
        for names in (named, named[named["front"].notna()], named[named["front"].isna()])
    )
    hemisphere = config["source"]["hemisphere"]
    if isinstance(hemisphere, Mapping):
        yield ("source",), [*unknown_glaciers("source.hemisphere", hemisphere, labelled)]
    source = source_of(config)
    if source.products and not source.map:
        yield ("map",), [*unknown_glaciers("map.areas", config["map"]["areas"], every)]
    if config["split"]["method"] == "glacier":
        for key in ("test_glaciers", "validation_glaciers"):
            yield ("split",), [*unknown_glaciers(f"split.{key}", config["split"][key], labelled)]
    if new:  # else nothing is measured
        yield ("positions",), [*unknown_glaciers("positions", config["positions"], new)]


def advice(name: str, known: Collection[str]) -> str:
    """The remedy for an unknown name: the nearest, or the names there are."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]}?"
    listed = sorted(known)
    more = f" and {len(listed) - MOST_LISTED} others" if len(listed) > MOST_LISTED else ""
    names = ", ".join(listed[:MOST_LISTED])
    return f"Write one of: {names}{more}" if listed else "Delete it"
