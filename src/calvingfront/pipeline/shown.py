"""The steps that make a table or a figure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from calvingfront.dataset import files
from calvingfront.figures.registry import FIGURES, Figure
from calvingfront.pipeline.parameters import look_up, notes_of
from calvingfront.pipeline.rows import paths_over
from calvingfront.pipeline.step import Config, Keywords, Step, dataset_files
from calvingfront.tables.registry import TABLES, Table
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.models import NETWORKS
from calvingfront.vocabulary.others import printed_others
from calvingfront.vocabulary.paths import Over
from calvingfront.vocabulary.runs import Run


def _networks(config: Config, run: Run | None) -> list[Any]:
    return [NETWORKS[model].code for model in config["networks"]["models"]]


def table_step(table: Table) -> Step:
    """The step of a table: it reads the scores of every row, and facts of the data set."""

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


def figure_step(figure: Figure) -> Step:
    """The step of a figure, which reads what `figures.registry` says."""

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


def figures_of(config: Config) -> list[Figure]:
    """The figures that the configured networks make possible."""
    models = [NETWORKS[model] for model in config["networks"]["models"]]
    there = {
        None: True,
        "gated": any(model.gated for model in models),
        "drawn": any(model.drawn for model in models),
    }
    return [figure for figure in FIGURES.values() if there[figure.shows]]


def shows_rows(step: Step) -> bool:
    """Whether a step makes a table or figure."""
    tables, figures = TABLES.values(), FIGURES.values()
    return step.name in {*(table.step for table in tables), *(figure.step for figure in figures)}
