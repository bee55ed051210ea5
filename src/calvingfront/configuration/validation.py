"""Validation of the configuration and the scene table; all faults are reported at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calvingfront.configuration.checks import (
    Check,
    Config,
    contradictions,
    contradictions_of_training,
)
from calvingfront.configuration.explaining import Validator, explain
from calvingfront.configuration.names import keys_as_text
from calvingfront.configuration.reading import Places
from calvingfront.configuration.schema import (
    fill_defaults,
    read_schema,
    schema_of_configuration,
)
from calvingfront.errors import CalvingFrontError, Faults, SceneError
from calvingfront.files import PathLike

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "Correct the configuration; config/README.md explains every key."


@dataclass(frozen=True)
class Examined:
    """A configuration with its defaults, and its faults.

    config: with the default instead of every faulty key; None if that is no configuration either.
    unsure: `section.key` of these keys; what depends on them cannot be checked.
    """

    config: dict[str, Any] | None
    faults: list[CalvingFrontError]
    unsure: frozenset[str] = frozenset()

    def is_sure_of(self, *sections: str) -> bool:
        """Whether every key of these sections, or these keys, is as it was written."""
        return self.config is not None and not any(
            key == each or key.startswith(f"{each}.") or each.startswith(f"{key}.")
            for key in self.unsure
            for each in sections
        )


def examine(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    places: Places | None = None,
    compare: Callable[[Config], Iterator[Check]] = contradictions,
) -> Examined:
    """Check each key by the schema, and then those that are sound against each other.

    compare: yields the checks of keys against each other.
    """
    filled, faults, wrong = _filled(config, schema, places)
    if wrong:
        named, _ = keys_as_text(config, schema, places)
        sound: dict[Any, Any] = copy.deepcopy(dict(named)) if isinstance(named, Mapping) else {}
        for section, *inner in wrong:
            if inner and isinstance(sound.get(section), dict):
                sound[section].pop(inner[0], None)
            else:
                sound.pop(section, None)
        filled, _, still = _filled(sound, schema, places)
        if still:
            return Examined(None, faults)
    unsure = {".".join(map(str, path)) for path in wrong}
    known = Examined(filled, faults, frozenset(unsure))
    for sections, check in compare(filled):
        if known.is_sure_of(*sections):
            found = list(check())
            faults += found
            # A fault is told by its key, or by a file that the first section names.
            keys = (re.sub(r"\[\d+\]$", "", fault.where) for fault in found)
            unsure |= {key if key.partition(".")[0] in filled else sections[0] for key in keys}
    return Examined(filled, faults, frozenset(unsure))


def validate_config(
    config: Mapping[str, Any], schema_path: PathLike, places: Places | None = None
) -> dict[str, Any]:
    """Check a configuration and return a copy with the schema's defaults filled in.

    places: where its keys stand, for messages. Raises `Faults` with one `ConfigError` per fault,
    which gives the key and what to write.
    """
    examined = examine(config, read_schema(schema_path), places)
    if examined.faults or examined.config is None:
        raise Faults(examined.faults, REMEDY)
    return examined.config


def check_settings(config: Mapping[str, Any], places: Places | None = None) -> None:
    """Check a configuration that the workflow has resolved, as the plain commands need it.

    The files of the source need not be there. Raises `Faults`.
    """
    schema = schema_of_configuration()
    examined = examine(config, schema, places, contradictions_of_training)
    if examined.faults:
        raise Faults(examined.faults, REMEDY)


def checked_section(name: str, section: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Check one section of the configuration by its own schema; return it with its defaults.

    Raises `Faults`, whose keys begin with the name of the section.
    """
    around = {"type": "object", "properties": {name: schema}}
    filled, faults, _ = _filled({name: section}, around, None)
    if faults:
        raise Faults(faults, REMEDY)
    checked: dict[str, Any] = filled[name]
    return checked


def _filled(
    config: Mapping[str, Any], schema: Mapping[str, Any], places: Places | None
) -> tuple[dict[str, Any], list[CalvingFrontError], list[tuple[object, ...]]]:
    """A copy with the defaults, the faults of its keys, and the first two parts of their paths."""
    named, wrong_names = keys_as_text(config, schema, places)
    filled: dict[str, Any] = fill_defaults(named, schema)
    errors = sorted(
        Validator(schema).iter_errors(filled), key=lambda error: list(map(str, error.absolute_path))
    )
    faults: list[CalvingFrontError] = [fault for _, fault in wrong_names]
    faults += [fault for error in errors for fault in explain(error, places)]
    paths: list[tuple[object, ...]] = [path[:2] for path, _ in wrong_names if path]
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and not isinstance(
            error.validator_value, Mapping
        ):
            unknown = set(error.instance) - set(error.schema["properties"])
            paths += [(*path, name)[:2] for name in sorted(unknown, key=str)]
        elif path:
            paths.append(path[:2] if isinstance(filled.get(str(path[0])), Mapping) else path[:1])
    return filled, faults, list(dict.fromkeys(paths))


def validate_scenes(
    scenes: pd.DataFrame, schema_path: PathLike, source: object = "scene table"
) -> None:
    """Check every row of a scene table against its schema, and that no scene appears twice.

    source: where the scenes come from, for messages. Raises `Faults` with one `SceneError` per
    fault, which names the source, the scene, the column and what to write.
    """
    schema = read_schema(schema_path)
    validator = Validator(schema)
    faults: list[CalvingFrontError] = []
    rows = scenes.astype(object).where(scenes.notna(), None)
    for record in [] if _sound(rows, schema) else rows.to_dict("records"):
        name = record.get("scene") or "without a name"
        for fault in _faults_of(validator.iter_errors(record)):
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


def _sound(rows: pd.DataFrame, schema: Mapping[str, Any]) -> bool:
    """Whether every row obeys the schema: each column's different values are checked once."""
    columns = schema["properties"]
    if not set(schema["required"]) <= set(rows.columns) <= set(columns):
        return False
    return all(
        Validator(columns[name]).is_valid(value)
        for name in rows.columns
        for value in set(rows[name])
    )


def _faults_of(errors: Iterable[Any]) -> list[CalvingFrontError]:
    return [fault for error in errors for fault in explain(error)]
