"""A training step captured once as a CUDA graph and replayed for every batch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from calvingfront.training.feed_source import Batch

WARM_UP = 3  # as recommended in PyTorch's notes on CUDA graphs
Recorder = Callable[[Callable[[], Tensor]], tuple[Callable[[], None], Tensor]]


def record_cuda(function: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    """Capture a function of static tensors; return its replay and the tensor of its result.

    The function first runs a few times on a side stream, so that the libraries choose their kernels
    and allocate their workspaces; the capture itself computes nothing.
    Raises RuntimeError if the function cannot be captured.
    Source: the notes on CUDA semantics in PyTorch's documentation, 'CUDA Graphs'.
    """
    current = torch.cuda.current_stream()
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(current)
    try:
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                function()
    finally:
        current.wait_stream(side)  # also after a failure: the weights are restored afterwards
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    try:
        # Threads that prepare batches may allocate pinned memory meanwhile; the default forbids it.
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            result = function()
    except BaseException:
        _clear_away(current, pool)
        raise
    torch.cuda.empty_cache()  # memory that the warm-up cached for the side stream
    return graph.replay, result


def _clear_away(before: torch.cuda.Stream, pool: Any) -> None:
    """Clean up after a capture that CUDA has aborted: reset the stream and release the memory pool.

    PyTorch (2.11) raises halfway through ending such a capture, and the next empty_cache would then
    stop the training. If PyTorch has already released the pool, the first call below raises, so the
    second does not release it twice.
    """
    torch.cuda.set_stream(before)
    undo: Any = torch._C
    with suppress(AttributeError, RuntimeError):
        undo._cuda_endAllocateToPool(before.device_index, pool)
        undo._cuda_releasePool(before.device_index, pool)


class Captured:
    """A captured step with its own input buffers, into which each batch is copied.

    otherwise: the step for batches of another shape.
    """

    def __init__(
        self,
        update: Callable[[Batch], Tensor],
        batch: Batch,
        recorder: Recorder,
        otherwise: Callable[[Batch], Tensor],
    ) -> None:
        self._inputs = Batch(*(tensor.clone() for tensor in batch))
        self._otherwise = otherwise
        self._replay, self._result = recorder(lambda: update(self._inputs))

    def __call__(self, batch: Batch) -> Tensor:
        """Update the weights once; return the batch's loss."""
        if batch.images.shape != self._inputs.images.shape:
            return self._otherwise(batch)
        for held, given in zip(self._inputs, batch, strict=True):
            held.copy_(given, non_blocking=True)
        self._replay()
        return self._result.clone()  # the next replay overwrites it
