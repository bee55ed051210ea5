"""When the state of a training is saved, and who may go on from it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
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
