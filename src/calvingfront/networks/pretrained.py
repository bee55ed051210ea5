"""A U-Net whose encoder has learnt to see on ImageNet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from calvingfront.errors import ConfigError
from calvingfront.networks.auxiliary import AuxiliaryHeads
from calvingfront.networks.blocks import ConvBlock, Variant
from calvingfront.networks.efficientnet import TAPS, EfficientNetLite


class PretrainedUNet(nn.Module):
    """EfficientNet-Lite0 as the encoder of a U-Net, with one more level at full resolution.

    Input (n, `channels_in`, h, w) with h and w divisible by 2^depth, values in [0, 1], of which the
    first channel is the image; output (n, 1, h, w): logits of the front. depth: 1…5 (at 5, all of
    the encoder). width: channels of the decoder's finest level, `width · (level + 1)` at the
    others. variant: without effect.
    """

    channels_in = 1
    depthwise = True  # has convolutions of single channels

    def __init__(
        self, width: int, depth: int, kernel: int, variant: Variant, batch_norm_momentum: float
    ) -> None:
        super().__init__()
        if depth > len(TAPS):
            raise ConfigError(
                "networks.depth",
                f"{depth} is more than the pretrained encoder's {len(TAPS)} steps",
                f"Write {len(TAPS)} or less.",
            )
        momentum = batch_norm_momentum
        self.encoder = EfficientNetLite(self.channels_in, depth, momentum)
        self.finest = ConvBlock(self.channels_in, width, kernel, momentum)
        skips = [width, *(channels for _, channels in TAPS[:depth])]
        widths = [width * (level + 1) for level in range(depth)]
        below = [*widths[1:], skips[-1]]
        self.narrow = nn.ModuleList(
            nn.Conv2d(coarse, fine, 1) for coarse, fine in zip(below, widths, strict=True)
        )
        self.decoder = nn.ModuleList(
            ConvBlock(own + skip, own, kernel, momentum)
            for own, skip in zip(widths, skips[:-1], strict=True)
        )
        self.head = nn.Conv2d(width, 1, 1)
        self.auxiliary_heads: AuxiliaryHeads | None = None

    def add_auxiliary_heads(self, tasks: Sequence[str]) -> None:
        """Give the finest level of the decoder a head for each task, used in training only."""
        self.auxiliary_heads = AuxiliaryHeads(self.head.in_channels, tasks)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, 1, h, w)."""
        logits: Tensor = self.head(self._decoded(x))
        return logits

    def forward_all(self, x: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Return what is trained: the logits at one level, and those of each auxiliary task."""
        y = self._decoded(x)
        return [self.head(y)], {} if self.auxiliary_heads is None else self.auxiliary_heads(y)

    def _decoded(self, x: Tensor) -> Tensor:
        """Return the decoder's output (n, width, h, w)."""
        skips = [self.finest(x), *self.encoder(x)]
        y: Tensor = skips.pop()
        for level in reversed(range(len(self.decoder))):
            y = functional.interpolate(self.narrow[level](y), scale_factor=2.0)
            y = self.decoder[level](torch.cat([y, skips[level]], dim=1))
        return y

    def pretrain(self) -> None:
        """Start from the encoder's weights on ImageNet. Raises ConfigError without its package."""
        self.encoder.load_imagenet()


class PretrainedHistoryUNet(PretrainedUNet):
    """The same on an image and the channels of `dataset.history` beside it."""

    channels_in = 4
