"""The rules and the plain commands: the same steps, files and parameters."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from calvingfront.configuration.validation import validate_config
from calvingfront.pipeline import commands
from calvingfront.pipeline.commands import Results
from calvingfront.pipeline.rows import runs_of
from calvingfront.pipeline.shown import figures_of
from calvingfront.pipeline.steps import STEPS
from calvingfront.tables.registry import TABLES
from calvingfront.vocabulary.runs import Run

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"
TINY = yaml.safe_load((REPOSITORY / "config" / "test.yaml").read_text(encoding="utf-8"))
DEFAULT = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text(encoding="utf-8"))
CHANGES: dict[str, dict[str, Any]] = {
    "several seeds, one network": {
        "seeds": [3, 1, 2], "losses": ["bce", "wbce2.5"],
        "networks": {"models": ["attention_unet"]}, "training": {"keep_epochs": [1, 2]},
    },
    "no attention, named scenes": {
        "networks": {"models": ["unet"]},
        "figures": {"scenes": ["SIMB_2009-08-27_TSX_7_2_125"]},
    },
    "both networks": {"seeds": [1, 2]},
    "results of others": {
        "networks": {"models": ["unet"]}, "losses": ["bce"],
        "others": {
            "theirs": {"folder": "theirs", "label": "Theirs"},
            "soft": {"folder": "theirs", "kind": "probabilities", "missing": "empty"},
        },
    },
}  # fmt: skip


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """Configurations on top of each other, as Snakemake merges them."""
    result: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            old = result.get(key)
            both = isinstance(value, dict) and isinstance(old, dict)
            result[key] = merged(old, value) if both else value
    return result


def of_rules(config: dict[str, Any], directory: Path) -> list[dict[str, Any]]:
    """The jobs of the learning half that Snakemake plans."""
    file = directory / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests" / "planned_jobs.py", REPOSITORY / "Snakefile",
         directory, file],
        cwd=directory, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    jobs = json.loads((directory / "jobs.json").read_text(encoding="utf-8"))
    return [job for job in jobs if job["rule"] in STEPS]


def of_commands(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The steps that `grid` runs on an empty folder, with all that each is called with."""
    done: list[dict[str, Any]] = []

    def note(results: Results, name: str, run: Run | None = None, **changes: Any) -> None:
        assert not changes
        call = results.call_of(name, run)
        done.append(
            {
                "rule": name,
                "inputs": call.inputs,
                "outputs": call.outputs | ({"origin": call.origin} if call.origin else {}),
                "parameters": call.parameters,
            }
        )

    monkeypatch.setattr(Results, "run", note)
    commands.grid(Results(Path(config["results"]), config))
    return done


def in_order(jobs: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(job, sort_keys=True) for job in jobs)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_rules_and_commands_make_the_same_files_from_the_same_inputs_with_the_same_parameters(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a_front.png").write_bytes(b"a file to be noticed")
    config = validate_config(merged(DEFAULT, TINY, CHANGES[name]), SCHEMA)
    planned = of_rules(config, tmp_path)
    called = of_commands(config, monkeypatch)
    assert len(planned) == len(called)
    for rule, command in zip(in_order(planned), in_order(called), strict=True):
        assert rule == command
    counts = Counter(job["rule"] for job in called)
    assert counts["import_others"] == len(config["others"])
    assert counts["train_network"] == len(runs_of("networks", config))
    assert counts["read_attention"] == len(runs_of("gated", config))  # of one seed only
    expected = {table.step for table in TABLES.values()}
    expected |= {figure.step for figure in figures_of(config)}
    assert expected <= set(counts)


def test_every_step_is_a_rule_of_the_workflow_or_left_out_as_nobody_asks_for_it(
    tmp_path: Path,
) -> None:
    config = validate_config(merged(DEFAULT, TINY), SCHEMA)
    planned = {job["rule"] for job in of_rules(config, tmp_path)}
    wished = {"import_others", "fix_threshold", "average_predictions", "filter_predictions"}
    assert planned == set(STEPS) - wished


def test_the_row_of_others_is_in_every_table_and_its_threshold_is_chosen_only_of_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs").mkdir()
    config = validate_config(merged(DEFAULT, TINY, CHANGES["results of others"]), SCHEMA)
    jobs = of_rules(config, tmp_path)
    rows = {
        name: [
            job for job in jobs if any(f"/{name}/none/" in str(o) for o in job["outputs"].values())
        ]
        for name in ("theirs", "soft")
    }
    rules = {name: sorted(job["rule"] for job in its) for name, its in rows.items()}
    assert rules == {
        "theirs": ["fix_threshold", "import_others", "score_predictions"],
        "soft": ["choose_threshold", "import_others", "score_predictions"],
    }
    (imported,) = (job for job in rows["theirs"] if job["rule"] == "import_others")
    assert imported["parameters"]["other"] == {
        "folder": "theirs", "kind": "auto", "missing": "error"
    }  # fmt: skip
    for table in TABLES.values():
        (job,) = (job for job in jobs if job["rule"] == table.step)
        for name in ("theirs", "soft"):
            assert (
                f"results/test/evaluation/{name}/none/seed0/scores.tsv" in job["inputs"]["scores"]
            )
        assert job["parameters"]["others"]["theirs"]["label"] == "Theirs"
    (curves,) = (job for job in jobs if job["rule"] == "draw_thresholds")
    drawn = [path.split("/")[3] for path in curves["inputs"]["curves"]]
    assert drawn == ["unet", "soft", "prior", "nearest_date"]
