"""The order, sizes and constants of the layers, as the paper's page states them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from calvingfront.errors import ConfigError
from calvingfront.networks.blocks import Conv, UpConv
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet

BOTH_MODELS = pytest.mark.parametrize("model", ["unet", "attention_unet"])
BOTH_VARIANTS = pytest.mark.parametrize("variant", ["paper", "released"])


def small(model: str = "attention_unet", variant: str = "paper", **changes: Any) -> UNet:
    torch.manual_seed(0)
    return build_network(NetworkSettings(model, variant, **{"width": 4, "depth": 3, **changes}))  # type: ignore[arg-type]


def kinds(block: nn.Module) -> list[type[nn.Module]]:
    return [type(layer) for layer in block.children()]


def test_default_widths_are_32_to_512_with_5x5_convolutions_and_four_downsamplings() -> None:
    network = build_network(NetworkSettings("unet"))
    outs = [block[0].out_channels for block in network.encoder]  # type: ignore[index]
    assert outs == [32, 64, 128, 256, 512]
    convolutions = [
        layer
        for part in (network.encoder, network.decoder)
        for layer in part.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    assert len(convolutions) == 2 * (5 + 4)
    assert {layer.kernel_size for layer in convolutions} == {(5, 5)}
    assert {layer.padding for layer in convolutions} == {(2, 2)}


@BOTH_MODELS
@BOTH_VARIANTS
def test_encoder_normalises_before_the_activation_in_both_variants(
    model: str, variant: str
) -> None:
    once = [Conv, nn.BatchNorm2d, nn.LeakyReLU]
    assert all(kinds(block) == once * 2 for block in small(model, variant).encoder)


@BOTH_MODELS
@pytest.mark.parametrize(
    ("variant", "once"),
    [
        ("paper", [Conv, nn.BatchNorm2d, nn.LeakyReLU]),
        ("released", [Conv, nn.LeakyReLU, nn.BatchNorm2d]),
    ],
)
def test_decoder_normalises_last_in_the_released_variant_only(
    model: str, variant: str, once: list[type[nn.Module]]
) -> None:
    assert all(kinds(block) == once * 2 for block in small(model, variant).decoder)


@BOTH_MODELS
@BOTH_VARIANTS
def test_normalisation_has_keras_epsilon_and_momentum_and_the_slope_is_a_tenth(
    model: str, variant: str
) -> None:
    layers = list(small(model, variant).modules())
    norms = [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]
    slopes = [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)]
    gates = 3 if model == "attention_unet" and variant == "released" else 0
    assert len(norms) == 2 * (4 + 3) + gates
    assert {(layer.eps, layer.momentum) for layer in norms} == {(1e-3, 0.01)}
    assert set(slopes) == {0.1}


def test_normalisation_momentum_is_the_one_asked_for_in_the_gates_too() -> None:
    network = small("attention_unet", "released", batch_norm_momentum=0.3)
    momenta = {m.momentum for m in network.modules() if isinstance(m, nn.BatchNorm2d)}
    assert momenta == {0.3}


@BOTH_MODELS
@BOTH_VARIANTS
def test_there_is_no_dropout(model: str, variant: str) -> None:
    layers = small(model, variant).modules()
    assert not [layer for layer in layers if "drop" in type(layer).__name__.lower()]


@BOTH_MODELS
@pytest.mark.parametrize(("variant", "kernel"), [("paper", (1, 1)), ("released", (3, 3))])
def test_head_is_1x1_in_the_paper_and_3x3_as_released(
    model: str, variant: str, kernel: tuple[int, int]
) -> None:
    head = small(model, variant).head
    assert head.kernel_size == kernel
    assert (head.in_channels, head.out_channels) == (4, 1)
    assert head.bias is not None


@BOTH_MODELS
@BOTH_VARIANTS
def test_upsampled_features_enter_the_decoder_untouched_before_the_skip(
    model: str, variant: str
) -> None:
    """No normalisation and no activation between the transposed convolution and the join."""
    network = small(model, variant).eval()
    raised: list[Tensor] = []
    joined: list[Tensor] = []
    for up, block in zip(network.upsample, network.decoder, strict=True):
        assert isinstance(up, UpConv)
        assert list(up.children()) == []
        up.register_forward_hook(lambda _m, _i, out: raised.append(out.clone()))
        block.register_forward_pre_hook(lambda _m, inputs: joined.append(inputs[0].clone()))
    network(torch.rand(1, 1, 16, 24))
    assert [tuple(t.shape[1:]) for t in raised] == [(16, 4, 6), (8, 8, 12), (4, 16, 24)]
    for up_features, features in zip(raised, joined, strict=True):
        channels = up_features.shape[1]
        assert features.shape[1] == 2 * channels
        assert torch.equal(features[:, :channels], up_features)
        assert up_features.min() < 0  # an activation would have cut or bent this


@BOTH_VARIANTS
def test_gate_layers_are_those_of_the_page(variant: str) -> None:
    network = small("attention_unet", variant)
    assert network.gates is not None
    assert len(network.gates) == 3
    for level, gate in enumerate(network.gates):
        fine, coarse, inner = 4 * 2**level, 8 * 2**level, 2 * 2**level
        shapes = {name: tuple(value.shape) for name, value in gate.named_parameters()}
        assert shapes["psi.weight"] == (1, inner, 1, 1)
        assert shapes["psi.bias"] == (1,)
        assert shapes["w_g.bias"] == (inner,)
        if variant == "paper":
            assert shapes["w_x.weight"] == (inner, fine, 1, 1)
            assert "w_x.bias" not in shapes
            assert shapes["w_g.weight"] == (inner, coarse, 1, 1)
            assert not [m for m in gate.modules() if isinstance(m, nn.BatchNorm2d)]
            assert len(shapes) == 5
        else:
            assert shapes["w_x.weight"] == (inner, fine, 2, 2)
            assert gate.w_x.stride == (2, 2)
            assert shapes["w_x.bias"] == (inner,)
            assert shapes["w_g.weight"] == (inner, fine, 1, 1)
            assert kinds(gate.gating) == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d]
            assert shapes["gating.0.weight"] == (fine, coarse, 1, 1)
            assert len(shapes) == 10


@BOTH_MODELS
@BOTH_VARIANTS
def test_weights_start_he_normal_and_biases_zero(model: str, variant: str) -> None:
    network = small(model, variant, width=16, depth=2)
    for name, layer in network.named_modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            continue
        if layer.bias is not None:
            assert torch.count_nonzero(layer.bias) == 0, name
        if layer.weight.numel() < 2000:
            continue
        area = layer.kernel_size[0] * layer.kernel_size[1]
        # Keras counts a transposed convolution's inputs by its kernel's third axis: the outputs.
        inputs = layer.out_channels if isinstance(layer, nn.ConvTranspose2d) else layer.in_channels
        spread = math.sqrt(2 / (area * inputs))
        assert layer.weight.std().item() == pytest.approx(spread, rel=0.08), name
        assert abs(layer.weight.mean().item()) < 0.1 * spread, name


def test_released_head_starts_glorot_uniform() -> None:
    head = small("unet", "released", width=32, depth=1).head
    limit = math.sqrt(6 / (9 * 32 + 9 * 1))
    assert limit * 0.95 < head.weight.abs().max().item() <= limit
    assert head.weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1)


@BOTH_MODELS
@BOTH_VARIANTS
def test_output_is_one_logit_per_pixel_at_the_inputs_size(model: str, variant: str) -> None:
    network = small(model, variant).eval()
    with torch.no_grad():
        logits = network(torch.rand(2, 1, 24, 40))
    assert logits.shape == (2, 1, 24, 40)
    assert logits.min() < 0 or logits.max() > 1  # logits, not probabilities


@BOTH_MODELS
def test_every_parameter_receives_a_gradient(model: str) -> None:
    network = small(model, "released")
    network(torch.rand(2, 1, 16, 16)).square().mean().backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None]
    assert silent == []


def test_the_same_torch_seed_draws_the_same_weights() -> None:
    first, second = small().state_dict(), small().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("model", ["unet", "attention_unet"])
def test_side_heads_stand_at_every_coarser_level_and_leave_the_network_as_it_was(
    model: str,
) -> None:
    """The first weights, the logits and the tensors of the plain network are the same."""
    torch.manual_seed(4)
    settings = NetworkSettings(model, width=3, depth=3, kernel=3, front_prior=0.01)
    plain = build_network(settings).eval()
    torch.manual_seed(4)
    deep = build_network(replace(settings, deep_supervision=True)).eval()
    image = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        levels, logits = deep.forward_levels(image), deep(image)
        assert [tuple(level.shape) for level in levels] == [
            (2, 1, 16, 16), (2, 1, 8, 8), (2, 1, 4, 4),
        ]  # fmt: skip
        assert torch.equal(levels[0], logits)
        assert torch.equal(logits, plain(image))
        assert [tuple(level.shape) for level in plain.forward_levels(image)] == [(2, 1, 16, 16)]
    extra = set(deep.state_dict()) - set(plain.state_dict())
    assert extra == {f"side_heads.{k}.{part}" for k in (0, 1) for part in ("weight", "bias")}
    assert all(
        float(torch.sigmoid(head.bias.detach())) == pytest.approx(0.01) for head in deep.side_heads
    )


def test_a_network_that_has_no_levels_to_supervise_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"networks.deep_supervision: is not possible for pretr"):
        build_network(NetworkSettings("pretrained_unet", depth=2, deep_supervision=True), False)
