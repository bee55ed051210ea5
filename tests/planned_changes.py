"""Changes of finished runs: what Snakemake would make anew, and ways to change files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
OVERLAY = REPOSITORY / "config" / "test.yaml"
NONE: set[str] = set()
# What is done to the folder, settings on top, the rules that run, and how often some do.
FileChange = tuple[Callable[[Path], Any], dict[str, Any], set[str], dict[str, int]]


def jobs_of(cases: list[dict[str, Any]], scratch: Path) -> list[dict[str, int]]:
    """What Snakemake would run for each case, by rule."""
    file = scratch / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests" / "stale_jobs.py", REPOSITORY / "Snakefile", file],
        cwd=scratch, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert not [each for each in found if "refused" in each], found
    return [each["jobs"] for each in found]


def plans_after(
    changes: Mapping[str, FileChange], finished: Path, targets: Sequence[str], scratch: Path
) -> dict[str, dict[str, int]]:
    """What would run after each change, made in a copy elsewhere, where every file has a new date.

    finished: the folder of a run with its `mine.yaml`.
    """
    cases = []
    for number, (change, config, _, _) in enumerate(changes.values()):
        folder = scratch / str(number)
        shutil.copytree(finished, folder)
        change(folder)
        files = [str(OVERLAY), str(folder / "mine.yaml")]
        cases.append({"directory": str(folder), "configfiles": files, "config": config,
                      "targets": [*targets]})  # fmt: skip
    return dict(zip(changes, jobs_of(cases, scratch), strict=True))


def assert_planned(planned: Mapping[str, int], change: FileChange) -> None:
    """Exactly the rules of a change run, as often as it says."""
    _, _, rules, counts = change
    assert set(planned) == rules
    assert {rule: planned[rule] for rule in counts} == counts


def keep_date(path: Path, change: Callable[[Path], None]) -> None:
    """Change a file so that its size and date stay: `rsync -t`, `cp -p`."""
    before = path.stat()
    change(path)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(bytes(content))


def touch_all(folder: Path) -> None:
    later = time.time() + 100
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, (later, later))
