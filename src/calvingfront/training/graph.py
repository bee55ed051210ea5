"""A training step captured once as a CUDA graph and replayed for every batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from calvingfront.training.feed import Batch

WARM_UP = 3  # as PyTorch's notes on CUDA graphs advise
Recorder = Callable[[Callable[[], Tensor]], tuple[Callable[[], None], Tensor]]


def record_cuda(function: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    """Capture a function of static tensors; return its replay and the tensor of its result.

    It runs a few times first, on a side stream, so that the libraries choose their kernels and
    allocate what they keep; the capture itself computes nothing.
    Raises RuntimeError where the function cannot be captured.
    Source: the notes on CUDA semantics in PyTorch's documentation, 'CUDA Graphs'.
    """
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            function()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    # Threads that prepare batches may allocate pinned memory meanwhile, which the default forbids.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        result = function()
    return graph.replay, result


class Captured:
    """A step on buffers of its own, into which each batch is copied.

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
        return self._result.clone()  # the next replay writes over it
