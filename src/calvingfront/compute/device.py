"""Choosing the device, and keeping two jobs off the same GPU."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from calvingfront.errors import TrainingError
from calvingfront.files import lock

log = logging.getLogger(__name__)

# The rest of a shared GPU's memory is for what each process holds beside its tensors: the CUDA
# context and the libraries' kernels.
SHARED = 0.95


def memory_share(slots: int) -> float:
    """Return the share of a GPU's memory that one of `slots` jobs may fill with tensors."""
    return SHARED / slots if slots > 1 else 1.0


def _lock_folder() -> Path:
    """Return the folder of the per-device lock files, one per user and machine."""
    folder = Path(tempfile.gettempdir()) / f"calvingfront-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _device_identity(index: int) -> str:
    """Name a CUDA device so that two jobs with different CUDA_VISIBLE_DEVICES agree on it."""
    properties = torch.cuda.get_device_properties(index)
    uuid = getattr(properties, "uuid", None)
    return str(uuid) if uuid else f"{os.environ.get('CUDA_VISIBLE_DEVICES', '')}-{index}"


def _free_slots(
    identity: str, folder: Path, slots: int, opened: list[int]
) -> tuple[int, dict[int, int]]:
    """Lock every free slot of a device; return how many are taken, and the locks by slot.

    Slots beyond `slots`, of jobs that were given more, count as taken where they are. opened: takes
    every lock at once, for the caller to close whatever happens.
    """
    name = f"device-{identity}-slot"
    known = {int(file.stem.removeprefix(name)) for file in folder.glob(f"{name}*.lock")}
    numbers = sorted({*range(slots), *known})
    free: dict[int, int] = {}
    for slot in numbers:
        with suppress(BlockingIOError):  # taken
            free[slot] = lock(folder / f"{name}{slot}.lock", wait=False)
            opened.append(free[slot])
    return len(numbers) - len(free), free


def _take(identities: list[str], folder: Path, slots: int) -> tuple[int, int] | None:
    """Take a slot of the device on which the fewest are taken; None where all are full.

    One job chooses at a time: two that counted together would meet on one device while another
    stands idle.
    """
    opened = [lock(folder / "choosing.lock")]
    try:
        found = [_free_slots(identity, folder, slots, opened) for identity in identities]
        best = min(range(len(found)), key=lambda position: found[position][0])
        taken, free = found[best]
        if taken >= slots:
            return None
        chosen = free[min(free)]
        opened.remove(chosen)
        return best, chosen
    finally:
        for handle in reversed(opened):  # the choice ends when its other locks are free again
            os.close(handle)


def _claim(identities: list[str], folder: Path, wait_s: float, slots: int = 1) -> tuple[int, int]:
    """Take a slot of one of the devices; return the device's position and the open lock file."""
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        found = _take(identities, folder, slots)
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            raise TrainingError(
                "training.device",
                f"every GPU ({len(identities)}) is held by other jobs of this pipeline, "
                f"{slots} on each",
                "Lower --resources gpu= to this machine's GPUs × training.gpu_slots.",
            )
        if not told:
            log.info("waiting for a free GPU")
            told = True
        time.sleep(1.0)


@contextmanager
def claimed_device(
    requested: str = "auto", wait_s: float = 3600.0, slots: int = 1
) -> Iterator[torch.device]:
    """Yield the device to compute on; one of a GPU's slots is held until the block ends.

    requested: `auto` (a free GPU where there is one, else the CPU), `cpu`, `cuda` (any free GPU)
    or `cuda:N`. slots: jobs that may share a GPU, the same number for all jobs of a machine; each
    may then allocate its share of the GPU's memory and no more: a neighbour cannot push it out.
    Raises TrainingError where a GPU is asked for and none can be used.
    """
    if requested == "cpu" or (requested == "auto" and not torch.cuda.is_available()):
        yield torch.device("cpu")
        return
    if not torch.cuda.is_available():
        raise TrainingError(
            "training.device",
            f"'{requested}' is asked for, but PyTorch {torch.__version__} sees no CUDA device",
            "Write device: auto (or cpu), or install a CUDA build of PyTorch on the GPU node.",
        )
    count = torch.cuda.device_count()
    wanted = [int(requested.split(":")[1])] if ":" in requested else list(range(count))
    if any(index >= count for index in wanted):
        raise TrainingError(
            "training.device",
            f"'{requested}' is asked for, but this machine shows {count} GPU(s)",
            f"Write cuda:0 … cuda:{count - 1}, or auto.",
        )
    position, handle = _claim([_device_identity(i) for i in wanted], _lock_folder(), wait_s, slots)
    device = torch.device("cuda", wanted[position])
    try:
        torch.cuda.set_device(device)
        if slots > 1:
            torch.cuda.set_per_process_memory_fraction(memory_share(slots), device)
        yield device
    finally:
        os.close(handle)


def describe(device: torch.device) -> str:
    """Name the hardware, and a CPU's threads, for the run record."""
    name = hardware_name(device)
    return name if device.type == "cuda" else f"{name}, {torch.get_num_threads()} threads"


def hardware_name(device: torch.device) -> str:
    """Name the GPU, or the processor and the instructions that PyTorch uses of it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}"


def _processor() -> str:
    """Name the processor, as Linux tells it; elsewhere `CPU`."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "CPU"
    found = re.search(r"(?m)^model name\s*:\s*(.+)$", text)
    return found[1].strip() if found else "CPU"
