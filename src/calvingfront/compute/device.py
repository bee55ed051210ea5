"""Choosing the device, and limiting the number of jobs on each GPU."""

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

# The rest of a shared GPU's memory is for what each process holds besides its tensors: the CUDA
# context and the libraries' kernels.
SHARED = 0.95


def memory_share(slots: int) -> float:
    """Return the share of a GPU's memory that one of `slots` jobs may fill with tensors."""
    return SHARED / slots if slots > 1 else 1.0


def _lock_folder() -> Path:
    """Return this user's folder of lock files on this machine, creating it if necessary."""
    folder = Path(tempfile.gettempdir()) / f"calvingfront-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _device_identity(index: int) -> str:
    """Identify a CUDA device in the same way for jobs with different CUDA_VISIBLE_DEVICES."""
    properties = torch.cuda.get_device_properties(index)
    uuid = getattr(properties, "uuid", None)
    return str(uuid) if uuid else f"{os.environ.get('CUDA_VISIBLE_DEVICES', '')}-{index}"


def _free_slots(
    identity: str, folder: Path, slots: int, opened: list[int]
) -> tuple[int, dict[int, int]]:
    """Lock every free slot of a device; return how many are taken, and the new locks by slot.

    Slots beyond `slots`, used by jobs that allow more, count too if they are taken. opened: gets
    every new lock as soon as it is open, so that the caller can close it even after an error.
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
    """Take a slot of the device with the fewest taken slots; None if all devices are full.

    One job chooses at a time: two jobs counting at once could pick the same device and leave
    another idle.
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
        for handle in reversed(opened):  # choosing.lock last, once the unused slots are free again
            os.close(handle)


def _claim(identities: list[str], folder: Path, wait_s: float, slots: int = 1) -> tuple[int, int]:
    """Wait for a slot on one of the devices; return the device's position and the open lock file.

    Raises TrainingError if none is free within `wait_s` seconds.
    """
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        found = _take(identities, folder, slots)
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            raise TrainingError(
                "training.device",
                f"every GPU ({len(identities)}) is in use by other calvingfront jobs, "
                f"{slots} on each",
                "Lower --resources gpu= to this machine's number of GPUs × training.gpu_slots.",
            )
        if not told:
            log.info("waiting for a free GPU")
            told = True
        time.sleep(1.0)


@contextmanager
def claimed_device(
    requested: str = "auto", wait_s: float = 3600.0, slots: int = 1
) -> Iterator[torch.device]:
    """Yield the device to compute on; a slot of a GPU is held until the block ends.

    requested: `auto` (a free GPU if the machine has any, else the CPU), `cpu`, `cuda` (any free
    GPU) or `cuda:N`. slots: number of jobs that may share a GPU, the same for all jobs on a
    machine. Each of them may allocate only its share of the GPU's memory, so that none runs out of
    memory because of another.
    Raises TrainingError if a GPU is requested and none can be used, or none becomes free in time.
    """
    if requested == "cpu" or (requested == "auto" and not torch.cuda.is_available()):
        yield torch.device("cpu")
        return
    if not torch.cuda.is_available():
        raise TrainingError(
            "training.device",
            f"'{requested}' is requested, but PyTorch {torch.__version__} finds no CUDA device",
            "Write auto or cpu, or install a CUDA build of PyTorch on a machine with a GPU.",
        )
    count = torch.cuda.device_count()
    wanted = [int(requested.split(":")[1])] if ":" in requested else list(range(count))
    if any(index >= count for index in wanted):
        raise TrainingError(
            "training.device",
            f"'{requested}' is requested, but PyTorch finds only {count} GPU(s)",
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
    """Name the hardware, and for a CPU the number of threads, for the run record."""
    name = hardware_name(device)
    return name if device.type == "cuda" else f"{name}, {torch.get_num_threads()} threads"


def hardware_name(device: torch.device) -> str:
    """Name the GPU, or the processor and the instruction set that PyTorch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}"


def _processor() -> str:
    """Name the processor as Linux reports it; `CPU` on other systems."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "CPU"
    found = re.search(r"(?m)^model name\s*:\s*(.+)$", text)
    return found[1].strip() if found else "CPU"
