"""The layers of a network, read from the network object and from one pass through it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from calvingfront.networks.build import count_parameters
from calvingfront.networks.unet import UNet

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Convolution:
    """One convolution and the layers that follow it, in order, such as (`BN`, `LeakyReLU 0.1`)."""

    kernel: int
    stride: int
    channels: int
    bias: bool
    followed_by: tuple[str, ...] = ()

    def label(self, name: str = "conv") -> str:
        """In words: `conv 5 × 5 + BN + LeakyReLU 0.1`."""
        stride = f", stride {self.stride}" if self.stride > 1 else ""
        bias = "" if self.bias else ", no bias"
        return " + ".join(
            [f"{name} {self.kernel} × {self.kernel}{stride}{bias}", *self.followed_by]
        )


@dataclass(frozen=True)
class GateFacts:
    """One attention gate; shapes are (channels, height, width)."""

    x: Shape
    g: Shape
    inner: Shape
    alpha: Shape
    gating: tuple[Convolution, ...]
    w_x: Convolution
    w_g: Convolution
    psi: Convolution

    @property
    def enlargement(self) -> int:
        """The factor by which the coefficients are enlarged to the size of the features."""
        return self.alpha[1] // self.inner[1]


@dataclass
class NetworkFacts:
    """One network; lists go from the finest level to the coarsest, shapes are (c, h, w)."""

    parameters: int
    input: Shape
    encoder: list[list[Convolution]] = field(default_factory=list)
    encoder_shapes: list[Shape] = field(default_factory=list)
    upsample: list[Convolution] = field(default_factory=list)
    upsample_shapes: list[Shape] = field(default_factory=list)
    decoder: list[list[Convolution]] = field(default_factory=list)
    decoder_shapes: list[Shape] = field(default_factory=list)
    gates: list[GateFacts] = field(default_factory=list)
    head: Convolution | None = None
    output: Shape = (0, 0, 0)

    @property
    def depth(self) -> int:
        """Number of downsampling steps."""
        return len(self.upsample)

    @property
    def pooling(self) -> int:
        """The factor by which height and width shrink from one level to the next."""
        return self.encoder_shapes[0][1] // self.encoder_shapes[1][1]


def read_network(network: UNet, size_px: int) -> NetworkFacts:
    """Read the layers of a network and the sizes of its feature maps.

    The pass runs on a copy on torch's `meta` device, which tracks shapes and computes nothing.
    size_px: side of the square input, divisible by 2^depth.
    """
    facts = NetworkFacts(parameters=count_parameters(network), input=(1, size_px, size_px))
    twin = copy.deepcopy(network).to("meta").eval()
    passed = _pass_through(twin, facts.input)
    for block in twin.encoder:
        facts.encoder.append(passed.convolutions(block))
        facts.encoder_shapes.append(passed.outputs[block])
    for up in twin.upsample:
        facts.upsample += passed.convolutions(up)
        facts.upsample_shapes.append(passed.outputs[up])
    for block in twin.decoder:
        facts.decoder.append(passed.convolutions(block))
        facts.decoder_shapes.append(passed.outputs[block])
    facts.gates = [_gate(gate, passed) for gate in twin.gates or []]
    facts.head = passed.convolutions(twin.head)[0]
    facts.output = passed.outputs[twin.head]
    return facts


@dataclass
class _Pass:
    """The shapes of every module's inputs and outputs."""

    inputs: dict[nn.Module, list[Shape]] = field(default_factory=dict)
    outputs: dict[nn.Module, Shape] = field(default_factory=dict)

    def convolutions(self, module: nn.Module) -> list[Convolution]:
        """Return a module's convolutions in order, each with the layers up to the next one."""
        found: list[Convolution] = []
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                found.append(self._convolution(layer))
            elif found and (name := _layer_name(layer)):
                found[-1] = replace(found[-1], followed_by=(*found[-1].followed_by, name))
        return found

    def _convolution(self, layer: nn.Conv2d | nn.ConvTranspose2d) -> Convolution:
        # The stride follows from the change of size, because a layer may skip pixels itself.
        sizes = sorted((self.inputs[layer][0][1], self.outputs[layer][1]))
        return Convolution(
            kernel=int(layer.kernel_size[0]),
            stride=sizes[1] // sizes[0],
            channels=layer.out_channels,
            bias=layer.bias is not None,
        )


def _pass_through(network: nn.Module, shape: Shape) -> _Pass:
    passed = _Pass()

    def remember(module: nn.Module, arguments: tuple[Tensor, ...], result: object) -> None:
        output = result[-1] if isinstance(result, tuple) else result
        passed.outputs[module] = _shape(output)
        passed.inputs[module] = [_shape(argument) for argument in arguments]

    handles = [module.register_forward_hook(remember) for module in network.modules()]
    with torch.no_grad():
        network(torch.zeros(1, *shape, device="meta"))
    for handle in handles:
        handle.remove()
    return passed


def _gate(gate: nn.Module, passed: _Pass) -> GateFacts:
    part = gate.get_submodule
    w_x, w_g, psi = (passed.convolutions(part(name))[0] for name in ("w_x", "w_g", "psi"))
    x, g = passed.inputs[gate]
    return GateFacts(
        x=x,
        g=g,
        inner=passed.outputs[part("w_x")],
        alpha=passed.outputs[gate],
        gating=tuple(passed.convolutions(part("gating"))),
        w_x=w_x,
        w_g=w_g,
        psi=psi,
    )


def _layer_name(layer: nn.Module) -> str:
    if isinstance(layer, nn.BatchNorm2d):
        return "BN"
    if isinstance(layer, nn.LeakyReLU):
        return f"LeakyReLU {layer.negative_slope:g}"
    if isinstance(layer, nn.ReLU):
        return "ReLU"
    return ""


def _shape(tensor: object) -> Shape:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"a network layer gave {type(tensor).__name__}, not a tensor")
    channels, height, width = tensor.shape[1:]
    return int(channels), int(height), int(width)
