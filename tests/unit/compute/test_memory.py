"""Free memory, as the kernel and the control groups around a job tell it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from calvingfront.compute.memory import free_host_memory, free_memory

MB = 1_048_576


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


def group(folder: str, limit: int | str, used: int, version: int = 2) -> dict[str, str]:
    names = ("memory.max", "memory.current")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    return {
        f"{folder}/{names[0]}": f"{limit}\n",
        f"{folder}/{names[1]}": f"{used}\n",
        f"{folder}/memory.stat": f"anon 5\ninactive_file {10 * MB}\n",
    }


MACHINE = {"proc/meminfo": f"MemTotal: 9999999 kB\nMemAvailable:    {4000 * 1024} kB\n"}


def test_without_a_limit_it_is_what_the_kernel_calls_available(tmp_path: Path) -> None:
    assert free_host_memory(write(tmp_path, MACHINE)) == 4000 * MB
    files = {"proc/self/cgroup": "0::/job\n", **group("sys/fs/cgroup/job", "max", MB)}
    assert free_host_memory(write(tmp_path, files)) == 4000 * MB


def test_a_limit_of_a_group_above_counts_and_file_pages_in_it_are_room(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/slurm/job/task\n",
        **group("sys/fs/cgroup/slurm/job/task", "max", 100 * MB),
        **group("sys/fs/cgroup/slurm/job", 900 * MB, 300 * MB),
        **group("sys/fs/cgroup/slurm", 2000 * MB, 300 * MB),
    }
    assert free_host_memory(write(tmp_path, files)) == 610 * MB


def test_in_a_container_the_limit_stands_at_the_top(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/docker/1234\n",
        **group("sys/fs/cgroup", 500 * MB, 100 * MB),
    }
    assert free_host_memory(write(tmp_path, files)) == 410 * MB


def test_groups_of_version_1_are_read_too(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "5:cpu,cpuacct:/job\n4:memory:/job\n",
        **group("sys/fs/cgroup/memory/job", 800 * MB, 100 * MB, version=1),
    }
    assert free_host_memory(write(tmp_path, files)) == 710 * MB


def test_a_group_beyond_its_limit_has_nothing_left(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/job\n",
        **group("sys/fs/cgroup/job", 50 * MB, 100 * MB),
    }
    assert free_host_memory(write(tmp_path, files)) == 0


def test_where_nothing_can_be_read_it_is_the_memory_of_the_machine(tmp_path: Path) -> None:
    assert free_host_memory(tmp_path) > 256 * MB


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="Linux only")
def test_this_machine_has_some_memory_left() -> None:
    assert 0 < free_memory(torch.device("cpu")) < 1 << 50


@pytest.mark.parametrize(
    ("slots", "free", "reserved", "expected"),
    [
        (1, 70_000, 5_000, 70_000),  # alone: what the device has left
        (1, 20_000, 0, 20_000),  # a stranger holds most of it
        (2, 79_000, 0, 38_000),  # the neighbour has taken nothing yet
        (2, 79_000, 3_000, 35_000),
        (2, 10_000, 3_000, 10_000),
        (4, 79_000, 20_000, 0),
    ],
)
def test_on_a_shared_gpu_no_more_is_free_than_is_left_of_the_own_share(
    slots: int, free: int, reserved: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (free, 80_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: reserved)
    assert free_memory(torch.device("cuda:0"), slots) == expected


def test_arrays_freed_in_turn_leave_no_heap_behind() -> None:
    """In a process of its own: the setting holds for the whole process."""
    code = """
import numpy as np
from calvingfront.compute.memory import keep_heap_small
keep_heap_small()
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if "VmRSS" in line)
np.ones(4 << 20)  # 32 MB, after which glibc would keep arrays of up to 32 MB on its heap
before = resident()
kept = []
for _ in range(40):
    large = np.ones(2 << 20)
    kept.append(np.ones(2000))  # lies behind it on a heap and keeps that from shrinking
    del large
assert resident() - before < 8_000, resident() - before
"""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
