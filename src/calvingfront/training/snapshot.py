"""Copies of weights that the training does not wait for, and a thread that writes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from calvingfront.errors import TrainingError

State = dict[str, Tensor]


class Snapshot:
    """Copies of tensors in the host's memory, as the tensors are now.

    From a GPU they are copied into pinned memory in the order of its stream: the host goes on at
    once, later steps do not change them, and who asks for the copies waits until they are there.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._done: torch.cuda.Event | None = None
        self._copies: State = {}
        for name, tensor in tensors.items():
            copied = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
            self._copies[name] = copied.copy_(tensor.detach(), non_blocking=tensor.is_cuda)
        if any(tensor.is_cuda for tensor in tensors.values()):
            self._done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            self._done.record()

    @classmethod
    def of(cls, copies: State) -> Snapshot:
        """Take copies that are in the host's memory already."""
        snapshot = cls({})
        snapshot._copies = copies
        return snapshot

    def tensors(self) -> State:
        """Return the copies, contiguous, once they are complete."""
        if self._done is not None:
            self._done.synchronize()
        return self._copies


class Writer:
    """One thread that writes; its errors are raised where the next thing is given to it."""

    def __init__(self, what: str | os.PathLike[str]) -> None:
        self._what = what
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self._pending: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self._pending is not None and not self._pending.done()

    def submit(self, write: Callable[[], None]) -> None:
        """Write in the background; wait first for what is being written."""
        self.wait()
        self._pending = self._thread.submit(write)

    def wait(self) -> None:
        """Wait for what is being written; raise TrainingError where it could not be."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            pending.result()
        except OSError as error:
            raise TrainingError(
                self._what,
                f"the state of the training cannot be saved ({error})",
                "Make room on that disk, or raise training.save_minutes beyond the training.",
            ) from error

    def close(self) -> None:
        """End the thread when it is done; an error that nobody has asked for is raised."""
        self._thread.shutdown(wait=True)
        self.wait()
