"""Prints, as JSON, which jobs Snakemake would run for each of several changes of one finished run.

usage: python stale_jobs.py SNAKEFILE CASES

CASES: JSON, a list of {directory, configfiles, config, code, targets}: the working directory,
overlays, a mapping laid on top, edits of the library as module → [old text, new text], targets.
Prints a list of {"jobs": {rule: count}} or {"refused": message}.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.provenance import code
from calvingfront.provenance.syntax import read_source


@contextlib.contextmanager
def edited(edits: dict[str, list[str]]) -> Iterator[None]:
    """Let the library look as if some of its modules had been edited."""
    caches = (code._digest, code._reached, code.source_of)
    true = code._path_of
    sources = {}
    for module, (old, new) in edits.items():
        path = true(module)
        assert path is not None
        text = path.read_text(encoding="utf-8")
        assert old in text, module
        sources[module] = read_source(text.replace(old, new), module)
    read = code.source_of
    for cache in caches if edits else ():
        cache.cache_clear()
    if edits:
        code.source_of = lambda module: sources.get(module) or read(module)
    try:
        yield
    finally:
        code.source_of = read
        for cache in caches if edits else ():
            cache.cache_clear()


def planned(snakefile: Path, case: dict[str, Any]) -> dict[str, Any]:
    directory = Path(case["directory"])
    top = directory / "on_top.yaml"
    top.write_text(yaml.safe_dump(case.get("config", {})), encoding="utf-8")
    files = [*map(Path, case.get("configfiles", [])), top]
    here = Path.cwd()
    try:
        with SnakemakeApi(OutputSettings()) as api:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=1),
                config_settings=ConfigSettings(configfiles=files),
                snakefile=snakefile,
                workdir=directory,
            )
            workflow.dag(DAGSettings(targets=set(case.get("targets", []))))
            inner = workflow._workflow
            inner._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
            inner._build_dag()
            rules = Counter(job.rule.name for job in inner.dag.needrun_jobs())
        return {"jobs": {name: count for name, count in rules.items() if name != "all"}}
    except Exception as error:  # whatever Snakemake wraps it in
        return {"refused": str(error)}
    finally:
        os.chdir(here)
        top.unlink()


if __name__ == "__main__":
    cases = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    found = []
    for case in cases:
        with edited(case.get("code", {})), contextlib.redirect_stdout(sys.stderr):
            found.append(planned(Path(sys.argv[1]).resolve(), case))
    print(json.dumps(found))
