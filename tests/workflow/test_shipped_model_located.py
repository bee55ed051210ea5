"""The model that comes with the package, named in the configuration."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from builders import speckled, write_image
from calvingfront.cli import main
from calvingfront.locating.model_folder import SHIPPED, read_model
from calvingfront.locating.vectors import read_fronts

REPOSITORY = Path(__file__).resolve().parents[2]
OVERLAY = REPOSITORY / "config" / "test.yaml"
TABLE = "scene,glacier,mission,acquired,image,pixel_size_m\na,G,ERS,2001-02-03,a.png,40\n"
# Plans the jobs with another folder as the model that comes with the package.
PLAN = """
import json, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
from calvingfront.locating import model_folder
model_folder.SHIPPED = Path(sys.argv[2])
from stale_jobs import planned
found = planned(Path(sys.argv[3]), json.loads(sys.argv[4]))
print(json.dumps(found))
"""

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def located(snakemake: Snakemake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shipped")
    write_image(folder / "a.png", speckled(60, 48, 1))
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    mine = {
        "results": "results",
        "source": {"kind": "images", "images": {"table": "table.csv"}},
        "locating": {"model": "shipped"},
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    options = ("--cores", "1", "--configfile", OVERLAY, folder / "mine.yaml")
    done = snakemake("locate", *options, directory=folder)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "train_network" not in done.stdout
    return folder


def planned(folder: Path, shipped: Path) -> dict[str, Any]:
    case = {
        "directory": str(folder),
        "configfiles": [str(OVERLAY), str(folder / "mine.yaml")],
        "targets": ["locate"],
    }
    done = subprocess.run(
        [sys.executable, "-c", PLAN, REPOSITORY / "tests", shipped, REPOSITORY / "Snakefile",
         json.dumps(case)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert "refused" not in found, found
    return {rule: count for rule, count in found["jobs"].items() if rule != "locate"}


def test_the_workflow_and_the_command_locate_the_same_front(
    located: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(located)
    output = tmp_path / "fronts.gpkg"
    options = ["--table", "table.csv", "--model", "shipped", "--output", str(output), "--quiet"]
    assert main(["locate", *options, "--device", "cpu", "--threads", "1"]) == 0
    (ours,), (theirs,) = read_fronts(located / "results" / "fronts.gpkg"), read_fronts(output)
    assert ours.members == 8 * len(read_model(SHIPPED).members)
    assert (ours.model, ours.lines, ours.reason) == (theirs.model, theirs.lines, theirs.reason)


def test_other_weights_in_the_package_locate_anew_but_not_the_same_weights_elsewhere(
    located: Path, tmp_path: Path
) -> None:
    assert planned(located, SHIPPED) == {}
    elsewhere = shutil.copytree(SHIPPED, tmp_path / "site-packages" / "weights")
    assert planned(located, elsewhere) == {}
    member = elsewhere / "member_2.safetensors"
    content = bytearray(member.read_bytes())
    content[-1] ^= 1
    member.write_bytes(content)
    assert set(planned(located, elsewhere)) == {"locate_scene", "gather_fronts", "draw_page"}
