"""Zones and distances turn and move with their image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from calvingfront.fronts.distance import distance_to_front
from calvingfront.training import sar_augmentation
from calvingfront.training.augmentation import transform
from calvingfront.training.feed import ResidentFeed, StreamedFeed, resident_bytes
from calvingfront.training.feed_source import Batch
from calvingfront.training.sar_augmentation import varied
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, UNKNOWN
from replayed_operations import NoReading
from small_trainings import with_zones


@pytest.mark.parametrize("kind", [ResidentFeed, StreamedFeed])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none", "sar"])
def test_zones_turn_with_their_image(kind: type[Any], weighted: bool, augmentation: Any) -> None:
    given = replace(with_zones(augmentation), weighted=weighted)
    feed = kind(given)
    items = np.random.default_rng(3).permutation(feed.count)
    batches = list(feed.batches(items, 5))
    found = torch.cat([batch.zones for batch in batches])
    fronts = torch.cat([batch.fronts for batch in batches])
    assert found.shape == fronts.shape
    assert found.dtype == torch.uint8
    assert given.zones is not None
    for k, item in enumerate(items.tolist()):
        plain, code = torch.from_numpy(given.zones[item // feed.copies])[None], item % feed.copies
        assert torch.equal(found[k], transform(plain, code, augmentation == "released"))
    assert ((found == OCEAN) | (fronts == 0) | (found == UNKNOWN)).all()


def test_zones_count_among_the_bytes_of_a_resident_feed() -> None:
    given = with_zones()
    feed = ResidentFeed(given)
    assert resident_bytes(given) == sum(part.nbytes for part in feed.samples)
    assert resident_bytes(given) - resident_bytes(replace(given, zones=None)) == 6 * 16 * 16


def slanting(size: int = 96, n: int = 8) -> Batch:
    """Scenes whose radar image shows the zones, 60 and 200, with distances to the line between."""
    zones = np.zeros((n, 1, size, size), np.uint8)
    fronts = np.zeros_like(zones)
    for k in range(n):
        line = np.array([[0, 20 + 4 * k], [size - 1, 70 - 4 * k]], np.int32)
        cv2.polylines(fronts[k, 0], [line], False, 1, 3)
        zones[k, 0] = GLACIER
        cv2.fillPoly(zones[k, 0], [np.vstack([line, [[size - 1, size - 1], [0, size - 1]]])], OCEAN)
    distances = np.stack([distance_to_front(front[0])[None] for front in fronts])
    images = np.where(zones == OCEAN, 200, 60).astype(np.uint8)
    return Batch(*map(torch.from_numpy, (images, fronts, distances, zones)))


@pytest.fixture
def moved_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GAIN", "GAMMA", "CONTRAST"):
        monkeypatch.setattr(sar_augmentation, name, 0.0)


@pytest.mark.usefixtures("moved_only")
def test_zones_move_with_the_image_and_are_unknown_outside_it() -> None:
    given = slanting()
    for seed in range(5):
        with NoReading():
            new = varied(given, seed)
        assert not torch.equal(new.zones, given.zones)
        assert set(new.zones.unique().tolist()) == {UNKNOWN, GLACIER, OCEAN}
        shown = torch.where(new.images > 130, OCEAN, GLACIER)
        away = torch.nn.functional.max_pool2d(new.fronts.float(), 5, 1, 2) == 0
        inside = (new.images > 0) & away
        assert torch.equal(new.zones[inside], shown[inside].to(torch.uint8))
        outside = torch.nn.functional.max_pool2d((new.images > 0).float(), 3, 1, 1) == 0
        assert (new.zones[outside] == UNKNOWN).all()


@pytest.mark.usefixtures("moved_only")
def test_distances_become_those_of_the_moved_front() -> None:
    """Measured anew wherever a front in the image is nearer than the image's edge."""
    given = slanting()
    compared, scales = 0, []
    for seed in range(5):
        new = varied(given, seed)
        for image, front, distance in zip(new.images, new.fronts, new.distances, strict=True):
            measured = distance_to_front(front[0].numpy())
            edge = np.ones_like(measured, np.uint8)
            edge[1:-1, 1:-1] = 0
            sure = (measured < distance_to_front(edge)) & (image[0].numpy() > 0)
            off = (distance[0].numpy() - measured)[sure]
            assert np.abs(off).max() < 1.6
            assert np.abs(off).mean() < 0.5
            compared += int(sure.sum())
            far = sure & (measured > 10)
            scales.append(float(np.polyfit(measured[far], distance[0].numpy()[far], 1)[0]))
    assert compared > 50_000
    assert np.mean(scales) == pytest.approx(1, abs=0.01)


def test_without_a_front_distances_stay_far_and_finite() -> None:
    given = slanting(n=2)._replace(distances=torch.full((2, 1, 96, 96), float("inf")))
    new = varied(given, 1)
    assert torch.isfinite(new.distances).all()
    assert float(new.distances.min()) > 2 * 96
