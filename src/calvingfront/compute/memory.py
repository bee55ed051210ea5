"""How much memory is free where a training's samples would lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch

from calvingfront.compute.device import memory_share


def free_memory(device: torch.device, gpu_slots: int = 1) -> int:
    """Return the bytes that this process may still fill on the device.

    On a GPU that `gpu_slots` jobs share: no more than is left of its own share, whatever the
    others have not taken yet. On a CPU: what the kernel calls available, or less where a control
    group (a job of a cluster, a container) allows less.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        reserved = torch.cuda.memory_reserved(device)
        return max(0, min(free, int(memory_share(gpu_slots) * total) - reserved))
    return free_host_memory(Path("/"))


def free_host_memory(root: Path) -> int:
    """Return the free bytes of the machine whose /proc and /sys stand below `root`."""
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        machine = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # no Linux: all of it
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(0, min([machine, *_rooms_of_control_groups(root)]))


def _rooms_of_control_groups(root: Path) -> Iterator[int]:
    """Yield what each control group around this process has left, versions 1 and 2."""
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
        # In a container the own group is mounted at the top, and its path leads nowhere.
        folder = top / path.lstrip("/")
        for place in (folder, *folder.parents):
            try:
                allowed = int((place / limit).read_text(encoding="ascii"))
                used = int((place / use).read_text(encoding="ascii"))
                statistics = (place / "memory.stat").read_text(encoding="ascii").splitlines()
            except (OSError, ValueError):  # no such group here, or `max`
                allowed = -1
            if allowed >= 0:
                # Pages of files that nobody reads any more make room by themselves.
                pages = dict(line.split() for line in statistics)
                yield allowed - used + int(pages.get("inactive_file", 0))
            if place == top:
                break
