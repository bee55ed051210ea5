"""Search files: which trials are made, each a short set of changes of one configuration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calvingfront.configuration.changing import lay
from calvingfront.configuration.reading import Places, read_places, read_yaml
from calvingfront.errors import CalvingFrontError, ConfigError, Faults
from calvingfront.files import PathLike
from calvingfront.search.drawing import drawn, products

BUDGETS = {
    "epochs": "epochs of each training",
    "images": "images that each training sees",
    "core_minutes": "minutes of each training on one core, or of its process on a GPU",
}
_CHANGES = {"type": ["object", "null"], "default": {}}
_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}, "default": []}
_GROUPS = {"type": "object", "default": {}, "additionalProperties": _CHANGES}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "base": _NAMES,
        "set": {"type": "object", "default": {}},
        "seeds": {
            "type": "array",
            "default": [1],
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        },
        "orientations": {
            "type": "array",
            "default": [1],
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "integer", "enum": [1, 8]},
        },
        "budget": {"default": None},  # see _check_budget
        "data": {
            "type": "object",
            "default": {},
            "additionalProperties": {"type": "string", "minLength": 1},
        },
        "trials": _GROUPS,
        "grid": _GROUPS,
        "random": _GROUPS,
        "skip": _NAMES,
        "against": {"type": ["string", "null"], "default": None},
    },
}


@dataclass(frozen=True)
class Trial:
    """One entry of a search file.

    changes: dotted key of the configuration → value. where: its file and line, for messages. data:
    name of its data set; "" for that of the search. budget: its own, or that of the search.
    """

    name: str
    changes: dict[str, Any]
    where: str
    data: str = ""
    budget: dict[str, float] | None = None


@dataclass(frozen=True)
class SearchFile:
    """What one or several search files, the later ones on top, ask for.

    base: configuration files under every trial. common: dotted changes of every trial. data: name →
    results folder of a further data set. against: the trial with which the others are compared.
    """

    base: list[Path]
    common: dict[str, Any]
    seeds: list[int]
    orientations: list[int]
    trials: list[Trial]
    budget: dict[str, float] | None = None
    data: dict[str, Path] = field(default_factory=dict)
    against: str = ""


def read_search(paths: Sequence[PathLike]) -> SearchFile:
    """Read search files. A path of `base` starts at the folder of the file that names it.

    Raises Faults with everything that cannot be used, each with its file and line.
    """
    from calvingfront.configuration.validation import examine  # takes the schema library

    places = read_places(paths)
    content: dict[str, Any] = {}
    for path in paths:
        layer = read_yaml(path).content
        if isinstance(layer.get("base"), list):
            layer["base"] = [
                str(Path(path).parent / each) if isinstance(each, str) else each
                for each in layer["base"]
            ]
        _forget_budgets(content, layer)
        lay(layer, content)
    examined = examine(content, SCHEMA, places, lambda _: iter(()))
    faults = list(examined.faults)
    given = examined.config or {}
    for name in ("trials", "grid", "random", "set", "data"):  # a fault leaves its section out
        given.setdefault(name, {})
    try:
        _check_budget(given.get("budget"), _where(places, "budget"))
    except ConfigError as error:
        faults.append(error)
        given["budget"] = None
    common: dict[str, Any] = {}
    try:
        common = _once(given["set"], _where(places, "set"))
    except ConfigError as error:
        faults.append(error)
    trials = list(_trials(given, places, faults))
    names = [trial.name for trial in trials]
    faults += _unknown(given, names, places)
    kept = [trial for trial in trials if trial.name not in (given.get("skip") or [])]
    if not kept and not faults:
        what = "names no trial"
        faults.append(ConfigError(f"{paths[0]}", what, "Write at least one, as in trials: {a: {}}"))
    if faults:
        raise Faults(faults, "docs/search.md explains every key of a search file.")
    return SearchFile(
        [Path(each) for each in given["base"]],
        common,
        given["seeds"],
        sorted(given["orientations"]),
        kept,
        given["budget"],
        {name: Path(folder) for name, folder in given["data"].items()},
        given["against"] or kept[0].name,
    )


def _trials(
    given: Mapping[str, Any], places: Places, faults: list[CalvingFrontError]
) -> Iterator[Trial]:
    """Every trial, those of `grid` and `random` among them; appends what cannot be used."""
    found: dict[str, str] = {}
    for section in ("trials", "grid", "random"):
        for group, content in (given[section] or {}).items():
            where = _where(places, section, group)
            try:
                if section == "trials":
                    made = [(group, content or {})]
                elif section == "grid":
                    made = list(products(group, _once(content or {}, where), where))
                else:
                    made = list(drawn(group, content or {}, where))
                for name, changes in made:
                    trial = _trial(name, changes, given, where)
                    if twin := found.get(name.lower()):
                        what = f"names the trial {name} again, which stands in {twin} too"
                        raise ConfigError(where, what, "Give each trial a name of its own")
                    found[name.lower()] = where
                    yield trial
            except Faults as error:
                faults += error.faults
            except ConfigError as error:
                faults.append(error)


def _trial(name: str, content: Mapping[str, Any], given: Mapping[str, Any], where: str) -> Trial:
    from calvingfront.scenes.scene_table import SCENE_NAME

    if not SCENE_NAME.fullmatch(name):
        what = f"{name!r} cannot name a folder"
        raise ConfigError(where, what, "Use letters, digits, `.`, `_` and `-`")
    changes = dict(content)
    data, budget = changes.pop("data", ""), changes.pop("budget", given.get("budget"))
    if not isinstance(data, str) or (data and data not in given["data"]):
        what = f"data {data!r} is not named in the section data"
        raise ConfigError(where, what, "Write there NAME: results folder with its data set")
    _check_budget(budget, where)
    return Trial(name, _once(changes, where), where, data, budget)


def _once(changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The dotted changes. Raises ConfigError for a key that stands there in two ways."""
    found: dict[str, Any] = {}
    for key, value in dotted(changes):
        if key in found:
            what = f"changes {key} twice, once with a dot and once in a group"
            raise ConfigError(where, what, "Write it once")
        found[key] = value
    return found


def _forget_budgets(content: dict[str, Any], layer: Mapping[str, Any]) -> None:
    """Remove the budgets that a layer replaces: a group of keys would be merged."""
    if "budget" in layer:
        content.pop("budget", None)
    trials, below = layer.get("trials"), content.get("trials")
    if isinstance(trials, Mapping) and isinstance(below, dict):
        for name, trial in trials.items():
            if (
                isinstance(trial, Mapping)
                and "budget" in trial
                and isinstance(below.get(name), dict)
            ):
                below[name].pop("budget", None)


def _check_budget(budget: Any, where: str) -> None:
    if budget is None:
        return
    sound = isinstance(budget, Mapping) and len(budget) == 1 and set(budget) <= set(BUDGETS)
    if not sound or not all(
        isinstance(each, int | float) and not isinstance(each, bool) and 0 < each < math.inf
        for each in budget.values()
    ):
        remedy = "Write one of " + ", ".join(f"{{{name}: N}}" for name in BUDGETS)
        raise ConfigError(where, f"{budget!r} is no budget", remedy)
    if "epochs" in budget and budget["epochs"] != int(budget["epochs"]):
        what = f"{budget['epochs']:g} is no whole number of epochs"
        raise ConfigError(where, what, "Write a whole number, or a budget of images")


def _unknown(
    given: Mapping[str, Any], names: Sequence[str], places: Places
) -> Iterator[ConfigError]:
    """Names in `skip` and `against` that no trial has."""
    known = f"Write one of {', '.join(names)}"
    for name in given.get("skip") or []:
        if name not in names:
            yield ConfigError(_where(places, "skip"), f"there is no trial {name}", known)
    against = given.get("against")
    if against and against not in set(names) - set(given.get("skip") or []):
        yield ConfigError(_where(places, "against"), f"there is no trial {against}", known)


def _where(places: Places, *path: object) -> str:
    key = ".".join(map(str, path))
    return f"{places[path]}, {key}" if path in places else key


def dotted(changes: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Groups of keys as dotted keys: {networks: {width: 8}} is networks.width 8."""
    for key, value in changes.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from dotted(value, f"{name}.")
        else:
            yield name, value
