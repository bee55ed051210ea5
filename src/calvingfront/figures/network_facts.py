"""What a network is made of, read from the network object and from one pass through it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from calvingfront.networks import UNet, count_parameters

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Convolution:
    """One convolution and what follows it, in its order, such as (`BN`, `LeakyReLU 0.1`)."""

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
        """By how much the coefficients are enlarged to the features' size."""
        return self.alpha[1] // self.inner[1]


@dataclass
class NetworkFacts:
    """One network; lists run from the finest level to the coarsest, shapes are (c, h, w)."""

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
        """Number of down-samplings."""
        return len(self.upsample)

    @property
    def pooling(self) -> int:
        """By how much height and width shrink from one level to the next."""
        return self.encoder_shapes[0][1] // self.encoder_shapes[1][1]


def read_network(network: UNet, size_px: int) -> NetworkFacts:
    """Read the layers of a network and the sizes of its feature maps.

    The pass runs on torch's `meta` device, which knows shapes and computes nothing, on a copy.
    size_px: side of the square input, divisible by 2^depth.
    """
    facts = NetworkFacts(parameters=count_parameters(network), input=(1, size_px, size_px))
    shapes: dict[nn.Module, Shape] = {}
    inputs: dict[nn.Module, list[Shape]] = {}

    def remember(module: nn.Module, arguments: tuple[Tensor, ...], result: object) -> None:
        output = result[-1] if isinstance(result, tuple) else result
        shapes[module] = _shape(output)
        inputs[module] = [_shape(argument) for argument in arguments]

    twin = copy.deepcopy(network).to("meta").eval()
    handles = [module.register_forward_hook(remember) for module in twin.modules()]
    with torch.no_grad():
        twin(torch.zeros(1, *facts.input, device="meta"))
    for handle in handles:
        handle.remove()

    for block in twin.encoder:
        facts.encoder.append(_convolutions(block))
        facts.encoder_shapes.append(shapes[block])
    for up in twin.upsample:
        facts.upsample += _convolutions(up)
        facts.upsample_shapes.append(shapes[up])
    for block in twin.decoder:
        facts.decoder.append(_convolutions(block))
        facts.decoder_shapes.append(shapes[block])
    for gate in twin.gates or []:
        facts.gates.append(_gate(gate, shapes, inputs))
    facts.head = _convolutions(twin.head)[0]
    facts.output = shapes[twin.head]
    return facts


def _gate(
    gate: nn.Module, shapes: dict[nn.Module, Shape], inputs: dict[nn.Module, list[Shape]]
) -> GateFacts:
    part: Callable[[str], nn.Module] = gate.get_submodule
    w_x, w_g, psi = (_convolutions(part(name))[0] for name in ("w_x", "w_g", "psi"))
    x, g = inputs[gate]
    return GateFacts(
        x=x,
        g=g,
        inner=shapes[part("w_x")],
        alpha=shapes[gate],
        gating=tuple(_convolutions(part("gating"))),
        w_x=w_x,
        w_g=w_g,
        psi=psi,
    )


def _convolutions(module: nn.Module) -> list[Convolution]:
    """The convolutions of a module in order, each with the layers up to the next one."""
    found: list[Convolution] = []
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            found.append(
                Convolution(
                    int(layer.kernel_size[0]),
                    int(layer.stride[0]),
                    layer.out_channels,
                    layer.bias is not None,
                )
            )
        elif found and (name := _layer_name(layer)):
            last = found[-1]
            found[-1] = Convolution(
                last.kernel, last.stride, last.channels, last.bias, (*last.followed_by, name)
            )
    return found


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
