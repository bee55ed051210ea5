"""What a trial may not change, or cannot be trained with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.pipeline.parameters import look_up
from calvingfront.pipeline.results import Results
from calvingfront.pipeline.steps import STEPS
from calvingfront.search.blind import held_back
from calvingfront.search.length import Planned
from calvingfront.training.ending import ENDS, HOW
from calvingfront.training.starting.source import check_start, find_start

# What a trial may change: the sections that decide what a training gives.
LEARNING = ("networks", "losses", "history", "training")
SCORING = ("evaluation", "seeds")  # for all trials alike
# What was decided when the data set was made.
OF_DATA = ("source", "map", "samples", "split")


def forbidden(
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
        elif key == section and section != "losses" and not value:
            what = "is empty: every key in it would be reset to its default"
            yield ConfigError(place, what, "Write the keys to change, or leave it out")
        elif section not in LEARNING:
            near = f"A trial changes {', '.join(LEARNING)}"
            yield ConfigError(place, "is no key that changes a training", near)


def untrainable(
    planned: Sequence[Planned], data: Mapping[str, Path]
) -> Iterator[CalvingFrontError]:
    """What the trainings would refuse, and trials that are the same. data: see `planning.plan`."""
    for each in planned:
        yield from _unbuildable(each)
        yield from _without_files(each, data[each.trial.data])
        yield from _started_from_tested(each, data[each.trial.data])
    yield from _twins(planned)


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
        if seen := sorted(held_back(dataset) & (start.scenes or frozenset())):
            what = f"{given} was trained on {len(seen)} test scenes, such as {seen[0]}"
            remedy = "Start from weights that have not seen them"
            yield ConfigError(f"{planned.trial.where}: training.start_from", what, remedy)
            return


def _twins(planned: Sequence[Planned]) -> Iterator[ConfigError]:
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
