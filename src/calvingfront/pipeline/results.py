"""A results folder with its configuration: calling the steps of the learning half in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.files import PathLike
from calvingfront.pipeline.origins import origin_of, write_origin
from calvingfront.pipeline.rows import prediction_step, runs_of, threshold_step
from calvingfront.pipeline.step import Config, Keywords, Step
from calvingfront.pipeline.steps import STEPS
from calvingfront.provenance.content import digests_of
from calvingfront.training.ending import LATER
from calvingfront.vocabulary.references import load
from calvingfront.vocabulary.runs import Run


def steps_of(run: Run, config: Config) -> dict[str, tuple[str, str]]:
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
    origin: str | None


class Results(NamedTuple):
    """A results folder and the configuration that determines its contents."""

    folder: Path
    config: Config

    def call_of(self, name: str | Step, run: Run | None = None) -> Call:
        """Return a step, or that of a name, with its arguments; for one row if it works on one.

        Raises ConfigError if the configuration has no value for a key that the step needs.
        """
        step = STEPS[name] if isinstance(name, str) else name
        try:
            return Call(
                step,
                self._below(step.inputs_of(self.config, run), run),
                self._below(step.outputs(self.config), run),
                step.parameters(self.config)
                | {field: getattr(run, field) for field in step.of_run}
                | ({name: of(self.config, run) for name, of in step.of_row.items()} if run else {}),
                {key: {**LATER, **self.config["training"]}[key] for key in step.how},
                None if step.origin is None else self.place(step.origin, run),
            )
        except KeyError as error:
            raise ConfigError(
                f"configuration key {error.args[0]}",
                f"is missing, but {step.name} needs it",
                "Run `snakemake dataset` again to write a complete configuration.",
            ) from error

    def _below(self, keywords: Mapping[str, Any], run: Run | None) -> Keywords:
        """Prefix the paths with the results folder, and fill in the row's fields."""

        return {
            keyword: self.place(value, run)
            if isinstance(value, str)
            else [self.place(path, run) for path in value]
            for keyword, value in keywords.items()
        }

    def place(self, path: str, run: Run | None = None) -> str:
        """Where a path of the results folder lies, the row's fields filled in."""
        return str(self.folder / (path.format(**run._asdict()) if run else path))

    def run(self, name: str | Step, run: Run | None = None, **changes: Any) -> None:
        """Run a step. `changes`: arguments of its function that override the planned ones.

        Raises CalvingFrontError if an input file is missing, and names the command that makes it.
        """
        call = self.call_of(name, run)
        for path in _every(call.inputs):
            if not Path(path).exists():
                raise CalvingFrontError(path, *self._missing(path, run))
        # What is made with changes lies elsewhere and belongs to no row.
        origin = None if changes else call.origin
        perform(call._replace(origin=origin), self.config, run, self.folder, **changes)

    def _missing(self, path: str, asked: Run | None = None) -> tuple[str, str]:
        """For a missing file: what is wrong, and the command that makes it.

        asked: the row whose step reads the file; the configuration need not include it.
        """
        planned = runs_of("all", self.config)
        for run in planned if asked is None else [asked, *planned]:
            for name, (command, done) in steps_of(run, self.config).items():
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


def perform(call: Call, config: Config, run: Run | None, folder: PathLike, **changes: Any) -> None:
    """Run a step, and record what its outputs were made from.

    folder: of the results. changes: arguments that override those of the call.
    """
    step, digests = call.step, digests_of(str(folder))
    origin = origin_of(step, config, run, call.inputs, call.parameters, digests)
    own = {"made_from": origin} if step.name == "train_network" else {}
    if call.origin is not None:
        Path(call.origin).unlink(missing_ok=True)
    inputs = with_folder(dict(call.inputs))
    load(step.code)(**(inputs | call.parameters | call.outputs | call.how | own | changes))
    if call.origin is not None:
        write_origin(call.origin, origin, step, config, run, call.outputs, digests)


def with_folder(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs with the folder of the packed samples instead of the files in it."""
    if "dataset" not in inputs:
        return inputs
    return inputs | {"dataset": Path(inputs["dataset"][0]).parent}


def _every(keywords: Keywords) -> Iterator[str]:
    for value in keywords.values():
        yield from [value] if isinstance(value, str) else value
