"""Results of others: predictions that are read from files and scored like ours.

`others` in the configuration names each of them. In paths such a row is a model with the loss
`none`, as are the rows without a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

MASKS, LINES, PROBABILITIES = "masks", "lines", "probabilities"
AUTO = "auto"
EMPTY = "empty"  # a scene without a file has no front
DEFAULTS = {
    "folder": None, "kind": AUTO, "missing": "error", "label": None, "citation": None,
}  # fmt: skip
# Suffixes of files of masks or probabilities, and of lines.
IMAGE_SUFFIXES = (".png", ".tif", ".tiff")
PARQUET_SUFFIXES = (".parquet", ".geoparquet")
LINE_SUFFIXES = (".gpkg", ".shp", ".geojson", ".fgb", *PARQUET_SUFFIXES)

# Name → label, citation, kind: what the tables and figures print.
Printed = Mapping[str, Mapping[str, str]]
NOBODY: Printed = MappingProxyType({})


def others_of(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Name → entry of the configured results of others, in the order of the tables.

    Keys that an entry leaves out have their defaults, those of the schema.
    """
    given = config.get("others") or {}
    return {name: DEFAULTS | dict(given[name] or {}) for name in sorted(given)}


def is_binary(kind: str) -> bool:
    """Whether results of this kind are fronts already, so that they need no threshold."""
    return kind != PROBABILITIES


def printed_others(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What the tables and figures print about each of the results of others."""
    return {
        name: {
            "label": other["label"] or name,
            "citation": other["citation"] or "",
            "kind": other["kind"],
        }
        for name, other in others_of(config).items()
    }
