"""The house: lock, environments, documents and rules agree with each other."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

import calvingfront
from calvingfront.configuration.docs import OVERLAYS

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = {".py", ".smk", ".md", ".yaml", ".yml", ".toml", ".cff", ".sh", ".rst", ".lock", ""}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or could be, committed."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this is no git checkout")
    paths = (REPOSITORY / name for name in done.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def texts() -> dict[str, str]:
    found = {}
    for path in tracked():
        if path.suffix in TEXT:
            found[str(path.relative_to(REPOSITORY))] = path.read_text(encoding="utf-8")
    return found


@cache
def lock() -> dict[str, str]:
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in pins)
    return {name.lower().replace("_", "-"): version for name, version in pins}


GATHERING = {"dataset", "tables", "figures"}


@cache
def rules() -> dict[str, str]:
    """The text of every rule that runs a script; the others gather files."""
    found = {}
    for path in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk")):
        blocks = re.split(r"(?m)^ *rule (\w+):\n", path.read_text(encoding="utf-8"))
        found |= dict(zip(blocks[1::2], blocks[2::2], strict=True))
    return {name: text for name, text in found.items() if name not in GATHERING}


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["workflow"], *extras["dev"]]:
        name = re.split(r"[<>=!~\[ ]", requirement)[0]
        assert name.lower() in lock(), name


def test_the_lock_names_no_local_build() -> None:
    assert not [name for name, version in lock().items() if "+" in version]


@pytest.mark.parametrize("name", ["samples", "sar", "torch", "analysis"])
def test_the_environments_agree_with_the_lock(name: str) -> None:
    environment = yaml.safe_load((REPOSITORY / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    wheels = environment["dependencies"][-1]["pip"]
    assert wheels
    for wheel in wheels:
        package, version = wheel.split("==")
        assert lock()[package.lower()] == version, package


def test_nothing_that_a_build_leaves_is_tracked() -> None:
    """An installation would take old modules out of it."""
    left = [
        path for path in tracked() if {"build", "dist"} & set(path.relative_to(REPOSITORY).parts)
    ]
    assert not left, left[:3]


def test_no_file_is_larger_than_500_kb() -> None:
    large = {path.name: path.stat().st_size for path in tracked()}
    assert not {name: size for name, size in large.items() if size > 500_000}


def test_no_text_holds_a_path_of_one_machine() -> None:
    pattern = re.compile(r"(?m)(^|[^A-Za-z0-9_.<}])/(work|root|home|tmp|farm|opt/wheels)/")
    found = [name for name, text in texts().items() if pattern.search(text)]
    assert not found


def test_every_link_of_the_documents_leads_somewhere() -> None:
    documents = {name: text for name, text in texts().items() if name.endswith(".md")}
    broken = []
    for name, text in documents.items():
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target and not ((REPOSITORY / name).parent / target).exists():
                broken.append(f"{name}: {target}")
    assert not broken


def test_every_file_that_the_readme_names_exists() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:config|workflow|docs|envs|scripts|src|benchmarks)/[\w./-]+)`", text)
    assert named
    assert not [name for name in named if not (REPOSITORY / name).exists()]


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"(?m)^(\w+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    named = set(
        re.findall(r"(?m)(?:^|`)make (\w+)", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
    )
    assert {"demo", "test"} <= named <= targets


def test_every_overlay_stands_in_the_table_of_overlays() -> None:
    assert set(OVERLAYS) == {path.name for path in (REPOSITORY / "config").glob("*.yaml")}


def test_the_citation_has_the_packages_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == calvingfront.__version__


def test_every_script_has_its_rule_and_every_rule_its_script() -> None:
    assert set(rules()) == {path.stem for path in (REPOSITORY / "scripts").glob("*.py")}


@pytest.mark.parametrize("name", sorted(rules()))
def test_every_rule_is_complete(name: str) -> None:
    text = rules()[name]
    assert re.match(r' +"""\S', text), "docstring"
    for part in ("output:", "log:", "threads:", "mem_mb=", "runtime=", "conda:"):
        assert part in text, part
    assert f'"../../scripts/{name}.py"' in text
    assert f'"<logs>/{name}' in text
    outputs = re.search(r"(?s)output:\n(.*?)\n +log:", text)
    assert outputs
    assert re.match(r" +\w+=", outputs.group(1)), "outputs have names"


def test_the_rules_that_need_a_gpu_say_so() -> None:
    asking = {name for name, text in rules().items() if "gpu=1" in text}
    assert asking == {"train_network", "predict_fronts", "read_attention"}


def test_every_caption_is_used_and_every_used_caption_exists() -> None:
    captions = {path.stem for path in (REPOSITORY / "workflow" / "report").glob("*.rst")}
    used = {name for text in rules().values() for name in re.findall(r"report/(\w+)\.rst", text)}
    assert captions - {"workflow"} == used


def test_compiled_functions_call_compiled_functions_of_their_own_file_only() -> None:
    """numba's cache notices changes of a function's own file, not of the files it calls."""
    files = [p for p in (REPOSITORY / "src").rglob("*.py") if "@compiled" in p.read_text("utf-8")]
    compiled = {
        file: set(re.findall(r"@compiled\ndef (\w+)", file.read_text("utf-8"))) for file in files
    }
    assert sum(map(len, compiled.values())) > 15
    foreign = []
    for file in files:
        others = set().union(*(compiled[other] for other in files if other != file))
        for body in re.findall(r"@compiled\n(def .*?)(?=\n\n\n|\Z)", file.read_text("utf-8"), re.S):
            name, *_ = re.findall(r"def (\w+)", body)
            called = set(re.findall(r"(\w+)\(", body)) & (others - compiled[file])
            foreign += [f"{file.name}: {name} calls {other}" for other in sorted(called)]
    assert not foreign
