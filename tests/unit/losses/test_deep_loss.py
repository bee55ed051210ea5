"""The loss at every level: what a coarse pixel is, and how much a level weighs."""

from __future__ import annotations

import pytest
import torch

from calvingfront.losses.deep import deep_loss
from calvingfront.losses.loss import build_loss

EMPTY = torch.empty(0)


def test_a_coarse_pixel_is_front_if_a_fine_one_is_and_each_level_has_half_the_weight() -> None:
    torch.manual_seed(2)
    levels = [torch.randn(2, 1, 8 // 2**k, 8 // 2**k, dtype=torch.float64) for k in range(3)]
    fronts = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    fronts[0, 0, 2, 1] = fronts[1, 0, 7, 5] = 1
    half, quarter = torch.zeros(2, 1, 4, 4).double(), torch.zeros(2, 1, 2, 2).double()
    half[0, 0, 1, 0] = half[1, 0, 3, 2] = 1
    quarter[0, 0, 0, 0] = quarter[1, 0, 1, 1] = 1
    loss = build_loss("bce_dice")
    one, two, three = (
        float(loss(logits, truth, EMPTY))
        for logits, truth in zip(levels, (fronts, half, quarter), strict=True)
    )
    found = float(deep_loss(loss, levels, fronts, EMPTY))
    assert found == pytest.approx((one + two / 2 + three / 4) / 1.75, rel=1e-12)
    assert float(deep_loss(loss, levels[:1], fronts, EMPTY)) == pytest.approx(one, rel=1e-12)


def test_a_coarse_pixel_is_as_far_as_its_nearest_fine_one() -> None:
    levels = [torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 2, 2)]
    fronts = torch.zeros(1, 1, 4, 4)
    fronts[..., 0] = 1
    distances = torch.arange(4.0).expand(1, 1, 4, 4).contiguous()
    loss = build_loss("wbce4")
    coarse = torch.tensor([[0.0, 2.0], [0.0, 2.0]])[None, None]
    expected = (
        loss(levels[0], fronts, distances) + loss(levels[1], coarse.eq(0).float(), coarse) / 2
    ) / 1.5
    torch.testing.assert_close(deep_loss(loss, levels, fronts, distances), expected)
