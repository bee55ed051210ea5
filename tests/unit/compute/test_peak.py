"""Operations of the networks, and the share of a device's peak."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch

from calvingfront.compute import peak as peak_module
from calvingfront.compute.peak import matrix_peak, share_of_peak
from calvingfront.networks.build import build_network
from calvingfront.networks.flops import count_flops
from calvingfront.networks.settings import NetworkSettings

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("model", "variant", "forward", "step"),
    [
        ("unet", "paper", 282.3, 846.5),
        ("unet", "released", 282.4, 846.9),
        ("attention_unet", "paper", 283.1, 848.9),
        ("attention_unet", "released", 284.8, 854.1),
    ],
)
def test_the_papers_network_takes_282_gflop_forward_and_847_a_step(
    model: str, variant: Any, forward: float, step: float
) -> None:
    with torch.device("meta"):
        network = build_network(NetworkSettings(model, width=32, variant=variant))
    found = count_flops(network, 512)
    assert [round(flops / 1e9, 1) for flops in found] == [forward, step]


def test_a_network_of_one_convolution_is_counted_by_hand() -> None:
    """3 × 3 × 1 × 4 products and sums a pixel; backward the weights' gradient alone."""
    network = torch.nn.Conv2d(1, 4, 3, padding=1)
    once = 2 * 9 * 4 * 16 * 16
    assert count_flops(network, 16) == (once, 2 * once)
    assert network.weight.device == CPU
    assert network.weight.grad is None


def test_the_peak_is_that_of_a_matrix_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product of 2048 takes 2 · 2048³ operations, here in a tenth of a second."""
    now = [0.0]
    real = torch.matmul
    small = torch.rand(2, 2)

    def matmul(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
        assert a.shape == b.shape == out.shape == (2048, 2048)
        assert a.dtype == torch.bfloat16
        now[0] += 0.1
        real(small, small)

    monkeypatch.setattr(torch, "matmul", matmul)
    monkeypatch.setattr(peak_module.time, "perf_counter", lambda: now[0])
    assert matrix_peak(CPU, "bfloat16") == pytest.approx(2 * 2048**3 / 0.1 / 1e12)


def test_a_peak_is_plausible_and_quickly_measured() -> None:
    begun = time.perf_counter()
    found = matrix_peak(CPU, "float32")
    assert time.perf_counter() - begun < 20
    assert 1e-4 < found < 100


def test_the_share_is_operations_done_by_operations_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peak_module, "matrix_peak", lambda _device, _precision: 788.0)
    found = share_of_peak(NetworkSettings("unet"), 512, 465.0, CPU, "bfloat16")
    assert found["peak_tflops"] == 788.0
    assert found["gflop_per_image"] == pytest.approx(846.5, abs=0.1)
    assert found["share_of_peak"] == pytest.approx(0.4995, abs=1e-3)


def test_a_peak_is_measured_as_convolutions_multiply_and_leaves_the_settings_alone() -> None:
    torch.use_deterministic_algorithms(True)
    try:
        with peak_module._as_convolutions_multiply():
            assert torch.get_float32_matmul_precision() == "high"
            assert not torch.are_deterministic_algorithms_enabled()
        assert torch.get_float32_matmul_precision() == "highest"
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
