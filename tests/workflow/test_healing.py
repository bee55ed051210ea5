"""Damaged intermediates of a run: doing what the messages say ends with the same data set."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from builders import line_mask, speckled, write_image

Snakemake = Callable[..., CompletedProcess[str]]
pytestmark = pytest.mark.timeout(900)
# What is damaged, one of each scene, and the output of the step that reads it: asked for anew.
DAMAGED = {
    "imported/a/image.png": "samples/filtered/a.png",
    "imported/b/front.png": "samples/fronts/b.png",
    "samples/filtered/c.png": "samples/square/c.npz",
    "samples/square/d.npz": "dataset/images.npy",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_doing_what_the_messages_say_gives_the_same_data_set(
    snakemake: Snakemake, tmp_path: Path
) -> None:
    lines = ["scene,glacier,mission,acquired,image,front,pixel_size_m"]
    for number, name in enumerate("abcd"):
        write_image(tmp_path / f"{name}.png", speckled(40, 48, number))
        write_image(tmp_path / f"{name}_front.png", line_mask(40, 48, 9 + number))
        lines.append(f"{name},G,ERS,200{number}-01-05,{name}.png,{name}_front.png,20")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = {
        "source": {"kind": "images", "images": {"table": str(tmp_path / "table.csv")}},
        "samples": {"size": 32},
        "networks": {"width": 2, "depth": 2, "kernel": 3},
        "training": {"max_epochs": 1, "keep_epochs": []},
        "split": {"shares": [2, 1, 1]},
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    asked = ("dataset", "--configfile", config, "--cores", "2", "--keep-going")
    done = snakemake(*asked, directory=tmp_path)
    assert done.returncode == 0, done.stdout
    results = tmp_path / "results"
    before = contents(results / "dataset")

    for name in DAMAGED:
        sound = (results / name).read_bytes()
        (results / name).write_bytes(sound[: len(sound) // 2])
    for name in set(DAMAGED.values()):
        (results / name).unlink()
    named = set()
    for _ in DAMAGED:
        done = snakemake(*asked, directory=tmp_path)
        assert "Traceback" not in done.stdout
        if done.returncode == 0:
            break
        commands = re.findall(r"is damaged \(.*?\)\. Run `(rm results/[^`]+)`", done.stdout)
        assert commands, done.stdout[-3000:]
        for command in set(commands):
            named.add(command.removeprefix("rm results/"))
            subprocess.run(command.split(), cwd=tmp_path, check=True)
    assert done.returncode == 0, done.stdout
    assert named == set(DAMAGED)
    assert contents(results / "dataset") == before
