"""The losses beside the front, on a few pixels worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from calvingfront.losses.auxiliary import auxiliary_losses, closeness, distance_loss, zone_loss
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, ROCK, UNKNOWN

EVERYWHERE = torch.ones(1, 1, 2, 2, dtype=torch.bool)


def zones(*values: int) -> Tensor:
    return torch.tensor(values, dtype=torch.uint8).reshape(1, 1, 2, 2)


def test_the_zone_loss_is_the_mean_cross_entropy_of_the_known_pixels() -> None:
    """Of probabilities 1/2, 1/4, 1/4 for rock, glacier, ocean everywhere."""
    logits = torch.log(torch.tensor([0.5, 0.25, 0.25]))[None, :, None, None].expand(1, 3, 2, 2)
    found = zone_loss(logits, zones(ROCK, GLACIER, OCEAN, UNKNOWN))
    assert float(found) == pytest.approx((math.log(2) + 2 * math.log(4)) / 3)


def test_an_unknown_zone_teaches_nothing() -> None:
    logits = torch.randn(1, 3, 2, 2, requires_grad=True)
    zone_loss(logits, zones(ROCK, UNKNOWN, UNKNOWN, OCEAN)).backward()
    assert logits.grad is not None
    assert (logits.grad[0, :, 0, 1] == 0).all()
    assert (logits.grad[0, :, 1, 0] == 0).all()
    assert (logits.grad[0, :, 0, 0] != 0).all()
    logits.grad = None
    loss = zone_loss(logits, zones(*[UNKNOWN] * 4))
    loss.backward()
    assert float(loss.detach()) == 0
    assert (logits.grad == 0).all()


def test_closeness_is_one_on_the_front_and_falls_to_1_e_at_a_sixteenth_of_the_side() -> None:
    found = closeness(torch.tensor([0.0, 16.0, 32.0, math.inf]), 256)
    assert found.tolist() == pytest.approx([1, math.exp(-1), math.exp(-2), 0])


def test_the_distance_loss_is_zero_where_the_prediction_is_true_and_positive_elsewhere() -> None:
    distances = torch.tensor([0.1, 0.2, 0.05, 0.3]).reshape(1, 1, 2, 2)
    logits = torch.logit(closeness(distances, 2))
    assert float(distance_loss(logits, distances, EVERYWHERE)) == pytest.approx(0, abs=1e-6)
    for off in (-1.0, 0.5):
        assert float(distance_loss(logits + off, distances, EVERYWHERE)) > 0.01


def test_the_gradient_of_the_distance_loss_is_prediction_less_truth() -> None:
    """On the front, beside it, without a front, and where there is no data."""
    distances = torch.tensor([0.0, 0.1, math.inf, 0.1]).reshape(1, 1, 2, 2)
    logits = torch.tensor([3.0, -2.0, -30.0, 1.0]).reshape(1, 1, 2, 2).requires_grad_()
    data = torch.tensor([True, True, True, False]).reshape(1, 1, 2, 2)
    loss = distance_loss(logits, distances, data)
    loss.backward()
    true = closeness(distances, 2)
    assert logits.grad is not None
    expected = torch.where(data, (torch.sigmoid(logits.detach()) - true) / 3, 0)
    torch.testing.assert_close(logits.grad, expected)
    assert math.isfinite(float(loss.detach()))
    assert float(distance_loss(logits, distances, data & False).detach()) == 0


def test_a_pixel_without_data_has_a_zone_but_no_distance_to_learn() -> None:
    """Radar shadow on rock is 0 in the image."""
    logits = {"zones": torch.zeros(1, 3, 2, 2), "distance": torch.zeros(1, 1, 2, 2)}
    dark = torch.zeros(1, 4, 2, 2, dtype=torch.uint8)
    dark[:, 1:] = 9  # channels of other dates
    found = auxiliary_losses(logits, dark, torch.ones(1, 1, 2, 2), zones(ROCK, 0, 0, 0))
    assert float(found["zones"]) == pytest.approx(math.log(3))
    assert float(found["distance"]) == 0
    assert auxiliary_losses({}, dark, torch.empty(0), torch.empty(0)) == {}
