"""Choosing the device and keeping two processes off one GPU, without any GPU."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from calvingfront.errors import TrainingError
from calvingfront.training import device as device_module
from calvingfront.training.device import _claim, claimed_device

HOLDER = """
import sys, time
from pathlib import Path
from calvingfront.training.device import _claim
position, _ = _claim(sys.argv[2:], Path(sys.argv[1]), 0.0)
print(position, flush=True)
time.sleep(60)
"""


def hold(folder: Path, *identities: str) -> tuple[subprocess.Popen[str], int]:
    """Start another process that claims one of the devices; return it and what it got."""
    source = Path(device_module.__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), *identities],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(source)},
    )  # fmt: skip
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_two_processes_never_hold_one_device_and_a_killed_one_leaves_it_free(
    tmp_path: Path,
) -> None:
    process, got = hold(tmp_path, "A", "B")
    try:
        assert got == 0
        position, handle = _claim(["A", "B"], tmp_path, 0.0)
        assert position == 1  # A is the other process's
        with pytest.raises(TrainingError, match=r"every GPU \(2\) is held") as caught:
            _claim(["A", "B"], tmp_path, 0.0)
        assert "--resources gpu=" in caught.value.remedy
        os.close(handle)
        position, handle = _claim(["A", "B"], tmp_path, 0.0)
        assert position == 1  # given back
        os.close(handle)
        with pytest.raises(TrainingError, match="held"):
            _claim(["A"], tmp_path, 0.0)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    position, handle = _claim(["A"], tmp_path, 0.0)
    assert position == 0
    os.close(handle)


def test_a_job_waits_for_a_device_that_becomes_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = _claim(["A"], tmp_path, 0.0)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            os.close(first)

    monkeypatch.setattr(device_module.time, "sleep", nap)
    position, second = _claim(["A"], tmp_path, 60.0)
    assert (position, len(naps)) == (0, 3)
    os.close(second)


def test_without_cuda_auto_and_cpu_mean_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for requested in ("auto", "cpu"):
        with claimed_device(requested) as device:
            assert device == torch.device("cpu")


@pytest.mark.parametrize("requested", ["cuda", "cuda:0", "cuda:3"])
def test_without_cuda_asking_for_it_is_an_error_with_its_remedy(
    requested: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError) as caught, claimed_device(requested):
        pass
    assert caught.value.where == "training.device"
    assert f"'{requested}'" in caught.value.what
    assert "auto" in caught.value.remedy


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """A machine with two pretended GPUs; returns the devices that were made current."""
    current: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda k: SimpleNamespace(uuid=f"GPU-{k}")
    )
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(device_module, "_lock_folder", lambda: tmp_path)
    return current


def test_jobs_take_different_gpus_and_give_them_back(two_gpus: list[torch.device]) -> None:
    with claimed_device("auto", 0.0) as first, claimed_device("cuda", 0.0) as second:
        assert [str(first), str(second)] == ["cuda:0", "cuda:1"]
        with pytest.raises(TrainingError, match="held"), claimed_device("auto", 0.0):
            pass
        with claimed_device("cpu", 0.0) as third:
            assert third.type == "cpu"
    with claimed_device("cuda:1", 0.0) as again:
        assert str(again) == "cuda:1"
    assert [str(device) for device in two_gpus] == ["cuda:0", "cuda:1", "cuda:1"]


def test_a_gpu_is_given_back_when_its_job_fails(two_gpus: list[torch.device]) -> None:
    with pytest.raises(RuntimeError, match="job"), claimed_device("cuda:0", 0.0):
        raise RuntimeError("the job failed")
    with claimed_device("cuda:0", 0.0) as device:
        assert str(device) == "cuda:0"


def test_a_gpu_that_is_not_there_is_refused(two_gpus: list[torch.device]) -> None:
    with pytest.raises(TrainingError, match=r"shows 2 GPU") as caught, claimed_device("cuda:2"):
        pass
    assert "cuda:0 … cuda:1" in caught.value.remedy


def test_one_gpu_has_one_identity_whatever_its_number(
    two_gpus: list[torch.device], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUDA_VISIBLE_DEVICES renumbers the devices; the lock goes by the GPU's own name."""
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _k: SimpleNamespace(uuid="GPU-same")
    )
    with (
        claimed_device("cuda:0", 0.0),
        pytest.raises(TrainingError, match="held"),
        claimed_device("cuda:1", 0.0),
    ):
        pass
