"""What each step of the learning half reads, writes and takes from the configuration.

The rules of the workflow (`workflow/rules`) and the plain commands (`pipeline.commands`) are both
built from this description, so they make the same files from the same inputs with the same
parameters. Paths are relative to the results folder and keyed by the argument that takes them.
"""

from __future__ import annotations

from typing import Any

from calvingfront.dataset import files
from calvingfront.figures.registry import FIGURES
from calvingfront.pipeline.parameters import (
    filter_settings,
    hemispheres_of,
    history_of,
    orientations_of,
    others_entry,
    others_files,
    start_weights,
    training_parameters,
)
from calvingfront.pipeline.rows import paths_over
from calvingfront.pipeline.shown import figure_step, table_step
from calvingfront.pipeline.step import Config, Keywords, Step, dataset_files
from calvingfront.tables.registry import TABLES
from calvingfront.training.ending import ENDS, HOW
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.auxiliary import learns_zones
from calvingfront.vocabulary.losses import family_of
from calvingfront.vocabulary.models import BASELINES, FILTER_DEFAULTS, NETWORKS
from calvingfront.vocabulary.paths import Over
from calvingfront.vocabulary.runs import Run


def _trained(config: Config) -> Keywords:
    return {"dataset": dataset_files(files.SPLIT)}


def _trained_on(config: Config) -> Keywords:
    zones = (files.ZONES, files.ZONES_INDEX) if learns_zones(config) else ()
    return {"dataset": dataset_files(files.SPLIT, *zones)}


def _network(config: Config, run: Run | None) -> list[Any]:
    return [NETWORKS[run.model].code] if run else []


def _network_and_loss(config: Config, run: Run | None) -> list[Any]:
    return [*_network(config, run), family_of(run.loss).code] if run else []


def _baseline(config: Config, run: Run | None) -> list[Any]:
    return [BASELINES[run.model].code] if run else []


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
        parameters=training_parameters,
        of_run=("model", "loss", "seed"),
        of_row={"history_from": history_of, "start_weights": start_weights},
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
            "history_from": filter_settings(config),
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
        of_row={"other": others_entry, "files": others_files},
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
STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        *_ALL,
        *map(table_step, TABLES.values()),
        *map(figure_step, FIGURES.values()),
    )
}
