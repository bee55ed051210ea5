"""The configuration under every trial: that of the data set, with files and changes on top."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calvingfront.configuration.changing import lay, read_config
from calvingfront.configuration.reading import read_places, read_yaml
from calvingfront.dataset.files import CONFIG
from calvingfront.errors import ConfigError, Faults
from calvingfront.files import PathLike
from calvingfront.search.file import dotted

# What a trial may change: the sections that decide what a training gives.
LEARNING = ("networks", "losses", "history", "training")
SCORING = ("evaluation", "seeds")  # for all trials alike
# What was decided when the data set was made.
OF_DATA = ("source", "map", "samples", "split")


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
