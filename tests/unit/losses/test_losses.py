"""The losses on masks small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from calvingfront.errors import ConfigError
from calvingfront.fronts.distance import distance_to_front
from calvingfront.losses.bce import WeightedBCE, weight_map, weighted_bce
from calvingfront.losses.dice import soft_dice
from calvingfront.losses.loss import build_loss

CLIP = 1e-7
HIGHEST = 16.11809565095832  # −log 1e-7
LOWEST = 1.0000000500000033e-7  # −log(1 − 1e-7)


def line(*values: float) -> Tensor:
    """One image, one row, float64."""
    return torch.tensor(values, dtype=torch.float64).reshape(1, 1, 1, -1)


def distances(mask: Tensor) -> Tensor:
    """The distance maps by brute force, independent of the library's."""
    out = torch.full(mask.shape, math.inf, dtype=torch.float64)
    for k, image in enumerate(mask[:, 0]):
        points = torch.nonzero(image).double()
        grid = torch.cartesian_prod(*(torch.arange(n).double() for n in image.shape))
        if len(points):
            nearest = torch.cdist(grid.reshape(-1, 2), points).min(dim=1).values
            out[k, 0] = nearest.reshape(image.shape)
    return out


def bce(logits: Tensor, mask: Tensor) -> Tensor:
    return weighted_bce(logits, mask, mask, 0.0)


def naive(logits: Tensor, mask: Tensor, w: float) -> Tensor:
    """BCE(y, W̃ ŷ) as the paper writes it, clipped as Keras clips, without any care for digits."""
    w_map = torch.tanh(distances(mask) / (2 * w)) + mask if w else torch.ones_like(mask)
    p = (w_map * torch.sigmoid(logits)).clamp(CLIP, 1 - CLIP)
    return (-mask * torch.log(p) - (1 - mask) * torch.log(1 - p)).mean()


def random_case(seed: int, scale: float = 3.0) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng([31, seed])
    logits = torch.from_numpy(rng.normal(0, scale, (2, 1, 6, 7)))
    mask = torch.from_numpy((rng.random((2, 1, 6, 7)) < 0.12).astype(np.float64))
    mask[:, :, 2, 3] = 1
    return logits, mask


def test_bce_by_hand() -> None:
    # logits log 3 and 0 are probabilities ¾ and ½: front −log ¾, background −log ½ and −log ¼
    logits, mask = line(math.log(3), 0.0, math.log(3)), line(1, 0, 0)
    expected = (0.2876820724517809 + 0.6931471805599453 + 1.3862943611198906) / 3
    assert bce(logits, mask).item() == pytest.approx(expected, abs=1e-12)


def test_weight_map_is_one_on_the_front_nearly_zero_beside_it_and_one_far_away() -> None:
    mask = line(0, 1, 0, 0, *[0] * 60)
    weights = weight_map(distances(mask), mask, 4.0).flatten().tolist()
    assert weights[1] == 1.0
    assert weights[0] == weights[2] == pytest.approx(0.12435300177159621, abs=1e-12)  # tanh ⅛
    assert weights[3] == pytest.approx(0.24491866240370913, abs=1e-12)  # tanh ¼
    assert weights[-1] == pytest.approx(1.0, abs=1e-6)
    assert weights[2:] == sorted(weights[2:])


@pytest.mark.parametrize("w", [4.0, 8.0, 16.0])
def test_weight_map_is_the_papers_zero_centred_sigmoid(w: float) -> None:
    mask = line(1, 0, 0, 0, 0, 0, 0, 0, 0)
    d = distances(mask)
    expected = 2 * (torch.sigmoid(d / w) - 0.5) + mask
    assert torch.allclose(weight_map(d, mask, w), expected, atol=1e-14)


def test_weight_map_without_weighting_and_of_an_empty_mask_is_one_everywhere() -> None:
    empty = line(0, 0, 0)
    assert weight_map(distances(empty), empty, 8.0).tolist() == [[[[1.0, 1.0, 1.0]]]]
    mask = line(1, 0, 0)
    assert weight_map(distances(mask), mask, 0.0).tolist() == [[[[1.0, 1.0, 1.0]]]]


def test_weighted_bce_by_hand_on_the_front_beside_it_and_far_away() -> None:
    mask = line(1, 0, *[0] * 98)
    near = torch.zeros_like(mask)
    near[..., 2:] = -1000.0  # only the first two pixels cost anything beyond the clip
    # front: −log ½; beside: −log(1 − ½ tanh ⅛) = −log 0.937823499…
    expected = (0.6931471805599453 + 0.06419351494) / 100 + 98 / 100 * LOWEST
    value = weighted_bce(near, mask, distances(mask), 4.0).item()
    assert value == pytest.approx(expected, abs=1e-12)
    far = torch.full_like(mask, -1000.0)
    far[..., 0], far[..., -1] = 1000.0, 0.0
    # 99 px away W̃ = tanh(12.375) is 1 to eleven digits: −log ½, and the rest at the clip
    value = weighted_bce(far, mask, distances(mask), 4.0).item()
    assert value == pytest.approx((0.6931471805599453 + 99 * LOWEST) / 100, abs=1e-11)


@pytest.mark.parametrize("w", [0.0, 2.5, 4.0, 8.0, 16.0])
@pytest.mark.parametrize("seed", range(4))
def test_weighted_bce_equals_the_papers_formula_in_float64(w: float, seed: int) -> None:
    logits, mask = random_case(seed)
    value = weighted_bce(logits, mask, distances(mask), w).item()
    assert value == pytest.approx(naive(logits, mask, w).item(), rel=1e-8)


@pytest.mark.parametrize("w", [0.0, 4.0, 16.0])
def test_float32_agrees_with_float64_pixel_by_pixel(w: float) -> None:
    logits, mask = random_case(7, scale=6.0)
    d = distances(mask)
    for x, y, e in zip(logits.flatten(), mask.flatten(), d.flatten(), strict=True):
        exact = weighted_bce(x, y, e, w).item()
        single = weighted_bce(x.float(), y.float(), e.float(), w).item()
        assert single == pytest.approx(exact, rel=2e-5, abs=3e-7)


@pytest.mark.parametrize("w", [0.0, 4.0, 8.0, 16.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saturated_logits_stay_finite_and_cost_what_the_clip_says(
    w: float, dtype: torch.dtype
) -> None:
    mask = line(1, 0, *[0] * 400).to(dtype)
    d = distances(mask).to(dtype)
    for x in (100.0, -100.0):
        logits = torch.full_like(mask, x).requires_grad_()
        cost = weighted_bce(logits, mask, d, w)
        cost.backward()  # type: ignore[no-untyped-call]
        assert torch.isfinite(cost)
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()
    right = torch.where(mask > 0, 100.0, -100.0).to(dtype)
    assert weighted_bce(right, mask, d, w).item() == pytest.approx(LOWEST, rel=1e-3)
    wrong = -right
    one = slice(0, 1)
    front = weighted_bce(wrong[..., one], mask[..., one], d[..., one], w).item()
    assert front == pytest.approx(HIGHEST, rel=1e-6)
    last = slice(-1, None)
    far = weighted_bce(wrong[..., last], mask[..., last], d[..., last], w).item()
    # 401 px away: −log(1 − tanh(401 / 2w)), which the clip caps except for w = 16 (25.06 > 16.1)
    assert far == pytest.approx(HIGHEST, rel=1e-6)
    if w:
        beside = slice(1, 2)
        near = weighted_bce(wrong[..., beside], mask[..., beside], d[..., beside], w).item()
        assert near == pytest.approx(-math.log(1 - math.tanh(1 / (2 * w))), rel=1e-4)


def test_a_saturated_prediction_keeps_the_digits_of_the_weight() -> None:
    """W̃ is 1 − 2e-6 at d = 56, w = 4 ... a float32 product would round the difference away."""
    one, zero = torch.tensor([60.0]), torch.tensor([0.0])
    for d in (30.0, 44.0, 56.0):
        cost = weighted_bce(one, zero, torch.tensor([d]), 4.0).item()
        # 1 − tanh(d / 8) = 2 / (1 + e^(d/4))
        assert cost == pytest.approx(math.log((1 + math.exp(d / 4)) / 2), rel=1e-6)


def test_an_empty_mask_is_plain_cross_entropy() -> None:
    logits, _ = random_case(1)
    mask = torch.zeros_like(logits)
    value = weighted_bce(logits, mask, torch.full_like(logits, math.inf), 8.0).item()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, mask).item()
    assert value == pytest.approx(expected, rel=1e-8)
    assert bce(logits, mask).item() == pytest.approx(expected, rel=1e-8)


def test_an_empty_mask_has_finite_gradients_through_the_infinite_distance() -> None:
    logits, _ = random_case(1)
    logits = logits.float().requires_grad_()
    weighted_bce(
        logits, torch.zeros_like(logits), torch.full_like(logits, math.inf), 8.0
    ).backward()  # type: ignore[no-untyped-call]
    expected = torch.sigmoid(logits.detach()) / logits.numel()
    assert logits.grad is not None
    assert torch.allclose(logits.grad, expected, atol=1e-7)


@pytest.mark.parametrize("w", [0.0, 4.0])
def test_an_all_front_mask_costs_minus_log_p_everywhere(w: float) -> None:
    logits, _ = random_case(2)
    mask = torch.ones_like(logits)
    value = weighted_bce(logits, mask, torch.zeros_like(logits), w).item()
    assert value == pytest.approx(-torch.log(torch.sigmoid(logits)).mean().item(), rel=1e-8)


@pytest.mark.parametrize("w", [0.0, 4.0, 16.0])
def test_gradients_agree_with_central_differences(w: float) -> None:
    logits, mask = random_case(3)
    d = distances(mask)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: weighted_bce(x, mask, d, w), (logits,))
    weighted_bce(logits, mask, d, w).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    flat, step = logits.detach().clone().flatten(), 1e-5
    for k in range(0, flat.numel(), 5):
        up, down = flat.clone(), flat.clone()
        up[k] += step
        down[k] -= step
        # Against the paper's formula, not against the function under test.
        slope = (
            naive(up.reshape(logits.shape), mask, w) - naive(down.reshape(logits.shape), mask, w)
        ) / (2 * step)
        assert logits.grad.flatten()[k].item() == pytest.approx(slope.item(), abs=2e-9)


def test_weighting_forgives_beside_the_front_and_nothing_on_it() -> None:
    mask = line(0, 0, 0, 1, 0, 0, 0)
    d = distances(mask)
    false_alarm, missed = line(*[-9.0] * 4, 4.0, -9.0, -9.0), line(*[-9.0] * 7)
    hit = line(*[-9.0] * 3, 4.0, *[-9.0] * 3)
    costs = [weighted_bce(false_alarm, mask, d, w).item() for w in (4.0, 8.0, 16.0)]
    assert bce(false_alarm, mask).item() > costs[0] > costs[1] > costs[2]
    for w in (4.0, 16.0):
        assert weighted_bce(missed, mask, d, w).item() == pytest.approx(
            bce(missed, mask).item(), rel=1e-3
        )
        assert weighted_bce(hit, mask, d, w).item() < 0.01


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("w", [0.0, 8.0])
def test_half_precision_logits_are_computed_in_float32(dtype: torch.dtype, w: float) -> None:
    logits, mask = random_case(5)
    half = logits.to(dtype)
    mask, d = mask.float(), distances(mask).float()
    value = weighted_bce(half, mask, d, w)
    assert value.dtype == torch.float32
    assert value.item() == weighted_bce(half.float(), mask, d, w).item()


def test_the_librarys_own_distances_give_the_same_loss() -> None:
    logits, mask = random_case(6)
    own = np.stack([distance_to_front(m.astype(np.uint8)) for m in mask[:, 0].numpy()])
    value = weighted_bce(logits, mask, torch.from_numpy(own)[:, None], 4.0).item()
    assert value == pytest.approx(naive(logits, mask, 4.0).item(), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "w"), [("bce", 0.0), ("wbce4", 4.0), ("wbce16", 16.0), ("wbce2.5", 2.5)]
)
def test_loss_names_carry_their_weight(name: str, w: float) -> None:
    loss = build_loss(name)
    assert isinstance(loss, WeightedBCE)
    assert (loss.name, loss.w, loss.needs_distances) == (name, w, w > 0)


@pytest.mark.parametrize("name", ["bce", "wbce4", "wbce2.5"])
def test_a_loss_has_the_weight_of_its_name(name: str) -> None:
    logits, mask = random_case(8)
    d, loss = distances(mask), build_loss(name)
    w = float(name.removeprefix("wbce")) if name != "bce" else 0.0
    assert loss(logits, mask, d).item() == pytest.approx(naive(logits, mask, w).item(), rel=1e-8)
    p = torch.sigmoid(logits)
    prediction = p * (torch.tanh(d / (2 * w)) + mask) if w else p
    expected = (2 * (prediction * mask).sum((1, 2, 3)) + 1) / (
        mask.sum((1, 2, 3)) + prediction.sum((1, 2, 3)) + 1
    )
    assert loss.monitor(p, mask, d).tolist() == pytest.approx(expected.tolist(), rel=1e-12)


def test_a_loss_without_a_weight_needs_no_distances() -> None:
    logits, mask = random_case(9)
    loss, none = build_loss("bce"), torch.empty(0)
    assert loss(logits, mask, none).item() == bce(logits, mask).item()
    probability = torch.sigmoid(logits)
    assert torch.equal(loss.monitor(probability, mask, none), soft_dice(probability, mask))


@pytest.mark.parametrize("name", ["wbce", "wbce0", "wbce-4", "WBCE4", "dice", "bce4", "wbce4x", ""])
def test_other_loss_names_are_refused_with_what_to_write(name: str) -> None:
    with pytest.raises(ConfigError, match="wbce4") as caught:
        build_loss(name)
    assert f"'{name}' is not a loss" in str(caught.value)
    assert caught.value.where == "losses"


def test_soft_dice_by_hand_per_image() -> None:
    mask = torch.cat([line(1, 1, 0, 0), line(0, 0, 0, 0)])
    probability = torch.cat([line(0.5, 1.0, 0.25, 0.0), line(0.0, 0.0, 0.0, 0.0)])
    # (2 · 1.5 + 1) / (2 + 1.75 + 1) = 4 / 4.75; both empty → 1
    assert soft_dice(probability, mask).tolist() == pytest.approx([4 / 4.75, 1.0])


def test_soft_dice_weighs_the_prediction_only() -> None:
    mask, probability = line(1, 0, 0, 0), line(0.5, 1.0, 0.0, 0.5)
    weight = line(1.0, 0.25, 0.5, 0.75)
    # W̃ŷ = 0.5, 0.25, 0, 0.375: (2 · 0.5 + 1) / (1 + 1.125 + 1)
    assert soft_dice(probability, mask, weight).tolist() == pytest.approx([2 / 3.125])
