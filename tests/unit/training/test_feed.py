from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from calvingfront.distance import distance_to_front
from calvingfront.training.augmentation import transform
from calvingfront.training.feed import ResidentFeed

FeedBuilder = Callable[..., ResidentFeed]


@pytest.mark.parametrize("augmentation", ["paper", "released"])
def test_distances_of_a_batch_are_those_of_its_own_masks(
    feed: FeedBuilder, augmentation: str
) -> None:
    """A turned image weighs the pixels by the turned front, the released shift included."""
    data = feed(2, 1, size=16, augmentation=augmentation)
    (batch,) = data.batches(np.arange(16), 16)
    for k in range(16):
        mask = batch.fronts[k, 0].numpy().astype(np.uint8)
        measured = distance_to_front(mask)
        np.testing.assert_allclose(batch.distances[k, 0].numpy(), measured, atol=1e-4)
        shifted = augmentation == "released"
        assert torch.equal(batch.images[k], transform(data.samples.images[k // 8], k % 8, shifted))


def test_batches_come_in_the_order_asked_for(feed: FeedBuilder) -> None:
    data = feed(3, 1)
    batches = list(data.batches(np.array([2, 0, 1]), 2))
    assert [len(batch.images) for batch in batches] == [2, 1]
    assert torch.equal(
        torch.cat([batch.images for batch in batches]), data.samples.images[[2, 0, 1]]
    )
