"""Running Snakemake as a user does, and one tiny run that several tests look at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def run_snakemake(
    *arguments: str | Path, directory: Path, snakefile: Path = REPOSITORY / "Snakefile"
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `directory`; standard output and error come back as one text."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
    command += ["--directory", str(directory), "--nocolor", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=directory,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def snakemake() -> Snakemake:
    return run_snakemake


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of one whole run with config/test.yaml."""
    directory = tmp_path_factory.mktemp("tiny")
    done = run_snakemake(
        "--cores", "2", "--configfile", REPOSITORY / "config" / "test.yaml", directory=directory
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return directory


@pytest.fixture
def fresh_copy(tmp_path: Path) -> Path:
    """The files that a clone would have, without any environment or result."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    copy = tmp_path / "clone"
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, copy / name)
    return copy
