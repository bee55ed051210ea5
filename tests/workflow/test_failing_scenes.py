"""A scene whose jobs fail: the others go through, and one key leaves it out with its reason."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest
import yaml

from builders import line_mask, speckled, write_image

REPOSITORY = Path(__file__).resolve().parents[2]
WITHOUT = ("--config", "source={leave_out_failed: true}")

Snakemake = Callable[..., CompletedProcess[str]]
pytestmark = pytest.mark.timeout(900)


def jobs(output: str) -> dict[str, int]:
    """The planned jobs by rule."""
    return {name: int(n) for name, n in re.findall(r"(?m)^(\w+) +(\d+)$", output)}


def cut(path: Path) -> None:
    """Leave the header of an image and half of its pixels."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Four scenes with a front and two without; one of each, c and y, cannot be read."""
    lines = ["scene,glacier,mission,acquired,image,front,pixel_size_m"]
    for number, name in enumerate("abcdxy"):
        write_image(tmp_path / f"{name}.png", speckled(40, 48, number))
        write_image(tmp_path / f"{name}_front.png", line_mask(40, 48, 9 + number))
        front = f"{name}_front.png" if name < "x" else ""
        lines.append(f"{name},G,ERS,200{number}-01-05,{name}.png,{front},20")
    cut(tmp_path / "c.png")
    cut(tmp_path / "y.png")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = {
        "source": {"kind": "images", "images": {"table": str(tmp_path / "table.csv")}},
        "samples": {"size": 32},
        "networks": {"width": 2, "depth": 2, "kernel": 3},
        "training": {"max_epochs": 1, "keep_epochs": []},
        "split": {"shares": [1, 1, 1]},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_the_others_go_through_and_one_key_leaves_the_failed_ones_out(
    snakemake: Snakemake, config: Path
) -> None:
    folder = config.parent
    results = folder / "results"
    asked = ("--configfile", config, "--cores", "2", "--keep-going")
    samples = [f"results/samples/square/{name}.npz" for name in "xy"]
    done = snakemake("dataset", *samples, *asked, directory=folder)
    assert done.returncode == 1
    assert "2 scenes failed:" in done.stdout
    assert re.search(rf"  c: import_scene failed: {folder}/c\.png: cannot be read", done.stdout)
    assert re.search(rf"  y: import_new_scene failed: {folder}/y\.png: cannot be read", done.stdout)
    assert "--config 'source={leave_out_failed: true}'" in done.stdout
    assert "Traceback" not in done.stdout
    made = sorted(path.stem for path in (results / "samples" / "square").glob("*.npz"))
    assert made == list("abdx")

    # One line more: everything without them, the reasons in the reports.
    report = "results/scenes.md"
    done = snakemake("dataset", report, *samples[:1], *asked, *WITHOUT, directory=folder)
    assert done.returncode == 0, done.stdout
    index = pd.read_csv(results / "dataset" / "index.tsv", sep="\t")
    assert index["scene"].tolist() == list("abd")
    assert f"- c: import_scene failed: {folder}/c.png: cannot be read" in (
        results / "scenes.md"
    ).read_text(encoding="utf-8")
    # The key is of no concern to what has been made.
    settings = (results / "dataset" / "config.yaml").read_text(encoding="utf-8")
    assert "leave_out_failed" not in settings
    assert "c: 'import_scene failed" in settings
    planned = snakemake("-n", "--quiet", "rules", *asked, *WITHOUT, directory=folder)
    assert jobs(planned.stdout)["locate_scene"] == 1
    assert "pack_samples" not in jobs(planned.stdout)

    # The key alone changes nothing, and neither does touching what is not theirs.
    os.utime(folder / "x_front.png")
    done = snakemake("dataset", *asked, *WITHOUT, directory=folder)
    assert "Nothing to be done" in done.stdout

    # Mended, a scene comes back by itself, and its record goes.
    write_image(folder / "c.png", speckled(40, 48, 2))
    done = snakemake("dataset", *asked, *WITHOUT, directory=folder)
    assert done.returncode == 0, done.stdout
    index = pd.read_csv(results / "dataset" / "index.tsv", sep="\t")
    assert index["scene"].tolist() == list("abcd")
    left = sorted(path.name for path in (results / "failed_scenes").glob("*/*.json"))
    assert left == ["y.json"]


def test_a_fault_that_only_the_check_of_all_scenes_sees_leaves_its_scene_out_too(
    snakemake: Snakemake, config: Path
) -> None:
    folder = config.parent
    for name in "cy":
        write_image(folder / f"{name}.png", speckled(40, 48, ord(name)))
    (folder / "d.png").write_bytes((folder / "a.png").read_bytes())
    asked = ("--configfile", config, "--cores", "2")
    done = snakemake("results/scenes.tsv", *asked, directory=folder)
    assert done.returncode == 1
    assert "  d: check_scenes failed: d: has the same pixels as a" in done.stdout
    done = snakemake("results/scenes.md", *asked, *WITHOUT, directory=folder)
    assert done.returncode == 0, done.stdout
    assert "- d: check_scenes failed" in (folder / "results/scenes.md").read_text("utf-8")
