"""From a job of Snakemake to a function of the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from calvingfront.logs import log_to


def run_job(job: Any, function: Callable[..., object], echo: bool = False, **more: Any) -> None:
    """Call a function with the job's inputs, parameters and outputs, and keep its log.

    job: the object `snakemake` of a script. `more`: keywords that are no parameters of the rule.
    echo: show the log on standard error too.
    """
    with log_to(job.log[0], echo=echo):
        function(**with_folder(dict(job.input)), **job.params, **dict(job.output), **more)


def how(job: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """Values of `training` that say how a job runs; as many threads as the job was given."""
    return {key: job.config["training"][key] for key in keys} | {"threads": job.threads}


def with_folder(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the folder of the packed samples instead of the files in it."""
    if "dataset" in inputs:
        inputs["dataset"] = Path(inputs["dataset"][0]).parent
    return inputs
