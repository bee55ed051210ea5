"""Faults of a schema in words: the key, what is wrong, and what to write instead."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema

from calvingfront.configuration.names import kind_of, typed
from calvingfront.configuration.reading import Places, place_of
from calvingfront.configuration.schema import TYPE_NAMES, as_json
from calvingfront.errors import ConfigError

MOST_SHOWN = 60
LARGEST_INTEGER = 2**63


def _integer(_: Any, value: object) -> bool:
    """Whole numbers as they are written: 64.0 is none, though JSON's schema takes it."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_INTEGER


def _number(_: Any, value: object) -> bool:
    """Finite numbers: NaN passes every comparison of a schema."""
    return _integer(_, value) or (isinstance(value, float) and math.isfinite(value))


_DRAFT = jsonschema.Draft202012Validator
Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    _DRAFT,
    type_checker=_DRAFT.TYPE_CHECKER.redefine_many({"integer": _integer, "number": _number}),
)


def explain(
    error: jsonschema.ValidationError, places: Places | None = None
) -> Iterator[ConfigError]:
    """Explain a schema error: the key, the fault and what to write instead."""
    schema: Any = error.schema
    instance: Any = error.instance
    path = list(error.absolute_path)
    key = key_of(path)
    place = place_of(places, tuple(path), instance)
    where = key if place is None else f"{place}, {key}"
    value = shown(instance)
    rule: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(rule, Mapping):
        return
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        for name in sorted(set(instance) - set(known), key=str):
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]}?" if near else "Write one of: " + ", ".join(known)
            head, colon, value = str(name).partition(":")
            if colon and head in known:
                remedy = f"Write {head}: {value}, with a blank after the colon"
            full = key_of([*path, name])
            place = place_of(places, (*path, name, "key"), name)
            where = full if place is None else f"{place}, {full}"
            yield ConfigError(where, "there is no such key", remedy)
        return
    default = f" (default: {as_json(schema['default'])})" if "default" in schema else ""
    if error.validator == "type":
        names = [rule] if isinstance(rule, str) else rule
        wanted = " or ".join(TYPE_NAMES[name] for name in names)
        what, remedy = f"{value} is not {wanted}", f"Write {wanted}{default}"
        if isinstance(instance, float) and not math.isfinite(instance):
            what = f"{value} is not finite, so it is not {wanted}"
        elif isinstance(instance, float) and "integer" in names and instance.is_integer():
            remedy = f"Write {int(instance)}"
        elif "string" in names and not isinstance(instance, str | list | Mapping):
            text = typed(instance, place)
            remedy = f'{remedy}, in quotes: "{text}"'
            if place is not None and instance is not None:
                what = f"{text} is read as {kind_of(instance)}, not as a string"
    elif error.validator == "enum":
        options = ", ".join(map(str, rule))
        near = difflib.get_close_matches(str(error.instance), list(map(str, rule)), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        if isinstance(instance, bool):
            hint = f' Write "{typed(instance, place)}" in quotes if it is meant as a name.'
        what, remedy = f"{value} is not allowed", f"Write one of: {options}{default}.{hint}"
    elif error.validator == "pattern":
        what, remedy = f"{value} is not valid", _pattern_remedy(key, schema) + default
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


def shown(value: Any) -> str:
    """A value for a message, on one line and shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError):  # an integer of more than 4300 digits, keys of other types
        text = "a value that is too long" if isinstance(value, int) else str(type(value).__name__)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


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


def key_of(path: Sequence[object]) -> str:
    """Format a key as the user sees it: `losses[1]`, `source.caffe.folder`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "configuration"
