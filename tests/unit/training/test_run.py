"""From packed arrays to weights on disk, and back to a network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from calvingfront.errors import CalvingFrontError, SampleError, TrainingError
from calvingfront.files import write_json
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import load_network, save_weights
from calvingfront.storage.sealed import read_sealed
from calvingfront.training import run as run_module
from calvingfront.training import run_record
from calvingfront.training.feed import Feed
from calvingfront.training.run import train_network
from calvingfront.training.run_record import code_commit
from calvingfront.training.step import Step
from killed import Killed, kill_at
from packed import write_split
from small_trainings import NEEDS_GPU

NETWORKS: dict[str, Any] = {
    "models": ["unet", "attention_unet"],
    "variant": "paper",
    "width": 2,
    "depth": 2,
    "kernel": 3,
    "batch_norm_momentum": 0.1,
}
TRAINING: dict[str, Any] = {
    "batch_size": 4,
    "max_epochs": 3,
    "patience": 3,
    "learning_rate_min": 1e-4,
    "learning_rate_max": 1e-2,
    "half_cycle_epochs": 2,
    "augmentation": "paper",
    "keep_epochs": [1, 2],
    "precision": "auto",
    "device": "cpu",
    "threads": 1,
    "keep_state": False,
}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three scenes of 16 × 16 px: two to train, one to validate and test."""
    rng = np.random.default_rng(5)
    fronts = np.zeros((3, 16, 16), np.uint8)
    fronts[:, 6:9] = 1
    np.save(tmp_path / "images.npy", rng.integers(0, 99, fronts.shape).astype(np.uint8) + fronts)
    np.save(tmp_path / "fronts.npy", fronts)
    pd.DataFrame({"row": range(3), "scene": ["a", "b", "c"], "glacier": "SI"}).to_csv(
        tmp_path / "index.tsv", sep="\t", index=False
    )
    write_split(tmp_path, train=["a", "b"], validation=["c"], test=["c"])
    return tmp_path


def run(dataset: Path, folder: Path, **changes: Any) -> Path:
    values: dict[str, Any] = {
        "weights": folder / "weights.safetensors",
        "history": folder / "history.tsv",
        "record": folder / "run.json",
        "model": "attention_unet",
        "loss": "wbce4",
        "seed": 1,
        "networks": NETWORKS,
        "training": TRAINING,
    }
    train_network(dataset, **{**values, **changes})
    return folder


def test_a_run_leaves_weights_epochs_history_and_record(dataset: Path, tmp_path: Path) -> None:
    folder = run(dataset, tmp_path / "run")
    assert sorted(path.name for path in folder.iterdir()) == [
        "history.tsv", "kept.safetensors", "run.json", "weights.safetensors",
    ]  # fmt: skip
    history = read_sealed(folder / "history.tsv")
    assert list(history) == [
        "epoch", "learning_rate", "train_loss", "validation_loss", "validation_monitor",
        "seconds", "images_per_second", "best",
    ]  # fmt: skip
    assert history["epoch"].tolist() == [1, 2, 3]
    assert np.isfinite(history.to_numpy(dtype=float)).all()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (record["loss"], record["seed"], record["image_size"]) == ("wbce4", 1, 16)
    assert (record["train_images"], record["validation_images"]) == (2, 1)
    assert record["network"]["model"] == "attention_unet"
    assert record["network"]["width"] == 2
    assert record["training"]["keep_epochs"] == [1, 2]
    assert record["best_epoch"] == 1 + int(np.argmax(history["validation_monitor"]))
    assert record["environment"]["torch"] == torch.__version__
    assert record["environment"]["device"] == "cpu"
    step = record["step"]
    assert (step["way"], step["layout"], step["precision"], step["threads"], step["source"]) == (
        "eager", "channels_last", "float32", 1, "settings",
    )  # fmt: skip
    assert record["gflop_per_image"] > 0
    reached = record["gflop_per_image"] * record["images_per_second"] / 1e3
    assert record["share_of_peak"] == pytest.approx(reached / record["peak_tflops"])
    kept = load_file(folder / "kept.safetensors")
    assert {name.split("/")[0] for name in kept} == {"1", "2"}
    assert not torch.equal(kept["1/head.weight"], kept["2/head.weight"])


def epoch_of(folder: Path, epoch: int) -> bytes:
    """The weights of a kept epoch, as a file of their own would hold them."""
    network = load_network(folder / "kept.safetensors", folder / "run.json", epoch)
    save_weights(network.state_dict(), folder.parent / "one.safetensors")
    return (folder.parent / "one.safetensors").read_bytes()


def test_each_file_holds_the_weights_of_its_epoch(dataset: Path, tmp_path: Path) -> None:
    training = {**TRAINING, "keep_epochs": [1, 2, 3]}
    folder = run(dataset, tmp_path / "run", training=training)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    kept = [epoch_of(folder, epoch) for epoch in (1, 2, 3)]
    assert len(set(kept)) == 3
    assert (folder / "weights.safetensors").read_bytes() == kept[record["best_epoch"] - 1]
    for epochs in (1, 2):  # a shorter training ends where the longer one was
        changes = {"max_epochs": epochs, "keep_epochs": [epochs]}
        short = run(dataset, tmp_path / f"{epochs}", training={**TRAINING, **changes})
        assert epoch_of(short, epochs) == kept[epochs - 1]
    network = load_network(folder / "weights.safetensors", folder / "run.json")
    assert not network.training
    assert torch.equal(
        network.head.weight, load_file(folder / "weights.safetensors")["head.weight"]
    )


def test_kept_epochs_go_where_they_are_asked_for(dataset: Path, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "epochs.safetensors"
    folder = run(dataset, tmp_path / "run", kept=file)
    assert file.exists()
    assert not (folder / "kept.safetensors").exists()


def test_without_kept_epochs_there_is_the_same_file_without_weights(
    dataset: Path, tmp_path: Path
) -> None:
    folder = run(dataset, tmp_path / "run", training={**TRAINING, "keep_epochs": []})
    assert load_file(folder / "kept.safetensors") == {}
    with pytest.raises(TrainingError, match=r"kept\.safetensors: holds no epoch 2"):
        load_network(folder / "kept.safetensors", folder / "run.json", epoch=2)


def test_threads_of_the_job_override_the_configuration(dataset: Path, tmp_path: Path) -> None:
    folder = run(dataset, tmp_path / "run", threads=2, training={**TRAINING, "max_epochs": 2})
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["training"]["threads"] == record["step"]["threads"] == 2
    assert "threads" not in record["environment"]["hardware"]  # said before they are set


def test_weights_of_another_network_are_refused(dataset: Path, tmp_path: Path) -> None:
    folder = run(dataset, tmp_path / "run")
    save_weights(
        build_network(NetworkSettings("unet", width=2, depth=1)).state_dict(),
        folder / "other.safetensors",
    )
    with pytest.raises(TrainingError, match=r"other\.safetensors: does not match the network"):
        load_network(folder / "other.safetensors", folder / "run.json")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "is damaged"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (Path.unlink, "cannot be read"),
    ],
)
def test_weights_that_cannot_be_read_are_told(
    tmp_path: Path, damage: Callable[[Path], Any], said: str
) -> None:
    settings = {"model": "unet", "width": 2, "depth": 1, "kernel": 3}
    write_json(tmp_path / "run.json", {"network": settings})
    weights = tmp_path / "weights.safetensors"
    save_weights(build_network(NetworkSettings(**settings)).state_dict(), weights)
    damage(weights)
    with pytest.raises(CalvingFrontError, match=rf"weights\.safetensors: {said}"):
        load_network(weights, tmp_path / "run.json")


def test_the_commit_is_that_of_the_codes_own_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment within somebody's project is no checkout of this one."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "their.py").touch()
    subprocess.run([*git, "add", "their.py"], check=True)
    subprocess.run([*git, "commit", "-qm", "theirs"], check=True)
    monkeypatch.setattr(run_record, "__file__", str(tmp_path / "run_record.py"))
    assert code_commit() == ""
    monkeypatch.setattr(run_record, "__file__", str(tmp_path / "their.py"))
    assert len(code_commit()) == 12


@pytest.mark.parametrize(
    ("augmentation", "copies"), [("none", (1, 1)), ("paper", (8, 1)), ("released", (8, 8))]
)
def test_the_released_protocol_alone_augments_its_validation(
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    augmentation: str,
    copies: tuple[int, int],
) -> None:
    class Stop(Exception):
        pass

    def stop(train: Feed, validation: Feed, *_: Any, **__: Any) -> None:
        assert (train.copies, validation.copies) == copies
        assert (train.scenes, validation.scenes) == (["a", "b"], ["c"])
        raise Stop

    monkeypatch.setattr(run_module, "train", stop)
    with pytest.raises(Stop):
        run(dataset, tmp_path / "run", training={**TRAINING, "augmentation": augmentation})


def test_jobs_that_share_a_gpu_say_so_when_they_claim_it(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    @contextmanager
    def claimed(requested: str, slots: int) -> Iterator[torch.device]:
        asked.append((requested, slots))
        yield torch.device("cpu")

    monkeypatch.setattr(run_module, "claimed_device", claimed)
    run(dataset, tmp_path / "run", gpu_slots=3, device="cuda")
    assert asked == [("cuda", 3)]


def test_an_epoch_to_keep_that_may_never_be_reached_is_refused_before_the_training(
    dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        TrainingError, match=r"epoch 9 may never be reached. Keep only epochs up to \d"
    ):
        run(dataset, tmp_path / "run", training={**TRAINING, "keep_epochs": [1, 9]})


def test_a_scene_that_was_never_packed_is_named(dataset: Path, tmp_path: Path) -> None:
    write_split(dataset, train=["a", "b", "SI_lost"], validation=["c"], test=["c"])
    with pytest.raises(SampleError, match="no scene SI_lost"):
        run(dataset, tmp_path / "run")


def killed(dataset: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Run until the state of the sixth batch is due, and end there."""
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 7)
        with pytest.raises(Killed):
            run(dataset, folder, save_minutes=0, **changes)


def weights_of(folder: Path) -> list[bytes]:
    names = ["weights", "kept"]
    return [(folder / f"{name}.safetensors").read_bytes() for name in names]


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=NEEDS_GPU)])
def test_a_killed_run_goes_on_and_leaves_what_an_undisturbed_one_leaves(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    training = {**TRAINING, "device": device, "deterministic": device == "cuda"}
    killed(dataset, tmp_path / "run", monkeypatch, training=training)
    assert (tmp_path / "run" / "state" / "state.safetensors").exists()
    folder = run(dataset, tmp_path / "run", training=training)
    whole = run(dataset, tmp_path / "whole", training=training)
    assert weights_of(folder) == weights_of(whole)
    assert not (folder / "state").exists()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["resumptions"] == 1
    assert [session["batches"] for session in record["sessions"]] == [6, 6]
    assert all(session["environment"]["threads"] == 1 for session in record["sessions"])
    assert record["seconds_per_epoch"] > 0


def test_a_finished_run_is_extended_and_its_files_are_those_of_a_longer_one(
    dataset: Path, tmp_path: Path
) -> None:
    training = {**TRAINING, "keep_state": True}
    folder = run(dataset, tmp_path / "run", training=training)
    assert (folder / "state" / "state.safetensors").exists()
    longer = {"max_epochs": 5, "patience": 5}
    run(dataset, folder, training={**training, **longer})
    whole = run(dataset, tmp_path / "whole", training={**TRAINING, **longer})
    assert weights_of(folder) == weights_of(whole)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (record["epochs"], record["training"]["max_epochs"]) == (5, 5)
    assert [session["batches"] for session in record["sessions"]] == [12, 8]


def test_a_deeply_supervised_network_is_read_back_as_it_was_trained(
    dataset: Path, tmp_path: Path
) -> None:
    folder = run(dataset, tmp_path / "run", networks={**NETWORKS, "deep_supervision": True})
    network = load_network(folder / "weights.safetensors", folder / "run.json")
    weights = load_file(folder / "weights.safetensors")
    assert any(name.startswith("side_heads.0.") for name in weights)
    assert all(torch.equal(network.state_dict()[name], value) for name, value in weights.items())


def test_another_length_of_a_cosine_starts_anew(
    dataset: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    training = {**TRAINING, "keep_state": True, "schedule": "cosine"}
    folder = run(dataset, tmp_path / "run", training=training)
    longer = {**training, "max_epochs": 4}
    with caplog.at_level("INFO"):
        run(dataset, folder, training=longer)
    assert "cannot be extended and starts anew: training.max_epochs: 3, now 4" in caplog.text
    assert weights_of(folder) == weights_of(run(dataset, tmp_path / "whole", training=longer))


def test_a_state_stands_where_it_is_asked_for(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "elsewhere"
    killed(dataset, tmp_path / "run", monkeypatch, state=place)
    assert (place / "state.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "seed: 1, now 2"),
        ({"made_from": {"code": "other"}}, "training code: , now other"),
        ({"training": {**TRAINING, "batch_size": 5}}, "training.batch_size: 4, now 5"),
        ({"networks": {**NETWORKS, "width": 3}}, "networks.width: 2, now 3"),
    ],
)
def test_a_killed_run_of_other_settings_is_refused_and_kept(
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    message: str,
) -> None:
    killed(dataset, tmp_path / "run", monkeypatch)
    with pytest.raises(TrainingError, match=message):
        run(dataset, tmp_path / "run", **changes)
    assert (tmp_path / "run" / "state" / "state.safetensors").exists()


def test_a_killed_run_of_other_pixels_is_refused(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(dataset, tmp_path / "run", monkeypatch)
    images = np.load(dataset / "images.npy")
    images[2, 0, 0] += 1
    np.save(dataset / "images.npy", images)
    with pytest.raises(TrainingError, match="settings or code: validation images: sha256"):
        run(dataset, tmp_path / "run")


def test_temporary_files_of_a_killed_run_are_cleared(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (
        "weights.1.tmp.safetensors", "kept.1.tmp.safetensors", "progress.1.tmp.tsv",
        "history.1.tmp.tsv", "run.1.tmp.json",
    ):  # fmt: skip
        (folder / f".{name}").write_bytes(b"half")
    run(dataset, folder)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


BARE = """
import sys

class Refuse:
    names = {names!r}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ImportError("not on this machine: " + name)

sys.meta_path.insert(0, Refuse())
import importlib, pathlib, calvingfront
root = pathlib.Path(calvingfront.__file__).parent
modules = []
for part in {parts!r}:
    place = root / part
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    for file in files:
        words = file.relative_to(root).with_suffix("").parts
        modules.append(".".join(("calvingfront", *words)).removesuffix(".__init__"))
for module in modules:
    importlib.import_module(module)
print(len(modules))
"""


def import_without(names: set[str], parts: list[str]) -> subprocess.CompletedProcess[str]:
    source = Path(train_network.__code__.co_filename).parents[2]
    return subprocess.run(
        [sys.executable, "-c", BARE.format(names=names, parts=parts)],
        capture_output=True, text=True, check=False, cwd=source,
    )  # fmt: skip


def test_the_learning_half_imports_on_a_bare_gpu_machine() -> None:
    """Neither Snakemake nor GDAL nor a schema library is there."""
    done = import_without(
        {
            *("snakemake", "rasterio", "geopandas", "jsonschema", "pyogrio", "shapely", "fiona"),
            *("pyproj", "numba"),
        },
        [
            *("vocabulary", "fronts", "networks", "losses", "compute", "training", "evaluation"),
            *("tables", "figures", "dataset/files", "dataset/reading", "pipeline", "cli"),
        ],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 70


def test_what_comes_before_the_training_and_the_tables_never_import_torch() -> None:
    pytest.importorskip("rasterio", reason="the sample half needs rasterio")
    done = import_without(
        {"torch"},
        [
            *("radar", "orbits", "products", "sar", "simulation", "scenes", "samples", "dataset"),
            *("vocabulary", "fronts", "configuration", "pipeline", "evaluation/metrics", "tables"),
        ],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_weights_may_be_read_by_whom_other_new_files_may(tmp_path: Path) -> None:
    save_weights({"a": torch.ones(2)}, tmp_path / "weights.safetensors")
    (tmp_path / "plain").write_text("")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1
