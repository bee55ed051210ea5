"""When the state of a training is saved, and which training may resume from it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from torch import Tensor

from calvingfront.errors import TrainingError
from calvingfront.training.resuming.fingerprint import Fingerprint, differences
from calvingfront.training.resuming.snapshot import Snapshot, State
from calvingfront.training.resuming.state import Facts, StateFolder
from calvingfront.training.resuming.writer import Writer

log = logging.getLogger(__name__)
_STOPPING = threading.Event()


def stop_trainings() -> None:
    """Make every training of this process save its state after the next batch, and end."""
    _STOPPING.set()


class Checkpoints:
    """Saves the state of one training at intervals, and resumes the training from it.

    fingerprint: everything that determines the weights; a state with another one is refused.
    environment: versions and hardware; if they have changed, the log warns that the weights may
    differ in the last digits. minutes: time between two saves; 0 saves after every batch.
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
        self.last = ""  # the epoch and batch of the state in the file, for messages

    def resume(self) -> tuple[State, Facts] | None:
        """Return the tensors and facts to resume from, or None if nothing was saved.

        A finished training with other data, settings or code is not resumed but replaced.
        Raises TrainingError if the file is damaged or an unfinished training had other ones.
        """
        found = self.folder.read()
        if found is None:
            return None
        tensors, facts = found
        other = differences(facts["fingerprint"], self._fingerprint)
        if other and facts.get("finished"):
            self.start_anew("; ".join(other))
            return None
        if other:
            raise TrainingError(
                self.folder.path,
                "belongs to a training with other data, settings or code: " + "; ".join(other),
                "Restore these to resume it, or remove the file to train from the start.",
            )
        self._earlier = facts["sessions"]
        machines = (self._earlier[-1]["environment"], self._session["environment"])
        # A device's number means nothing; `hardware` describes the device.
        machine = differences(*({**about, "device": ""} for about in machines))
        if machine:
            log.warning(
                "the training resumes in another environment, so the last digits may differ from "
                "those of an uninterrupted training: %s",
                "; ".join(machine),
            )
        self.last = _place(facts["epoch"], facts["batch"])
        log.info("resuming after %s, saved by session %d", self.last, len(self._earlier))
        self._begin = facts["iteration"]
        return tensors, facts

    def start_anew(self, why: str) -> None:
        """Forget the state of a finished training, which cannot be extended."""
        log.info("the finished training cannot be extended and starts anew: %s", why)
        self._earlier, self._begin, self.last = [], 0, ""

    @property
    def stopping(self) -> bool:
        """Whether the training is to end, as `stop_trainings` asked."""
        return _STOPPING.is_set()

    def due(self) -> bool:
        """Return whether it is time to save; a slow disk delays saving, not the training."""
        if self.minutes == 0 or self.stopping:
            return True
        return time.monotonic() - self._saved >= 60 * self.minutes and not self._writer.busy

    def save(
        self, live: Mapping[str, Tensor], copied: Mapping[str, Snapshot], facts: Facts
    ) -> None:
        """Copy the live tensors now, and write them and the earlier copies in the background.

        live: tensors on the device by name; `losses` and `network.…` must be finite, else nothing
        is saved. copied: snapshots of earlier epochs, by the prefix of their names. facts: epoch,
        batch, iteration and whatever else the training needs.
        Raises TrainingError if the previous state could not be written.
        """
        self._saved = time.monotonic()
        self._writer.submit(self._writing(live, copied, facts))

    def keep(
        self, live: Mapping[str, Tensor], copied: Mapping[str, Snapshot], facts: Facts
    ) -> None:
        """Write the state of a finished training; without room for it, the log says so."""
        try:
            self._writing(live, copied, {**facts, "finished": True})()
        except OSError as error:
            log.warning(
                "%s cannot be saved (%s): the training is complete, but cannot be extended",
                self.folder.path, getattr(error, "what", error),
            )  # fmt: skip
            self.folder.remove()

    def _writing(
        self, live: Mapping[str, Tensor], copied: Mapping[str, Snapshot], facts: Facts
    ) -> Callable[[], None]:
        """Copy the live tensors now; return what writes them."""
        snapshot = Snapshot(live)
        facts = {
            **facts,
            "fingerprint": self._fingerprint,
            "sessions": self.sessions(facts["epoch"], facts["batch"], facts["iteration"]),
        }

        def write() -> None:
            tensors = dict(snapshot.tensors())
            if not _finite(tensors):
                self.broken = True
                log.warning(
                    "%s: a loss or weight is NaN or infinite; the state is not saved",
                    _place(**_at(facts)),
                )
                return
            for prefix, copies in copied.items():
                tensors |= {f"{prefix}.{name}": copy for name, copy in copies.tensors().items()}
            self.folder.write(tensors, facts)
            self.last = _place(**_at(facts))

        return write

    def sessions(self, epoch: int, batch: int, iteration: int) -> list[Facts]:
        """List what each session did; a killed session counts up to its last saved state."""
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
        """Finish writing; raise TrainingError if it failed.

        If the training itself failed, its error is raised and this one is only logged.
        """
        try:
            self._writer.close()
        except TrainingError as error:
            if kind is None:
                raise
            log.warning("%s", error)


def _at(facts: Facts) -> dict[str, int]:
    return {"epoch": facts["epoch"], "batch": facts["batch"]}


def _place(epoch: int, batch: int) -> str:
    return f"epoch {epoch}, batch {batch}"


def _finite(tensors: State) -> bool:
    """Return whether all losses and weights are finite."""
    return all(
        bool(np.isfinite(tensor.numpy()).all())  # torch would take threads from the training
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and (name == "losses" or name.startswith("network."))
    )
