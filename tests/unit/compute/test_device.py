"""Choosing the device and keeping two processes off one GPU, without any GPU."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from calvingfront.compute import device as device_module
from calvingfront.compute.device import _claim, claimed_device
from calvingfront.errors import TrainingError

HOLDER = """
import sys, time
from pathlib import Path
from calvingfront.compute.device import _claim
position, _ = _claim(sys.argv[3:], Path(sys.argv[1]), 0.0, int(sys.argv[2]))
print(position, flush=True)
time.sleep(60)
"""


def hold(folder: Path, *identities: str, slots: int = 1) -> tuple[subprocess.Popen[str], int]:
    """Start another process that claims a slot of one of the devices; return it and what it got."""
    source = Path(device_module.__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(slots), *identities],
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
        with pytest.raises(TrainingError, match=r"every GPU \(2\) is in use") as caught:
            _claim(["A", "B"], tmp_path, 0.0)
        assert "--resources gpu=" in caught.value.remedy
        os.close(handle)
        position, handle = _claim(["A", "B"], tmp_path, 0.0)
        assert position == 1  # given back
        os.close(handle)
        with pytest.raises(TrainingError, match="is in use"):
            _claim(["A"], tmp_path, 0.0)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    position, handle = _claim(["A"], tmp_path, 0.0)
    assert position == 0
    os.close(handle)


def test_jobs_share_a_device_only_where_none_is_free_and_never_beyond_its_slots(
    tmp_path: Path,
) -> None:
    """Four processes on two devices with two slots each: one on each, then a second on each."""
    processes, places = [], []
    try:
        for _ in range(4):
            process, got = hold(tmp_path, "A", "B", slots=2)
            processes.append(process)
            places.append(got)
        assert places == [0, 1, 0, 1]
        with pytest.raises(TrainingError, match=r"every GPU \(2\) is in use.*2 on each") as caught:
            _claim(["A", "B"], tmp_path, 0.0, 2)
        assert "× training.gpu_slots" in caught.value.remedy
        # Two slots come free on B: the next two jobs find them there, A stays full.
        for k in (1, 3):
            processes[k].send_signal(signal.SIGKILL)
            processes[k].wait()
        handles = []
        for _ in range(2):
            position, handle = _claim(["A", "B"], tmp_path, 0.0, 2)
            assert position == 1
            handles.append(handle)
        for handle in handles:
            os.close(handle)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_processes_that_claim_at_once_spread_over_the_devices(tmp_path: Path) -> None:
    """Six at once on three devices with two slots each: two on each, whoever comes first."""
    source = Path(device_module.__file__).parents[2]
    command = [sys.executable, "-c", HOLDER, str(tmp_path), "2", "A", "B", "C"]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(6)
    ]
    try:
        places = [int(process.stdout.readline()) for process in processes if process.stdout]
        assert sorted(places) == [0, 0, 1, 1, 2, 2]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_two_jobs_do_not_meet_while_they_choose(tmp_path: Path) -> None:
    """A job that counts while another one has counted but not yet taken waits for it."""
    with (tmp_path / "choosing.lock").open("w") as choosing:
        fcntl.flock(choosing, fcntl.LOCK_EX)
        places: list[int] = []
        job = threading.Thread(target=lambda: places.append(_claim(["A"], tmp_path, 0.0)[0]))
        job.start()
        job.join(0.3)
        assert job.is_alive()
    job.join(10)
    assert places == [0]


def test_a_job_that_wants_a_device_alone_does_not_join_one_that_is_shared(tmp_path: Path) -> None:
    """The one that had the first slot is gone, its neighbour in the second is still there."""
    _, first = _claim(["A"], tmp_path, 0.0, 2)
    _, second = _claim(["A"], tmp_path, 0.0, 2)
    os.close(first)
    with pytest.raises(TrainingError, match="is in use"):
        _claim(["A"], tmp_path, 0.0, 1)
    os.close(second)
    position, alone = _claim(["A"], tmp_path, 0.0, 1)
    assert position == 0
    os.close(alone)


def test_a_choice_that_fails_leaves_no_lock_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles: list[int] = []
    lock = fcntl.flock

    def failing(handle: int, operation: int) -> None:
        handles.append(handle)
        if len(handles) == 3:  # the choice itself and one device are locked
            raise OSError(37, "No locks available")
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", failing)
    with pytest.raises(OSError, match="No locks available"):
        _claim(["A", "B"], tmp_path, 0.0)
    assert len(handles) == 3
    for handle in handles:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)


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
        with pytest.raises(TrainingError, match="is in use"), claimed_device("auto", 0.0):
            pass
        with claimed_device("cpu", 0.0) as third:
            assert third.type == "cpu"
    with claimed_device("cuda:1", 0.0) as again:
        assert str(again) == "cuda:1"
    assert [str(device) for device in two_gpus] == ["cuda:0", "cuda:1", "cuda:1"]


def test_a_shared_gpu_s_memory_is_shared(
    two_gpus: list[torch.device], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All slots together leave something for the processes' contexts; one slot is not limited."""
    limits: list[tuple[float, str]] = []
    monkeypatch.setattr(
        torch.cuda,
        "set_per_process_memory_fraction",
        lambda fraction, device: limits.append((fraction, str(device))),
    )
    with claimed_device("cuda:1", 0.0):
        assert not limits
    with claimed_device("cuda:1", 0.0, slots=2), claimed_device("cuda:1", 0.0, slots=2):
        pass
    assert [place for _, place in limits] == ["cuda:1", "cuda:1"]
    assert 0.9 <= sum(fraction for fraction, _ in limits) < 1


def test_a_gpu_is_given_back_when_its_job_fails(two_gpus: list[torch.device]) -> None:
    with pytest.raises(RuntimeError, match="job"), claimed_device("cuda:0", 0.0):
        raise RuntimeError("the job failed")
    with claimed_device("cuda:0", 0.0) as device:
        assert str(device) == "cuda:0"


def test_a_gpu_that_is_not_there_is_refused(two_gpus: list[torch.device]) -> None:
    with pytest.raises(TrainingError, match=r"only 2 GPU") as caught, claimed_device("cuda:2"):
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
        pytest.raises(TrainingError, match="is in use"),
        claimed_device("cuda:1", 0.0),
    ):
        pass
