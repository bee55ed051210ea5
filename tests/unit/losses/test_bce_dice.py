"""BCE plus soft Dice, on masks small enough to work out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from calvingfront.losses.loss import build_loss
from calvingfront.vocabulary.losses import family_of, loss_order, monitor_label

EMPTY = torch.empty(0)


def images(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)[:, None, None]


def test_bce_dice_by_hand() -> None:
    """Probabilities ¾, ½ and ½, ¼; fronts 1, 0 and 0, 0: one Dice for both images."""
    logits = images([math.log(3), 0.0], [0.0, -math.log(3)])
    fronts = images([1.0, 0.0], [0.0, 0.0])
    bce = (-math.log(0.75) - math.log(0.5) - math.log(0.5) - math.log(0.75)) / 4
    dice = (2 * 0.75 + 1) / (1 + 2 + 1)
    loss = build_loss("bce_dice")
    assert float(loss(logits, fronts, EMPTY)) == pytest.approx(bce + 1 - dice, rel=1e-12)
    monitor = loss.monitor(torch.sigmoid(logits), fronts, EMPTY)
    assert monitor.tolist() == pytest.approx([2.5 / 3.25, 1 / 1.75], rel=1e-12)


def test_a_perfect_prediction_costs_nothing_and_logits_of_16_bit_are_taken() -> None:
    fronts = images([1.0, 0.0, 0.0])
    loss = build_loss("bce_dice")
    assert float(loss(80 * (2 * fronts - 1), fronts, EMPTY)) < 1e-6
    value = loss((2 * fronts - 1).bfloat16(), fronts.float(), EMPTY)
    assert value.dtype == torch.float32


def test_the_gradient_is_that_of_the_formula() -> None:
    torch.manual_seed(3)
    logits = torch.randn(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    fronts = (torch.rand(2, 1, 3, 4) < 0.3).double()
    loss = build_loss("bce_dice")
    assert torch.autograd.gradcheck(lambda x: loss(x, fronts, EMPTY), (logits,))


def test_the_vocabulary_knows_it() -> None:
    assert not build_loss("bce_dice").needs_distances
    assert family_of("bce_dice").name == "bce_dice"
    assert monitor_label("bce_dice") == "soft Dice"
    assert sorted(["bce_dice", "wbce4", "bce"], key=loss_order) == ["bce", "wbce4", "bce_dice"]
