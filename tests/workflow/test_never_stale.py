"""Changes of settings, inputs and code on finished runs: what must, and must not, be made anew.

All changes are planned in one process (tests/stale_jobs.py), by Snakemake's and our own records of
runs that are really finished. `write_config`, which only writes down the settings, may always run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin
from shapely.geometry import LineString

from builders import line_mask, speckled, write_image
from calvingfront.figures.registry import FIGURES
from calvingfront.scenes.simulated import map_settings
from calvingfront.tables.registry import TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
OVERLAY = REPOSITORY / "config" / "test.yaml"
TINY = yaml.safe_load(OVERLAY.read_text(encoding="utf-8"))

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


def jobs_of(cases: list[dict[str, Any]], scratch: Path) -> list[dict[str, int]]:
    """What Snakemake would run for each case, by rule."""
    file = scratch / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests" / "stale_jobs.py", REPOSITORY / "Snakefile", file],
        cwd=scratch, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert not [each for each in found if "refused" in each], found
    return [each["jobs"] for each in found]


TABLE_STEPS = [table.step for table in TABLES.values()]
DRAWN = {figure.step for figure in FIGURES.values()} - {"draw_architecture", "draw_archive"}
LINES = {
    "export_model", "tabulate_errors", "draw_errors", "locate_scene", "gather_fronts", "draw_page",
    "measure_positions",
}  # fmt: skip
SCORED = {"score_predictions", *TABLE_STEPS, *DRAWN, "read_attention"} - {
    "draw_training", "draw_thresholds",
}  # fmt: skip
PREDICTED = SCORED | {"predict_fronts", "choose_threshold", "draw_thresholds", "extract_fronts"}
TRAINED = PREDICTED | LINES | {"train_network", "draw_training"}
SPLIT = TRAINED | {"split_scenes", "predict_without_network"}
PACKED = SPLIT | {"pack_samples", "draw_archive"}
CHECKED = PACKED | {"check_scenes", "report_scenes"}
SQUARED = PACKED | {"square_image"}


@dataclass(frozen=True)
class Change:
    """A change, the rules that must run, and how often some of them do; all others must not."""

    rules: set[str]
    config: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    code: dict[str, list[str]] = field(default_factory=dict)


FOUR = {"train_network": 4, "predict_fronts": 4}
NONE: set[str] = set()
ATTENTION = {"read_attention", "draw_attention_epochs", "draw_attention_losses"}
SIX = {"score_predictions": 6}


def training(**keys: Any) -> dict[str, Any]:
    return {"training": keys}


def edit(module: str, old: str, new: str) -> dict[str, list[str]]:
    return {f"calvingfront.{module}": [old, new]}


TINY_CHANGES: dict[str, Change] = {
    "nothing": Change(NONE),
    "width and kept epochs": Change(
        TRAINED | {"draw_architecture"}, {"networks": {"width": 3}} | training(keep_epochs=[2]),
        FOUR,
    ),
    "width": Change(TRAINED | {"draw_architecture"}, {"networks": {"width": 3}}, FOUR),
    "fewer kept epochs": Change(ATTENTION, training(keep_epochs=[])),
    "another kept epoch": Change(TRAINED, training(keep_epochs=[2]), FOUR),
    "patience that was not needed": Change(NONE, training(patience=30)),
    "more epochs": Change(TRAINED, training(max_epochs=3), FOUR),
    "where and how fast": Change(
        NONE, training(threads=2, gpu_slots=2, save_minutes=1, feed="streamed")
    ),
    "algorithms of a GPU, on a CPU": Change(NONE, training(deterministic=True)),
    "batch size": Change(TRAINED, training(batch_size=1), FOUR),
    "learning rate": Change(TRAINED, training(learning_rate_max=0.01), FOUR),
    "gap of another split method": Change(NONE, {"split": {"gap_days": 10}}),
    "glaciers of another split method": Change(NONE, {"split": {"test_glaciers": ["SIMA"]}}),
    "columns of lists that are not read": Change(NONE, {"split": {"lists_scene_column": "name"}}),
    "seed of the split": Change(SPLIT, {"split": {"seed": 7}}, FOUR),
    "split in time": Change(SPLIT, {"split": {"method": "time", "gap_days": 1}}, FOUR),
    "bootstrap": Change(
        {"tabulate_scores", "tabulate_distances"}, {"evaluation": {"bootstrap_samples": 200}}
    ),
    "shortest front": Change(
        SCORED | LINES | {"extract_fronts"}, {"evaluation": {"min_front_length_m": 1}}, SIX
    ),
    "hemisphere": Change(SCORED, {"source": {"hemisphere": "north"}}, SIX),
    "one more loss": Change(
        TRAINED, {"losses": ["bce", "wbce4", "wbce2"]},
        {"train_network": 2, "predict_fronts": 2, "score_predictions": 2},
    ),
    "one more seed": Change(
        TRAINED, {"seeds": [1, 2]}, {"train_network": 4, "score_predictions": 4}
    ),
    "one network less": Change(
        {*TABLE_STEPS, *LINES, "draw_architecture", *DRAWN} - ATTENTION,
        {"networks": {"models": ["unet"]}},
    ),
    "licence of the model": Change(LINES, {"locating": {"licence": "CC0"}}),
    "orientations": Change(LINES, {"locating": {"orientations": 2}}),
    "error of the geolocation": Change(
        LINES - {"export_model", "tabulate_errors", "draw_errors"},
        {"locating": {"geolocation_error_m": 5}}, {"locate_scene": 3},
    ),
    "another new scene": Change(
        {"simulate_product", "ingest_product", "multilook_scene", "geocode_scene",
         "import_new_scene", "filter_speckle", "square_image", "locate_scene", "gather_fronts",
         "draw_page", "measure_positions", "simulate_new_fronts"},
        {"source": {"simulated": {"new_scenes": 4}}}, {"locate_scene": 1, "square_image": 1},
    ),
    "folder of another source": Change(NONE, {"source": {"caffe": {"folder": "nowhere"}}}),
    "map of another source": Change(NONE, {"map": {"crs": "EPSG:3413", "dem": None}}),
    "terrain flattening": Change(
        CHECKED | {"geocode_scene", "import_scene", "import_new_scene", "filter_speckle",
                   "dilate_front", "square_image"},
        {"map": {"terrain_flattening": True}}, {"geocode_scene": 15},
    ),
    "area of the median": Change(
        SQUARED | {"filter_speckle"}, {"samples": {"median_area_m2": 3000}},
        {"filter_speckle": 15},
    ),
    "swapped numbers of the world": Change(
        {"build_world"}, {"source": {"simulated": {"glaciers": 3, "seed": 2}}}
    ),
    "a comment and the words of an error": Change(
        NONE,
        code=edit("training.trainer", "    def ", "    # another comment\n    def ")
        | edit("training.loop", "Lower training.learning_rate_max.", "Train more slowly."),
    ),
    "the training": Change(TRAINED, {}, FOUR, edit("training.schedule", "2 - phase", "1 - phase")),
    "the loss": Change(TRAINED, {}, FOUR, edit("losses.bce", "mean()", "sum()")),
    "the metrics": Change(
        (PREDICTED | LINES) - {"predict_fronts"}, {}, SIX | {"choose_threshold": 6},
        edit("evaluation.metrics", "return", "yield"),
    ),
    "a table": Change(
        {"tabulate_scores"}, code=edit("tables.scores", "100 * chosen", "99 * chosen")
    ),
    "the median filter": Change(
        SQUARED | {"filter_speckle"}, {}, {"filter_speckle": 15},
        edit("samples.median", "return", "yield"),
    ),
    "a baseline": Change(
        {"predict_without_network", "choose_threshold", "score_predictions", *TABLE_STEPS,
         "draw_thresholds"}, {},
        {"predict_without_network": 1, "score_predictions": 1},
        edit("evaluation.baselines", "np.argmin(np.abs(days", "np.argmax(np.abs(days"),
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny_changes(
    tiny_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, int]]:
    cases = [
        {"directory": str(tiny_run), "configfiles": [str(OVERLAY)], "config": change.config,
         "code": change.code}
        for change in TINY_CHANGES.values()
    ]  # fmt: skip
    found = jobs_of(cases, tmp_path_factory.mktemp("tiny_changes"))
    return dict(zip(TINY_CHANGES, found, strict=True))


@pytest.mark.parametrize("name", TINY_CHANGES)
def test_a_change_of_the_tiny_run_makes_anew_exactly_what_depends_on_it(
    tiny_changes: dict[str, dict[str, int]], name: str
) -> None:
    change, planned = TINY_CHANGES[name], tiny_changes[name]
    assert set(planned) - {"write_config"} >= change.rules
    if name == "swapped numbers of the world":  # everything else follows, with other scenes
        return
    assert set(planned) - {"write_config"} == change.rules
    assert {rule: planned[rule] for rule in change.counts} == change.counts


# ---- the user's own files ----


def geotiff(path: Path, pixels: np.ndarray[Any, Any], left: float = 0.0) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=pixels.shape[0], width=pixels.shape[1], count=1,
        dtype=pixels.dtype, crs="EPSG:3031", transform=from_origin(left, 1000, 20, 20),
    ) as dataset:  # fmt: skip
        dataset.write(pixels, 1)


def front_lines(folder: Path, row_of_a: int = 9) -> None:
    """The fronts of a and b as one Shapefile, found by the attribute `scene`."""
    y = {"a": 1000 - 20 * row_of_a, "b": 700}
    lines = [LineString([(0, y[name]), (960, y[name] - 20)]) for name in "ab"]
    frame = geopandas.GeoDataFrame({"scene": ["a", "b"]}, geometry=lines, crs="EPSG:3031")
    frame.to_file(folder / "fronts.shp")


def images_config(**changes: Any) -> dict[str, Any]:
    source = {
        "kind": "images", "images": {"table": "table.csv"}, "exclude": {"x": "too dark"},
    }  # fmt: skip
    return {"source": source | changes, "split": {"method": "paper", "lists": "lists.csv"}}


SPLIT_FILE = "results/test/dataset/split.tsv"
REPORT = "results/test/scenes.html"


@pytest.fixture(scope="session")
def images_run(tmp_path_factory: pytest.TempPathFactory, snakemake: Snakemake) -> Path:
    """Four of one's own images, packed and split: two GeoTIFFs with lines, two PNGs with masks."""
    folder = tmp_path_factory.mktemp("images")
    for seed, name in enumerate("ab"):
        geotiff(folder / f"{name}.tif", speckled(40, 48, seed))
    for seed, name in enumerate("cd"):
        write_image(folder / f"{name}.png", speckled(40, 48, 5 + seed))
        write_image(folder / f"{name}_front.png", line_mask(40, 48, 9 + seed))
    front_lines(folder)
    rows = ["scene,glacier,mission,acquired,image,front,pixel_size_m"]
    rows += [f"{name},G,ERS,2001-01-0{n},{name}.tif,fronts.shp," for n, name in enumerate("ab", 1)]
    rows += [f"{name},G,ERS,2002-01-0{n},{name}.png,{name}_front.png,20" for n, name in
             enumerate("cdx", 1)]  # fmt: skip
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    subsets = zip("abcd", ("train", "train", "validation", "test"), strict=True)
    lists = ["caffe_name,split", *(",".join(pair) for pair in subsets)]
    (folder / "lists.csv").write_text("\n".join(lists) + "\n", encoding="utf-8")
    mine = folder / "mine.yaml"
    mine.write_text(yaml.safe_dump(images_config()), encoding="utf-8")
    done = snakemake(
        "--cores", "2", "--configfile", OVERLAY, mine, "--", SPLIT_FILE, REPORT, directory=folder
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def keep_date(path: Path, change: Callable[[Path], None]) -> None:
    """Change a file so that its size and date stay: `rsync -t`, `cp -p`."""
    before = path.stat()
    change(path)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(bytes(content))


def other_names(folder: Path) -> None:
    """The scenes of the lines swapped, in the Shapefile's table only."""
    path = folder / "fronts.dbf"
    content = path.read_bytes()
    place = content.index(b"a ", 40)
    swapped = content[:place] + b"b" + content[place + 1 :]
    place = swapped.index(b"b ", place + 2)
    path.write_bytes(swapped[:place] + b"a" + swapped[place + 1 :])


def touch_all(folder: Path) -> None:
    later = time.time() + 100
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, (later, later))


IMPORTED = {"import_scene", "filter_speckle", "dilate_front", "square_image", "check_scenes",
            "report_scenes", "pack_samples", "split_scenes"}  # fmt: skip
# What is done to the folder, settings on top, the rules that run, and how often some do.
FileChange = tuple[Callable[[Path], Any], dict[str, Any], set[str], dict[str, int]]
IMAGE_CHANGES: dict[str, FileChange] = {
    "nothing": (lambda folder: None, {}, NONE, {}),
    "new dates": (touch_all, {}, NONE, {}),
    "a pixel of an older date": (
        lambda folder: keep_date(folder / "c.png", flip), {}, IMPORTED, {"import_scene": 1},
    ),
    "a mask": (lambda folder: flip(folder / "d_front.png"), {}, IMPORTED, {"import_scene": 1}),
    "the table of a Shapefile": (other_names, {}, IMPORTED, {"import_scene": 2}),
    "the lines of a Shapefile": (
        lambda folder: front_lines(folder, 12), {}, IMPORTED, {"import_scene": 2},
    ),
    "statistics beside an image": (
        lambda folder: (folder / "c.png.aux.xml").write_text("<PAMDataset/>"), {}, IMPORTED,
        {"import_scene": 1},
    ),
    "a file that is nobody's": (
        lambda folder: (folder / "notes.txt").write_text("nothing"), {}, NONE, {},
    ),
    "the published lists": (
        lambda folder: (folder / "lists.csv").write_text(
            (folder / "lists.csv").read_text().replace("b,train", "b,test")
        ), {}, {"split_scenes"}, {},
    ),
    "a reason in other words": (
        lambda folder: None, images_config(exclude={"x": "dark"}), {"report_scenes"}, {},
    ),
    "hemisphere": (lambda folder: None, images_config(hemisphere="south"), NONE, {}),
    "shares beside lists": (lambda folder: None, {"split": {"shares": [1, 1, 1]}}, NONE, {}),
    "another scene excluded": (
        lambda folder: (folder / "lists.csv").write_text(
            (folder / "lists.csv").read_text().replace("b,train", ",train")
        ), images_config(exclude={"x": "too dark", "b": "torn"}),
        {"check_scenes", "report_scenes", "pack_samples", "split_scenes"}, {},
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def image_changes(
    images_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, int]]:
    """Each change in a copy elsewhere, where every file has a new date."""
    scratch, cases = tmp_path_factory.mktemp("image_changes"), []
    for number, (change, config, _, _) in enumerate(IMAGE_CHANGES.values()):
        folder = scratch / str(number)
        shutil.copytree(images_run, folder)
        change(folder)
        files = [str(OVERLAY), str(folder / "mine.yaml")]
        cases.append({"directory": str(folder), "configfiles": files, "config": config,
                      "targets": [SPLIT_FILE, REPORT]})  # fmt: skip
    return dict(zip(IMAGE_CHANGES, jobs_of(cases, scratch), strict=True))


@pytest.mark.parametrize("name", IMAGE_CHANGES)
def test_a_change_of_ones_own_images_makes_anew_exactly_what_depends_on_it(
    image_changes: dict[str, dict[str, int]], name: str
) -> None:
    _, _, rules, counts = IMAGE_CHANGES[name]
    planned = image_changes[name]
    assert set(planned) == rules
    assert {rule: planned[rule] for rule in counts} == counts


@pytest.fixture(scope="session")
def products_run(
    tiny_run: Path, tmp_path_factory: pytest.TempPathFactory, snakemake: Snakemake
) -> Path:
    """Two simulated products as the user's own, geocoded."""
    folder = tmp_path_factory.mktemp("products")
    archive = tiny_run / "results" / "test" / "archive"
    shutil.copy(archive / "dem.tif", folder / "dem.tif")
    with rasterio.open(folder / "dem.tif") as dem:
        profile, shape = dem.profile, dem.shape
    with rasterio.open(folder / "geoid.tif", "w", **profile) as geoid:
        geoid.write(np.full(shape, 1, profile["dtype"]), 1)
    rows = ["scene,glacier,mission,acquired,product,front"]
    scenes = pd.read_csv(tiny_run / "results/test/scenes.tsv", sep="\t")
    chosen = [scenes[scenes["mission"] == mission].iloc[0] for mission in ("TSX", "ERS")]
    for row in chosen:
        record = archive / "products" / row["scene"] / "product.json"
        product = json.loads(record.read_text(encoding="utf-8"))["product"]
        source = record.parent / product
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / source.name)
        rows.append(
            f"{row['scene']},{row['glacier']},{row['mission']},{row['acquired']},{source.name},"
        )
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    every = map_settings(TINY | {"map": {}})["areas"]
    areas = {row["glacier"]: every[row["glacier"]] for row in chosen}
    mine = {
        "source": {"kind": "products", "products": {"table": "table.csv"}},
        "map": {
            "crs": "EPSG:3031",
            "dem": "dem.tif",
            "geoid": "geoid.tif",
            "areas": areas,
        },
        "locating": {"model": str(tiny_run / "results" / "test" / "model")},
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    done = snakemake(
        "--cores",
        "2",
        "--configfile",
        OVERLAY,
        folder / "mine.yaml",
        "--",
        *maps(folder),
        directory=folder,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def maps(folder: Path) -> list[str]:
    scenes = pd.read_csv(folder / "table.csv")["scene"]
    return [f"results/test/scenes/{scene}/map.tif" for scene in scenes]


def pixels_of(folder: Path) -> None:
    """Overwrite pixels inside a product's folder, with its size and date."""
    product = next(folder / name for name in pd.read_csv(folder / "table.csv")["product"]
                   if (folder / name).is_dir())  # fmt: skip
    largest = max((path for path in product.rglob("*") if path.is_file()),
                  key=lambda path: path.stat().st_size)  # fmt: skip
    keep_date(largest, flip)


RADAR = {"ingest_product", "multilook_scene", "geocode_scene"}
PRODUCT_CHANGES: dict[str, FileChange] = {
    "new dates": (touch_all, {}, NONE, {}),
    "pixels inside a product's folder": (pixels_of, {}, RADAR, dict.fromkeys(RADAR, 1)),
    "a terrain model of an older date": (
        lambda folder: keep_date(folder / "dem.tif", flip), {}, {"geocode_scene"},
        {"geocode_scene": 2},
    ),
    "a geoid of an older date": (
        lambda folder: keep_date(folder / "geoid.tif", flip), {}, {"geocode_scene"},
        {"geocode_scene": 2},
    ),
    "the pixels of a mission that no scene has": (
        lambda folder: None, {"map": {"spacing_m": {"PALSAR": 33.0}}}, NONE, {},
    ),
    "terrain flattening": (
        lambda folder: None, {"map": {"terrain_flattening": True}}, {"geocode_scene"}, {},
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def product_changes(
    products_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, int]]:
    scratch, cases = tmp_path_factory.mktemp("product_changes"), []
    for number, (change, config, _, _) in enumerate(PRODUCT_CHANGES.values()):
        folder = scratch / str(number)
        shutil.copytree(products_run, folder)
        change(folder)
        files = [str(OVERLAY), str(folder / "mine.yaml")]
        cases.append({"directory": str(folder), "configfiles": files, "config": config,
                      "targets": maps(folder)})  # fmt: skip
    return dict(zip(PRODUCT_CHANGES, jobs_of(cases, scratch), strict=True))


@pytest.mark.parametrize("name", PRODUCT_CHANGES)
def test_a_change_of_products_and_maps_geocodes_anew_exactly_what_depends_on_it(
    product_changes: dict[str, dict[str, int]], name: str
) -> None:
    _, _, rules, counts = PRODUCT_CHANGES[name]
    planned = product_changes[name]
    assert set(planned) == rules
    assert {rule: planned[rule] for rule in counts} == counts


# ---- really run ----


def tables(directory: Path) -> dict[str, bytes]:
    found = sorted((directory / "results" / "test" / "tables").glob("*.*"))
    assert len(found) >= 3 * len(TABLES)
    return {path.name: path.read_bytes() for path in found}


def rerun(snakemake: Snakemake, directory: Path, change: Path, *targets: str) -> str:
    done = snakemake(
        "--cores", "2", "--configfile", OVERLAY, change, "--", *targets, directory=directory
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def test_the_tables_after_changes_are_those_of_a_fresh_run_also_without_snakemakes_records(
    snakemake: Snakemake, tiny_run: Path, tmp_path: Path
) -> None:
    """Results that travelled: of another width, and with an epoch kept less. Then back again."""
    change = tmp_path / "change.yaml"
    networks = {"networks": {"width": 3}, "losses": ["bce"]} | training(keep_epochs=[])
    change.write_text(yaml.safe_dump(networks), encoding="utf-8")
    travelled, fresh = tmp_path / "travelled", tmp_path / "fresh"
    shutil.copytree(tiny_run, travelled, ignore=shutil.ignore_patterns(".snakemake"))
    said = rerun(snakemake, travelled, change, "tables")
    assert "unet/bce/seed1, train_network: networks.width was 4, and is 3 in the conf" in said
    assert said.count("(Rule: train_network)") == 2
    assert "(Rule: pack_samples)" not in said
    made = ("models", "predictions", "evaluation", "tables", "attention", "fronts", "figures")
    shutil.copytree(tiny_run, fresh, ignore=shutil.ignore_patterns(*made))
    assert not (fresh / "results" / "test" / "tables").exists()
    rerun(snakemake, fresh, change, "tables")
    after, anew = tables(travelled), tables(fresh)
    assert set(anew) <= set(after)
    assert {name: after[name] for name in anew} == anew
    assert after["table1.csv"] != tables(tiny_run)["table1.csv"]
    assert "train_network" not in rerun(snakemake, travelled, change, "tables")


def test_a_row_of_another_configuration_stops_its_tables_by_name(
    snakemake: Snakemake, tiny_run: Path, tmp_path: Path
) -> None:
    """The jobs of the tables compare too: here only they may run."""
    copy = tmp_path / "copy"
    shutil.copytree(tiny_run, copy, ignore=shutil.ignore_patterns(".snakemake"))
    shutil.rmtree(copy / "results" / "test" / "tables")
    done = snakemake(
        "--cores", "1", "--configfile", OVERLAY, "--config", "networks={width: 3}",
        "--allowed-rules", "tabulate_scores", "--", "results/test/tables/table1.csv",
        directory=copy,
    )  # fmt: skip
    assert done.returncode == 1
    assert (
        "models/unet/bce/seed1: networks.width was 4, and is 3 in the configuration" in done.stdout
    )
    assert not (copy / "results" / "test" / "tables" / "table1.csv").exists()
