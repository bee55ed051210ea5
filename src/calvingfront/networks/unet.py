"""The U-Net of Zhang et al. (2019) as used in the paper, without and with attention gates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from calvingfront.networks.auxiliary import AuxiliaryHeads
from calvingfront.networks.blocks import AttentionGate, ConvBlock, UpConv, Variant, initialise


class UNet(nn.Module):
    """Encoder and decoder with `depth` downsampling steps and widths `width · 2^level`.

    Input (n, `channels_in`, h, w) with h and w divisible by 2^depth, values in [0, 1];
    output (n, 1, h, w): logits of the front. Levels count from the finest: `upsample[i]`,
    `decoder[i]` (and `gates[i]`) lead from level i + 1 to level i.
    variant: `paper` follows the paper's text, `released` the authors' published Keras code.
    channels_in: of the input; the first is the image. first_read: the first channel that is read.
    """

    channels_in = 1
    first_read = 0

    def __init__(
        self,
        width: int,
        depth: int,
        kernel: int,
        variant: Variant,
        batch_norm_momentum: float,
    ) -> None:
        super().__init__()
        released = variant == "released"
        widths = [width * 2**level for level in range(depth + 1)]
        self.widths = widths
        momentum, channels_read = batch_norm_momentum, self.channels_in - self.first_read
        self.encoder = nn.ModuleList(
            ConvBlock(previous, channels, kernel, momentum)
            for previous, channels in zip([channels_read, *widths[:-1]], widths, strict=True)
        )
        self.upsample = nn.ModuleList(
            UpConv(coarse, fine, kernel) for fine, coarse in pairwise(widths)
        )
        self.gates = self._make_gates(widths, variant, momentum)
        self.decoder = nn.ModuleList(
            ConvBlock(2 * channels, channels, kernel, momentum, norm_last=released)
            for channels in widths[:-1]
        )
        head_kernel = 3 if released else 1
        self.head = nn.Conv2d(width, 1, head_kernel, padding=head_kernel // 2)
        self.side_heads: nn.ModuleList | None = None
        self.auxiliary_heads: AuxiliaryHeads | None = None
        initialise(self, self.head, variant)

    def add_side_heads(self) -> None:
        """Give each coarser level of the decoder a head of its own, for deep supervision."""
        self.side_heads = nn.ModuleList(nn.Conv2d(channels, 1, 1) for channels in self.widths[1:-1])

    def add_auxiliary_heads(self, tasks: Sequence[str]) -> None:
        """Give the finest level of the decoder a head for each task, used in training only."""
        self.auxiliary_heads = AuxiliaryHeads(self.widths[0], tasks)

    def _make_gates(
        self, widths: list[int], variant: Variant, momentum: float
    ) -> nn.ModuleList | None:
        return None

    def forward_with_attention(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the logits and the attention maps α1 (finest) … α_depth (empty without gates)."""
        levels, maps = self._decoded(x)
        return self.head(levels[0]), maps

    def forward_levels(self, x: Tensor) -> list[Tensor]:
        """Return the logits at every level that has a head, (n, 1, h / 2^level, w / 2^level)."""
        return self.forward_all(x)[0]

    def forward_all(self, x: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Return what is trained: `forward_levels`, and the logits of each auxiliary task."""
        levels, _ = self._decoded(x)
        heads = [self.head, *(self.side_heads or [])]
        logits = [head(level) for head, level in zip(heads, levels, strict=False)]
        return logits, {} if self.auxiliary_heads is None else self.auxiliary_heads(levels[0])

    def _decoded(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the decoder's output at every level, the finest first, and the attention maps."""
        x = x[:, self.first_read :] if self.first_read else x
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)  # (n, width · 2^level, h / 2^level, w / 2^level)
        levels: list[Tensor] = []
        maps: list[Tensor] = []
        for level in reversed(range(len(self.decoder))):
            skip = skips[level]
            if self.gates is not None:
                skip, alpha = self.gates[level](skip, x)
                maps.insert(0, alpha)
            x = self.decoder[level](torch.cat([self.upsample[level](x), skip], dim=1))
            levels.insert(0, x)
        return levels, maps

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, 1, h, w)."""
        return self.forward_with_attention(x)[0]


class AttentionUNet(UNet):
    """The same U-Net with an attention gate in every skip connection."""

    def _make_gates(self, widths: list[int], variant: Variant, momentum: float) -> nn.ModuleList:
        return nn.ModuleList(
            AttentionGate(fine, coarse, variant, momentum) for fine, coarse in pairwise(widths)
        )


class HistoryUNet(UNet):
    """The same U-Net on an image and the channels of `dataset.history` beside it."""

    channels_in = 4


class DatesUNet(HistoryUNet):
    """The same U-Net on the channels of `dataset.history` alone; it does not see the image."""

    first_read = 1
