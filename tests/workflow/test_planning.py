"""What happens before the first job: the plan, and the refusal of a wrong configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = REPOSITORY / "config"

Snakemake = Callable[..., CompletedProcess[str]]
CaffeBuilder = Callable[..., Path]
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
    assert planned["train_network"] == 2 * 2 * 2  # networks, losses, seeds
    assert planned["score_predictions"] == 2 * 2 * 2 + 2
    assert planned["simulate_product"] == planned["square_image"] == 60


@pytest.mark.parametrize("name", ["paper", "real_cpu"])
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
    assert jobs(done.stdout)["filter_speckle"] == len(NAMES)
    assert "simulate_product" not in jobs(done.stdout)


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
    assert 'samples.size: "big" is not a whole number' in done.stdout
    assert 'losses[1]: "wbcex" cannot be used. Write bce, or wbce' in done.stdout
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
