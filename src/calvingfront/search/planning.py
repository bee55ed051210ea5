"""From a search file to trainings: the configuration of every trial, checked before the first."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, ConfigError, Faults
from calvingfront.pipeline.results import Results
from calvingfront.pipeline.steps import STEPS, look_up
from calvingfront.search.base import LEARNING, OF_DATA, SCORING
from calvingfront.search.blind import tested
from calvingfront.search.file import SearchFile, Trial
from calvingfront.search.length import Length, length_of, with_epochs
from calvingfront.training.ending import ENDS, HOW
from calvingfront.training.starting.source import check_start, find_start
from calvingfront.vocabulary.runs import Run

REMEDY = "Nothing was trained. docs/search.md explains every key of a search file."


@dataclass(frozen=True)
class Planned:
    """One trial with its whole configuration: one network, one loss, every seed.

    words: its changes with the former values, for the log. length: how its epochs follow from the
    budget; None if the configuration says them.
    """

    trial: Trial
    config: dict[str, Any]
    words: str
    length: Length | None = None

    @property
    def name(self) -> str:
        """Name of the trial and of its folder."""
        return self.trial.name

    @property
    def runs(self) -> list[Run]:
        """Its trainings, one for each seed."""
        [model], [loss] = self.config["networks"]["models"], self.config["losses"]
        return [Run(model, loss, seed) for seed in self.config["seeds"]]


def plan(search: SearchFile, base: Mapping[str, Any], data: Mapping[str, Path]) -> list[Planned]:
    """The trials of a search. base: the configuration under all of them, complete.

    data: name of each data set ("" is that of the search) → its folder with train and validation
    scenes. Raises Faults with everything that cannot be trained, each with its trial.
    """
    from calvingfront.configuration.changing import read_config
    from calvingfront.configuration.schema import schema_of_configuration
    from calvingfront.dataset.files import CONFIG

    schema = schema_of_configuration()
    common = _for_search(base, search)
    faults: list[CalvingFrontError] = [*_faults(common, search.common, "set")]
    if faults:
        raise Faults(faults, REMEDY)
    common, faults = _checked(common, search.common, "set", schema)
    if faults:
        raise Faults(faults, REMEDY)
    found: list[Planned] = []
    for trial in search.trials:
        own = dict(common)
        if trial.data:
            made = read_config(data[trial.data] / CONFIG)
            own |= {section: made[section] for section in OF_DATA if section in made}
        wrong: list[CalvingFrontError] = [*_faults(own, trial.changes, trial.where)]
        if not wrong:
            config, wrong = _checked(own, trial.changes, trial.where, schema)
        if wrong:
            faults += wrong
            continue
        words = "; ".join([*_other_budget(trial, search), *_words(trial.changes, own, config)])
        found += _each_network(trial, config, words or "nothing changed", data[trial.data])
    for each in found:
        faults += [*_unbuildable(each), *_without_files(each, data[each.trial.data])]
        faults += _started_from_tested(each, data[each.trial.data])
    faults += _twins(found)
    if faults:
        raise Faults(faults, REMEDY)
    return found


def _for_search(base: Mapping[str, Any], search: SearchFile) -> dict[str, Any]:
    """The base as a search needs it: no epochs and states are kept, no averages are made."""
    config = copy.deepcopy(dict(base))
    config["seeds"] = list(search.seeds)
    config["training"] |= {"keep_epochs": [], "keep_state": False}
    config["evaluation"] |= {"ensembles": []}
    return config


def _faults(
    config: Mapping[str, Any], changes: Mapping[str, Any], where: str
) -> Iterator[ConfigError]:
    """Changes that no trial may make, whatever their values."""
    for key, value in changes.items():
        section, place = key.partition(".")[0], f"{where}.{key}"
        if section in OF_DATA:
            try:
                there = look_up(config, key)
            except (KeyError, TypeError):
                there = None
            if there != value:
                yield ConfigError(
                    place,
                    f"{value} changes the data set, which has {there}",
                    "Make that data set with `snakemake dataset`, name its results folder under "
                    "data, as in data: {other: results/other}, and write data: other in the trial",
                )
        elif section in SCORING:
            yield ConfigError(
                place,
                "changes how the trials are scored, and they have to be scored alike",
                "Write seeds and orientations at the top of the search file, other keys with --set",
            )
        elif section not in LEARNING:
            near = f"A trial changes {', '.join(LEARNING)}"
            yield ConfigError(place, "is no key that changes a training", near)


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


def _unbuildable(planned: Planned) -> Iterator[ConfigError]:
    """What only the network, the loss or the training itself refuses."""
    import torch

    from calvingfront.losses.loss import build_loss
    from calvingfront.networks.build import build_network
    from calvingfront.networks.settings import NetworkSettings
    from calvingfront.training.settings import TrainingSettings

    section = {key: each for key, each in planned.config["networks"].items() if key != "models"}
    [model], [loss] = planned.config["networks"]["models"], planned.config["losses"]
    try:
        TrainingSettings.from_config(planned.config["training"])
        build_loss(loss)
        with torch.device("meta"):  # shapes without numbers
            build_network(NetworkSettings(model, **section), start=False)
    except ConfigError as error:
        where = f"{planned.trial.where}: {error.where}"
        yield ConfigError(where, error.what, error.remedy)


def _without_files(planned: Planned, dataset: Path) -> Iterator[ConfigError]:
    """What the training reads and the data set does not have, such as zones."""
    inputs = STEPS["train_network"].inputs(planned.config)["dataset"]
    lacking = [Path(each).name for each in inputs if not (dataset / Path(each).name).exists()]
    if lacking:
        what = f"needs {', '.join(lacking)}, which the data set does not have"
        remedy = "Make the data set with this trial's settings, by `snakemake dataset`"
        yield ConfigError(planned.trial.where, what, remedy)


def _started_from_tested(planned: Planned, dataset: Path) -> Iterator[CalvingFrontError]:
    """First weights that there are not, that fit no network here, or that saw a test scene."""
    given = planned.config["training"].get("start_from")
    if given is None:
        return
    section = {key: each for key, each in planned.config["networks"].items() if key != "models"}
    for run in planned.runs:
        try:
            start = find_start(given, run)
            check_start(start, {**section, "model": run.model})
        except CalvingFrontError as error:
            yield ConfigError(f"{planned.trial.where}: {error.where}", error.what, error.remedy)
            return
        if seen := sorted(tested(dataset) & (start.scenes or frozenset())):
            what = f"{given} was trained on {len(seen)} test scenes, such as {seen[0]}"
            remedy = "Start from weights that have not seen them"
            yield ConfigError(f"{planned.trial.where}: training.start_from", what, remedy)
            return


def _twins(planned: list[Planned]) -> Iterator[ConfigError]:
    """Trials that would train the same networks as one before them."""
    known: dict[str, Planned] = {}
    for each in planned:
        call = Results(Path(), each.config).call_of("train_network", each.runs[0])
        training = each.config["training"]
        ends = {key: training[key] for key in ENDS}
        marks = json.dumps(
            [call.parameters, ends, each.trial.data, each.trial.budget, str(each.length)],
            sort_keys=True,
        )
        twin = known.setdefault(marks, each)
        if twin is not each:
            idle = [key for key in each.trial.changes if key.partition(".")[2] in HOW]
            what = f"would train the same networks as the trial {twin.name}"
            if idle:
                what += f": {', '.join(idle)} changes how a training runs, not what it gives"
            raise_to = "Change a key that acts, or remove one of the two"
            yield ConfigError(each.trial.where, what, raise_to)
