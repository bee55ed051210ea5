"""From a search file to trainings: the configuration of every trial, checked before the first."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from calvingfront.configuration.changing import lay, read_config
from calvingfront.configuration.reading import read_places, read_yaml
from calvingfront.dataset.files import CONFIG
from calvingfront.errors import CalvingFrontError, ConfigError, Faults
from calvingfront.files import PathLike
from calvingfront.pipeline.parameters import look_up
from calvingfront.search.faults import LEARNING, OF_DATA, SCORING, forbidden, untrainable
from calvingfront.search.file import SearchFile, Trial, dotted
from calvingfront.search.length import Planned, length_of, with_epochs

NOTHING_TRAINED = "Nothing was trained. docs/search.md explains every key of a search file."


def plan(search: SearchFile, base: Mapping[str, Any], data: Mapping[str, Path]) -> list[Planned]:
    """The trials of a search. base: the configuration under all of them, complete.

    data: name of each data set ("" is that of the search) → its folder with train and validation
    scenes. Raises Faults with everything that cannot be trained, each with its trial.
    """
    from calvingfront.configuration.schema import schema_of_configuration

    schema = schema_of_configuration()
    common = _for_search(base, search)
    faults: list[CalvingFrontError] = [*forbidden(common, search.common, "set")]
    if faults:
        raise Faults(faults, NOTHING_TRAINED)
    common, faults = _checked(common, search.common, "set", schema)
    if faults:
        raise Faults(faults, NOTHING_TRAINED)
    found: list[Planned] = []
    for trial in search.trials:
        own = dict(common)
        if trial.data:
            made = read_config(data[trial.data] / CONFIG)
            own |= {section: made[section] for section in OF_DATA if section in made}
        wrong: list[CalvingFrontError] = [*forbidden(own, trial.changes, trial.where)]
        if not wrong:
            config, wrong = _checked(own, trial.changes, trial.where, schema)
        if wrong:
            faults += wrong
            continue
        words = "; ".join([*_other_budget(trial, search), *_words(trial.changes, own, config)])
        try:
            found += _each_network(trial, config, words or "nothing changed", data[trial.data])
        except ConfigError as error:
            where = f"{trial.where}: {error.where}"
            faults.append(ConfigError(where, error.what, error.remedy))
    faults += untrainable(found, data)
    if faults:
        raise Faults(faults, NOTHING_TRAINED)
    return found


def _for_search(base: Mapping[str, Any], search: SearchFile) -> dict[str, Any]:
    """The base as a search needs it: no epochs and states are kept, no averages are made."""
    config = copy.deepcopy(dict(base))
    config["seeds"] = list(search.seeds)
    config["training"] |= {"keep_epochs": [], "keep_state": False}
    config["evaluation"] |= {"ensembles": []}
    return config


def _checked(
    config: Mapping[str, Any], changes: Mapping[str, Any], where: str, schema: Mapping[str, Any]
) -> tuple[dict[str, Any], list[CalvingFrontError]]:
    """The configuration with changes, and its faults by key and trial."""
    from calvingfront.configuration.checks import contradictions_of_training
    from calvingfront.configuration.validation import examine

    made = copy.deepcopy(dict(config))
    for key, value in changes.items():
        *groups, last = key.split(".")
        section: Any = made
        for group in groups:
            section = section.setdefault(group, {}) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            fault = ConfigError(f"{where}.{key}", "there is no such key", "See config/README.md")
            return made, [fault]
        section[last] = copy.deepcopy(value)
    examined = examine(made, schema, None, contradictions_of_training)
    told: list[CalvingFrontError] = [
        ConfigError(f"{where}: {fault.where}", fault.what, fault.remedy)
        for fault in examined.faults
    ]
    return examined.config or made, told


def _words(
    changes: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:
    """Each change with the value before it."""
    for key in changes:
        old, new = (look_up(config, key) for config in (before, now))
        yield f"{key} {_value(new)} (not {_value(old)})" if old != new else f"{key} {_value(new)}"


def _other_budget(trial: Trial, search: SearchFile) -> Iterator[str]:
    if trial.budget and trial.budget != search.budget:
        [(kind, amount)] = trial.budget.items()
        yield f"{amount:g} {kind.replace('_', ' ')}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _each_network(
    trial: Trial, config: dict[str, Any], words: str, dataset: Path
) -> Iterator[Planned]:
    """One trial for each network and loss of a configuration, named after what differs."""
    models, losses = config["networks"]["models"], config["losses"]
    for model in models:
        for loss in losses:
            name = trial.name
            name += f".{model}" if len(models) > 1 else ""
            name += f".{loss}" if len(losses) > 1 else ""
            own = copy.deepcopy(config)
            own["networks"]["models"], own["losses"] = [model], [loss]
            length = None
            if trial.budget and "training.max_epochs" not in trial.changes:
                length = length_of(trial.budget, own, dataset)
                if length.epochs:
                    own = with_epochs(own, length.epochs, trial.changes)
            elif "training.max_epochs" in trial.changes:
                own = with_epochs(own, own["training"]["max_epochs"], trial.changes)
            yield Planned(replace(trial, name=name), own, words, length)


def base_config(
    dataset: PathLike, files: Sequence[PathLike], changes: Sequence[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """The configuration of a data set with others on top, complete, and what was not taken of them.

    dataset: folder with config.yaml. files: configuration files, later ones on top; of
    them only the sections LEARNING and SCORING are taken. changes: written `training.threads=2`.
    Raises ConfigError, or Faults with every key that cannot be used.
    """
    from calvingfront.configuration.checks import contradictions_of_training
    from calvingfront.configuration.schema import schema_of_configuration
    from calvingfront.configuration.validation import REMEDY, examine

    config = read_config(Path(dataset) / CONFIG)
    places = read_places(files)
    notes: list[str] = []
    given: dict[str, Any] = {}
    for file in files:
        lay(read_yaml(file).content, given)
    for key in given:
        if key in (*LEARNING, *SCORING):
            lay({key: given[key]}, config)
    notes += _other_data(given, config)
    schema = schema_of_configuration()
    wrong = {key: given[key] for key in given if key not in config}
    examined = examine(config | wrong, schema, places, contradictions_of_training)
    if examined.faults or examined.config is None:
        raise Faults(examined.faults, REMEDY)
    return changed(examined.config, changes), notes


def changed(config: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """A copy with changes of the command line. Raises ConfigError, or Faults as `base_config`."""
    from calvingfront.configuration.changing import apply_change
    from calvingfront.configuration.validation import check_settings

    found = copy.deepcopy(dict(config))
    for change in changes:
        section = change.partition(".")[0].partition("=")[0]
        if section in OF_DATA:
            what = "changes the data set, which is made already"
            raise ConfigError(f"--set {change}", what, "Change it where the data set is made")
        apply_change(found, change)
    check_settings(found)
    return found


def _other_data(given: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each key of the samples that the data set has otherwise."""
    for key, value in dotted({"samples": given.get("samples") or {}}):
        there = config.get("samples", {}).get(key.partition(".")[2], value)
        if there != value:
            yield f"{key} is {there}, as in the data set, and not {value}"
