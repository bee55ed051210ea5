"""The state of a training on disk, from which a killed job goes on.

One file holds all of it (weights, optimiser, best and kept weights, history), so no moment at
which a job may be killed can leave parts that do not belong together.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from calvingfront.errors import TrainingError
from calvingfront.files import leftovers, replacing
from calvingfront.training.fingerprint import Fingerprint, differences
from calvingfront.training.snapshot import Snapshot, State, Writer

log = logging.getLogger(__name__)

FORMAT = "calvingfront training state 1"
FILE = "state.safetensors"
Facts = dict[str, Any]


class StateFolder:
    """The folder that holds the state of one training.

    It vanishes with the state when the training has succeeded.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.path = self.folder / FILE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out while the block runs, and clear what a killed one left.

        Raises TrainingError where another process holds the folder. The kernel drops the lock
        with the process, so a killed job leaves nothing behind.
        """
        handle = self._lock()
        try:
            for temporary in leftovers(self.path):
                log.info("removing %s, which a killed job did not finish", temporary.name)
                temporary.unlink()
            yield
        finally:
            if not self.path.exists():
                (self.folder / "lock").unlink(missing_ok=True)
                with suppress(OSError):  # something of the user's lies in it
                    self.folder.rmdir()
            os.close(handle)

    def _lock(self) -> int:
        place = self.folder / "lock"
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:  # a training that ends took the folder away just now
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                raise TrainingError(
                    self.folder,
                    "another process trains this very network",
                    "Wait for it to end, or end it; its state is kept.",
                ) from None
            except OSError as error:
                log.warning(
                    "%s: this file system has no locks (%s); never train the same network twice "
                    "at once",
                    self.folder,
                    error.strerror,
                )
                return handle
            try:
                if os.path.samestat(os.fstat(handle), place.stat()):
                    return handle
            except FileNotFoundError:
                pass
            os.close(handle)  # the lock of a training that removed it as it ended: take the new one

    def write(self, tensors: State, facts: Facts) -> None:
        """Write a state, atomically and durably; facts are plain JSON values.

        One tensor under two names (an epoch that is kept and the best) is written once.
        Raises OSError where the disk takes no more; the state before stays.
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
            except SafetensorError as error:  # so it tells a full disk
                raise OSError(str(error)) from error

    def read(self) -> tuple[State, Facts] | None:
        """Read the state, or None where there is none.

        Raises TrainingError where the file is damaged or no state that this code can read.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != FORMAT:
                    raise TrainingError(
                        self.path,
                        f"is no '{FORMAT}' but '{metadata.get('format', 'something else')}'",
                        "Remove it to train from the start.",
                    )
                # clone: the file must not stay open behind them when it is replaced
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            sound = metadata["checksum"] == _checksum(metadata["text"], tensors)
            text = json.loads(metadata["text"]) if sound else {}
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise self._damaged(str(error).splitlines()[0]) from error
        if not sound:
            raise self._damaged("its checksum is another")
        tensors |= {name: tensors[first] for name, first in text["same"].items()}
        return tensors, text["facts"]

    def _damaged(self, how: str) -> TrainingError:
        return TrainingError(self.path, f"is damaged ({how})", "Remove it to train from the start.")

    def remove(self) -> None:
        """Remove the state."""
        self.path.unlink(missing_ok=True)


def _checksum(text: str, tensors: State) -> str:
    """Compute the CRC-32 of all that a state holds; a flipped bit must not pass for a weight."""
    value = zlib.crc32(text.encode())
    for name in sorted(tensors):
        about = f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}"
        value = zlib.crc32(about.encode(), value)
        value = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, value)
    return f"{value:08x}"


class Checkpoints:
    """When the state of one training is saved, what is said with it, and who may go on from it.

    fingerprint: what decides about the weights; a state with another one is refused.
    environment: versions and hardware; where they changed, the log says that bits may differ.
    minutes: between two saves; 0 saves after every batch.
    """

    def __init__(
        self,
        folder: StateFolder,
        fingerprint: Fingerprint,
        environment: Mapping[str, Any],
        minutes: float,
    ) -> None:
        self.folder, self.minutes = folder, minutes
        self._fingerprint = fingerprint
        self._writer = Writer(folder.path)
        self._earlier: list[Facts] = []
        self._session: Facts = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "environment": dict(environment),
        }
        self._begun = self._saved = time.monotonic()
        self._begin = 0
        self.broken = False
        self.last = ""  # what the file holds, for messages

    def resume(self) -> tuple[State, Facts] | None:
        """Return the tensors and facts to go on from, or None where nothing was saved.

        Raises TrainingError where the file is damaged, or is of other data, settings or code.
        """
        found = self.folder.read()
        if found is None:
            return None
        tensors, facts = found
        other = differences(facts["fingerprint"], self._fingerprint)
        if other:
            raise TrainingError(
                self.folder.path,
                "this interrupted training was another one: " + "; ".join(other),
                "Put these back to go on with it, or remove the file to train from the start.",
            )
        self._earlier = facts["sessions"]
        machines = (self._earlier[-1]["environment"], self._session["environment"])
        # A device's number says nothing; what it is stands in `hardware`.
        machine = differences(*({**about, "device": ""} for about in machines))
        if machine:
            log.warning(
                "the training goes on elsewhere than it was, its last digits may be others than "
                "those of an uninterrupted one: %s",
                "; ".join(machine),
            )
        self.last = _place(facts["epoch"], facts["batch"])
        log.info("going on after %s, saved by session %d", self.last, len(self._earlier))
        self._begin = facts["iteration"]
        return tensors, facts

    def due(self) -> bool:
        """Tell whether it is time to save; a slow disk puts it off instead of holding the loop."""
        if self.minutes == 0:
            return True
        return time.monotonic() - self._saved >= 60 * self.minutes and not self._writer.busy

    def save(
        self, live: Mapping[str, Tensor], copied: Mapping[str, Snapshot], facts: Facts
    ) -> None:
        """Copy the live tensors now and write them, with the copies, in the background.

        live: tensors on the device by name; those named losses and network.… must be finite.
        copied: snapshots of earlier epochs, by the prefix of their names.
        facts: epoch, batch and iteration, and what else the training needs.
        Raises TrainingError where the state before this one could not be written.
        """
        snapshot = Snapshot(live)
        self._saved = time.monotonic()
        facts = {
            **facts,
            "fingerprint": self._fingerprint,
            "sessions": self.sessions(facts["epoch"], facts["batch"], facts["iteration"]),
        }

        def write() -> None:
            tensors = dict(snapshot.tensors())
            if not _finite(tensors):
                self.broken = True
                log.warning("%s: no number; the state is not saved", _place(**_at(facts)))
                return
            for prefix, copies in copied.items():
                tensors |= {f"{prefix}.{name}": copy for name, copy in copies.tensors().items()}
            self.folder.write(tensors, facts)
            self.last = _place(**_at(facts))

        self._writer.submit(write)

    def sessions(self, epoch: int, batch: int, iteration: int) -> list[Facts]:
        """List what each session did; a killed one as far as its last state."""
        current = {
            **self._session,
            "batches": iteration - self._begin,
            "ended_at": {"epoch": epoch, "batch": batch},
            "seconds": time.monotonic() - self._begun,
        }
        return [*self._earlier, current]

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for the writing and end it; raise TrainingError where it failed.

        Where the training itself failed, that is the error to tell; the other is logged.
        """
        try:
            self._writer.close()
        except TrainingError as error:
            if kind is None:
                raise
            log.warning("%s", error)


def part_of(tensors: State, prefix: str) -> State:
    """Take the tensors whose names begin with `prefix.`, by the rest of their names."""
    start = f"{prefix}."
    return {n.removeprefix(start): value for n, value in tensors.items() if n.startswith(start)}


def _at(facts: Facts) -> dict[str, int]:
    return {"epoch": facts["epoch"], "batch": facts["batch"]}


def _place(epoch: int, batch: int) -> str:
    return f"epoch {epoch}, batch {batch}"


def _finite(tensors: State) -> bool:
    """Tell whether all losses and weights are numbers."""
    return all(
        bool(np.isfinite(tensor.numpy()).all())  # torch would take cores from the training
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and (name == "losses" or name.startswith("network."))
    )
