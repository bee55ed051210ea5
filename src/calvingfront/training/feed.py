"""Feeding a training with batches of augmented samples on its device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from calvingfront.distance import distance_to_front
from calvingfront.training.augmentation import COPIES, Augmentation, gather

# The released code augments its validation set as well.
OF_VALIDATION: dict[Augmentation, Augmentation] = {
    "paper": "none",
    "released": "released",
    "none": "none",
}
Uint8 = npt.NDArray[np.uint8]


class Batch(NamedTuple):
    """A batch on the device: images (b, 1, s, s) uint8; fronts, the same, 0 or 1; distances, px."""

    images: Tensor
    fronts: Tensor
    distances: Tensor


class Feed(Protocol):
    """Samples of one subset, wherever they lie, and their augmented copies.

    scenes: n names. size: side of the samples, px. copies: augmented copies of each sample; item
    i · copies + code is copy `code` of sample i.
    """

    scenes: list[str]
    size: int
    copies: int

    def batches(self, items: npt.NDArray[np.int64], batch_size: int) -> Iterator[Batch]:
        """Yield the items in their order, `batch_size` at a time; the last batch may be smaller."""
        ...


class ResidentFeed:
    """Samples that lie on the device as a whole, with distance maps that were measured once."""

    def __init__(
        self,
        device: torch.device,
        scenes: list[str],
        images: Uint8,
        fronts: Uint8,
        augmentation: Augmentation = "none",
    ) -> None:
        distances = np.stack([distance_to_front(mask) for mask in fronts])
        self.scenes, self.device = scenes, device
        self.size = int(images.shape[-1])
        self.copies = COPIES[augmentation]
        self.shifted = augmentation == "released"
        self.samples = Batch(
            *(
                torch.from_numpy(np.ascontiguousarray(array)).unsqueeze(1).to(device)
                for array in (images, fronts, distances)
            )
        )

    def batches(self, items: npt.NDArray[np.int64], batch_size: int) -> Iterator[Batch]:
        """Yield the items in their order, `batch_size` at a time; the last batch may be smaller."""
        for k in range(0, len(items), batch_size):
            yield self._batch(items[k : k + batch_size].tolist())

    def _batch(self, items: list[int]) -> Batch:
        batch = Batch(*(gather(data, items, self.copies, self.shifted) for data in self.samples))
        if not self.shifted:
            return batch
        # The shift cuts pieces of fronts off and leaves a blank border, whose distance to the
        # front is not the zero that stands there.
        measured = [distance_to_front(mask) for mask in batch.fronts[:, 0].cpu().numpy()]
        distances = torch.from_numpy(np.stack(measured)).unsqueeze(1).to(self.device)
        return batch._replace(distances=distances)
