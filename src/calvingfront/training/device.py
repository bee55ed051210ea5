"""Choosing the device, and keeping two jobs off the same GPU."""

from __future__ import annotations

import fcntl
import getpass
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from calvingfront.errors import TrainingError

log = logging.getLogger(__name__)


def _lock_folder() -> Path:
    """Return the folder of the per-device lock files, one per user and machine."""
    folder = Path(tempfile.gettempdir()) / f"calvingfront-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _device_identity(index: int) -> str:
    """Name a CUDA device so that two jobs with different CUDA_VISIBLE_DEVICES agree on it."""
    properties = torch.cuda.get_device_properties(index)
    uuid = getattr(properties, "uuid", None)
    return str(uuid) if uuid else f"{os.environ.get('CUDA_VISIBLE_DEVICES', '')}-{index}"


def _claim(identities: list[str], folder: Path, wait_s: float) -> tuple[int, int]:
    """Lock the first free device of the list; return its position and the open lock file.

    The kernel drops the lock with the process, so a killed job leaves nothing behind.
    """
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        for position, identity in enumerate(identities):
            handle = os.open(folder / f"device-{identity}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            return position, handle
        if time.monotonic() >= deadline:
            raise TrainingError(
                "training.device",
                f"every GPU ({len(identities)}) is held by another job of this pipeline",
                "Lower --resources gpu= to the number of GPUs of this machine.",
            )
        if not told:
            log.info("waiting for a free GPU")
            told = True
        time.sleep(1.0)


@contextmanager
def claimed_device(requested: str = "auto", wait_s: float = 3600.0) -> Iterator[torch.device]:
    """Yield the device to compute on; a GPU is held by this process alone until the block ends.

    requested: `auto` (a free GPU where there is one, else the CPU), `cpu`, `cuda` (any free GPU)
    or `cuda:N`. Raises TrainingError where a GPU is asked for and none can be used.
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
    position, handle = _claim([_device_identity(i) for i in wanted], _lock_folder(), wait_s)
    try:
        device = torch.device("cuda", wanted[position])
        torch.cuda.set_device(device)
        yield device
    finally:
        os.close(handle)


def describe(device: torch.device) -> str:
    """Name the hardware for the run record."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
