"""The house: lock, environments, documents and rules agree with each other."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import calvingfront
from calvingfront.configuration.docs import OVERLAYS
from calvingfront.figures.registry import FIGURES
from calvingfront.locating.model_folder import SHIPPED
from calvingfront.tables.registry import TABLES

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


WORKFLOW = REPOSITORY / "workflow"
STEPS = {item.step: item for item in (*TABLES.values(), *FIGURES.values())}
GATHERING = {"all", "check", "dataset", "fronts", "locate", "positions", "tables", "figures"}


def written_rules() -> dict[str, str]:
    """The rules that are written by name, and the stage, or Snakefile, in whose file they stand."""
    return {
        name: path.stem
        for path in (WORKFLOW / "Snakefile", *(WORKFLOW / "rules").glob("*.smk"))
        for name in re.findall(r"(?m)^ *(?:rule|checkpoint) (\w+):", path.read_text("utf-8"))
    }


RULES = sorted({*written_rules(), *STEPS} - GATHERING)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every rule as Snakemake reads it, those that a registry makes among them."""
    folder = tmp_path_factory.mktemp("rules")
    script, snakefile = REPOSITORY / "tests" / "parsed_rules.py", REPOSITORY / "Snakefile"
    done = subprocess.run(
        [sys.executable, script, snakefile, folder],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {rule["name"]: rule for rule in json.loads(done.stdout)}


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *(r for extra in extras.values() for r in extra)]:
        name = re.split(r"[<>=!~\[ ]", requirement)[0]
        assert name.lower() in lock(), name


def test_the_lock_names_no_local_build() -> None:
    assert not [name for name, version in lock().items() if "+" in version]


@pytest.mark.parametrize("name", ["samples", "sar", "torch", "analysis", "locating"])
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
    """The weights of the model that comes with the package aside: 8 MB in all."""
    weights = [path for path in tracked() if path.suffix == ".safetensors"]
    assert {path.parent for path in weights} <= {SHIPPED}
    assert sum(path.stat().st_size for path in weights) <= 8_000_000
    large = {path.name: path.stat().st_size for path in tracked() if path not in weights}
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


def test_every_file_that_the_documents_name_exists() -> None:
    """In the text, in code and in links; a part in capitals (config/NAME.yaml) names no file."""
    folders = "config|workflow|docs|envs|scripts|src|benchmarks|tests"
    pattern = re.compile(rf"(?<![\w/.}}>~$-])((?:{folders})/[\w./-]*\w)")
    named = {
        name: {
            found for found in pattern.findall(text) if not re.search(r"/(?!README)[A-Z]+\b", found)
        }
        for name, text in texts().items()
        if name.endswith(".md")
    }
    assert len(named["README.md"]) > 5
    missing = {
        f"{document}: {name}"
        for document, names in named.items()
        for name in names
        if not (REPOSITORY / name).exists()
    }
    assert not missing


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


def test_snakemake_reads_every_rule_that_is_written_or_stands_in_a_registry(
    rules: dict[str, dict[str, Any]],
) -> None:
    assert set(rules) == {*written_rules(), *STEPS}
    assert not set(written_rules()) & set(STEPS)
    for name, rule in rules.items():
        assert rule["given_name"] == (name if name in STEPS else None)
    gathering = {name for name, rule in rules.items() if rule["script"] is None}
    assert gathering == GATHERING
    assert {name for name, rule in rules.items() if rule["local"]} == {*GATHERING, "write_config"}
    for name in GATHERING:
        assert not rules[name]["outputs"]
        assert rules[name]["docstring"].strip()


def test_every_script_has_its_rule_and_every_rule_its_script(
    rules: dict[str, dict[str, Any]],
) -> None:
    used = {rule["script"] for rule in rules.values() if rule["script"]}
    assert used == {str(path) for path in (REPOSITORY / "scripts").rglob("*.py")}


def test_every_stage_has_its_file_of_rules_its_scripts_and_its_place_in_the_snakefile() -> None:
    stages = set(written_rules().values()) - {"Snakefile"}
    assert stages == {path.parent.name for path in (REPOSITORY / "scripts").rglob("*.py")}
    files = [path.stem for path in (WORKFLOW / "rules").glob("*.smk")]
    assert stages <= set(files)
    text = (WORKFLOW / "Snakefile").read_text(encoding="utf-8")
    included = re.findall(r'(?m)^include: "rules/(\w+)\.smk"', text)
    assert sorted(included) == sorted(files)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_complete(rules: dict[str, dict[str, Any]], name: str) -> None:
    rule = rules[name]
    stage = Path(rule["file"]).stem
    of_registry = STEPS.get(name)
    if of_registry is None:
        assert rule["docstring"].strip(), "docstring"
        assert stage == written_rules()[name]
        script = REPOSITORY / "scripts" / stage / f"{name}.py"
    else:
        assert of_registry.label
        assert stage == ("tables" if of_registry in TABLES.values() else "figures")
        assert docstring_of(of_registry.code), "docstring of the function"
        made_by = {"tables": "make_table", "figures": "draw_figure"}
        script = REPOSITORY / "scripts" / stage / f"{made_by[stage]}.py"
    assert rule["script"] == str(script)
    assert script.is_file()
    assert rule["conda"], "conda"
    assert Path(rule["conda"]).parent == REPOSITORY / "envs"
    assert Path(rule["conda"]).is_file()
    assert rule["threads"], "threads"
    assert {"mem_mb", "runtime"} <= set(rule["resources"])
    (log,) = rule["logs"]
    assert re.match(rf"results/logs/{name}(\.log|/.*\.log)$", log)
    assert rule["outputs"], "output"
    assert len(rule["output_names"]) == rule["outputs"], "outputs have names"


def docstring_of(reference: str) -> str | None:
    """Docstring of the function `package.module:function`, which is not imported."""
    module, function = reference.split(":")
    path = REPOSITORY / "src" / Path(*module.split(".")).with_suffix(".py")
    (found,) = (
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    )
    return ast.get_docstring(found)


def test_the_rules_that_need_a_gpu_say_so(rules: dict[str, dict[str, Any]]) -> None:
    asking = {name: rule["resources"].get("gpu") for name, rule in rules.items()}
    assert {name: count for name, count in asking.items() if count is not None} == {
        "train_network": 1, "predict_fronts": 1, "read_attention": 1, "export_model": 1,
        "locate_scene": 1,
    }  # fmt: skip


def test_every_caption_is_used_and_every_used_caption_exists(
    rules: dict[str, dict[str, Any]],
) -> None:
    used = {name: rule["captions"] for name, rule in rules.items() if rule["captions"]}
    expected = {
        "report_scenes": "scenes", "split_scenes": "leakage", "gather_fronts": "located",
        "tabulate_errors": "errors", "draw_errors": "errors",
    }  # fmt: skip
    expected |= {step: item.name for step, item in STEPS.items()}
    folder = WORKFLOW / "report"
    assert used == {rule: [str(folder / f"{name}.rst")] for rule, name in expected.items()}
    captions = {path.stem for path in folder.glob("*.rst")}
    assert captions - {"workflow"} == set(expected.values())


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


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder that holds nothing but the Makefile."""
    folder.mkdir(exist_ok=True)
    (folder / "Makefile").write_text((REPOSITORY / "Makefile").read_text("utf-8"), "utf-8")
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_works_in_a_folder_with_blanks(tmp_path: Path) -> None:
    """Every path in the Makefile is relative; the workflow quotes Python's (package.smk)."""
    folder = tmp_path / "My Drive (1)"
    folder.mkdir()
    for name in ("requirements.lock", "pyproject.toml"):
        (folder / name).touch()
    done = make(folder, "--dry-run", "demo")
    assert done.returncode == 0, done.stderr
    assert "snakemake --cores" in done.stdout
    assert str(tmp_path) not in done.stdout


@pytest.mark.parametrize(("torch", "cpu_index"), [("cpu", True), ("default", False)])
def test_one_variable_of_make_takes_pytorch_without_cuda(
    tmp_path: Path, torch: str, cpu_index: bool
) -> None:
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    done = make(tmp_path, "--dry-run", "environment", f"TORCH={torch}")
    [install] = [line for line in done.stdout.splitlines() if "--requirement" in line]
    assert ("download.pytorch.org/whl/cpu" in install) is cpu_index


def test_every_rule_that_computes_says_first_what_it_is_made_from(
    rules: dict[str, dict[str, Any]],
) -> None:
    """Else an edit of its code, or other content of a user's file, would go unseen."""
    for path in (WORKFLOW / "rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        for block in re.split(r"(?m)^ *rule\b", text)[1:]:
            named = re.match(r" (\w+):", block)
            name = named[1] if named else "of a registry"
            if name in GATHERING or name == "write_config":  # it only writes its parameters
                continue
            assert re.search(r"params:\n(?: *#.*\n)* *(made_from|code_of)\(", block), name
    assert "report_scenes" in rules


def test_the_code_that_a_rule_names_is_what_its_script_imports(
    rules: dict[str, dict[str, Any]],
) -> None:
    """Functions of the package that a script calls, except those that run around every job."""
    around = {
        "log_to", "run_step", "with_folder", "scene_table", "write_text", "load", "scene_job",
        "check_job", "source_of", "write_split_origin",
    }  # fmt: skip
    for rule in rules.values():
        if rule["script"] is None or rule["name"] in STEPS or rule["name"] == "write_config":
            continue
        script = Path(rule["script"]).read_text(encoding="utf-8")
        if "run_step" in script:
            continue
        text = Path(rule["file"]).read_text(encoding="utf-8")
        block = re.split(rf"(?m)^ *rule {rule['name']}:", text)[1]
        for module, names in re.findall(r"(?m)^from (calvingfront\.[\w.]+) import (.+)$", script):
            for name in re.findall(r"\w+", names):
                if name not in around:
                    assert f'"{module}:{name}"' in block, f"{rule['name']}: {module}:{name}"
