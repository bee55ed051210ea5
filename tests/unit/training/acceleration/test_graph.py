"""What is left behind where CUDA ends a capture: nothing. On a pretended GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from calvingfront.training.acceleration.graph import WARM_UP, record_cuda


class Gpu:
    """Writes down what a capture asks of PyTorch; `held`: pools that the allocator captures to."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.stream = SimpleNamespace(name="main", device_index=0, wait_stream=self.wait)
        self.held: list[str] = []
        self.ended_by_cuda = False

    def wait(self, other: Any) -> None:
        self.told.append(f"main waits for {other.name}")

    def set_stream(self, stream: Any) -> None:
        self.stream = stream

    @contextmanager
    def use(self, stream: Any) -> Iterator[None]:
        before, self.stream = self.stream, stream
        yield
        self.stream = before

    @contextmanager
    def capture(self, _graph: Any, pool: str, capture_error_mode: str) -> Iterator[None]:
        """Like torch.cuda.graph: where CUDA ended the capture, its end raises half-way."""
        assert capture_error_mode == "thread_local"
        before, self.stream = self.stream, SimpleNamespace(name="capture", device_index=0)
        self.held.append(pool)
        try:
            yield
        finally:
            if self.ended_by_cuda:
                raise RuntimeError("operation failed due to a previous error during capture")
            self.held.remove(pool)
            self.stream = before

    def end(self, _device: int, pool: str) -> None:
        if pool not in self.held:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")
        self.held.remove(pool)

    def release(self, _device: int, pool: str) -> None:
        self.told.append(f"released {pool}")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    gpu = Gpu()
    side = SimpleNamespace(name="side", device_index=0, wait_stream=lambda _other: None)
    pretended = {
        "Stream": lambda: side,
        "current_stream": lambda: gpu.stream,
        "set_stream": gpu.set_stream,
        "stream": gpu.use,
        "CUDAGraph": lambda: SimpleNamespace(replay=lambda: gpu.told.append("replayed")),
        "graph_pool_handle": lambda: "pool",
        "graph": gpu.capture,
        "empty_cache": lambda: gpu.told.append("emptied"),
    }
    for name, stand_in in pretended.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    for name, stand_in in (("end", gpu.end), ("release", gpu.release)):
        real = {"end": "_cuda_endAllocateToPool", "release": "_cuda_releasePool"}[name]
        monkeypatch.setattr(torch._C, real, stand_in, raising=False)
    return gpu


def failing_at(gpu: Gpu, call: int, error: type[Exception]) -> Any:
    calls = iter(range(1, 10))

    def function() -> Tensor:
        if next(calls) == call:
            raise error("amid a step")
        return torch.ones(1)

    return function


def test_a_function_is_warmed_up_captured_and_replayed(gpu: Gpu) -> None:
    streams: list[str] = []

    def function() -> Tensor:
        streams.append(gpu.stream.name)
        return torch.full((), float(len(streams)))

    replay, result = record_cuda(function)
    assert streams == ["side"] * WARM_UP + ["capture"]
    assert float(result) == len(streams)
    replay()
    assert gpu.told == ["main waits for side", "emptied", "replayed"]
    assert gpu.stream.name == "main"


def test_after_an_error_of_the_warm_up_the_device_is_done_with_it(gpu: Gpu) -> None:
    with pytest.raises(ZeroDivisionError):
        record_cuda(failing_at(gpu, 2, ZeroDivisionError))
    assert gpu.told == ["main waits for side"]


def test_after_an_error_of_the_function_the_pool_is_let_go_once(gpu: Gpu) -> None:
    with pytest.raises(ZeroDivisionError):
        record_cuda(failing_at(gpu, WARM_UP + 1, ZeroDivisionError))
    assert (gpu.stream.name, gpu.held) == ("main", [])
    assert "released pool" not in gpu.told  # the graph does


def test_after_a_capture_that_cuda_ended_stream_and_allocator_are_free(gpu: Gpu) -> None:
    gpu.ended_by_cuda = True
    with pytest.raises(RuntimeError, match="previous error during capture"):
        record_cuda(failing_at(gpu, WARM_UP + 1, RuntimeError))
    assert (gpu.stream.name, gpu.held) == ("main", [])
    assert "released pool" in gpu.told
