"""Running a step of the learning half as a Snakemake job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calvingfront.logs import log_to
from calvingfront.pipeline.steps import STEPS
from calvingfront.vocabulary.references import load


def run_step(job: Any, name: str, echo: bool = False) -> None:
    """Run a step with the job's inputs, parameters and outputs, and write its log.

    job: the `snakemake` object of a script. echo: print the log on standard error too.
    """
    step = STEPS[name]
    how = {key: job.config["training"][key] for key in step.how}
    if "threads" in how:
        how["threads"] = job.threads  # Snakemake may have assigned fewer
    with log_to(job.log[0], echo=echo):
        load(step.code)(**with_folder(dict(job.input)), **job.params, **dict(job.output), **how)


def with_folder(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs with the folder of the packed samples instead of the files in it."""
    if "dataset" not in inputs:
        return inputs
    return inputs | {"dataset": Path(inputs["dataset"][0]).parent}
