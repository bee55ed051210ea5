"""The building blocks of both networks."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Variant = Literal["paper", "released"]

LEAKY_SLOPE = 0.1
TENSOR_CORES = 8  # NVIDIA's convolution guide asks for multiples of 8 channels in 16-bit precision
BATCH_NORM_EPS = 1e-3  # Keras' default, as in the paper's networks


def batch_norm(channels: int, momentum: float) -> nn.BatchNorm2d:
    """Batch normalisation with Keras' epsilon; `momentum` as in PyTorch (0.01 is 0.99 in Keras)."""
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPS, momentum=momentum)


def padded_conv2d(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """Convolve after padding the input's channels with zeros to a multiple of `TENSOR_CORES`.

    The result equals `layer(x)`. x: (n, channels_in, h, w).
    """
    missing = -x.shape[1] % TENSOR_CORES
    wide = functional.pad(x, (0, 0, 0, 0, 0, missing))
    weight = functional.pad(layer.weight, (0, 0, 0, 0, 0, missing))
    return functional.conv2d(wide, weight, layer.bias, layer.stride, layer.padding)


class Conv(nn.Conv2d):
    """A convolution that pads its input channels, on a GPU, so that tensor cores can be used.

    They need multiples of eight; the network's first convolution has one input channel.
    Shapes: (n, channels_in, h, w) → (n, channels_out, h, w).
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda and self.in_channels % TENSOR_CORES:
            return padded_conv2d(x, self)
        return super().forward(x)


class ConvBlock(nn.Sequential):
    """Two 'same' convolutions, each with batch normalisation and LeakyReLU 0.1.

    norm_last: put the normalisation after the activation, as in the released decoder.
    Shapes: (n, channels_in, h, w) → (n, channels_out, h, w).
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        momentum: float,
        norm_last: bool = False,
    ) -> None:
        layers: list[nn.Module] = []
        for channels in (channels_in, channels_out):
            layers.append(Conv(channels, channels_out, kernel, padding=kernel // 2))
            tail = [batch_norm(channels_out, momentum), nn.LeakyReLU(LEAKY_SLOPE, inplace=True)]
            if norm_last:
                # Not in place: the normalisation needs the activation's output for its gradient.
                tail = [nn.LeakyReLU(LEAKY_SLOPE), batch_norm(channels_out, momentum)]
            layers.extend(tail)
        super().__init__(*layers)


class UpConv(nn.ConvTranspose2d):
    """Transposed convolution of stride 2 that doubles height and width, cropped as in TensorFlow.

    TensorFlow's 'same' padding crops (kernel − 2) // 2 rows at the top and the rest at the bottom.
    PyTorch crops both sides equally, which leaves one extra row and column for odd kernels; they
    are cut off here. Shapes: (n, channels_in, h, w) → (n, channels_out, 2h, 2w).
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__(channels_in, channels_out, kernel, stride=2, padding=(kernel - 2) // 2)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        height, width = 2 * x.shape[-2], 2 * x.shape[-1]
        return super().forward(x, output_size)[..., :height, :width]


class PointwiseStride2(nn.Conv2d):
    """1×1 convolution of stride 2 without bias: it reads every second pixel.

    It selects these pixels first and convolves them with stride 1. The result is the same, and it
    avoids PyTorch's strided CPU kernel, which crashes on channels-last input (torch 2.13).
    Shapes: (n, channels_in, 2h, 2w) → (n, channels_out, h, w).
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 1, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x[..., ::2, ::2], self.weight)


class AttentionGate(nn.Module):
    """Additive attention gate: α = σ(ψᵀ ReLU(W_x x + W_g g + b_g) + b_ψ), x̂ = α · x.

    x: (n, F_x, 2h, 2w), encoder features; g: (n, F_g, h, w), the coarser decoder output.
    Returns x̂ (n, F_x, 2h, 2w) and α (n, 1, 2h, 2w) in [0, 1]. F_int = F_x / 2.
    Source: Holzmann et al. (2021), eq. 1; `released` follows the authors' later Keras code (g is
    first brought to F_x channels, and W_x is a 2×2 convolution with bias).
    """

    def __init__(self, channels_x: int, channels_g: int, variant: Variant, momentum: float) -> None:
        super().__init__()
        inner = max(1, channels_x // 2)
        self.gating: nn.Module
        self.w_x: nn.Conv2d
        if variant == "released":
            self.gating = nn.Sequential(
                nn.Conv2d(channels_g, channels_x, 1),
                nn.ReLU(),
                batch_norm(channels_x, momentum),
            )
            self.w_x = nn.Conv2d(channels_x, inner, 2, stride=2, bias=True)
            self.w_g = nn.Conv2d(channels_x, inner, 1)
        else:
            self.gating = nn.Identity()
            self.w_x = PointwiseStride2(channels_x, inner)
            self.w_g = nn.Conv2d(channels_g, inner, 1)
        self.psi = nn.Conv2d(inner, 1, 1)

    def forward(self, x: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        joined = functional.relu(self.w_x(x) + self.w_g(self.gating(g)))
        alpha = torch.sigmoid(self.psi(joined))
        alpha = functional.interpolate(alpha, scale_factor=2, mode="bilinear", align_corners=False)
        return x * alpha, alpha


def initialise(network: nn.Module, head: nn.Conv2d, variant: Variant) -> None:
    """Draw He-normal weights and set biases to zero; the released head gets Glorot-uniform weights.

    The fan-in of a transposed convolution is counted as in Keras (kernel area × output channels);
    PyTorch's transposed weight layout gives the same.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            fan_in = module.weight[0].numel()
            nn.init.normal_(module.weight, std=math.sqrt(2.0 / fan_in))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    if variant == "released":
        nn.init.xavier_uniform_(head.weight)
