"""Samples shown without the fronts of other dates, so that a network learns to read the image.

With them in every sample a network copies the front nearest in time instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch import Tensor

from calvingfront.training.feed_source import Batch

STREAM = 1  # of random numbers; the order of an epoch's images has its own


def history_kept(share_dropped: float, seed: int, epoch: int, count: int) -> npt.NDArray[np.uint8]:
    """For each item of an epoch, in the order of training: 1 if its history is shown, else 0."""
    drawn = np.random.default_rng([seed, epoch, STREAM]).random(count)
    return (drawn >= share_dropped).astype(np.uint8)


def without_history(batches: Iterator[Batch], kept: Tensor) -> Iterator[Batch]:
    """Set all channels but the image to zero in the items of which `kept` (n,) uint8 is 0.

    kept: in the order of the items, on their device. The host does not wait for it.
    """
    first = 0
    for batch in batches:
        count, channels = batch.images.shape[:2]
        shown = kept[first : first + count, None].expand(count, channels).clone()
        shown[:, 0] = 1
        first += count
        yield batch._replace(images=batch.images * shown[:, :, None, None])
