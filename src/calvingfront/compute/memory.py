"""Free memory on the device that would hold a training's samples."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import torch

from calvingfront.compute.device import memory_share


def free_memory(device: torch.device, gpu_slots: int = 1) -> int:
    """Return how many bytes this process may still allocate on the device.

    On a GPU shared by `gpu_slots` jobs: at most what is left of this job's own share, even if the
    others have not used theirs. On a CPU: the memory that the kernel reports as available, or less
    if a control group (of a cluster job or container) allows less.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        reserved = torch.cuda.memory_reserved(device)
        return max(0, min(free, int(memory_share(gpu_slots) * total) - reserved))
    return free_host_memory(Path("/"))


def free_host_memory(root: Path) -> int:
    """Return the free bytes of the machine whose /proc and /sys are below `root`."""
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        machine = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: assume that all memory is free
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(0, min([machine, *_rooms_of_control_groups(root)]))


def _rooms_of_control_groups(root: Path) -> Iterator[int]:
    """Yield the memory left in each control group (version 1 or 2) that contains this process."""
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for group in groups:
        _, controllers, path = group.split(":", 2)
        if controllers == "":
            top, limit, use = root / "sys/fs/cgroup", "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            limit, use = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        # In a container its own group is mounted at the top, and the path does not exist.
        folder = top / path.lstrip("/")
        for place in (folder, *folder.parents):
            try:
                allowed = int((place / limit).read_text(encoding="ascii"))
                used = int((place / use).read_text(encoding="ascii"))
                statistics = (place / "memory.stat").read_text(encoding="ascii").splitlines()
            except (OSError, ValueError):  # there is no such group, or its limit is `max`
                allowed = -1
            if allowed >= 0:
                # The kernel reclaims inactive file pages when memory is needed.
                pages = dict(line.split() for line in statistics)
                yield allowed - used + int(pages.get("inactive_file", 0))
            if place == top:
                break


def keep_heap_small() -> None:
    """Have the C library return the largest freed arrays to the system, so that memory stays flat.

    glibc otherwise learns from the first large array to take such arrays from its heap, which
    fragments over hundreds of predictions. Arrays of the size of a network's layers stay in the
    heap: fresh pages for each of them cost more than the convolutions. Elsewhere than on glibc
    nothing happens. Source: mallopt(3), M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.
    """
    mmap_threshold, trim_threshold, one_mb = -3, -1, 1 << 20
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(mmap_threshold, 16 * one_mb)
        library.mallopt(trim_threshold, 32 * one_mb)
