"""Which samples a training takes from an archive, and the batches that it gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from calvingfront.dataset.history import CHANNELS, History
from calvingfront.training.augmentation import COPIES, Augmentation

Uint8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]


class Batch(NamedTuple):
    """A batch on the device: images (b, c, s, s) uint8, fronts (0 or 1), distances.

    images: channel 0 is the radar image; those of `dataset.history` follow, if any. fronts:
    (b, 1, s, s) uint8.

    distances: from every pixel to the front in its copy, px, (b, 1, s, s) float32; empty (0,) if
    nothing is learnt from them. zones: (b, 1, s, s) uint8 as in `dataset.zones`; empty likewise.
    """

    images: Tensor
    fronts: Tensor
    distances: Tensor
    zones: Tensor = torch.empty(0, dtype=torch.uint8)


class Feed(Protocol):
    """Samples of one subset and their augmented copies, however they are stored.

    scenes: n names. missions: theirs, if `training.sampling` asks for them. size: side of the
    samples, px. copies: augmented copies per sample; item i · copies + code is copy `code` of
    sample i.
    """

    scenes: list[str]
    missions: list[str]
    size: int
    copies: int

    @property
    def count(self) -> int:
        """The number of items."""
        ...

    def batches(self, items: Int64, batch_size: int) -> Iterator[Batch]:
        """Yield the items in their order, `batch_size` at a time; the last batch may be smaller."""
        ...


@dataclass(frozen=True)
class FeedSource:
    """Which samples a feed takes from an archive, and how it prepares them.

    device: the device for the batches. scenes: names of the samples. missions: theirs, if
    `training.sampling` asks for them. images, fronts: the archive,
    (n, s, s) uint8, memory-mapped or not. rows: the scenes' rows in it; None if it holds these
    scenes only, in their order. weighted: whether batches have distances. threads: number of
    threads that read the archive and measure the distances. history: of the scenes, or None.
    zones: (n, s, s) uint8 as in `dataset.zones`, of the archive; None if they are not learnt.
    """

    device: torch.device
    scenes: list[str]
    images: Uint8
    fronts: Uint8
    augmentation: Augmentation = "none"
    rows: Int64 | None = None
    weighted: bool = True
    threads: int = 1
    missions: tuple[str, ...] = ()
    history: History | None = None
    zones: Uint8 | None = None

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return 1 if self.history is None else 1 + CHANNELS

    @property
    def size(self) -> int:
        """Side of the samples, px."""
        return int(self.images.shape[-1])

    @property
    def shifted(self) -> bool:
        """Whether copies are moved by a pixel, as in the released code."""
        return self.augmentation == "released"

    @property
    def distance_maps(self) -> int:
        """Distance maps measured per sample: one that turns with the copies unless they shift."""
        if not self.weighted:
            return 0
        return COPIES[self.augmentation] if self.shifted else 1
