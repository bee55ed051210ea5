"""What happens before the first job: the plan, and the refusal of a wrong configuration."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

import simulated_images as images
from builders import line_mask, speckled, write_image
from calvingfront.simulation.product_writers.envisat import write_envisat
from front_layers import write_fronts
from terrain_files import write_dem

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = REPOSITORY / "config"

Snakemake = Callable[..., CompletedProcess[str]]
CaffeBuilder = Callable[..., Path]
RADAR = ("ingest_product", "multilook_scene", "geocode_scene")
NAMES = [
    f"{glacier}_200{n}-0{n}-11_ERS_20_3_38{n}" for glacier in ("SI", "DBE") for n in range(1, 4)
]


def jobs(output: str) -> dict[str, int]:
    """The table of planned jobs."""
    return {name: int(n) for name, n in re.findall(r"(?m)^(\w+) +(\d+)$", output)}


def test_a_fresh_clone_plans_every_network_loss_and_seed(
    snakemake: Snakemake, fresh_copy: Path
) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--config", "seeds=[1,2]",
        directory=fresh_copy, snakefile=fresh_copy / "Snakefile",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    planned = jobs(done.stdout)
    trainings = 2 * 2 * 2  # networks, losses, seeds
    assert planned["train_network"] == planned["predict_fronts"] == trainings
    assert planned["predict_without_network"] == 2
    assert planned["choose_threshold"] == planned["score_predictions"] == trainings + 2
    assert planned["read_attention"] == 2  # one network with gates, two losses, the least seed
    with_front, without = 60, 12
    for rule in ("simulate_product", "ingest_product", "multilook_scene", "geocode_scene",
                 "filter_speckle", "square_image"):  # fmt: skip
        assert planned[rule] == with_front + without, rule
    assert planned["import_scene"] == planned["dilate_front"] == with_front
    assert planned["import_new_scene"] == planned["locate_scene"] == without
    for rule in ("build_world", "simulate_terrain", "simulate_new_fronts", "export_model",
                 "gather_fronts", "check_scenes", "pack_samples", "split_scenes",
                 "write_config", "tabulate_scores", "tabulate_thickness", "tabulate_distances",
                 "tabulate_breakdown", "compare_models", "draw_architecture", "draw_weighting",
                 "draw_overlays", "draw_attention_epochs", "draw_attention_losses", "draw_training",
                 "draw_thresholds", "draw_archive", "all"):  # fmt: skip
        assert planned[rule] == 1, rule


@pytest.mark.parametrize("name", ["paper", "real_cpu", "recipe"])
def test_an_overlay_for_real_images_plans_on_a_caffe_folder(
    snakemake: Snakemake, caffe_folder: CaffeBuilder, tmp_path: Path, name: str
) -> None:
    folder = caffe_folder(*NAMES)
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", CONFIG / f"{name}.yaml",
        "--config", f"source={{caffe: {{folder: '{folder}'}}}}",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    planned = jobs(done.stdout)
    assert planned["filter_speckle"] == len(NAMES)
    assert not planned.keys() & {"simulate_product", *RADAR, "import_scene"}


@pytest.mark.parametrize("kind", ["images", "products"])
def test_a_table_of_ones_own_plans_the_way_of_its_kind(
    snakemake: Snakemake, tmp_path: Path, kind: str
) -> None:
    write_fronts(tmp_path / "fronts.gpkg", "abcd")
    write_dem(tmp_path / "dem.tif", (-180, -90, 180, 90), 5.0, "EPSG:4326")
    product = write_envisat(images.envisat_image(), tmp_path)
    for row, name in enumerate("abcd"):
        shutil.copy(product, tmp_path / f"{name}.N1")
        write_image(tmp_path / f"{name}.png", speckled(40, 48, row))
        write_image(tmp_path / f"{name}_front.png", line_mask(40, 48, 9))
    column, cells = {
        "images": ("image", "ERS,200{1}-01-01,{0}.png,{0}_front.png,20"),
        "products": ("product", ",,{0}.N1,fronts.gpkg,"),
    }[kind]
    lines = [f"scene,glacier,mission,acquired,{column},front,pixel_size_m"]
    lines += [f"{name},G,{cells.format(name, row)}" for row, name in enumerate("abcd")]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mine = {
        "source": {"kind": kind, kind: {"table": "table.csv"}},
        "map": {"crs": "EPSG:3031", "dem": "dem.tif"},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", CONFIG / "test.yaml", "mine.yaml",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    planned = jobs(done.stdout)
    assert planned["import_scene"] == planned["square_image"] == 4
    assert planned.keys() & {*RADAR} == ({*RADAR} if kind == "products" else set())
    assert not planned.keys() & {"build_world", "simulate_terrain", "simulate_product"}


@pytest.mark.parametrize("dem", ["dem", ["dem/w*.tif", "dem/east.tif"]])
def test_one_product_can_be_geocoded_on_tiles_but_not_split(
    snakemake: Snakemake, tmp_path: Path, dem: str | list[str]
) -> None:
    write_fronts(tmp_path / "fronts.gpkg", "a")
    (tmp_path / "dem").mkdir()
    write_dem(tmp_path / "dem" / "west.tif", (-180, -90, 0, 90), 5.0, "EPSG:4326")
    write_dem(tmp_path / "dem" / "east.tif", (0, -90, 180, 90), 5.0, "EPSG:4326")
    product = write_envisat(images.envisat_image(), tmp_path)
    (tmp_path / "table.csv").write_text(
        f"scene,glacier,product,front\na,G,{product.name},fronts.gpkg\n", encoding="utf-8"
    )
    mine = {
        "source": {"kind": "products", "products": {"table": "table.csv"}},
        "map": {"crs": "EPSG:3031", "dem": dem},
        "results": "out",
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    plan = ("-n", "--configfile", CONFIG / "test.yaml", "mine.yaml", "--")
    done = snakemake(*plan, "out/scenes/a/map.tif", directory=tmp_path)
    assert done.returncode == 0, done.stdout
    assert jobs(done.stdout)["geocode_scene"] == 1
    files = "dem" if dem == "dem" else r"dem/west\.tif, dem/east\.tif"
    assert re.search(rf"input: .*product\.json, {files}\n", done.stdout), done.stdout
    done = snakemake(*plan, directory=tmp_path)
    assert done.returncode == 1
    assert "split.method paper: leaves no validation scene among 1" in done.stdout
    assert "most recent call last" not in done.stdout


@pytest.mark.parametrize("profile", ["workstation", "slurm", "generic"])
def test_every_profile_is_understood(snakemake: Snakemake, tmp_path: Path, profile: str) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", CONFIG / "test.yaml",
        "--workflow-profile", REPOSITORY / "workflow" / "profiles" / profile,
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert jobs(done.stdout)["train_network"] == 4


def test_without_an_attention_network_its_figures_are_left_out(
    snakemake: Snakemake, tmp_path: Path
) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", CONFIG / "test.yaml",
        "--config", "networks={models: [unet]}",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    planned = jobs(done.stdout)
    assert "draw_overlays" in planned
    assert not {"read_attention", "draw_attention_epochs", "draw_attention_losses"} & set(planned)


def test_a_wrong_configuration_is_refused_with_every_key_and_no_traceback(
    snakemake: Snakemake, tmp_path: Path
) -> None:
    done = snakemake(
        "-n", "--config", "trainng={}", "samples={size: big}", "losses=[bce,wbcex]",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "3 faults found" in done.stdout
    assert "trainng: there is no such key. Did you mean training?" in done.stdout
    assert 'samples.size: "big" is not an integer' in done.stdout
    assert 'losses[1]: "wbcex" is not valid. Write bce, or wbce' in done.stdout
    assert "Traceback" not in done.stdout


def test_faults_of_the_scenes_are_told_before_any_job(
    snakemake: Snakemake, caffe_folder: CaffeBuilder, tmp_path: Path
) -> None:
    folder = caffe_folder(*NAMES)
    (folder / "fronts" / "train" / f"{NAMES[0]}_front.png").unlink()
    (folder / "fronts" / "train" / f"{NAMES[1]}_front.png").unlink()
    done = snakemake(
        "-n", "--configfile", CONFIG / "real_cpu.yaml",
        "--config", f"source={{caffe: {{folder: '{folder}'}}}}",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert NAMES[0] in done.stdout
    assert NAMES[1] in done.stdout
    assert "Traceback" not in done.stdout


def test_snakemakes_own_lint_finds_nothing(snakemake: Snakemake, tmp_path: Path) -> None:
    done = snakemake("--lint", directory=tmp_path)
    assert done.returncode == 0, done.stdout


def test_one_broken_scene_stops_only_its_own_jobs(
    snakemake: Snakemake, caffe_folder: CaffeBuilder, tmp_path: Path
) -> None:
    folder = caffe_folder(*NAMES)
    broken = folder / "sar_images" / "train" / f"{NAMES[2]}.png"
    broken.write_bytes(broken.read_bytes()[:60])  # the header is whole, the pixels are not
    done = snakemake(
        "--cores", "2", "--keep-going", "--until", "pack_samples",
        "--configfile", CONFIG / "real_cpu.yaml",
        "--config", f"source={{caffe: {{folder: '{folder}'}}}}",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    results = tmp_path / "results" / "real_cpu"
    made = {path.stem for path in (results / "samples" / "square").glob("*.npz")}
    assert made == set(NAMES) - {NAMES[2]}
    checked = (results / "logs" / "check_scenes.log").read_text(encoding="utf-8")
    assert broken.name in checked
    assert not (results / "dataset" / "index.tsv").exists()


def test_check_draws_every_scene_and_trains_nothing(
    snakemake: Snakemake, caffe_folder: CaffeBuilder, tmp_path: Path
) -> None:
    folder = caffe_folder(*NAMES)
    done = snakemake(
        "check", "--cores", "1", "--configfile", CONFIG / "real_cpu.yaml",
        "--config", f"source={{caffe: {{folder: '{folder}'}}}}",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    results = tmp_path / "results" / "real_cpu"
    shown = {path.name for path in results.iterdir() if not path.name.startswith(".")}
    assert shown == {"check", "logs"}
    made = {path.name for path in (results / "check").iterdir()}
    assert made == {"check.html", "check.md", "check.tsv", "sheet_001.png"}
    assert NAMES[0] in (results / "check" / "check.md").read_text(encoding="utf-8")


def test_faults_of_configuration_files_are_told_with_file_and_line(
    snakemake: Snakemake, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(
        "seeds: [1]\nsplit:\n  test_glaciers: [NO]\n  gap_days: 30\nseeds: [2]\n", encoding="utf-8"
    )
    done = snakemake("-n", "--configfile", "mine.yaml", directory=tmp_path)
    assert done.returncode == 1
    assert "mine.yaml line 5, seeds: appears twice, in line 1 and here" in done.stdout
    assert "mine.yaml line 3, split.test_glaciers[0]: NO is read as false" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_setting_without_effect_is_told_and_stops_nothing(
    snakemake: Snakemake, tmp_path: Path
) -> None:
    done = snakemake(
        "-n", "--quiet", "rules", "--configfile", CONFIG / "test.yaml",
        "--config", "split={gap_days: 30}",
        directory=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("split.gap_days has no effect: split.method is paper") == 1
