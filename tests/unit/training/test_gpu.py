"""What a training does on a GPU; without one, on a CPU with the stand-in for a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from torch import Tensor

from calvingfront.compute.device import claimed_device
from calvingfront.compute.memory import free_memory
from calvingfront.compute.peak import matrix_peak
from calvingfront.dataset.reading import Dataset
from calvingfront.evaluation.predict import predict
from calvingfront.fronts.distance import distance_to_front
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.acceleration.tuning import plan_step
from calvingfront.training.feed import ResidentFeed, StreamedFeed
from calvingfront.training.feed_source import Batch, FeedSource
from calvingfront.training.resuming.snapshot import Snapshot
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step
from calvingfront.training.trainer import Trainer
from replayed_operations import HostRead, NoReading, record_operations
from small_trainings import NEEDS_GPU, bright_lines, small_step, zones_of

SIZE = 32
NETWORK = NetworkSettings("attention_unet", width=8, depth=2, kernel=3)
LEARNS_MORE = replace(NETWORK, auxiliary=("zones", "distance"))
Build = Callable[..., ResidentFeed | StreamedFeed]


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=NEEDS_GPU)])
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.param)


@contextmanager
def nothing_waits(device: torch.device) -> Iterator[None]:
    """Fail where the host waits for the device, or where it would if there were one."""
    if device.type == "cpu":
        with NoReading():
            yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def arrays(n: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    return bright_lines(n, SIZE, 97)


RECIPE = {
    "schedule": "cosine", "weight_decay": 0.01, "weight_average": 0.9, "augmentation": "sar",
    "sampling": "missions",
}  # fmt: skip


@pytest.fixture(params=[ResidentFeed, StreamedFeed])
def make_feed(request: pytest.FixtureRequest, device: torch.device) -> Build:
    def build(n: int, augmentation: Any = "none") -> Any:
        names = [f"scene{k}" for k in range(n)]
        zones = zones_of(arrays(n)[1])
        feed = request.param(
            FeedSource(device, names, *arrays(n), augmentation, threads=2, zones=zones)
        )
        feed._copier._take = feed._copier._by_index  # a GPU's way, on a CPU too
        return feed

    return build


def batches(device: torch.device) -> list[Batch]:
    """Three batches of four, their distances and zones."""
    images, fronts = (torch.from_numpy(a)[:, None].to(device) for a in arrays(12))
    distances = torch.stack(
        [torch.from_numpy(distance_to_front(front[0]))[None] for front in fronts.cpu().numpy()]
    ).to(device)
    zones = torch.from_numpy(zones_of(arrays(12)[1]))[:, None].to(device)
    parts = images, fronts, distances, zones
    return [Batch(*(part[k : k + 4] for part in parts)) for k in (0, 4, 8)]


def make_step(device: torch.device, network: NetworkSettings = NETWORK, **changes: Any) -> Step:
    return small_step(network, device, **{"threads": 1, "precision": "float32", **changes})


def losses(step: Step, device: torch.device) -> list[float]:
    found = [step.train(batch, rate) for batch in batches(device) for rate in (1e-3, 4e-3)]
    return [float(loss) for loss in found]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("way", ["graph", pytest.param("compile", marks=NEEDS_GPU)])
@pytest.mark.parametrize("network", [NETWORK, LEARNS_MORE])
def test_each_way_takes_the_same_steps(
    device: torch.device, way: Any, precision: Any, network: NetworkSettings
) -> None:
    expected = losses(make_step(device, network, precision=precision), device)
    step = make_step(device, network, precision=precision)
    step.arrange(way=way)
    found = losses(step, device)
    assert step.way == way
    np.testing.assert_allclose(found, expected, rtol=2e-2)
    assert expected[-1] < 0.97 * expected[0]


@pytest.mark.parametrize("way", ["eager", "graph", pytest.param("compile", marks=NEEDS_GPU)])
@pytest.mark.parametrize(("recipe", "network"), [({}, NETWORK), (RECIPE, LEARNS_MORE)])
def test_the_host_waits_for_nothing_in_an_epoch(
    device: torch.device,
    make_feed: Build,
    way: Any,
    recipe: dict[str, Any],
    network: NetworkSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the second batch on: the first one goes with preparing the step."""
    settings = TrainingSettings(
        **{"batch_size": 4, "threads": 1, "acceleration": way, "precision": "float32", **recipe}
    )
    feed, loss = make_feed(4, settings.augmentation), "bce_dice" if recipe else "wbce4"
    feed.missions = ["ERS", "TSX", "TSX", "TSX"]
    trainer = Trainer(feed, make_feed(3), loss, 1, network, settings, device)
    if device.type == "cpu":
        trainer.step.recorder = record_operations
    watched = nothing_waits(device)
    count = []

    def after_batch() -> None:
        count.append(1)
        if len(count) == 1:
            watched.__enter__()

    checked = trainer.checked_losses

    def last(epoch: int) -> Any:
        watched.__exit__(None, None, None)
        return checked(epoch)

    monkeypatch.setattr(trainer, "checked_losses", last)
    assert np.isfinite(trainer.run_epoch(1, after_batch))
    assert len(count) == 8
    assert trainer.step.way == way
    loss, monitor = trainer.validate()
    assert np.isfinite(loss)
    assert 0 < monitor <= 1


def test_the_watch_sees_a_host_that_waits(device: torch.device) -> None:
    """Else the test above could not fail."""
    value = torch.ones(3, device=device)
    with pytest.raises((HostRead, RuntimeError)), nothing_waits(device):
        value.sum().item()


def test_copying_a_state_waits_for_nothing_and_later_steps_leave_it_alone(
    device: torch.device,
) -> None:
    step = make_step(device)
    losses(step, device)
    before = {name: value.cpu().clone() for name, value in step.tensors().items()}
    batch = batches(device)[0]
    step.train(batch, 1e-3)  # its kernels are chosen
    step.load({name: value.to(device) for name, value in before.items()})
    Snapshot(step.tensors())  # pinned memory is there
    with nothing_waits(device):
        snapshot = Snapshot(step.tensors())
        step.train(batch, 1e-2)
    copies = snapshot.tensors()
    assert copies.keys() == before.keys()
    for name, value in before.items():
        assert copies[name].device.type == "cpu"
        assert copies[name].is_contiguous()
        assert torch.equal(copies[name], value), name
    moved = [
        name for name, value in step.tensors().items() if not torch.equal(value.cpu(), before[name])
    ]
    assert len(moved) > 10


def test_a_loaded_state_goes_on_as_it_would_have(device: torch.device) -> None:
    step, other = make_step(device), make_step(device)
    losses(step, device)
    other.arrange(way="graph")
    for batch in batches(device)[::-1]:
        other.train(batch, 1e-2)
    state = {name: value.cpu().clone() for name, value in step.tensors().items()}
    assert not torch.equal(other.network.head.weight.cpu(), state["network.head.weight"])
    other.load(state)
    for name, value in other.tensors().items():
        assert torch.equal(value.cpu(), state[name]), name
    np.testing.assert_allclose(losses(other, device), losses(step, device), rtol=2e-2)


@NEEDS_GPU
def test_measuring_on_a_gpu_leaves_a_training_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    step = make_step(torch.device("cuda"), acceleration="auto")
    before = {name: value.clone() for name, value in step.network.state_dict().items()}
    batch = batches(step.device)[0]
    plan = plan_step(step, lambda: batch, NETWORK, SIZE, 230)
    assert {"eager", "graph"} <= plan.measured.keys()
    assert all(0 < seconds < 1 for seconds in plan.measured.values())
    after = step.network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_network_predicts_what_it_predicts_on_a_cpu(device: torch.device) -> None:
    torch.manual_seed(4)
    network = build_network(NETWORK).eval()
    images = arrays(7)[0]
    with torch.no_grad():
        expected = torch.sigmoid(network(torch.from_numpy(images)[:, None].float() / 255))[:, 0]
    names = [f"s{k}" for k in range(7)]
    data = Dataset(images, images, pd.DataFrame({"scene": names}))
    found = np.concatenate(list(predict(network, data, names, device, 3, threads=2)))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected.numpy(), atol=5e-3)


@NEEDS_GPU
def test_one_of_two_jobs_cannot_take_more_than_its_share_of_a_gpu() -> None:
    total = torch.cuda.get_device_properties(0).total_memory
    try:
        with claimed_device("cuda:0", 0.0, slots=2) as device:
            assert free_memory(device, 2) < 0.48 * total
            with pytest.raises(torch.cuda.OutOfMemoryError):
                torch.empty(int(0.49 * total), dtype=torch.uint8, device=device)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, 0)


@NEEDS_GPU
def test_tensor_cores_multiply_faster_in_bfloat16_than_in_tf32() -> None:
    device = torch.device("cuda")
    before = torch.get_float32_matmul_precision()
    half, single = (matrix_peak(device, name) for name in ("bfloat16", "float32"))
    assert single < half < 20_000
    assert torch.get_float32_matmul_precision() == before


def test_a_batch_of_another_size_trains_beside_a_captured_step(device: torch.device) -> None:
    eager, captured = make_step(device), make_step(device)
    captured.arrange(way="graph")
    large, other, last = batches(device)
    smaller = Batch(*(tensor[:3] for tensor in other))
    found: list[list[Tensor]] = [
        [step.train(batch, 1e-3) for batch in (large, smaller, last)] for step in (eager, captured)
    ]
    assert captured.way == "graph"
    np.testing.assert_allclose(
        [float(x) for x in found[1]], [float(x) for x in found[0]], rtol=2e-2
    )
