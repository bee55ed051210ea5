"""One whole run on a tiny simulated archive."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pandas as pd
import pytest
import rasterio

from calvingfront.locating.vectors import read_fronts
from calvingfront.radar.view import LAYOVER, SHADOW, VALID
from calvingfront.tables.registry import TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
OVERLAY = REPOSITORY / "config" / "test.yaml"

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def results(tiny_run: Path) -> Path:
    return tiny_run / "results" / "test"


def test_every_table_and_figure_is_there(results: Path) -> None:
    tables = {path.name for path in (results / "tables").iterdir()}
    figures = {path.name for path in (results / "figures").iterdir()}
    for name in ("table1", "table2", "distances"):
        assert {f"{name}.csv", f"{name}.md", f"{name}.tex"} <= tables
    for name in ("breakdown", "comparisons", "errors"):
        assert {f"{name}.csv", f"{name}.md"} <= tables
    names = [f"figure{n}" for n in range(1, 6)] + ["training_curves", "threshold_curves", "archive"]
    names.append("errors")
    assert figures == {f"{name}.{suffix}" for name in names for suffix in ("png", "pdf")}


def test_table_1_has_a_row_for_every_network_and_both_rows_without(results: Path) -> None:
    table = pd.read_csv(results / "tables" / "table1.csv")
    assert {"unet", "attention_unet", "prior", "nearest_date"} <= set(table["model"])
    assert {"bce", "wbce4", "none"} <= set(table["loss"])


def test_the_data_set_is_what_the_configuration_says(results: Path) -> None:
    images = np.load(results / "dataset" / "images.npy", mmap_mode="r")
    index = pd.read_csv(results / "dataset" / "index.tsv", sep="\t")
    split = pd.read_csv(results / "dataset" / "split.tsv", sep="\t")
    assert images.shape == (12, 64, 64)
    assert len(index) == 12
    assert set(split["subset"]) == {"train", "validation", "test"}


def test_the_fronts_of_every_network_lie_on_the_map_of_their_scenes(results: Path) -> None:
    files = sorted((results / "fronts").rglob("fronts.gpkg"))
    assert len(files) == 4
    scenes = pd.read_csv(results / "dataset" / "index.tsv", sep="\t").set_index("scene")
    split = pd.read_csv(results / "dataset" / "split.tsv", sep="\t")
    held_out = set(split.loc[split["subset"] != "train", "scene"])
    for path in files:
        fronts = read_fronts(path)
        assert {front.scene for front in fronts} == held_out
        for front in fronts:
            assert (front.crs, front.acquired) == ("EPSG:3031", scenes.acquired[front.scene])
            for line in front.lines:  # within the scene's own frame
                left, top = scenes.loc[front.scene, ["upper_left_x", "upper_left_y"]]
                assert (line[:, 0] >= left).all()
                assert (line[:, 1] <= top).all()


def test_a_run_record_tells_its_network(results: Path) -> None:
    path = results / "models" / "attention_unet" / "wbce4" / "seed1" / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["network"]["model"] == "attention_unet"
    assert record["network"]["depth"] == 2


def test_every_row_has_its_files_and_the_network_with_gates_its_attention_maps(
    results: Path,
) -> None:
    losses = ("bce", "wbce4")
    networks = {f"{model}/{loss}/seed1" for model in ("unet", "attention_unet") for loss in losses}
    rows = networks | {"prior/none/seed0", "nearest_date/none/seed0"}
    gated = {f"attention_unet/{loss}/seed1" for loss in losses}
    for folder, file, expected in (
        ("models", "weights.safetensors", networks),
        ("predictions", "probabilities.npy", rows),
        ("evaluation", "scores.tsv", rows),
        ("attention", "maps.npz", gated),
    ):
        found = (results / folder).rglob(file)
        assert {str(path.parent.relative_to(results / folder)) for path in found} == expected


def test_two_trainings_never_run_at_once_unless_asked_for(results: Path) -> None:
    """Two cores and one thread each would let them: the default limit gpu=1 does not."""
    spans = []
    for log in (results / "logs" / "train_network").glob("*.log"):
        stamps = re.findall(r"(?m)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+", log.read_text())
        times = [datetime.fromisoformat(stamp) for stamp in stamps]
        spans.append((times[0], times[-1]))
    spans.sort()
    assert len(spans) == 4
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start


def test_a_second_run_does_nothing(snakemake: Snakemake, tiny_run: Path) -> None:
    done = snakemake("--cores", "2", "--configfile", OVERLAY, directory=tiny_run)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_other_epochs_train_anew_and_leave_the_samples_alone(
    snakemake: Snakemake, tiny_run: Path
) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", OVERLAY,
        "--config", "training={max_epochs: 3}",
        directory=tiny_run,
    )  # fmt: skip
    planned = set(re.findall(r"(?m)^(\w+) +\d+$", done.stdout))
    assert "train_network" in planned
    assert not {"simulate_product", "geocode_scene", "filter_speckle", "square_image"} & planned


def test_results_of_others_become_rows_of_every_table(
    snakemake: Snakemake, tiny_run: Path, tmp_path: Path
) -> None:
    """The true fronts as somebody's masks, and the lines of our own U-Net as somebody's lines."""
    copy = tmp_path / "copy"
    shutil.copytree(tiny_run, copy)  # with what Snakemake knows of the tables: their inputs change
    results = copy / "results" / "test"
    for mask in (results / "imported").glob("*/front.png"):
        (copy / "theirs").mkdir(exist_ok=True)
        shutil.copy(mask, copy / "theirs" / f"{mask.parent.name}_front.png")
    lines = "results/test/fronts/unet/bce/seed1/fronts.gpkg"
    others = tmp_path / "others.yaml"
    others.write_text(
        "others:\n  masks: {folder: theirs, label: Somebody, citation: Doe 2024}\n"
        f"  lines: {{folder: {lines}}}\n",
        encoding="utf-8",
    )
    done = snakemake(
        "--cores", "2", "--configfile", OVERLAY, others, "--", "tables", "figures", directory=copy
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert not re.search(r"(?m)^rule (train_network|predict_fronts|square_image):", done.stdout)
    for table in TABLES.values():
        csv = pd.read_csv(results / "tables" / f"{table.name}.csv")
        column = "second_model" if table.name == "comparisons" else "model"
        assert {"masks", "lines"} <= set(csv[column]), table.name
        text = (results / "tables" / f"{table.name}.md").read_text(encoding="utf-8")
        assert "| Somebody |" in text
    csv = pd.read_csv(results / "tables" / "table1.csv").set_index("model")
    assert (csv.loc["masks", "dice_mean"] == 100).all()
    distances = pd.read_csv(results / "tables" / "distances.csv").set_index("model")
    assert (distances.loc["masks", ["mde_pooled_m_mean", "missing_mean"]] == 0).all(axis=None)
    record = json.loads(
        (results / "predictions/lines/none/seed0/import.json").read_text(encoding="utf-8")
    )
    assert record["kind"] == "lines"
    assert record["not_used"] == record["scenes_without_file"] == []


def test_terrain_flattening_makes_gamma0_of_a_scene(
    snakemake: Snakemake, tiny_run: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_run / "results", copy / "results")
    scene = next(path.name for path in (copy / "results/test/scenes").glob("*_ERS_*"))
    relative = Path("results/test/scenes") / scene / "map.tif"
    with rasterio.open(copy / relative) as dataset:
        assert dataset.tags()["BACKSCATTER"] == "beta0, linear"
        plain = dataset.read(1)
    flattened = tmp_path / "flattened.yaml"
    flattened.write_text("map: {terrain_flattening: true}\n", encoding="utf-8")
    done = snakemake(
        "--cores", "1", "--configfile", OVERLAY, flattened, "--force",
        "--allowed-rules", "geocode_scene", "--", relative,
        directory=copy,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with rasterio.open(copy / relative) as dataset:
        assert dataset.tags()["BACKSCATTER"] == "gamma0, linear"
        flat = dataset.read(1)
    with rasterio.open((copy / relative).with_name("view.tif")) as dataset:
        view = dataset.read(1)
    assert np.isnan(flat[view == SHADOW]).all()
    assert (flat[view == VALID] >= 0).all()
    # slopes towards the radar are bright in beta0 only
    spread = [np.std(10 * np.log10(image[view == LAYOVER].clip(1e-4))) for image in (plain, flat)]
    assert spread[1] < spread[0]


def test_the_networks_see_no_radar_shadow(tiny_run: Path) -> None:
    results = tiny_run / "results" / "test"
    hidden = 0
    for path in (results / "scenes").glob("*/view.tif"):
        scene = path.parent.name
        (made,) = [*results.glob(f"imported/{scene}/image.tif"),
                   *results.glob(f"new_images/{scene}.tif")]  # fmt: skip
        with rasterio.open(path) as codes, rasterio.open(made) as image:
            shadow = codes.read(1) == SHADOW
            assert not image.read(1)[shadow].any()
        hidden += int(shadow.sum())
    assert hidden > 1000


def test_the_report_holds_the_tables_and_figures(
    snakemake: Snakemake, tiny_run: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    done = snakemake("--configfile", OVERLAY, "--report", report, directory=tiny_run)
    assert done.returncode == 0, done.stdout
    html = report.read_text(encoding="utf-8")
    for item in (
        "Table I",
        "Table II",
        "Figure 3: overlays",
        "Training curves",
        "Leakage",
        "Located",
    ):
        assert item in html, item
    pages = ["scenes", "dataset/leakage", *(f"tables/{name}" for name in TABLES)]
    for page in pages:  # Snakemake's report shows HTML, and offers everything else as a download
        assert f'"results/test/{page}.html": {{"name"' in html, page
        assert f'"results/test/{page}.csv": {{"name"' not in html


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("filter_speckle", "samples/filtered/{scene}.png"),
        ("square_image", "samples/square/{scene}.npz"),
        ("split_scenes", "dataset/split.tsv"),
        ("tabulate_thickness", "tables/table2.csv"),
    ],
)
def test_a_rule_alone_makes_the_same_output_again(
    snakemake: Snakemake, tiny_run: Path, tmp_path: Path, rule: str, target: str
) -> None:
    directory = tmp_path / "copy"
    shutil.copytree(tiny_run / "results", directory / "results")
    scenes = pd.read_csv(directory / "results" / "test" / "scenes.tsv", sep="\t")
    relative = Path("results/test") / target.format(scene=scenes["scene"][0])
    before = (directory / relative).read_bytes()
    (directory / relative).unlink()
    done = snakemake(
        "--cores", "1", "--configfile", OVERLAY, "--force", "--allowed-rules", rule, "--", relative,
        directory=directory,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    if relative.suffix != ".npz":  # a zip archive holds the time of its making
        assert (directory / relative).read_bytes() == before
    assert (directory / relative).stat().st_size == len(before)
