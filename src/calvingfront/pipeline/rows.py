"""The rows that a configuration plans, and the steps that make them."""

from __future__ import annotations

from calvingfront.pipeline.step import Config
from calvingfront.vocabulary.ensembles import ensembles_of
from calvingfront.vocabulary.models import BASELINES, NETWORKS, is_filtered
from calvingfront.vocabulary.others import is_binary, others_of
from calvingfront.vocabulary.paths import Over, Rows
from calvingfront.vocabulary.runs import Run


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
