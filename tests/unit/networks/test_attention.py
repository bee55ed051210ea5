"""The attention gate against eq. 1 written out in numpy, and its place in the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from calvingfront.networks.blocks import AttentionGate
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import AttentionUNet

Array = npt.NDArray[np.float64]
EPSILON = 1e-3


def bilinear_twice(a: Array) -> Array:
    """Double (h, w) with half-pixel centres: weights ¾ and ¼, the border repeated."""

    def along(values: Array) -> Array:
        before = np.concatenate([values[:1], values[:-1]])
        after = np.concatenate([values[1:], values[-1:]])
        out = np.empty((2 * len(values), *values.shape[1:]))
        out[0::2] = 0.75 * values + 0.25 * before
        out[1::2] = 0.75 * values + 0.25 * after
        return out

    return along(along(a).T).T


def pointwise(weight: Array, values: Array) -> Array:
    return np.einsum("oc,chw->ohw", weight[:, :, 0, 0], values)


def alpha_by_hand(p: dict[str, Array], x: Array, g: Array, variant: str) -> Array:
    """α of one image, x (F_x, 2h, 2w), g (F_g, h, w); p: the gate's parameters and statistics."""
    if variant == "paper":
        from_x = pointwise(p["w_x.weight"], x[:, ::2, ::2])
    else:
        g = pointwise(p["gating.0.weight"], g) + p["gating.0.bias"][:, None, None]
        g = np.maximum(g, 0)
        scale = p["gating.2.weight"] / np.sqrt(p["gating.2.running_var"] + EPSILON)
        g = (g - p["gating.2.running_mean"][:, None, None]) * scale[:, None, None]
        g = g + p["gating.2.bias"][:, None, None]
        from_x = sum(
            np.einsum("oc,chw->ohw", p["w_x.weight"][:, :, i, j], x[:, i::2, j::2])
            for i in (0, 1)
            for j in (0, 1)
        )
        from_x = from_x + p["w_x.bias"][:, None, None]
    from_g = pointwise(p["w_g.weight"], g) + p["w_g.bias"][:, None, None]
    joined = np.maximum(from_x + from_g, 0)
    psi = np.einsum("c,chw->hw", p["psi.weight"][0, :, 0, 0], joined) + p["psi.bias"][0]
    return bilinear_twice(1 / (1 + np.exp(-psi)))


def random_gate(variant: Any, seed: int) -> AttentionGate:
    torch.manual_seed(seed)
    gate = AttentionGate(6, 10, variant, 0.01).double().eval()
    with torch.no_grad():
        for value in gate.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.randn_like(value))
        for name, value in gate.state_dict().items():
            if name.endswith("running_var"):
                value.copy_(value.abs() + 0.5)
    return gate


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("seed", [0, 1])
def test_gate_equals_equation_1_and_multiplies_the_skip(variant: str, seed: int) -> None:
    gate = random_gate(variant, seed)
    x = torch.randn(2, 6, 8, 12, dtype=torch.float64)
    g = torch.randn(2, 10, 4, 6, dtype=torch.float64)
    with torch.no_grad():
        gated, alpha = gate(x, g)
    parameters = {name: value.numpy() for name, value in gate.state_dict().items()}
    for k in range(2):
        expected = alpha_by_hand(parameters, x[k].numpy(), g[k].numpy(), variant)
        np.testing.assert_allclose(alpha[k, 0].numpy(), expected, atol=1e-12)
        np.testing.assert_allclose(gated[k].numpy(), x[k].numpy() * expected, atol=1e-12)
    assert alpha.shape == (2, 1, 8, 12)


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("depth", [1, 3])
def test_attention_maps_lie_in_0_to_1_at_each_levels_size(variant: Any, depth: int) -> None:
    torch.manual_seed(3)
    network = build_network(NetworkSettings("attention_unet", variant, width=4, depth=depth)).eval()
    with torch.no_grad():
        x = torch.rand(2, 1, 32, 48)
        logits, maps = network.forward_with_attention(x)
        assert torch.equal(network(x), logits)
    sizes = [tuple(alpha.shape) for alpha in maps]
    assert sizes == [(2, 1, 32 >> level, 48 >> level) for level in range(depth)]
    for alpha in maps:
        assert alpha.min() >= 0
        assert alpha.max() <= 1
        assert alpha.std() > 0


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_every_skip_is_multiplied_and_gated_by_the_coarser_decoder_output(variant: Any) -> None:
    torch.manual_seed(4)
    network = build_network(NetworkSettings("attention_unet", variant, width=4, depth=2)).eval()
    assert isinstance(network, AttentionUNet)
    assert network.gates is not None
    seen: dict[str, Tensor] = {}
    for level in range(3):
        network.encoder[level].register_forward_hook(
            lambda _m, _i, out, level=level: seen.update({f"encoder{level}": out.clone()})
        )
    for level in range(2):
        network.decoder[level].register_forward_pre_hook(
            lambda _m, inputs, level=level: seen.update({f"joined{level}": inputs[0].clone()})
        )
        network.decoder[level].register_forward_hook(
            lambda _m, _i, out, level=level: seen.update({f"decoder{level}": out.clone()})
        )
        network.gates[level].register_forward_pre_hook(
            lambda _m, inputs, level=level: seen.update({f"g{level}": inputs[1].clone()})
        )
    with torch.no_grad():
        _, maps = network.forward_with_attention(torch.rand(1, 1, 16, 16))
    assert torch.equal(seen["g1"], seen["encoder2"])  # the bottleneck gates the deepest skip
    assert torch.equal(seen["g0"], seen["decoder1"])
    for level in range(2):
        channels = 4 * 2**level
        gated = seen[f"joined{level}"][:, channels:]
        assert torch.allclose(gated, seen[f"encoder{level}"] * maps[level], atol=1e-6)


def test_closed_gates_take_the_encoder_out_of_the_decoder() -> None:
    """With ψ's bias at −∞ every α is 0: the skips, and only they, vanish."""
    torch.manual_seed(5)
    network = build_network(NetworkSettings("attention_unet", width=4, depth=2)).eval()
    assert network.gates is not None
    joined: list[Tensor] = []
    for gate, block in zip(network.gates, network.decoder, strict=True):
        torch.nn.init.constant_(gate.psi.bias, -1000.0)
        block.register_forward_pre_hook(lambda _m, inputs: joined.append(inputs[0].clone()))
    with torch.no_grad():
        network(torch.rand(1, 1, 16, 16))
    for features in joined:
        half = features.shape[1] // 2
        assert torch.count_nonzero(features[:, half:]) == 0
        assert torch.count_nonzero(features[:, :half]) > 0


def test_a_plain_unet_has_no_attention_maps_and_the_same_trunk() -> None:
    plain = build_network(NetworkSettings("unet", width=4, depth=2))
    attention = build_network(NetworkSettings("attention_unet", width=4, depth=2))
    assert plain.gates is None
    assert plain.forward_with_attention(torch.rand(1, 1, 16, 16))[1] == []
    trunk = {name for name in attention.state_dict() if not name.startswith("gates.")}
    assert trunk == set(plain.state_dict())
