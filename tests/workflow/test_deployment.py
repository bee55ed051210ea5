"""The workflow in other hands: a module by path and by git tag, snakedeploy, jobs under conda.

Each test deploys a copy of the repository and runs a job that tells which package it imported.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
TAG = "v0.1.0"
CONFIG = {"results": "out", "seeds": [3], "samples": {"size": 64}}


def run(*command: str | Path, directory: Path, status: int = 0, **environment: str) -> str:
    """What a command says on both streams."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=directory,
        env=os.environ | {"NO_COLOR": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout[-6000:]
    return done.stdout


def snakemake(*arguments: str | Path, directory: Path, status: int = 0, **environment: str) -> str:
    environment = {"XDG_CACHE_HOME": str(directory / "cache")} | environment
    return run(
        sys.executable, "-m", "snakemake", "--nocolor", *arguments,
        directory=directory, status=status, **environment,
    )  # fmt: skip


@pytest.fixture
def copy(fresh_copy: Path) -> Path:
    """A copy whose rule write_config also writes which package its job imported."""
    [script] = (fresh_copy / "scripts").rglob("write_config.py")
    with script.open("a", encoding="utf-8") as text:
        text.write("\n    import calvingfront\n")
        text.write("    write_text(snakemake.output.config + '.package', calvingfront.__file__)\n")
    return fresh_copy


@pytest.fixture
def tagged(copy: Path) -> Path:
    """The copy as a git repository with a tag; what lies in its work tree since then is broken."""
    git = ["git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    run(*git, "init", "--quiet", directory=copy)
    run(*git, "add", "--all", directory=copy)
    run(*git, "commit", "--quiet", "--message", "all", directory=copy)
    run(*git, "tag", TAG, directory=copy)
    package = copy / "src" / "calvingfront" / "__init__.py"
    package.write_text("raise RuntimeError('not the tag')\n", encoding="utf-8")
    return copy


@pytest.fixture
def hosted(tagged: Path, tmp_path: Path) -> dict[str, str]:
    """An environment where git finds the tagged copy at github.com/someone/calvingfront."""
    home = tmp_path / "hosted"
    run("git", "clone", "--quiet", "--bare", tagged, home / "someone" / "calvingfront",
        directory=tmp_path)  # fmt: skip
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{home.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "GITHUB_TOKEN": "",
    }


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A user's own workflow folder with a configuration."""
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "mine.yaml").write_text(yaml.safe_dump({"fronts": CONFIG}), encoding="utf-8")
    return folder


def module(source: str, name: str = "fronts", extra: str = "") -> str:
    return f"""
configfile: "mine.yaml"
module {name}:
    snakefile: {source}
    config: config["fronts"]
{extra}
use rule * from {name} as {name}_*
"""


def check(results: Path) -> str:
    """The job had the user's configuration over the defaults; returns the package it imported."""
    written = yaml.safe_load((results / "dataset" / "config.yaml").read_text(encoding="utf-8"))
    assert written["seeds"] == [3]
    assert written["samples"]["size"] == 64
    assert written["samples"]["front_width_px"] == 6
    return (results / "dataset" / "config.yaml.package").read_text(encoding="utf-8")


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_both_snakefiles_are_the_same_workflow(copy: Path, user: Path, snakefile: str) -> None:
    planned = snakemake("-n", "--quiet", "rules", "--snakefile", copy / snakefile, directory=user)
    assert re.search(r"(?m)^all +1$", planned), planned
    snakemake("--snakefile", copy / snakefile, "--cores", "1", "write_config", directory=user)
    imported = (user / "results" / "dataset" / "config.yaml.package").read_text(encoding="utf-8")
    assert Path(imported) == copy / "src" / "calvingfront" / "__init__.py"


def test_a_module_by_path(copy: Path, user: Path) -> None:
    text = module(repr(str(copy / "workflow" / "Snakefile")))
    text += "rule mine:\n    default_target: True\n    input: rules.fronts_write_config.output\n"
    (user / "Snakefile").write_text(text, encoding="utf-8")
    snakemake("--cores", "1", directory=user)
    assert Path(check(user / "out")) == copy / "src" / "calvingfront" / "__init__.py"


def test_a_module_with_a_prefix(copy: Path, user: Path) -> None:
    source = repr(str(copy / "workflow" / "Snakefile"))
    text = module(source, extra='    prefix: "glaciers"')
    (user / "Snakefile").write_text(text, encoding="utf-8")
    snakemake("--cores", "1", "fronts_write_config", directory=user)
    check(user / "glaciers" / "out")
    planned = snakemake("-n", "--quiet", "rules", directory=user)
    assert re.search(r"(?m)^fronts_all +1$", planned), planned


@pytest.mark.parametrize("kind", ["gitfile", "git+file", "github"])
def test_a_module_by_git_tag(tagged: Path, hosted: dict[str, str], user: Path, kind: str) -> None:
    source = {
        "gitfile": f'gitfile("{tagged}", path="workflow/Snakefile", tag="{TAG}")',
        "git+file": f'"git+file://{tagged}/workflow/Snakefile@{TAG}"',
        "github": f'github("someone/calvingfront", path="workflow/Snakefile", tag="{TAG}")',
    }[kind]
    (user / "Snakefile").write_text(module(source), encoding="utf-8")
    snakemake("--cores", "1", "fronts_write_config", directory=user, **hosted)
    assert Path(check(user / "out")).is_relative_to(user / "cache")
    again = snakemake("--cores", "1", "fronts_write_config", directory=user, **hosted)
    assert "Nothing to be done" in again


def test_a_checkout_and_an_environment_in_a_folder_with_blanks(copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "My Drive (1)" / "it's a 'glacier' & more"
    folder.parent.mkdir()
    shutil.move(copy, folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / ".venv", directory=tmp_path)
    [site] = (folder / ".venv" / "lib").glob("python*/site-packages")
    others = [path for path in sys.path if path.endswith("-packages")]
    (site / "others.pth").write_text("\n".join(others), encoding="utf-8")
    (folder / "mine.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    run(
        folder / ".venv" / "bin" / "python", "-m", "snakemake", "--nocolor", "--cores", "1",
        "--configfile", "mine.yaml", "--", "write_config",
        directory=folder, XDG_CACHE_HOME=str(folder / "cache"),
    )  # fmt: skip
    imported = folder / "out" / "dataset" / "config.yaml.package"
    loaded = Path(imported.read_text(encoding="utf-8"))
    assert loaded == folder / "src" / "calvingfront" / "__init__.py"


def test_snakedeploy(hosted: dict[str, str], user: Path) -> None:
    beside = Path(sys.executable).parent
    program = shutil.which("snakedeploy", path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    assert program, "snakedeploy is in requirements.lock"
    run(
        program, "deploy-workflow", "https://github.com/someone/calvingfront", "deployed",
        "--tag", TAG, directory=user, **hosted,
    )  # fmt: skip
    deployed = user / "deployed"
    assert (deployed / "config" / "README.md").is_file()
    with (deployed / "config" / "config.yaml").open("a", encoding="utf-8") as text:
        text.write("seeds: [5]\n")
    snakemake("--cores", "1", "write_config", directory=deployed, **hosted)
    written = deployed / "results" / "dataset" / "config.yaml"
    assert yaml.safe_load(written.read_text(encoding="utf-8"))["seeds"] == [5]
    assert re.search(
        r"(?m)^all +1$", snakemake("-n", "--quiet", "rules", directory=deployed, **hosted)
    )


def test_a_job_under_conda_imports_the_workflows_own_package(copy: Path, user: Path) -> None:
    """With a stand-in for conda: its environments hold a bare Python."""
    conda = user / "conda" / "bin" / "conda"
    conda.parent.mkdir(parents=True)
    conda.write_text(
        f"""#!/usr/bin/env bash
case "$*" in
  *info*) echo '{{"conda_prefix": "{user / "conda"}", "platform": "linux-64"}}' ;;
  --version) echo "conda 26.1.0" ;;
  *"config --get"*) echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
  *create*)
    while [ "$1" != --prefix ]; do shift; done
    "{sys.executable}" -m venv --without-pip "$2" ;;
esac
""",
        encoding="utf-8",
    )
    conda.chmod(0o755)
    (conda.parent / "activate").write_text('source "$1/bin/activate"\n', encoding="utf-8")
    source = repr(str(copy / "workflow" / "Snakefile"))
    (user / "Snakefile").write_text(module(source), encoding="utf-8")
    told = snakemake(
        "--cores", "1", "fronts_write_config", "--software-deployment-method", "conda",
        directory=user, PATH=f"{conda.parent}{os.pathsep}{os.environ['PATH']}",
    )  # fmt: skip
    assert "Activating conda environment" in told
    assert Path(check(user / "out")) == copy / "src" / "calvingfront" / "__init__.py"


def test_two_versions_in_one_run_are_refused(copy: Path, tagged: Path, user: Path) -> None:
    other = user / "other"
    run("git", "clone", "--quiet", "--branch", TAG, tagged, other, directory=user)
    text = module(f'gitfile("{tagged}", path="workflow/Snakefile", tag="{TAG}")')
    text += module(repr(str(other / "workflow" / "Snakefile")), name="others")
    (user / "Snakefile").write_text(text, encoding="utf-8")
    told = snakemake("-n", directory=user, status=1)
    assert "give all modules of this workflow the same tag" in told
    assert "Traceback" not in told


def test_a_missing_package_is_told_with_the_command(
    tagged: Path, hosted: dict[str, str], user: Path
) -> None:
    source = f'github("someone/calvingfront", path="workflow/Snakefile", tag="{TAG}")'
    text = 'import sys\nsys.modules["pandas"] = None\n' + module(source)  # as if not installed
    (user / "Snakefile").write_text(text, encoding="utf-8")
    told = snakemake("-n", directory=user, status=1, **hosted)
    assert "has no pandas" in told
    address = f"git+https://github.com/someone/calvingfront@{TAG}"
    assert f'-m pip install "calvingfront[workflow] @ {address}"' in told
    assert "Traceback" not in told


def test_the_catalog_finds_a_standardized_workflow() -> None:
    for name in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "README.md"):
        assert (REPOSITORY / name).is_file()
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8").lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    catalog = REPOSITORY / ".snakemake-workflow-catalog.yml"
    usage = yaml.safe_load(catalog.read_text(encoding="utf-8"))["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["software-stack-deployment"]["conda"] is True
