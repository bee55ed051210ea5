"""Networks that read fronts of other dates: their batches, their training and their predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from calvingfront.dataset.history import CHANNELS, History, HistorySettings
from calvingfront.dataset.reading import Dataset, open_dataset
from calvingfront.errors import TrainingError
from calvingfront.evaluation.predict import predict_fronts
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.augmentation import Copier, transform
from calvingfront.training.feed import ResidentFeed, StreamedFeed, resident_bytes
from calvingfront.training.feed_source import Batch, FeedSource
from calvingfront.training.history_dropping import history_kept, without_history
from calvingfront.training.run import train_network
from calvingfront.training.step import Step
from killed import Killed, kill_at
from packed import band, write_packed, write_split

SIZE = 16
CPU = torch.device("cpu")
SPLIT = {"train": ["s0", "s1", "s2", "s3"], "validation": ["s4"], "test": ["s5"]}
NETWORKS = {"width": 2, "depth": 2, "kernel": 3, "batch_norm_momentum": 0.1}
TRAINING: dict[str, Any] = {
    "batch_size": 4, "max_epochs": 2, "patience": 2, "keep_epochs": [1], "device": "cpu",
    "threads": 1, "half_cycle_epochs": 1,
}  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    fronts = np.stack([band(SIZE, 2 * k + 1, 2) for k in range(6)])
    fronts[:, :, 12:] = 0  # so that no copy is like another
    write_packed(folder, fronts, acquired=[f"2010-0{k + 1}-01" for k in range(6)])
    write_split(folder, **SPLIT)
    return folder


def past(data: Dataset, scenes: list[str], **settings: Any) -> History:
    return History(data, scenes, SPLIT, HistorySettings(**settings))


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("way", ["_on_host", "_by_index"])
def test_all_channels_turn_together(shifted: bool, way: str) -> None:
    rng = np.random.default_rng(1)
    images = torch.from_numpy(rng.integers(1, 255, (3, 4, SIZE, SIZE)).astype(np.uint8))
    fronts = images[:, :1].clone()
    copier = Copier(SIZE, 8, shifted, CPU)
    items = torch.tensor([23, 0, 9, 14, 4, 21, 7])
    turned, masks = getattr(copier, way)(items, images, fronts)
    for k, item in enumerate(items.tolist()):
        image, code = divmod(item, 8)
        assert torch.equal(turned[k], transform(images[image], code, shifted))
    assert torch.equal(turned[:, :1], masks)


@pytest.mark.parametrize("augmentation", ["paper", "released", "none"])
def test_both_feeds_put_the_channels_beside_the_image(dataset: Path, augmentation: Any) -> None:
    data = open_dataset(dataset)
    scenes = SPLIT["train"]
    source = FeedSource(CPU, scenes, data.images, data.fronts, augmentation, data.rows(scenes),
                        history=past(data, scenes))  # fmt: skip
    items = np.random.default_rng(2).permutation(4 * (1 if augmentation == "none" else 8))
    streamed = list(StreamedFeed(source).batches(items, 5))
    for one, other in zip(ResidentFeed(source).batches(items, 5), streamed, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    plain = np.zeros((len(scenes), 1 + CHANNELS, SIZE, SIZE), np.uint8)
    for position, channels in enumerate(plain):
        channels[0] = data.images[position]
        past(data, scenes).read(position, channels[1:])
    assert plain[:, 1:].any()
    images = torch.cat([batch.images for batch in streamed])
    copies = 1 if augmentation == "none" else 8
    for image, item in zip(images, items.tolist(), strict=True):
        expected = transform(torch.from_numpy(plain[item // copies]), item % copies,
                             augmentation == "released")  # fmt: skip
        assert torch.equal(image, expected)
    maps = copies if augmentation == "released" else 1
    assert resident_bytes(source) == 4 * SIZE**2 * (4 + 1 + 4 * maps)


def test_the_share_without_history_is_as_asked_and_of_its_seed_and_epoch_alone() -> None:
    kept = history_kept(0.4, seed=3, epoch=2, count=20_000)
    assert kept.mean() == pytest.approx(0.6, abs=0.01)
    assert (history_kept(0.4, 3, 2, 20_000) == kept).all()
    assert (history_kept(0.4, 3, 3, 20_000) != kept).any()
    assert (history_kept(0.4, 4, 2, 20_000) != kept).any()
    assert (history_kept(0.4, 3, 2, 500) == kept[:500]).all()
    assert history_kept(0.0, 1, 1, 99).all()
    assert not history_kept(1.0, 1, 1, 99).any()


def test_what_is_dropped_is_the_history_and_never_the_image() -> None:
    images = torch.randint(1, 255, (5, 4, 3, 3), dtype=torch.uint8)
    batches = [Batch(images[:3], images[:3, :1], torch.empty(0)),
               Batch(images[3:], images[3:, :1], torch.empty(0))]  # fmt: skip
    kept = torch.tensor([1, 0, 0, 1, 0], dtype=torch.uint8)
    shown = torch.cat([batch.images for batch in without_history(iter(batches), kept)])
    assert shown.dtype == torch.uint8
    assert torch.equal(shown[:, 0], images[:, 0])
    assert torch.equal(shown[:, 1:], images[:, 1:] * kept[:, None, None, None])


def run(dataset: Path, folder: Path, model: str = "unet_history", **changes: Any) -> Path:
    values: dict[str, Any] = {
        "model": model, "loss": "wbce4", "seed": 1, "networks": NETWORKS, "training": TRAINING,
        "history_from": {"when": "both", "gap_days": 0, "dropped": 0.4},
    }  # fmt: skip
    train_network(
        dataset, folder / "weights.safetensors", folder / "history.tsv", folder / "run.json",
        **{**values, **changes},
    )  # fmt: skip
    return folder


def weights_of(folder: Path) -> list[bytes]:
    return [(folder / f"{name}.safetensors").read_bytes() for name in ("weights", "kept")]


def predicted(dataset: Path, folder: Path, **changes: Any) -> Any:
    files = {"probabilities": folder / "p.npy", "predictions": folder / "p.tsv"}
    predict_fronts(dataset, folder / "weights.safetensors", folder / "run.json", **files,
                   device="cpu", threads=1, **changes)  # fmt: skip
    return np.load(files["probabilities"])


def test_a_killed_run_ends_as_an_undisturbed_one(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 6)  # within an epoch
        with pytest.raises(Killed):
            run(dataset, tmp_path / "run", save_minutes=0)
    resumed = weights_of(run(dataset, tmp_path / "run", save_minutes=0))
    assert resumed == weights_of(run(dataset, tmp_path / "whole"))
    assert resumed != weights_of(
        run(dataset, tmp_path / "all", history_from={"dropped": 0.0})
    )  # the share has an effect


def test_a_killed_run_does_not_go_on_with_another_history(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, Step, "train", 6)
        with pytest.raises(Killed):
            run(dataset, tmp_path / "run", save_minutes=0)
    with pytest.raises(TrainingError, match=r"history\.when"):
        run(dataset, tmp_path / "run", history_from={"when": "past"})


def test_held_out_fronts_change_no_prediction(dataset: Path, tmp_path: Path) -> None:
    folder = run(dataset, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["history"] == {"when": "both", "gap_days": 0, "dropped": 0.4}
    before = predicted(dataset, folder)
    fronts = np.load(dataset / "fronts.npy")
    held_out = fronts.copy()
    held_out[4:] = np.roll(held_out[4:], 3, axis=1)
    np.save(dataset / "fronts.npy", held_out)
    np.testing.assert_array_equal(predicted(dataset, folder), before)
    known = fronts.copy()
    known[3] = np.roll(known[3], 3, axis=0)
    np.save(dataset / "fronts.npy", known)
    assert (predicted(dataset, folder) != before).any()


def test_the_training_scenes_themselves_are_predicted_without_their_own_front(
    dataset: Path, tmp_path: Path
) -> None:
    folder = run(dataset, tmp_path / "run")
    before = predicted(dataset, folder, scenes="all")
    fronts = np.load(dataset / "fronts.npy")
    fronts[2] = np.roll(fronts[2], 3, axis=0)
    np.save(dataset / "fronts.npy", fronts)
    after = predicted(dataset, folder, scenes="all")
    np.testing.assert_array_equal(after[2], before[2])
    assert (after[1] != before[1]).any()


def test_the_network_of_dates_alone_does_not_see_the_image(dataset: Path, tmp_path: Path) -> None:
    folder = run(dataset, tmp_path / "run", "unet_dates")
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["history"]["dropped"] == 0
    before = predicted(dataset, folder)
    images = np.load(dataset / "images.npy")
    np.save(dataset / "images.npy", images[::-1])
    np.testing.assert_array_equal(predicted(dataset, folder), before)


@pytest.mark.parametrize(("model", "more"), [("unet_history", 3), ("unet_dates", 2)])
def test_only_the_first_convolution_differs_from_the_u_net(model: str, more: int) -> None:
    plain, given = (
        {name: value.shape for name, value in build_network(
            NetworkSettings(name, width=4, depth=2, kernel=3)).state_dict().items()}
        for name in ("unet", model)
    )  # fmt: skip
    odd = [name for name in plain if plain[name] != given[name]]
    assert odd == ["encoder.0.0.weight"]
    assert given[odd[0]] == (4, 1 + more, 3, 3)


def test_a_network_of_images_alone_has_no_history_in_its_record(
    dataset: Path, tmp_path: Path
) -> None:
    folder = run(dataset, tmp_path / "run", "unet")
    assert "history" not in json.loads((folder / "run.json").read_text(encoding="utf-8"))
