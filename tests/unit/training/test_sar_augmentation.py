"""Random variants of a batch: what moves, what stays, and that a seed determines them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from calvingfront.training import sar_augmentation
from calvingfront.training.feed_source import Batch
from calvingfront.training.sar_augmentation import varied
from replayed_operations import NoReading

SIZE = 96


def batch(count: int = 4, channels: int = 1, width: int = 3) -> Batch:
    """Grey images with a margin of no data, and a wavy front across them."""
    rng = np.random.default_rng(3)
    images = rng.integers(60, 120, (count, channels, SIZE, SIZE)).astype(np.uint8)
    images[..., :10] = 0
    fronts = np.zeros((count, 1, SIZE, SIZE), np.uint8)
    line = [[x, int(50 + 12 * np.sin(x / 15))] for x in range(SIZE)]
    for front in fronts:
        cv2.polylines(front[0], [np.array(line, np.int32)], False, 1, width)
    return Batch(torch.from_numpy(images), torch.from_numpy(fronts), torch.empty(0))


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is varied; a test turns on again what it looks at."""
    for name in ("SCALE", "TURN", "SHIFT", "GAIN", "GAMMA", "CONTRAST"):
        monkeypatch.setattr(sar_augmentation, name, 0.0)
    return monkeypatch


def test_without_any_variation_the_batch_is_the_same(only: pytest.MonkeyPatch) -> None:
    given = batch(channels=3)
    for one, other in zip(varied(given, 1, 2, 3), given, strict=True):
        assert torch.equal(one, other)
        assert one.dtype == other.dtype


def test_a_seed_determines_everything_and_another_everything_else() -> None:
    """Neither torch's own generator nor what was drawn before matters."""
    one = varied(batch(), 1, 2, 3)
    torch.manual_seed(9)
    assert torch.equal(varied(batch(), 1, 2, 3).images, one.images)
    for seed in ((1, 2, 4), (1, 3, 3), (2, 2, 3)):
        assert not torch.equal(varied(batch(), *seed).images, one.images)
    plain = batch(2)
    same = Batch(*(part[:1].expand(2, -1, -1, -1) for part in plain[:2]), plain.distances)
    first, second = varied(same, 5).images
    assert not torch.equal(first, second)


def test_the_host_waits_for_nothing() -> None:
    with NoReading():
        varied(batch(channels=2), 1, 2, 3)


def ends(front: Tensor) -> int:
    """The number of connected pieces of a front."""
    return cv2.connectedComponents(front[0].numpy().astype(np.uint8))[0] - 1


def thickness(front: Tensor) -> float:
    """The mean number of front pixels in a column that has any, px."""
    columns = front[0].sum(0).double()
    return float(columns[columns > 0].mean())


@pytest.mark.parametrize("width", [2, 3, 6])
def test_a_front_remains_one_line_of_about_its_width(width: int) -> None:
    given, ratios = batch(8, width=width), []
    for seed in range(12):
        for old, new in zip(given.fronts, varied(given, seed).fronts, strict=True):
            assert set(new.unique().tolist()) == {0, 1}
            assert ends(new) == 1
            ratios.append(thickness(new) / thickness(old))
    assert float(np.mean(ratios)) == pytest.approx(1, abs=0.05)
    assert (min(ratios), max(ratios)) == pytest.approx((0.8, 1.25), abs=0.1)


def test_image_other_channels_and_front_move_together(only: pytest.MonkeyPatch) -> None:
    """The front is drawn into the radar image and into another channel."""
    for name, value in (("SCALE", np.log(1.25)), ("TURN", np.radians(15)), ("SHIFT", 0.1)):
        only.setattr(sar_augmentation, name, value)
    given = batch(6, channels=2)
    images = 40 + 0 * given.images
    images[:, :1][given.fronts > 0] = 240
    images[:, 1:] = 200 * given.fronts
    for seed in range(5):
        new = varied(given._replace(images=images), seed)
        front = new.fronts > 0
        assert not torch.equal(new.fronts, given.fronts)
        assert float(new.images[:, :1][front].float().mean()) > 190
        assert float(new.images[:, 1:][front].float().mean()) > 140
        far = torch.nn.functional.max_pool2d(new.fronts.float(), 7, 1, 3) == 0
        assert set(new.images[:, :1][far].unique().tolist()) <= {0, 40}
        assert set(new.images[:, 1:][far].unique().tolist()) == {0}


def test_scale_turn_and_shift_reach_their_limits_and_no_further(only: pytest.MonkeyPatch) -> None:
    """Read from where two points of each image go."""
    for name, value in (("SCALE", np.log(1.25)), ("TURN", np.radians(15)), ("SHIFT", 0.1)):
        only.setattr(sar_augmentation, name, value)
    points = np.array([[32.0, 48.0], [63.0, 48.0]])  # x, y
    rows = torch.zeros(200, 3, SIZE, SIZE, dtype=torch.uint8)
    for k, (x, y) in enumerate(points):
        rows[:, k + 1, int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = 255
    new = varied(Batch(rows, rows[:, :1], torch.empty(0)), 4).images[:, 1:].double().numpy()
    y, x = np.mgrid[:SIZE, :SIZE]
    found = np.stack([(new * axis).sum((2, 3)) / new.sum((2, 3)) for axis in (x, y)], -1)
    between = found[:, 1] - found[:, 0]
    scales = np.hypot(*between.T) / 31
    turns = np.degrees(np.arctan2(between[:, 1], between[:, 0]))
    shifts = (found.mean(1) - points.mean(0)) / SIZE
    assert (scales.min(), scales.max()) == pytest.approx((0.8, 1.25), abs=0.03)
    assert (turns.min(), turns.max()) == pytest.approx((-15, 15), abs=1)
    assert np.abs(shifts).max(0) == pytest.approx(0.11, abs=0.03)


def test_no_data_stays_no_data_and_data_stays_data(only: pytest.MonkeyPatch) -> None:
    """Gain, gamma and speckle turn no pixel into no data, however dark."""
    for name, value in (("GAIN", 3.0), ("GAMMA", 1.0), ("CONTRAST", 2.0)):
        only.setattr(sar_augmentation, name, value)
    given = batch()
    given.images[:, :, 40:50, 40:50] = 1
    new = varied(given, 1).images
    assert torch.equal(new == 0, given.images == 0)
    assert not torch.equal(new, given.images)


def test_at_the_edge_of_no_data_the_grey_level_is_that_of_the_data(
    only: pytest.MonkeyPatch,
) -> None:
    only.setattr(sar_augmentation, "TURN", 0.3)
    given = batch()
    given.images[given.images > 0] = 90
    for seed in range(5):
        assert set(varied(given, seed).images.unique().tolist()) == {0, 90}


def test_speckle_multiplies_with_mean_one_and_its_own_strength(only: pytest.MonkeyPatch) -> None:
    only.setattr(sar_augmentation, "CONTRAST", 0.3)
    grey = torch.tensor([40, 120], dtype=torch.uint8).repeat_interleave(20)[:, None, None, None]
    images = grey.expand(-1, 1, SIZE, SIZE).contiguous()
    new = varied(Batch(images, images, torch.empty(0)), 1).images.double()
    means, spreads = new.mean((1, 2, 3)), new.std((1, 2, 3))
    relative = spreads / grey.flatten()
    assert means.tolist() == pytest.approx(grey.flatten().tolist(), rel=0.03)
    assert float(relative.max()) == pytest.approx(0.3, abs=0.03)
    assert float(relative.min()) < 0.04
    assert float(relative[:20].mean()) == pytest.approx(float(relative[20:].mean()), abs=0.05)


def test_speckle_is_correlated_as_far_as_it_should_be(only: pytest.MonkeyPatch) -> None:
    """A Gaussian of standard deviation l correlates pixels d apart by exp(−d²/4l²)."""
    only.setattr(sar_augmentation, "CONTRAST", 0.3)
    only.setattr(sar_augmentation, "LENGTH", (1.0, 1.0))
    images = torch.full((8, 1, SIZE, SIZE), 120, dtype=torch.uint8)
    new = varied(Batch(images, images, torch.empty(0)), 1).images.double().log()
    new = (new - new.mean((2, 3), keepdim=True)) / new.std((2, 3), keepdim=True)
    new = new[new.abs().sum((1, 2, 3)) > 0]
    for shifted, own in ((new[..., 1:], new[..., :-1]), (new[..., 1:, :], new[..., :-1, :])):
        correlation = (shifted * own).mean((1, 2, 3)).median()
        assert float(correlation) == pytest.approx(np.exp(-0.25), abs=0.05)
