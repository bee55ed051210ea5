"""Names that YAML reads as something else: `20070304` as a number, `NO` as false."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any

from calvingfront.configuration.reading import Path_, Place, Places, place_of
from calvingfront.errors import ConfigError

LARGEST = 10**300
_KINDS = (
    (datetime.datetime, "a time"),
    (datetime.date, "a day"),
    (int, "a number"),
    (float, "a number"),
    (type(None), "empty"),
)


def keys_as_text(
    config: Any, schema: Mapping[str, Any], places: Places | None
) -> tuple[Any, list[tuple[Path_, ConfigError]]]:
    """The configuration with text for every key that is a name of the user's, and its faults.

    A scene `20070304` in `source.exclude` arrives as a number, one named `2007-04-03` as a day.
    They become text again if that is exactly what was typed; other keys are left out and told, with
    the path of their group.
    """
    faults: list[tuple[Path_, ConfigError]] = []
    return _as_text(_tamed(config), schema, places, (), faults), faults


def _tamed(value: Any) -> Any:
    """The same with infinity for integers that Python refuses to print, in messages too."""
    if isinstance(value, Mapping):
        return {_tamed(key): _tamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_tamed(item) for item in value]
    if isinstance(value, int) and abs(value) > LARGEST:
        return math.inf if value > 0 else -math.inf
    return value


def _as_text(
    value: Any,
    schema: Mapping[str, Any],
    places: Places | None,
    path: Path_,
    faults: list[tuple[Path_, ConfigError]],
) -> Any:
    if not isinstance(value, Mapping):
        return value
    fixed = schema.get("properties", {})
    free = schema.get("additionalProperties")
    inner = free if isinstance(free, Mapping) else {}
    found: dict[Any, Any] = {}
    for key, item in value.items():
        name = key
        if not isinstance(key, str) and (isinstance(free, Mapping) or not fixed):
            place = place_of(places, (*path, key, "key"), key)
            exact = None if place is None else place.text
            if exact is None or _written(key) != exact:
                faults.append((path, _told(path, key, place)))
                continue
            name = exact
        if name in found:
            where = ".".join(map(str, (*path, name)))
            faults.append((path, ConfigError(where, "appears twice", "Keep one of the two")))
        found[name] = _as_text(item, fixed.get(name, inner), places, (*path, key), faults)
    return found


def _told(path: Path_, key: object, place: Place | None) -> ConfigError:
    where = ".".join(map(str, (*path, typed(key, place))))
    return ConfigError(
        where if place is None else f"{place}, {where}",
        f"the name {typed(key, place)} is read as {kind_of(key)}",
        f'Write "{typed(key, place)}", in quotes',
    )


def typed(value: object, place: Place | None) -> str:
    """The letters of a value as they were typed, or the likeliest."""
    return place.text if place is not None and place.text is not None else _written(value)


def kind_of(value: object) -> str:
    """What YAML took a value for, in words."""
    if isinstance(value, bool):
        return str(value).lower()
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return "no name"


def _written(value: object) -> str:
    """How a value is written in YAML, in its plainest form."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.date):  # a datetime too
        return value.isoformat()
    return "null" if value is None else str(value)
