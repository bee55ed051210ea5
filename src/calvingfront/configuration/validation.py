"""Validation of the configuration and the scene table; all faults are reported at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jsonschema

from calvingfront.configuration.checks import contradictions
from calvingfront.configuration.schema import TYPE_NAMES, as_json, fill_defaults, read_schema
from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.files import PathLike

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "Correct the configuration; config/README.md explains every key."


def validate_config(config: Mapping[str, Any], schema_path: PathLike) -> dict[str, Any]:
    """Check a configuration and return a copy with the schema's defaults filled in.

    Raises `Faults` with one `ConfigError` per fault, which gives the key and what to write.
    """
    filled, faults = _filled(config, read_schema(schema_path))
    if not faults:  # keys can be compared with each other only if each is valid
        faults = list(contradictions(filled))
    if faults:
        raise Faults(faults, REMEDY)
    return filled


def checked_section(name: str, section: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Check one section of the configuration by its own schema; return it with its defaults.

    Raises `Faults`, whose keys begin with the name of the section.
    """
    around = {"type": "object", "properties": {name: schema}}
    filled, faults = _filled({name: section}, around)
    if faults:
        raise Faults(faults, REMEDY)
    checked: dict[str, Any] = filled[name]
    return checked


def _filled(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> tuple[dict[str, Any], list[CalvingFrontError]]:
    """A copy of the configuration with its defaults, and the faults of its keys."""
    filled: dict[str, Any] = fill_defaults(config, schema)
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(filled), key=lambda error: list(map(str, error.path)))
    return filled, [fault for error in errors for fault in _explain(error)]


def validate_scenes(
    scenes: pd.DataFrame, schema_path: PathLike, source: object = "scene table"
) -> None:
    """Check every row of a scene table against its schema, and that no scene appears twice.

    source: where the scenes come from, for messages. Raises `Faults` with one `SceneError` per
    fault, which names the source, the scene, the column and what to write.
    """
    validator = jsonschema.Draft202012Validator(read_schema(schema_path))
    faults: list[CalvingFrontError] = []
    for record in scenes.astype(object).where(scenes.notna(), None).to_dict("records"):
        for error in validator.iter_errors(record):
            name = record.get("scene") or "without a name"
            for fault in _explain(error):
                where = f"{source}, scene {name}, column {fault.where}"
                what = fault.what.replace("no such key", "no such column")
                faults.append(SceneError(where, what, fault.remedy))
    twice = scenes["scene"][scenes["scene"].duplicated()].unique()
    faults += [
        SceneError(f"{source}, scene {scene}", "appears twice", "Give each scene a unique name")
        for scene in twice
    ]
    if faults:
        raise Faults(faults, "workflow/schemas/scenes.schema.yaml explains every column.")


def _explain(error: jsonschema.ValidationError) -> Iterator[ConfigError]:
    """Explain a schema error: the key, the fault and what to write instead."""
    schema: Any = error.schema
    instance: Any = error.instance
    where = _key(error.absolute_path)
    value = json.dumps(error.instance, ensure_ascii=False, default=str)
    rule: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(rule, Mapping):
        return
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        for key in sorted(set(instance) - set(known), key=str):
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]}?" if near else "Write one of: " + ", ".join(known)
            yield ConfigError(_key([*error.absolute_path, key]), "there is no such key", remedy)
        return
    default = f" (default: {as_json(schema['default'])})" if "default" in schema else ""
    if error.validator == "type":
        names = [TYPE_NAMES[name] for name in ([rule] if isinstance(rule, str) else rule)]
        wanted = " or ".join(names)
        what, remedy = f"{value} is not {wanted}", f"Write {wanted}{default}"
    elif error.validator == "enum":
        options = ", ".join(map(str, rule))
        near = difflib.get_close_matches(str(error.instance), list(map(str, rule)), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        what, remedy = f"{value} is not allowed", f"Write one of: {options}{default}.{hint}"
    elif error.validator == "pattern":
        what, remedy = f"{value} is not valid", _pattern_remedy(where, schema) + default
    elif error.validator in {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}:
        what = f"{value} is out of range"
        remedy = f"Write {_range(schema)}{default}"
    elif error.validator in {"minItems", "maxItems", "minLength"}:
        what = f"{value} is too {'long' if error.validator == 'maxItems' else 'short'}"
        unit = "character(s)" if error.validator == "minLength" else "item(s)"
        side = "at most" if error.validator == "maxItems" else "at least"
        remedy = f"Write {side} {rule} {unit}{default}"
    elif error.validator == "uniqueItems":
        what, remedy = f"{value} contains duplicates", "Write each item once"
    elif error.validator == "required":
        missing = sorted(set(rule) - set(instance))
        where, what, remedy = ", ".join(missing), "is missing", "Add it"
    else:
        what, remedy = error.message, f"See config/README.md{default}"
    yield ConfigError(where, what, remedy)


def _pattern_remedy(where: str, schema: Mapping[str, Any]) -> str:
    if "x-write" in schema:
        return str(schema["x-write"])
    if where == "training.device":
        return "Write auto, cpu, cuda, or cuda: and a number"
    return "Write a path without braces"


def _range(schema: Mapping[str, Any]) -> str:
    bounds = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    parts = [f"{words} {schema[name]}" for name, words in bounds.items() if name in schema]
    return "a number of " + " and ".join(parts)


def _key(path: Sequence[object] | Any) -> str:
    """Format a key as the user sees it: `losses[1]`, `source.caffe.folder`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "configuration"
