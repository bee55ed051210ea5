"""Running a step of the learning half as a Snakemake job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calvingfront.logs import log_to
from calvingfront.pipeline.judging import check_rows
from calvingfront.pipeline.results import Call, Results, perform
from calvingfront.pipeline.shown import shows_rows
from calvingfront.pipeline.steps import STEPS
from calvingfront.vocabulary.runs import Run


def run_step(job: Any, name: str, echo: bool = False) -> None:
    """Run a step with the job's inputs, parameters and outputs, and write its log.

    job: the `snakemake` object of a script. echo: print the log on standard error too.
    A table or figure is refused if one of its rows does not fit the configuration.
    """
    step = STEPS[name]
    how = {key: job.config["training"][key] for key in step.how}
    if "threads" in how:
        how["threads"] = job.threads  # Snakemake may have assigned fewer
    outputs = dict(job.output)
    origin = outputs.pop("origin", None)
    call = Call(step, dict(job.input), outputs, dict(job.params), how, origin)
    row = dict(job.wildcards)
    run = Run(row["model"], row["loss"], int(row["seed"])) if row else None
    folder = _results(call, job.config, run)
    with log_to(job.log[0], echo=echo):
        if shows_rows(step):
            check_rows(Results(folder, job.config), step)
        perform(call, job.config, run, folder)


def _results(call: Call, config: Any, run: Run | None) -> Path:
    """The results folder: where an output lies, without its path in it."""
    keyword, path = next(iter(call.step.outputs(config).items()))
    below = path if isinstance(path, str) else path[0]
    given = call.outputs[keyword]
    depth = len(Path(below).parts)
    return Path(given if isinstance(given, str) else given[0]).parents[depth - 1]
