"""The state of a training on disk, from which a killed job resumes.

It is a single file (weights, optimiser, best and kept weights, history), so that a job killed at
any moment cannot leave parts that do not belong together.
"""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from calvingfront.errors import TrainingError
from calvingfront.files import NoLocksError, PathLike, leftovers, lock, replacing
from calvingfront.training.resuming.snapshot import State

log = logging.getLogger(__name__)

FORMAT = "calvingfront training state 1"
FILE = "state.safetensors"
Facts = dict[str, Any]


class StateFolder:
    """The folder that holds the state of one training.

    It is removed with the state when the training has succeeded.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = Path(folder)
        self.path = self.folder / FILE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out while the block runs, and remove what a killed one left behind.

        Raises TrainingError if another process holds the folder.
        """
        handle = self._lock()
        try:
            for temporary in leftovers(self.path):
                log.info("removing %s, left unfinished by a killed job", temporary.name)
                temporary.unlink()
            yield
        finally:
            if not self.path.exists():
                (self.folder / "lock").unlink(missing_ok=True)
                with suppress(OSError):  # it contains files of the user
                    self.folder.rmdir()
            if handle is not None:
                os.close(handle)

    def _lock(self) -> int | None:
        """Lock the folder; return the handle, or None if the file system does not support locks."""
        place = self.folder / "lock"
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                handle = lock(place, wait=False, mode=0o644)
            except FileNotFoundError:  # a training that just ended has removed the folder
                continue
            except BlockingIOError:
                raise TrainingError(
                    self.folder,
                    "is in use by another process that trains this network",
                    "Wait for that process, or stop it; its state is kept.",
                ) from None
            except NoLocksError as error:
                log.warning(
                    "%s: this file system does not support locks (%s); do not start the same "
                    "training twice at once",
                    self.folder,
                    error.strerror,
                )
                return None
            try:
                if os.path.samestat(os.fstat(handle), place.stat()):
                    return handle
            except FileNotFoundError:
                pass
            os.close(handle)  # a training that just ended has removed this lock file: use a new one

    def write(self, tensors: State, facts: Facts) -> None:
        """Write a state, atomically and durably; facts are plain JSON values.

        A tensor with two names (of a kept epoch that is also the best) is written once.
        Raises OSError if the disk is full; the previous state is kept.
        """
        names: dict[int, str] = {}
        same = {}
        for name, tensor in tensors.items():
            first = names.setdefault(tensor.data_ptr(), name)
            if first != name:
                same[name] = first
        once = {name: tensor for name, tensor in tensors.items() if name not in same}
        text = json.dumps({"facts": facts, "same": same})
        metadata = {"format": FORMAT, "text": text, "checksum": _checksum(text, once)}
        with replacing(self.path, durable=True) as temporary:
            try:
                save_file(once, temporary, metadata)
            except SafetensorError as error:  # raised when the disk is full
                raise OSError(str(error)) from error

    def read(self) -> tuple[State, Facts] | None:
        """Read the state; return None if there is none.

        Raises TrainingError if the file is damaged or this code cannot read its format.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != FORMAT:
                    raise TrainingError(
                        self.path,
                        f"has the format '{metadata.get('format', 'unknown')}', not '{FORMAT}'",
                        "Remove it to train from the start.",
                    )
                # clone: the file must not stay open behind them when it is replaced
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            sound = metadata["checksum"] == _checksum(metadata["text"], tensors)
            text = json.loads(metadata["text"]) if sound else {}
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise self._damaged(str(error).splitlines()[0]) from error
        if not sound:
            raise self._damaged("its checksum does not match")
        tensors |= {name: tensors[first] for name, first in text["same"].items()}
        return tensors, text["facts"]

    def _damaged(self, how: str) -> TrainingError:
        return TrainingError(self.path, f"is damaged ({how})", "Remove it to train from the start.")

    def remove(self) -> None:
        """Remove the state."""
        self.path.unlink(missing_ok=True)


def _checksum(text: str, tensors: State) -> str:
    """Compute the CRC-32 of everything in a state, to detect flipped bits."""
    value = zlib.crc32(text.encode())
    for name in sorted(tensors):
        about = f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}"
        value = zlib.crc32(about.encode(), value)
        value = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, value)
    return f"{value:08x}"


def part_of(tensors: State, prefix: str) -> State:
    """Return the tensors whose names start with `prefix.`, under the rest of their names."""
    start = f"{prefix}."
    return {n.removeprefix(start): value for n, value in tensors.items() if n.startswith(start)}
