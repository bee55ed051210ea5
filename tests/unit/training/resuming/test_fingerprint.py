"""The fingerprint of a training: whatever decides about its weights shows in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from calvingfront.dataset.reading import Dataset, open_dataset
from calvingfront.errors import TrainingError
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.fingerprint import differences, fingerprint
from calvingfront.training.resuming.state import StateFolder
from calvingfront.training.settings import TrainingSettings


def marks(**changes: Any) -> dict[str, Any]:
    """The fingerprint of a small training; anything in it may be changed."""
    fronts: npt.NDArray[np.uint8] = np.zeros((4, 8, 8), np.uint8)
    fronts[:, 3] = 1
    values: dict[str, Any] = {
        "images": fronts * 200,
        "fronts": fronts,
        "train": ["a", "b"],
        "validation": ["c"],
        "loss": "bce",
        "seed": 1,
        "network": {},
        "training": {},
        "code": "abc",
        "mission": "ERS",
    } | changes
    missions = ["TSX", values["mission"], "TSX", "TSX"]
    names = pd.DataFrame({"scene": ["a", "b", "c", "d"], "mission": missions})
    return fingerprint(
        Dataset(values["images"], values["fronts"], names), values["train"], values["validation"],
        values["loss"], values["seed"], NetworkSettings("unet", **values["network"]),
        TrainingSettings(**values["training"]), values["code"],
    )  # fmt: skip


def pixel(name: str, scene: int) -> dict[str, npt.NDArray[np.uint8]]:
    """Images or fronts with one pixel of one scene changed."""
    array = np.zeros((4, 8, 8), np.uint8)
    array[:, 3] = 200 if name == "images" else 1
    array[scene, 7, 7] = 1
    return {name: array}


CHANGES: dict[str, dict[str, Any]] = {
    "training images: sha256": pixel("images", 1),
    "training fronts: sha256": pixel("fronts", 0),
    "validation images: sha256": pixel("images", 2),
    "validation fronts: sha256": pixel("fronts", 2),
    "training scenes: 2, sha256": {"train": ["a", "d"]},
    "validation scenes: 1, sha256": {"validation": ["d"]},
    "loss: bce, now wbce4": {"loss": "wbce4"},
    "seed: 1, now 2": {"seed": 2},
    "training code: abc, now def": {"code": "def"},
    "networks.width: 32, now 16": {"network": {"width": 16}},
    "networks.variant: paper, now released": {"network": {"variant": "released"}},
    "networks.front_prior: None, now 0.1": {"network": {"front_prior": 0.1}},
    "training.batch_size: 5, now 4": {"training": {"batch_size": 4}},
    "training.learning_rate_max: 0.001, now 0.01": {"training": {"learning_rate_max": 1e-2}},
    "training.learning_rate_min: 1e-05, now 0.0001": {"training": {"learning_rate_min": 1e-4}},
    "training.half_cycle_epochs: 6, now 3": {"training": {"half_cycle_epochs": 3}},
    "training.augmentation: paper, now none": {"training": {"augmentation": "none"}},
    "training.precision: auto, now float32": {"training": {"precision": "float32"}},
}


def test_a_cosine_is_another_one_if_it_ends_elsewhere_and_missions_count_where_they_act() -> None:
    cosine = {"schedule": "cosine"}
    one, other = (marks(training={**cosine, "max_epochs": n}) for n in (30, 40))
    assert differences(one, other) == ["training.max_epochs: 30, now 40"]
    free = marks(training={**cosine, "max_epochs": 30, "patience": 7})
    assert free == one
    sampled = marks(training={"sampling": "missions"}, mission="ERS")
    changed = marks(training={"sampling": "missions"}, mission="TSX")
    assert [text.split(":")[0] for text in differences(sampled, changed)] == ["training missions"]
    assert marks(mission="ERS") == marks(mission="TSX")


@pytest.mark.parametrize("message", CHANGES)
def test_a_state_of_another_training_is_refused_with_what_differs(
    tmp_path: Path, message: str
) -> None:
    folder = StateFolder(tmp_path)
    earlier = Checkpoints(folder, marks(), {}, 0)
    with earlier:
        facts = {"epoch": 1, "batch": 1, "iteration": 1}
        earlier.save({"network.w": torch.ones(1)}, {}, facts)
    with pytest.raises(TrainingError) as caught:
        Checkpoints(folder, marks(**CHANGES[message]), {}, 0).resume()
    assert message in caught.value.what
    assert "; " not in caught.value.what  # and nothing else is told
    assert caught.value.where == str(folder.path)
    assert "remove the file" in caught.value.remedy
    assert Checkpoints(folder, marks(), {}, 0).resume() is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"max_epochs": 9, "patience": 9, "keep_epochs": (1,)}},
        {"training": {"threads": 7, "device": "cpu", "save_minutes": 1, "deterministic": True}},
        pixel("images", 3),  # neither trained on nor validated with
    ],
)
def test_what_does_not_change_the_numbers_is_no_reason_to_refuse(changes: dict[str, Any]) -> None:
    assert marks(**changes) == marks()


def test_the_order_of_the_scenes_matters() -> None:
    turned = marks(train=["b", "a"])
    assert turned["training scenes"] != marks()["training scenes"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_a_fingerprint_reads_past_the_maps_of_the_archive(tmp_path: Path) -> None:
    """Pages that a map has touched count as memory of the process."""
    shape, names = (60, 1024, 1024), [f"s{k}" for k in range(60)]
    for file in ("images.npy", "fronts.npy"):
        np.lib.format.open_memmap(tmp_path / file, "w+", np.uint8, shape).flush()  # a hole: no disk
    pd.DataFrame({"scene": names}).to_csv(tmp_path / "index.tsv", sep="\t", index=False)
    data = open_dataset(tmp_path)

    def file_pages_mb() -> float:
        text = Path("/proc/self/status").read_text(encoding="ascii")
        return int(text.split("RssFile:")[1].split()[0]) / 1024

    before = file_pages_mb()
    network = NetworkSettings("unet")
    fingerprint(data, names[:50], names[50:], "bce", 1, network, TrainingSettings(), 1)
    assert file_pages_mb() - before < 20
