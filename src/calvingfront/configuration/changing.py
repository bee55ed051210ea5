"""The configuration that a data set was made with, changed by `--set KEY=VALUE`."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from calvingfront.configuration.reading import read_yaml
from calvingfront.errors import ConfigError

# For messages: what --set must be given, by the type of the value that it replaces.
KINDS: dict[Any, str] = {
    bool: "true or false",
    (int, float): "a number",
    list: "a list",
    dict: "a group of keys",
}


def read_config(path: str | Path, changes: Sequence[str] = ()) -> dict[str, Any]:
    """Read a resolved configuration; apply changes written as `training.max_epochs=3`.

    Raises ConfigError, or Faults with every key that cannot be used.
    """
    from calvingfront.configuration.validation import check_settings  # takes the schema library

    if not Path(path).is_file():
        raise ConfigError(
            path, "cannot be read", "Run `snakemake dataset` to write it, or give --config."
        )
    written = read_yaml(path)
    config = written.content
    for change in changes:
        apply_change(config, change)
    check_settings(config, written.places)
    return config


def apply_change(config: dict[str, Any], change: str) -> None:
    """Change one key in place, written as `training.max_epochs=3`.

    Raises ConfigError if there is no such key or the value is of another type.
    """
    key, equals, text = change.partition("=")
    where = f"--set {change}"
    if not equals:
        raise ConfigError(where, "has no value", "Write KEY=VALUE.")
    section: Any = config
    *groups, last = key.split(".")
    for group in groups:
        section = section.get(group) if isinstance(section, dict) else None
    if not isinstance(section, dict) or last not in section:
        known = section if isinstance(section, dict) else config
        raise ConfigError(where, f"there is no key {key}", f"Write one of {', '.join(known)}.")
    section[last] = _as_before(section[last], text, where)


def _as_before(old: Any, text: str, where: str) -> Any:
    """Read a value of the same type as the old one; null is allowed for any type.

    Raises ConfigError if the value is of another type.
    """
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(where, "is not valid YAML", f"The present value is {old!r}.") from error
    if isinstance(old, str) and value is not None:
        return text if isinstance(value, bool) else str(value)  # YAML reads `off` as false
    if isinstance(old, int | float) and not isinstance(old, bool) and isinstance(value, str):
        with suppress(ValueError):
            value = float(value)  # YAML reads 1e-2 as text
    if old is None or (value is None and not isinstance(old, dict)):
        return value
    kind = next(kind for kind in KINDS if isinstance(old, kind))  # bool first: it is an int too
    if not isinstance(value, kind) or isinstance(value, bool) is not isinstance(old, bool):
        raise ConfigError(where, f"{text} is not {KINDS[kind]}", f"The present value is {old!r}.")
    return value


def lay(layer: Mapping[Any, Any], below: dict[Any, Any]) -> None:
    """Lay a configuration on another, as Snakemake does: groups are merged, in place."""
    for key, value in layer.items():
        old = below.get(key)
        if isinstance(value, Mapping) and isinstance(old, dict):
            lay(value, old)
        else:
            below[key] = copy.deepcopy(value)
