"""Changes of settings, inputs and code on finished runs: what must, and must not, be made anew.

All changes are planned in one process (tests/stale_jobs.py), by Snakemake's and our own records of
runs that are really finished. `write_config`, which only writes down the settings, may always run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from calvingfront.figures.registry import FIGURES
from calvingfront.tables.registry import TABLES
from planned_changes import NONE, OVERLAY, jobs_of

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


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
    "missions of another split method": Change(NONE, {"split": {"test_missions": ["ERS"]}}),
    "share of the training scenes": Change(SPLIT, {"split": {"train_share": 0.5}}, FOUR),
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
