"""Reading the configuration's schema, and filling in its defaults."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from calvingfront.files import PathLike
from calvingfront.scenes.scene_table import SCENE_NAME
from calvingfront.scenes.sources import SOURCES
from calvingfront.vocabulary.losses import how_to_write_a_loss, loss_pattern
from calvingfront.vocabulary.missions import MISSIONS
from calvingfront.vocabulary.models import NETWORKS
from calvingfront.vocabulary.subsets import SPLIT_METHODS

TYPE_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "array": "a list",
    "object": "a group of keys",
    "boolean": "true or false",
    "null": "null",
}


def read_schema(path: PathLike) -> dict[str, Any]:
    """Read a JSON schema (draft 2020-12) written as YAML, and fill in the vocabulary.

    `x-names: LIST` becomes the names in a list of the vocabulary: an enumeration, or a pattern for
    losses and scenes. `x-each: missions` becomes one key for each mission. `x-part: NAME` becomes
    the schema of NAME.schema.yaml beside this module.
    """
    schema = _read_yaml(Path(path))
    _fill_vocabulary(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    return dict(schema)


def schema_of_configuration() -> dict[str, Any]:
    """The schema of the whole configuration, for commands without the workflow's folder.

    The package holds a copy of workflow/schemas/config.schema.yaml, which `make docs` renews.
    """
    return part_of_schema("config")


def part_of_schema(name: str) -> dict[str, Any]:
    """The schema of one section that the package itself reads, such as `map`, filled in."""
    return read_schema(Path(__file__).with_name(f"{name}.schema.yaml"))


def _read_yaml(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)


def _fill_vocabulary(schema: Any) -> None:
    """Replace `x-names`, `x-each` and `x-part` in a schema, in place."""
    if isinstance(schema, list):
        for part in schema:
            _fill_vocabulary(part)
    if not isinstance(schema, dict):
        return
    if "x-part" in schema:
        schema |= part_of_schema(schema.pop("x-part"))
        return
    for part in schema.values():
        _fill_vocabulary(part)
    names, each = schema.pop("x-names", None), schema.pop("x-each", None)
    if names == "losses":
        schema |= {"pattern": f"^(?:{loss_pattern()})$", "x-write": how_to_write_a_loss()}
    elif names == "scenes":
        schema["pattern"] = f"^{SCENE_NAME.pattern}$"
    elif names == "networks":
        schema["enum"] = list(NETWORKS)
    elif names == "sources":
        schema |= _choices({name: source.text for name, source in SOURCES.items()}, schema)
    elif names == "split_methods":
        schema |= _choices(SPLIT_METHODS, schema)
    if each == "missions":
        schema["properties"] = {
            mission.name: {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 100_000,
                "default": mission.spacing_m,
                "unit": "m",
                "description": f"Map pixel spacing for {mission.label}.",
            }
            for mission in MISSIONS.values()
        }


def _choices(texts: Mapping[str, str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """An enumeration whose description explains each of its names."""
    meanings = "; ".join(f"`{name}`: {text}" for name, text in texts.items())
    return {"enum": list(texts), "description": f"{schema['description']} {meanings}."}


def fill_defaults(config: Any, schema: Mapping[str, Any]) -> Any:
    """Copy `config`, in the schema's order, and give every missing key its default.

    A group left empty (null in YAML) gets all its defaults.
    """
    if "properties" not in schema:
        return _typed(config, schema)
    if config is None:
        config = {}
    if not isinstance(config, Mapping):
        return copy.deepcopy(config)
    filled: dict[str, Any] = {}
    for key, part in schema["properties"].items():
        if "properties" in part:
            filled[key] = fill_defaults(config.get(key), part)
        elif key in config and _holds_groups(part) and isinstance(config[key], Mapping | None):
            group = part["additionalProperties"]
            given = config[key] or {}
            filled[key] = {name: fill_defaults(each, group) for name, each in given.items()}
        elif key in config:
            filled[key] = _typed(config[key], part)
        elif "default" in part:
            filled[key] = copy.deepcopy(part["default"])
    filled.update({key: value for key, value in config.items() if key not in filled})
    return filled


def _holds_groups(part: Mapping[str, Any]) -> bool:
    """Whether a key holds groups of keys under names of the user's choice."""
    free = part.get("additionalProperties")
    return isinstance(free, Mapping) and "properties" in free


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """Copy a value, converting strings to numbers, booleans or null if the schema asks for these.

    Snakemake passes values inside brackets after --config as strings: `seeds=[1,2]` arrives as
    "1" and "2". A string that reads as a number becomes one unless the schema allows strings.
    """
    if isinstance(value, list) and "items" in schema:
        return [_typed(item, schema["items"]) for item in value]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, str) and "null" in kinds and value == "null":
        return None
    if isinstance(value, str) and "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    if isinstance(value, str) and kinds and "string" not in kinds:
        for convert in (int, float):
            try:
                return convert(value)
            except ValueError:
                continue
    return copy.deepcopy(value)


def as_json(value: Any) -> str:
    """Format a value as it is written in YAML (JSON is valid YAML)."""
    return json.dumps(value, ensure_ascii=False)
