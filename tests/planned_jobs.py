"""Prints the jobs that the workflow plans, as JSON: rule, inputs, outputs and parameters of each.

usage: python planned_jobs.py SNAKEFILE DIRECTORY CONFIGFILE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings


def named(values: Any) -> dict[str, str | list[str]]:
    """Inputs or outputs by name; several of one name as a list."""
    return {
        name: str(value) if isinstance(value, str) else [str(part) for part in value]
        for name, value in values.items()
    }


def planned(snakefile: Path, directory: Path, configfile: Path) -> list[dict[str, Any]]:
    with SnakemakeApi(OutputSettings()) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[configfile]),
            snakefile=snakefile,
            workdir=directory,
        )
        workflow.dag(DAGSettings())
        inner = workflow._workflow
        inner._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True)
        inner._build_dag()
        return [
            {
                "rule": job.rule.name,
                "inputs": named(job.input),
                "outputs": named(job.output),
                "parameters": dict(job.params.items()),
            }
            for job in inner.dag.jobs
        ]


if __name__ == "__main__":
    jobs = planned(*(Path(argument).resolve() for argument in sys.argv[1:4]))
    Path("jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
