"""A training's speed compared with its device's peak rate of multiplication."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch

from calvingfront.networks.build import build_network
from calvingfront.networks.flops import count_flops
from calvingfront.networks.settings import NetworkSettings

CPU_SIDE, CUDA_SIDE = 2048, 8192
CPU_SECONDS, CUDA_REPEATS = 0.3, 20


def matrix_peak(device: torch.device, precision: str) -> float:
    """Measure the product of two large square matrices; return the best repeat in TFLOP/s.

    precision: `float32` or `bfloat16`. On a GPU, float32 means TF32, to which convolutions round
    their factors (PyTorch's default). On a CPU, the product uses PyTorch's current number of
    threads, and the measurement takes about half a second.
    """
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    side = CUDA_SIDE if device.type == "cuda" else CPU_SIDE
    a = torch.rand(side, side, device=device).to(dtype)
    b, out = a.t().contiguous(), torch.empty_like(a)
    if device.type == "cpu":
        torch.matmul(a, b, out=out)  # warm-up: the first product chooses kernels
        return 2 * side**3 / _cpu_seconds(a, b, out) / 1e12
    with _as_convolutions_multiply():
        torch.matmul(a, b, out=out)
        return 2 * side**3 / _cuda_seconds(a, b, out) / 1e12


@contextmanager
def _as_convolutions_multiply() -> Iterator[None]:
    """Multiply in TF32 on a GPU, and lift the restriction to deterministic algorithms."""
    precision = torch.get_float32_matmul_precision()
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_float32_matmul_precision("high")
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.use_deterministic_algorithms(deterministic)


def _cpu_seconds(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> float:
    best, end = float("inf"), time.perf_counter() + CPU_SECONDS
    while time.perf_counter() < end:
        begun = time.perf_counter()
        torch.matmul(a, b, out=out)
        best = min(best, time.perf_counter() - begun)
    return best


def _cuda_seconds(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> float:
    timed: Any = torch.cuda.Event
    marks = [timed(enable_timing=True) for _ in range(CUDA_REPEATS + 1)]
    marks[0].record()
    for mark in marks[1:]:
        torch.matmul(a, b, out=out)
        mark.record()
    torch.cuda.synchronize()
    milliseconds: list[float] = [x.elapsed_time(y) for x, y in pairwise(marks)]
    return min(milliseconds) / 1e3


def share_of_peak(
    network: NetworkSettings,
    size_px: int,
    images_per_second: float,
    device: torch.device,
    precision: str,
) -> dict[str, float]:
    """Compare a training's speed with the device's matrix peak, for the run record."""
    _, flops = count_flops(build_network(network, start=False), size_px)
    peak = matrix_peak(device, precision)
    return {
        "gflop_per_image": flops / 1e9,
        "peak_tflops": peak,
        "share_of_peak": flops * images_per_second / 1e12 / peak,
    }
