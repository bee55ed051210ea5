"""From packed arrays to weights on disk, and back to a network."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
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
from calvingfront.training.feed_source import Feed
from calvingfront.training.run_record import code_commit
from packed import write_split
from tiny_runs import NETWORKS, TRAINING, run


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


def test_a_deeply_supervised_network_is_read_back_as_it_was_trained(
    dataset: Path, tmp_path: Path
) -> None:
    folder = run(dataset, tmp_path / "run", networks={**NETWORKS, "deep_supervision": True})
    network = load_network(folder / "weights.safetensors", folder / "run.json")
    weights = load_file(folder / "weights.safetensors")
    assert any(name.startswith("side_heads.0.") for name in weights)
    assert all(torch.equal(network.state_dict()[name], value) for name, value in weights.items())


def test_weights_may_be_read_by_whom_other_new_files_may(tmp_path: Path) -> None:
    save_weights({"a": torch.ones(2)}, tmp_path / "weights.safetensors")
    (tmp_path / "plain").write_text("")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1
