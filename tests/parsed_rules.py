"""Prints the rules of the workflow as Snakemake reads them, as JSON: what each of them states.

usage: python parsed_rules.py SNAKEFILE DIRECTORY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.settings.types import OutputSettings, ResourceSettings


def stated(rule: Any, local: set[str]) -> dict[str, Any]:
    """What the text of a rule states: nothing that Snakemake takes where it is silent."""
    text = rule.ruleinfo
    folder = Path(str(rule.snakefile)).parent
    outputs = list(rule.output)
    names = [
        name
        for name, paths in rule.output.items()
        for _ in ([paths] if isinstance(paths, str) else paths)
    ]
    resources = text.resources[1] if text.resources else {}
    return {
        "name": rule.name,
        "file": str(rule.snakefile),
        "given_name": text.name,
        "docstring": text.docstring or "",
        "script": text.script and str((folder / text.script).resolve()),
        "conda": text.conda_env and str((folder / text.conda_env).resolve()),
        "outputs": len(outputs),
        "output_names": names,
        "logs": [str(path) for path in rule.log],
        "threads": text.threads is not None,
        "resources": {
            name: "function" if callable(value) else value for name, value in resources.items()
        },
        "captions": [
            str(Path(str(path.flags["report"].caption)).resolve())
            for path in outputs
            if "report" in path.flags
        ],
        "local": rule.name in local,
    }


def main(snakefile: Path, directory: Path) -> None:
    """Print them, for the default configuration."""
    with SnakemakeApi(OutputSettings()) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1), snakefile=snakefile, workdir=directory
        )
        inner = workflow._workflow
        json.dump([stated(rule, inner._localrules) for rule in inner.rules], sys.stdout)


if __name__ == "__main__":
    main(*(Path(argument).resolve() for argument in sys.argv[1:3]))
