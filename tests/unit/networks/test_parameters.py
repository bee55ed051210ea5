"""Parameter counts, from PAPER's table by arithmetic and as published."""

from __future__ import annotations

import pytest

from calvingfront.errors import ConfigError
from calvingfront.networks.build import build_network, count_parameters
from calvingfront.networks.settings import NetworkSettings


def convolution(channels_in: int, channels_out: int, kernel: int, bias: bool = True) -> int:
    return kernel * kernel * channels_in * channels_out + (channels_out if bias else 0)


def block(channels_in: int, channels_out: int, kernel: int) -> int:
    normalisation = 2 * channels_out  # scale and offset; the running statistics are not trained
    return (
        convolution(channels_in, channels_out, kernel)
        + convolution(channels_out, channels_out, kernel)
        + 2 * normalisation
    )


def gate(fine: int, variant: str) -> int:
    coarse, inner = 2 * fine, fine // 2
    psi = convolution(inner, 1, 1)
    if variant == "paper":
        return convolution(fine, inner, 1, bias=False) + convolution(coarse, inner, 1) + psi
    gating = convolution(coarse, fine, 1) + 2 * fine
    return gating + convolution(fine, inner, 2) + convolution(fine, inner, 1) + psi


def expected(model: str, variant: str, width: int, depth: int, kernel: int) -> int:
    widths = [width * 2**level for level in range(depth + 1)]
    total = sum(block(a, b, kernel) for a, b in zip([1, *widths[:-1]], widths, strict=True))
    for fine in widths[:-1]:
        total += convolution(2 * fine, fine, kernel) + block(2 * fine, fine, kernel)
        if model == "attention_unet":
            total += gate(fine, variant)
    return total + convolution(width, 1, 3 if variant == "released" else 1)


@pytest.mark.parametrize(("model", "count"), [("unet", 23_972_001), ("attention_unet", 24_365_845)])
def test_released_networks_have_the_published_parameter_counts(model: str, count: int) -> None:
    assert count_parameters(build_network(NetworkSettings(model, "released"))) == count
    assert expected(model, "released", 32, 4, 5) == count


@pytest.mark.parametrize(("model", "count"), [("unet", 23_971_745), ("attention_unet", 24_102_789)])
def test_paper_networks_have_the_counts_of_the_papers_text(model: str, count: int) -> None:
    # Head: 3×3 → 1×1 takes 8 · 32 = 256 weights. A gate has F² / 2 (W_x) + F² + F / 2 (W_g) +
    # F / 2 + 1 (ψ) for F = 32, 64, 128, 256: in all 1.5 · 87040 + 480 + 4 = 131044.
    assert count_parameters(build_network(NetworkSettings(model, "paper"))) == count
    assert expected(model, "paper", 32, 4, 5) == count


@pytest.mark.parametrize("model", ["unet", "attention_unet"])
@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize(("width", "depth", "kernel"), [(2, 1, 3), (4, 3, 7), (6, 2, 5)])
def test_counts_follow_the_formula_at_any_width_depth_and_kernel(
    model: str, variant: str, width: int, depth: int, kernel: int
) -> None:
    network = build_network(NetworkSettings(model, variant, width, depth, kernel))  # type: ignore[arg-type]
    assert count_parameters(network) == expected(model, variant, width, depth, kernel)


def test_frozen_parameters_are_not_counted() -> None:
    network = build_network(NetworkSettings("unet", width=2, depth=1))
    total = count_parameters(network)
    network.head.requires_grad_(False)
    assert count_parameters(network) == total - 3


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"model": "transunet"}, "networks.models"),
        ({"variant": "zhang"}, "networks.variant"),
        ({"width": 0}, "networks"),
        ({"depth": 0}, "networks"),
        ({"kernel": 4}, "networks"),
        ({"kernel": 1}, "networks"),
        ({"front_prior": 1.0}, "networks.front_prior"),
        ({"front_prior": 0.0}, "networks.front_prior"),
    ],
)
def test_values_that_make_no_network_are_refused_with_their_key(
    change: dict[str, object], key: str
) -> None:
    values: dict[str, object] = {"model": "unet", "width": 2, "depth": 1, **change}
    with pytest.raises(ConfigError) as caught:
        build_network(NetworkSettings(**values))  # type: ignore[arg-type]
    assert caught.value.where == key
    assert str(next(iter(change.values()))) in str(caught.value)
