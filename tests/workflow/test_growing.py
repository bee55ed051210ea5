"""Scenes without a front: they are located, and cost and change nothing but their own jobs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import yaml

from builders import line_mask, speckled, write_image
from calvingfront.errors import SampleError
from calvingfront.locating.locate import locate_file
from calvingfront.locating.vectors import read_fronts
from calvingfront.samples.square import read_image_of_sample, square_file

REPOSITORY = Path(__file__).resolve().parents[2]
OVERLAY = REPOSITORY / "config" / "test.yaml"
HEADER = "scene,glacier,mission,acquired,image,front,pixel_size_m"
PREPARED = ("import_new_scene", "filter_speckle", "square_image", "locate_scene")

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def results(tiny_run: Path) -> Path:
    return tiny_run / "results" / "test"


def jobs(output: str) -> dict[str, int]:
    """The planned jobs by rule, without the targets."""
    found = {name: int(n) for name, n in re.findall(r"(?m)^(\w+) +(\d+)$", output)}
    return {name: n for name, n in found.items() if name not in ("all", "locate", "total")}


def table(folder: Path, labelled: str, new: str, *more: str) -> Path:
    """A table of tiny images, one a letter, with and without fronts."""
    lines = [HEADER, *more]
    for number, name in enumerate(sorted(labelled + new)):
        image = folder / f"{name}.png"
        if not image.exists():
            write_image(image, speckled(40, 48, ord(name)))
            write_image(folder / f"{name}_front.png", line_mask(40, 48, 9))
        front = f"{name}_front.png" if name in labelled else ""
        lines.append(f"{name},G,ERS,200{number % 10}-01-0{1 + number % 9},{name}.png,{front},20")
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_config(folder: Path, **sections: Any) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return path


IMAGES = {"kind": "images", "images": {"table": "table.csv"}}


def plan(directory: Path, **sections: Any) -> Counter[str]:
    """Every job with its rule, inputs, outputs and parameters, as text."""
    tiny = yaml.safe_load(OVERLAY.read_text(encoding="utf-8"))
    for name, section in sections.items():
        tiny[name] = tiny.get(name, {}) | section
    file = write_config(directory, **tiny)
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests" / "planned_jobs.py", REPOSITORY / "Snakefile",
         directory, file],
        cwd=directory, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((directory / "jobs.json").read_text(encoding="utf-8"))
    return Counter(json.dumps(job, sort_keys=True) for job in found)


def rules_of(planned: Counter[str]) -> dict[str, int]:
    return dict(Counter(json.loads(job)["rule"] for job in planned.elements()))


def test_rows_without_a_front_change_no_job_of_the_others(tmp_path: Path) -> None:
    """Whether they are added, changed, removed or excluded."""
    table(tmp_path, "abcdef", "gh")
    before = plan(tmp_path, source=IMAGES)
    table(tmp_path, "abcdef", "hijk", "x,G,ERS,soon,no.png,,")
    after = plan(tmp_path, source=IMAGES | {"exclude": {"x": "not taken yet", "k": "torn"}})
    # g is gone; i and j are new; h stands in another line, with another day
    assert rules_of(before - after) == dict.fromkeys(PREPARED, 1) | {
        "locate_scene": 2, "gather_fronts": 1, "draw_page": 1,
    }  # fmt: skip
    assert rules_of(after - before) == dict.fromkeys(PREPARED, 2) | {
        "locate_scene": 3, "gather_fronts": 1, "draw_page": 1,
    }  # fmt: skip
    kept = rules_of(before & after)
    assert kept["train_network"] == 4
    for rule in ("check_scenes", "pack_samples", "split_scenes", "write_config", "export_model",
                 "tabulate_scores", "draw_archive"):  # fmt: skip
        assert kept[rule] == 1, rule
    assert kept["import_scene"] == kept["dilate_front"] == 6


def test_a_scene_that_gets_a_front_joins_the_others(tmp_path: Path) -> None:
    table(tmp_path, "abcdef", "g")
    before = plan(tmp_path, source=IMAGES)
    table(tmp_path, "abcdefg", "")
    changed = rules_of(plan(tmp_path, source=IMAGES) - before)
    assert {"import_scene", "square_image", "check_scenes", "pack_samples"} <= set(changed)
    assert not {"import_new_scene", "locate_scene"} & set(changed)


def test_new_simulated_scenes_change_no_job_of_the_others(tmp_path: Path) -> None:
    simulated = yaml.safe_load(OVERLAY.read_text(encoding="utf-8"))["source"]["simulated"]

    def planned(new_scenes: int) -> Counter[str]:
        return plan(tmp_path, source={"simulated": simulated | {"new_scenes": new_scenes}})

    before, after = planned(3), planned(5)
    gathering = {"simulate_new_fronts": 1, "gather_fronts": 1, "draw_page": 1}
    assert rules_of(before - after) == gathering
    own = ("simulate_product", "ingest_product", "multilook_scene", "geocode_scene", *PREPARED)
    assert rules_of(after - before) == dict.fromkeys(own, 2) | gathering
    without = planned(0)
    assert not rules_of(without).keys() & {"locate_scene", "draw_page", "simulate_new_fronts"}
    assert rules_of(without)["train_network"] == 4
    assert not without - after


def test_more_simulated_scenes_plan_only_their_own_jobs_in_a_finished_folder(
    snakemake: Snakemake, tiny_run: Path
) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", OVERLAY,
        "--config", "source={simulated: {new_scenes: 4}}",
        directory=tiny_run,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    own = ("simulate_product", "ingest_product", "multilook_scene", "geocode_scene", *PREPARED,
           "simulate_new_fronts", "gather_fronts", "draw_page")  # fmt: skip
    # The positions of both glaciers are measured anew.
    assert jobs(done.stdout) == dict.fromkeys(own, 1) | {"measure_positions": 2}


def test_keys_that_change_no_front_locate_nothing_anew(
    snakemake: Snakemake, tiny_run: Path
) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", OVERLAY, "--config", "training={threads: 2}",
        directory=tiny_run,
    )  # fmt: skip
    assert jobs(done.stdout) == {"write_config": 1}


def test_every_new_simulated_scene_has_a_row_and_is_nowhere_in_the_training(
    results: Path,
) -> None:
    """The tiny networks have learnt nothing: whether there is a line, and where, means nothing."""
    found = read_fronts(results / "fronts.gpkg")
    true = geopandas.read_file(results / "archive" / "new_fronts.gpkg")
    new = {front.scene for front in found}
    assert len(new) == 3
    assert set(true["scene"]) == new
    for front in found:
        assert front.members == 4 * 8
        assert front.crs == "EPSG:3031"
        assert front.scene.startswith(f"{front.glacier}_{front.acquired}_{front.mission}_")
        assert (results / "located" / f"{front.scene}.gpkg").is_file()
        assert f"| {front.scene} |" in (results / "located.md").read_text(encoding="utf-8")
        with np.load(results / "samples" / "square" / f"{front.scene}.npz") as sample:
            assert set(sample) == {"image", "valid", "meta"}
    others = geopandas.read_file(results / "archive" / "fronts.gpkg")
    assert not new & set(others["scene"])
    for name in ("scenes.tsv", "dataset/index.tsv", "dataset/split.tsv"):
        scenes = pd.read_csv(results / name, sep="\t")["scene"]
        assert len(scenes) >= 12
        assert not new & set(scenes), name
    config = yaml.safe_load((results / "dataset" / "config.yaml").read_text(encoding="utf-8"))
    assert "locating" not in config


def test_a_results_folder_grows(snakemake: Snakemake, results: Path, tmp_path: Path) -> None:
    """With a model from elsewhere and no front at all; its samples are as that model needs them."""
    config = write_config(
        tmp_path, source=IMAGES, results="grown", samples={"size": 32},
        locating={"model": str(results / "model")},
    )  # fmt: skip

    def locate(*options: str) -> CompletedProcess[str]:
        return snakemake("locate", *options, "--configfile", OVERLAY, config, directory=tmp_path)

    def planned() -> dict[str, int]:
        done = locate("-n", "--quiet", "rules")
        assert done.returncode == 0, done.stdout
        return jobs(done.stdout)

    def scenes() -> list[str]:
        return [front.scene for front in read_fronts(tmp_path / "grown" / "fronts.gpkg")]

    table(tmp_path, "", "ab")
    assert planned() == dict.fromkeys(PREPARED, 2) | {"gather_fronts": 1, "draw_page": 1}
    done = locate("--cores", "2")
    assert done.returncode == 0, done.stdout
    assert scenes() == ["a", "b"]
    image, meta = read_image_of_sample(tmp_path / "grown" / "samples" / "square" / "a.npz")
    assert (image.shape, meta["scene"]) == ((64, 64), "a")
    assert not planned()

    table(tmp_path, "", "abc")
    assert planned() == dict.fromkeys(PREPARED, 1) | {"gather_fronts": 1, "draw_page": 1}
    (tmp_path / "torn.png").write_bytes(b"no image")
    table(tmp_path, "", "abc", "torn,G,ERS,2009-01-01,torn.png,,20")
    done = locate("--cores", "2", "--keep-going")
    assert done.returncode == 1
    log = tmp_path / "grown" / "logs" / "import_new_scene" / "torn.log"
    assert "torn.png: " in log.read_text(encoding="utf-8")
    assert "Error in rule import_new_scene" in done.stdout
    assert "torn.log" in done.stdout
    assert (tmp_path / "grown" / "located" / "c.gpkg").is_file()
    assert scenes() == ["a", "b"]

    exclude = "source={exclude: {torn: 'cannot be read'}}"
    done = locate("--cores", "1", "--config", exclude)
    assert done.returncode == 0, done.stdout
    assert scenes() == ["a", "b", "c"]


def test_a_sample_that_was_made_for_another_model_is_refused(results: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", speckled(40, 48, 1))
    square_file(tmp_path / "a.png", None, "a", 20.0, 20.0, 32, 3, tmp_path / "a.npz")
    with pytest.raises(SampleError, match=r"a\.npz: is 32 px \(paper\), but .* 64 px \(paper\)"):
        locate_file(
            tmp_path / "a.npz", results / "model", tmp_path / "a.gpkg",
            glacier="G", mission="ERS", acquired="2001-01-01", device="cpu",
        )  # fmt: skip
    assert not (tmp_path / "a.gpkg").exists()


@pytest.mark.parametrize(
    ("labelled", "new", "said"),
    [
        ("", "ab", "locating.model: is not set, but none of the 2 scenes has a front"),
        ("abcdefgh", "", "There is no scene without a front, so there is nothing to locate"),
    ],
)
def test_what_is_missing_is_said_before_any_job(
    snakemake: Snakemake, tmp_path: Path, labelled: str, new: str, said: str
) -> None:
    table(tmp_path, labelled, new)
    config = write_config(tmp_path, source=IMAGES)
    done = snakemake("-n", "locate", "--configfile", OVERLAY, config, directory=tmp_path)
    assert done.returncode == 1
    assert said in done.stdout
    assert "Traceback (most recent" not in done.stdout
