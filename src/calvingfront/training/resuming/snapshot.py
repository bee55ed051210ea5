"""Copies of weights, made without delaying the training."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

State = dict[str, Tensor]


class Snapshot:
    """Copies of tensors in host memory, with their present values.

    From a GPU they are copied into pinned memory, in the order of its stream: the host continues at
    once, later steps do not change the copies, and `tensors` waits until they are complete.
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
        """Wrap copies that are already in host memory."""
        snapshot = cls({})
        snapshot._copies = copies
        return snapshot

    def tensors(self) -> State:
        """Return the copies, contiguous, once they are complete."""
        if self._done is not None:
            self._done.synchronize()
        return self._copies
