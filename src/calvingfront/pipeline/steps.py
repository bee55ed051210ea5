"""What each step of the learning half reads, writes and takes from the configuration.

The rules of the workflow (`workflow/rules`) and the plain commands (`pipeline.commands`) are both
built from this description, so they make the same files from the same inputs with the same
parameters. Paths are relative to the results folder and keyed by the argument that takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from calvingfront.dataset import files
from calvingfront.errors import CalvingFrontError
from calvingfront.figures.registry import FIGURES, Figure
from calvingfront.pipeline.acting import acting_training
from calvingfront.provenance.content import MISSING, Digests, digests_of
from calvingfront.scenes.sources import SOURCES
from calvingfront.tables.registry import TABLES, Table
from calvingfront.training.ending import ENDS, HOW
from calvingfront.training.starting.source import find_start, recorded_start
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.auxiliary import learns_zones, tasks_of
from calvingfront.vocabulary.ensembles import ensembles_of
from calvingfront.vocabulary.losses import family_of
from calvingfront.vocabulary.models import (
    BASELINES,
    FILTER_DEFAULTS,
    HISTORY_DEFAULTS,
    NETWORKS,
    history_as_read,
    is_filtered,
    reads_history,
)
from calvingfront.vocabulary.others import is_binary, others_of, printed_others
from calvingfront.vocabulary.paths import Over, Rows
from calvingfront.vocabulary.runs import Run

Config = Mapping[str, Any]
Paths = str | list[str]
Keywords = dict[str, Paths]


@dataclass(frozen=True)
class Step:
    """One step.

    name:       of its rule, its script and its log.
    code:       "module:function".
    inputs:     keyword → path or paths, from the configuration. The folder `dataset` is given as
                the files in it that the step reads.
    outputs:    keyword → path or paths that it writes.
    parameters: keyword → value, from the configuration; a changed value reruns the step.
    of_run:     fields of the row (model, loss, seed) that the function takes. Paths contain them
                as `{model}`, `{loss}`, `{seed}`.
    of_row:     keyword → value, from the configuration and the row; a changed value reruns the step
                for this row only.
    of_members: keyword → pattern of a path that each member of an averaged row gives.
    how:        keys of the configuration's `training` that affect how the step runs but not its
                results, or only as `training.ending` says; the change of one alone reruns nothing.
    parts:      code that the step reaches only through a name of the configuration or the row:
                "module:attribute", or the object.
    origin:     path of the record of what the step's outputs were made from, which whoever runs
                the step writes last; None if the step writes none, or its own (`train_network`).
    """

    name: str
    code: str
    inputs: Callable[[Config], Keywords]
    outputs: Callable[[Config], Keywords]
    parameters: Callable[[Config], dict[str, Any]] = lambda config: {}
    of_run: tuple[str, ...] = ()
    of_row: Mapping[str, Callable[[Config, Run], Any]] = field(default_factory=dict)
    of_members: Mapping[str, str] = field(default_factory=dict)
    how: tuple[str, ...] = ()
    parts: Callable[[Config, Run | None], list[Any]] = lambda config, run: []
    origin: str | None = None

    def inputs_of(self, config: Config, run: Run | None = None) -> Keywords:
        """Its inputs, those that the members of the row give among them."""
        members = ensembles_of(config).get(run, []) if run and self.of_members else []
        given: Keywords = {
            keyword: [pattern.format(**member._asdict()) for member in members]
            for keyword, pattern in self.of_members.items()
        }
        return {**self.inputs(config), **given}

    def roots(self, config: Config, run: Run | None = None) -> list[str]:
        """The code of the step for one row, for `provenance.code.code_digest`."""
        return [self.code, *map(_reference, self.parts(config, run))]


def _reference(code: Any) -> str:
    return code if isinstance(code, str) else f"{code.__module__}:{code.__qualname__.split('.')[0]}"


def runs_of(rows: Rows, config: Config) -> list[Run]:
    """The rows of one kind that a configuration plans."""
    seeds = config["seeds"]
    models = config["networks"]["models"]
    if rows == "gated":
        models = [model for model in models if NETWORKS[model].gated]
        seeds = [min(seeds)]
    trained = [
        Run(model, loss, seed) for model in models for loss in config["losses"] for seed in seeds
    ]
    others = others_of(config)
    if rows == "thresholded":
        others = {name: other for name, other in others.items() if not is_binary(other["kind"])}
    if rows in ("networks", "gated"):
        return trained
    averaged = [*ensembles_of(config)] if rows == "all" else []
    trained += [*averaged, *(Run(name) for name in others)]
    return trained if rows == "pictured" else trained + [Run(name) for name in BASELINES]


def prediction_step(run: Run) -> str:
    """The step that makes the predictions of a row."""
    if run.of_others:
        return "import_others"
    if run.averaged:
        return "filter_predictions" if is_filtered(run.model) else "average_predictions"
    return "predict_fronts" if run.trained else "predict_without_network"


def threshold_step(run: Run, config: Config) -> str:
    """The step that makes the threshold of a row."""
    other = others_of(config).get(run.model) if run.of_others else None
    return "fix_threshold" if other and is_binary(other["kind"]) else "choose_threshold"


def paths_over(over: Over, config: Config) -> list[str]:
    """One path per row."""
    return [over.pattern.format(**run._asdict()) for run in runs_of(over.rows, config)]


def look_up(config: Config, key: str) -> Any:
    """A value of the configuration by its dotted key, such as `samples.size`."""
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value


def dataset_files(*names: str) -> list[str]:
    """Paths of the packed data set's images, fronts and index, and of any other named files."""
    every = (files.IMAGES, files.FRONTS, files.INDEX, *names)
    return [f"{paths.DATASET}/{name}" for name in every]


def _trained(config: Config) -> Keywords:
    return {"dataset": dataset_files(files.SPLIT)}


def _trained_on(config: Config) -> Keywords:
    zones = (files.ZONES, files.ZONES_INDEX) if learns_zones(config) else ()
    return {"dataset": dataset_files(files.SPLIT, *zones)}


def _training_parameters(config: Config) -> dict[str, Any]:
    networks, training = config["networks"], config["training"]
    idle = {"models"} if tasks_of(config) else {"models", "auxiliary"}
    return {
        "networks": {key: value for key, value in networks.items() if key not in idle},
        "training": acting_training(training, bool(tasks_of(config))),
    }


def _history(config: Config, run: Run) -> dict[str, Any] | None:
    """How a row reads fronts of other dates; None if it does not."""
    return history_as_read(run.model, config.get("history") or {})


def _start_weights(config: Config, run: Run) -> str | None:
    """The digest of the weights from which a training starts; None if it starts from none."""
    given = config["training"].get("start_from")
    if given is None:
        return None
    try:
        weights = find_start(given, run).weights
        return _digests(config).of_file(weights, whole=True)
    except (CalvingFrontError, OSError):
        # A finished training needs them no more: they may have stayed on another machine. Otherwise
        # it is told before the first job, or by the training.
        return recorded_start(config.get("results", "."), run) or MISSING


def _of_filter(config: Config) -> dict[str, Any]:
    """Which fronts of other dates filter a prediction."""
    section = {**HISTORY_DEFAULTS, **(config.get("history") or {})}
    return {key: section[key] for key in ("when", "gap_days")}


def _network(config: Config, run: Run | None) -> list[Any]:
    return [NETWORKS[run.model].code] if run else []


def _network_and_loss(config: Config, run: Run | None) -> list[Any]:
    return [*_network(config, run), family_of(run.loss).code] if run else []


def _baseline(config: Config, run: Run | None) -> list[Any]:
    return [BASELINES[run.model].code] if run else []


def _networks(config: Config, run: Run | None) -> list[Any]:
    return [NETWORKS[model].code for model in config["networks"]["models"]]


def _attention_inputs(config: Config) -> Keywords:
    # Scores are needed only to choose scenes that the configuration does not name.
    scores = (
        [] if config["figures"]["scenes"] else paths_over(Over("networks", paths.SCORES), config)
    )
    return {
        "dataset": dataset_files(files.SPLIT),
        "weights": paths.WEIGHTS,
        "kept": paths.KEPT_WEIGHTS,
        "record": paths.RECORD,
        "scores": scores,
    }


def orientations_of(config: Config) -> int:
    """In how many orientations the networks predict an image."""
    return int(config["evaluation"].get("orientations", 1))


def _brief(given: str) -> str:
    """A path as it means something on other machines too: without what lies above the results."""
    parts = Path(given).parts
    if not Path(given).is_absolute():
        return given
    return "/".join(parts[parts.index("models") - 1 :] if "models" in parts else parts[-1:])


def notes_of(config: Config) -> list[str]:
    """What the captions of the tables say about the settings of the networks' predictions."""
    notes = []
    if orientations_of(config) > 1:
        notes.append("Predictions of networks are means over the eight orientations of the image.")
    if config.get("training", {}).get("start_from") is not None:
        notes.append(
            f"Trainings start from the weights in {_brief(config['training']['start_from'])}."
        )
    if any(reads_history(run.model) for run in runs_of("all", config)):
        history = _of_filter(config)
        which = "earlier fronts only" if history["when"] == "past" else "earlier and later fronts"
        gap = history["gap_days"]
        away = f", more than {gap} days from the scene" if gap else ""
        notes.append(f"Fronts of other dates: {which}{away}.")
    return notes


def hemispheres_of(config: Config) -> dict[str, str]:
    """Glacier → north or south, as configuration and source know it; "" is every other glacier."""
    source = config.get("source", {})
    given = source.get("hemisphere")
    known = SOURCES[source["kind"]].hemispheres if source.get("kind") in SOURCES else {}
    every = {"": given} if isinstance(given, str) else {}
    return {**every, **known, **(given if isinstance(given, Mapping) else {})}


def _entry(config: Config, run: Run) -> dict[str, Any] | None:
    """What is read of a result of others, without its label; None if the configuration has none."""
    other = others_of(config).get(run.model)
    return other and {key: other[key] for key in ("folder", "kind", "missing")}


def _files(config: Config, run: Run) -> str:
    other = others_of(config).get(run.model)
    if not other or not other["folder"]:
        return MISSING
    return _digests(config).of(other["folder"])


def _digests(config: Config) -> Digests:
    return digests_of(str(config["results"])) if "results" in config else Digests()


_PREDICTED: Keywords = {
    "probabilities": paths.PROBABILITIES,
    "predictions": paths.PREDICTIONS,
}
_OF_MEMBERS = {
    "member_probabilities": paths.PROBABILITIES,
    "member_predictions": paths.PREDICTIONS,
}
_ON_A_DEVICE = ("device", "gpu_slots", "threads")
_ALL = [
    Step(
        "train_network",
        "calvingfront.training.run:train_network",
        inputs=_trained_on,
        outputs=lambda config: {
            "weights": paths.WEIGHTS,
            "kept": paths.KEPT_WEIGHTS,
            "history": paths.HISTORY,
            "record": paths.RECORD,
        },
        parameters=_training_parameters,
        of_run=("model", "loss", "seed"),
        of_row={"history_from": _history, "start_weights": _start_weights},
        how=(*HOW, *ENDS),
        parts=_network_and_loss,
    ),
    Step(
        "predict_fronts",
        "calvingfront.evaluation.predict:predict_fronts",
        inputs=lambda config: {
            "dataset": dataset_files(files.SPLIT),
            "weights": paths.WEIGHTS,
            "record": paths.RECORD,
        },
        outputs=lambda config: _PREDICTED,
        parameters=lambda config: {
            "batch_size": config["training"]["batch_size"],
            "orientations": orientations_of(config),
        },
        how=_ON_A_DEVICE,
        parts=_network,
        origin=paths.PREDICTIONS_ORIGIN,
    ),
    Step(
        "average_predictions",
        "calvingfront.evaluation.averaging:average_predictions",
        inputs=lambda config: {},
        outputs=lambda config: _PREDICTED,
        of_members=_OF_MEMBERS,
        origin=paths.PREDICTIONS_ORIGIN,
    ),
    Step(
        "filter_predictions",
        "calvingfront.evaluation.filtering:filter_predictions",
        inputs=_trained,
        outputs=lambda config: {**_PREDICTED, "record": paths.FILTER_RECORD},
        parameters=lambda config: {
            "history_from": _of_filter(config),
            "candidates": {**FILTER_DEFAULTS, **config["evaluation"].get("filter", {})},
        },
        of_members=_OF_MEMBERS,
        origin=paths.PREDICTIONS_ORIGIN,
    ),
    Step(
        "predict_without_network",
        "calvingfront.evaluation.baselines:predict_without_network",
        inputs=_trained,
        outputs=lambda config: _PREDICTED,
        of_run=("model",),
        parts=_baseline,
        origin=paths.PREDICTIONS_ORIGIN,
    ),
    Step(
        "import_others",
        "calvingfront.evaluation.others.importing:import_others",
        inputs=_trained,
        outputs=lambda config: {**_PREDICTED, "record": paths.IMPORT_RECORD},
        of_run=("model",),
        of_row={"other": _entry, "files": _files},
        origin=paths.PREDICTIONS_ORIGIN,
    ),
    Step(
        "fix_threshold",
        "calvingfront.evaluation.thresholds:fix_threshold",
        inputs=lambda config: {"predictions": paths.PREDICTIONS},
        outputs=lambda config: {"threshold": paths.THRESHOLD},
        origin=paths.THRESHOLD_ORIGIN,
    ),
    Step(
        "choose_threshold",
        "calvingfront.evaluation.thresholds:choose_threshold",
        inputs=lambda config: {"dataset": dataset_files(), **_PREDICTED},
        outputs=lambda config: {"threshold": paths.THRESHOLD, "curve": paths.THRESHOLD_CURVE},
        origin=paths.THRESHOLD_ORIGIN,
    ),
    Step(
        "score_predictions",
        "calvingfront.evaluation.scores:score_predictions",
        inputs=lambda config: {
            "dataset": dataset_files(),
            **_PREDICTED,
            "threshold": paths.THRESHOLD,
        },
        outputs=lambda config: {"scores": paths.SCORES},
        parameters=lambda config: {
            "min_front_length_m": config["evaluation"]["min_front_length_m"],
            "hemispheres": hemispheres_of(config),
        },
        origin=paths.SCORES_ORIGIN,
    ),
    Step(
        "read_attention",
        "calvingfront.evaluation.attention:read_attention",
        inputs=_attention_inputs,
        outputs=lambda config: {"attention": paths.ATTENTION},
        parameters=lambda config: {
            "scenes": config["figures"]["scenes"],
            "epochs": sorted(config["training"]["keep_epochs"]),
        },
        how=_ON_A_DEVICE,
        parts=_network,
        origin=paths.ATTENTION_ORIGIN,
    ),
]


def _table_step(table: Table) -> Step:
    def inputs(config: Config) -> Keywords:
        facts = [f"{paths.DATASET}/{name}" for name in (files.INDEX, files.SPLIT)]
        return {"dataset": facts, "scores": paths_over(Over("all", paths.SCORES), config)}

    keys = {"split_method": "split.method", "size_px": "samples.size", **table.parameters}
    return Step(
        table.step,
        table.code,
        inputs,
        lambda config: {
            suffix: f"{paths.TABLES}/{table.name}.{suffix}" for suffix in table.suffixes
        },
        lambda config: _with_others(keys, config) | {"notes": notes_of(config)},
    )


def _figure_step(figure: Figure) -> Step:
    def inputs(config: Config) -> Keywords:
        split = [files.SPLIT] if figure.split else []
        dataset: Keywords = {"dataset": dataset_files(*split)} if figure.dataset else {}
        return dataset | {name: paths_over(over, config) for name, over in figure.inputs.items()}

    return Step(
        figure.step,
        figure.code,
        inputs,
        lambda config: {
            suffix: f"{paths.FIGURES}/{figure.name}.{suffix}" for suffix in ("png", "pdf")
        },
        partial(_with_others if figure.others else _parameters, figure.parameters),
        parts=_networks if figure.torch else lambda config, run: [],
    )


def _with_others(keys: Mapping[str, str], config: Config) -> dict[str, Any]:
    return _parameters(keys, config) | {"others": printed_others(config)}


def _parameters(keys: Mapping[str, str], config: Config) -> dict[str, Any]:
    return {keyword: look_up(config, key) for keyword, key in keys.items()}


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        *_ALL,
        *map(_table_step, TABLES.values()),
        *map(_figure_step, FIGURES.values()),
    )
}


def shows_rows(step: Step) -> bool:
    """Whether a step makes a table or figure."""
    tables, figures = TABLES.values(), FIGURES.values()
    return step.name in {*(table.step for table in tables), *(figure.step for figure in figures)}


def figures_of(config: Config) -> list[Figure]:
    """The figures that the configured networks make possible."""
    models = [NETWORKS[model] for model in config["networks"]["models"]]
    there = {
        None: True,
        "gated": any(model.gated for model in models),
        "drawn": any(model.drawn for model in models),
    }
    return [figure for figure in FIGURES.values() if there[figure.shows]]
