"""The steps of the learning half as plain commands: the same files without Snakemake."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.pipeline.job import with_folder
from calvingfront.pipeline.steps import (
    STEPS,
    Config,
    Keywords,
    Step,
    figures_of,
    prediction_step,
    runs_of,
    threshold_step,
)
from calvingfront.tables.registry import TABLES
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.references import load
from calvingfront.vocabulary.runs import Run

log = logging.getLogger(__name__)


def _steps_of(run: Run, config: Config) -> dict[str, tuple[str, str]]:
    """The steps of one row, each with its command and that command's participle for messages."""
    steps = {
        prediction_step(run): ("predict", "imported" if run.of_others else "predicted"),
        threshold_step(run, config): ("score", "scored"),
        "score_predictions": ("score", "scored"),
    }
    if run.trained:
        steps = {"train_network": ("train", "trained"), **steps}
        steps["read_attention"] = ("draw", "drawn")
    return steps


class Call(NamedTuple):
    """A step and all its arguments; paths include the results folder."""

    step: Step
    inputs: Keywords
    outputs: Keywords
    parameters: dict[str, Any]
    how: dict[str, Any]


class Results(NamedTuple):
    """A results folder and the configuration that determines its contents."""

    folder: Path
    config: Config

    def call_of(self, name: str, run: Run | None = None) -> Call:
        """Return a step with its arguments, for one row if it works on a single row.

        Raises ConfigError if the configuration has no value for a key that the step needs.
        """
        step = STEPS[name]
        try:
            return Call(
                step,
                self._below(step.inputs(self.config), run),
                self._below(step.outputs(self.config), run),
                step.parameters(self.config)
                | {field: getattr(run, field) for field in step.of_run}
                | ({name: of(self.config, run) for name, of in step.of_row.items()} if run else {}),
                {key: self.config["training"][key] for key in step.how},
            )
        except KeyError as error:
            raise ConfigError(
                f"configuration key {error.args[0]}",
                f"is missing, but {name} needs it",
                "Run `snakemake dataset` again to write a complete configuration.",
            ) from error

    def _below(self, keywords: Mapping[str, Any], run: Run | None) -> Keywords:
        """Prefix the paths with the results folder, and fill in the row's fields."""

        def place(path: str) -> str:
            return str(self.folder / (path.format(**run._asdict()) if run else path))

        return {
            keyword: place(value) if isinstance(value, str) else [place(path) for path in value]
            for keyword, value in keywords.items()
        }

    def run(self, name: str, run: Run | None = None, **changes: Any) -> None:
        """Run a step. `changes`: arguments of its function that override the planned ones.

        Raises CalvingFrontError if an input file is missing, and names the command that makes it.
        """
        call = self.call_of(name, run)
        for path in _every(call.inputs):
            if not Path(path).exists():
                raise CalvingFrontError(path, *self._missing(path, run))
        inputs = with_folder(dict(call.inputs))
        load(call.step.code)(**(inputs | call.parameters | call.outputs | call.how | changes))

    def _missing(self, path: str, asked: Run | None = None) -> tuple[str, str]:
        """For a missing file: what is wrong, and the command that makes it.

        asked: the row whose step reads the file; the configuration need not include it.
        """
        planned = runs_of("all", self.config)
        for run in planned if asked is None else [asked, *planned]:
            for name, (command, done) in _steps_of(run, self.config).items():
                if path in _every(self.call_of(name, run).outputs):
                    chosen = f"--model {run.model}"
                    if run.trained:
                        chosen += f" --loss {run.loss} --seed {run.seed}"
                    return (
                        f"is missing: {run.folder} has not been {done}",
                        f"Run `calvingfront {command} {chosen}` first, or `calvingfront grid`.",
                    )
        return (
            "is missing",
            "Run `snakemake dataset` on a machine with Snakemake, and copy its results here.",
        )


def _every(keywords: Keywords) -> Iterator[str]:
    for value in keywords.values():
        yield from [value] if isinstance(value, str) else value


def train(results: Results, run: Run) -> None:
    """Train one network."""
    if not run.trained:
        raise ConfigError("--model", f"{run.model} has nothing to train", "Choose a network.")
    results.run("train_network", run)


def predict(results: Results, run: Run, scenes: Literal["held_out", "all"] = "held_out") -> None:
    """Predict the validation and test scenes of one row, or all scenes of the archive."""
    if run.trained and scenes == "held_out":
        results.run("predict_fronts", run)
    elif run.trained:
        every = {"probabilities": paths.ALL_PROBABILITIES, "predictions": paths.ALL_PREDICTIONS}
        outputs = {
            keyword: results.folder / path.format(**run._asdict())
            for keyword, path in every.items()
        }
        results.run("predict_fronts", run, scenes=scenes, **outputs)
    elif scenes == "all":
        raise ConfigError(
            f"--scenes {scenes}", f"{run.model} predicts held-out scenes only",
            "Omit --scenes, or choose a network with --model.",
        )  # fmt: skip
    else:
        results.run(prediction_step(run), run)


def score(results: Results, run: Run) -> None:
    """Choose the thresholds of one row and score its test scenes."""
    results.run(threshold_step(run, results.config), run)
    results.run("score_predictions", run)


def tabulate(results: Results) -> None:
    """Make all tables."""
    for table in TABLES.values():
        results.run(table.step)


def draw(results: Results) -> None:
    """Read the attention maps and draw all figures."""
    for run in runs_of("gated", results.config):
        results.run("read_attention", run)
    for figure in figures_of(results.config):
        results.run(figure.step)


def grid(results: Results) -> None:
    """Run the whole experiment; training, prediction and scoring skip runs that are finished."""
    runs = runs_of("all", results.config)
    for number, run in enumerate(runs, start=1):
        started = time.perf_counter()
        # Whatever depends on a new file is redone.
        new = run.trained and not _made(results, "train_network", run)
        if new:
            train(results, run)
        new = new or not _made(results, prediction_step(run), run)
        if new:
            predict(results, run)
        if new or not _made(results, "score_predictions", run):
            score(results, run)
        log.info(
            "%d of %d: %s, %.0f s", number, len(runs), run.folder, time.perf_counter() - started
        )
    tabulate(results)
    draw(results)


def _made(results: Results, name: str, run: Run) -> bool:
    """Whether the last output of a step exists; it is written after all the others."""
    *_, last = _every(results.call_of(name, run).outputs)
    return Path(last).exists()
